/* roff.h - text for manual pages: roff's man macros, as groff and mandoc read them
 * Whatever the text holds, nothing of it is taken for a request or an escape. Text is valid UTF-8 without control characters
 * other than newlines. */
#ifndef VX_JOBS_ROFF_H
#define VX_JOBS_ROFF_H

#include "base/buf.h"

/* The first len bytes of text, escaped, within a line of the caller's. */
void vx_roff_words(struct vx_buf *out, const char *text, size_t len);

/* A paragraph's words in lines of their own: broken before 80 columns and after each sentence. */
void vx_roff_text(struct vx_buf *out, const char *text);

/* Paragraphs, apart by an empty line, after a section's head or one another; lines that begin with a blank are examples and
 * stay as they are (struct vx_command's about). */
void vx_roff_about(struct vx_buf *out, const char *text);

#endif
