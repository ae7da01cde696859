/* wrap.h - text for people in lines of a given width */
#ifndef VX_BASE_WRAP_H
#define VX_BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Prints the first len bytes of text, a paragraph without newlines, broken between words before `width` columns. The first line
 * goes on at `column`, the others begin with `indent` blanks; no newline at the end. A word longer than a line stays whole;
 * columns are counted in code points of UTF-8. */
void vx_wrap(FILE *to, const char *text, size_t len, size_t column, size_t indent, size_t width);

#endif
