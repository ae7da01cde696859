/* text.h - bytes from outside made safe to show and to store
 * File names on Linux are bytes; SQLite TEXT, JSON and terminals want UTF-8. */
#ifndef VX_BASE_TEXT_H
#define VX_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True when s is well-formed UTF-8 (no overlong forms, no surrogates, nothing past U+10FFFF). */
bool vx_text_utf8(const char *s);

/* A copy of s in valid UTF-8, each offending byte written as \xHH. The caller's to free; NULL: no memory. */
char *vx_text_to_utf8(const char *s);

/* The same, and control characters (newline, escape, marks of text direction, ...) written as \n, \t or \xHH too:
 * one line, safe on a terminal. The caller's to free; NULL: no memory. */
char *vx_text_printable(const char *s);

/* Appends "; more" to the text in text [size], more alone where that is empty; what does not fit is cut off. */
void vx_text_join(char *text, size_t size, const char *more);

/* "1.4 GB", "873 kB": decimal units. Returns out. */
const char *vx_text_bytes(double bytes, char *out, size_t size);

/* "2 h 03 min", "4 min 10 s", "3.2 s". Returns out. */
const char *vx_text_duration(double seconds, char *out, size_t size);

#endif
