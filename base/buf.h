/* buf.h - a growable run of bytes, for wire messages, JSON and text
 * An allocation failure is remembered in `failed`, so a writer checks once at the end. Zero-initialise
 * to start; the data is always NUL-terminated one past `len` once anything was added. */
#ifndef VX_BASE_BUF_H
#define VX_BASE_BUF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_buf {
    char *data; /* owned; NULL until the first byte */
    size_t len, cap;
    bool failed; /* out of memory once: content is incomplete */
};

void vx_buf_add(struct vx_buf *b, const void *bytes, size_t n);
void vx_buf_str(struct vx_buf *b, const char *s);
void vx_buf_fmt(struct vx_buf *b, const char *fmt, ...) VX_PRINTF(2, 3);
/* s as a JSON string with its quotes; s must be valid UTF-8 (vx_text_utf8). */
void vx_buf_json(struct vx_buf *b, const char *s);
void vx_buf_reset(struct vx_buf *b); /* length 0, memory kept */
void vx_buf_free(struct vx_buf *b);  /* releases and zeroes */

#endif
