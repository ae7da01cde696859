/* report_line.h - one recording's scores over time for a report (inside db/) */
#ifndef VX_DB_REPORT_LINE_H
#define VX_DB_REPORT_LINE_H

#include "base/buf.h"
#include "db/sqlite.h"

#define VX_REPORT_LINE_MAX 400 /* places; of a longer recording each shows the worst of several windows */

/* `"12":{"hop":2,"window":2,"seconds":93.4,"span":94,"channels":1,"p":"…"}` into line. p: base64 of a byte a place, 250·p of the
 * highest p there, 255 where nothing was scored. item: a row of LINES; windows: the statement WINDOWS. */
enum vx_status vx_report_line(struct vx_sql *sql, sqlite3_stmt *item, sqlite3_stmt *windows, struct vx_buf *line,
                              struct vx_err *err) VX_CHECKED;

#endif
