/* render.h - templates of batch scripts: @KEY@ becomes a value, and a line whose value is not there is left out
 * Pure: text in, text out. Values come quoted for the place they stand in. */
#ifndef VX_JOBS_RENDER_H
#define VX_JOBS_RENDER_H

#include "base/buf.h"
#include "base/err.h"

struct vx_render_value {
    const char *key;  /* capitals, digits and _, without the @; NULL ends the list */
    const char *text; /* may hold several lines; NULL: lines that name it are left out */
};

/* Appends template to out. path: its name, for errors. VX_EFORMAT: a @KEY@ that values do not hold (names the line). */
enum vx_status vx_render(struct vx_buf *out, const char *path, const char *template, const struct vx_render_value *values,
                         struct vx_err *err) VX_CHECKED;

/* s as one word of a POSIX shell, whatever it holds. */
void vx_quote_shell(struct vx_buf *b, const char *s);
/* s as the name of a log in an #SBATCH line, which has quoting rules of its own, and where % begins a pattern. s holds no
 * control characters and no backslash. */
void vx_quote_log(struct vx_buf *b, const char *s);

#endif
