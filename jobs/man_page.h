/* man_page.h - the manual pages, in roff: voxtrawl(1), and voxtrawl-COMMAND(1) for each command
 * Written from the table of commands and each command's table of options, so that they say what --help says. */
#ifndef VX_JOBS_MAN_PAGE_H
#define VX_JOBS_MAN_PAGE_H

#include "jobs/command.h"
#include "base/buf.h"

void vx_man_page_main(struct vx_buf *out);
/* VX_EUNSUPPORTED: as vx_options_read. */
enum vx_status vx_man_page_command(struct vx_buf *out, const struct vx_command *command, struct vx_err *err) VX_CHECKED;

#endif
