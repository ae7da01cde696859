/* log.h - what the program says on stderr while it works
 * One struct vx_log a process, passed to whoever may speak: commands, coordinator, workers. Libraries do
 * not log, they return errors. Threads may share a log. stdout is for results alone. */
#ifndef VX_BASE_LOG_H
#define VX_BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>

enum vx_log_level { VX_LOG_ERROR, VX_LOG_WARNING, VX_LOG_INFO, VX_LOG_DEBUG };

struct vx_log;

/* tag is put in front of each line, "rank 3" say; NULL for none. */
enum vx_status vx_log_open(struct vx_log **out, const char *tag, enum vx_log_level level, struct vx_err *err) VX_CHECKED;
void vx_log_close(struct vx_log **log); /* clears a progress line that is still shown */

/* One line: what a terminal would obey or what is no UTF-8, as names of files may have it, is shown as \n, \t and \xHH. */
void vx_log_say(struct vx_log *log, enum vx_log_level level, const char *fmt, ...) VX_PRINTF(3, 4);

/* On a terminal: the one line that is redrawn in place, below what vx_log_say prints. Elsewhere: a plain
 * line, the caller decides how often. An empty text removes it. */
void vx_log_progress(struct vx_log *log, const char *text);
bool vx_log_is_terminal(const struct vx_log *log);

#endif
