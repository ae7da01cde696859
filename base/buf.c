#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct vx_buf *b, size_t more)
{
    void *p = b->data;

    if (b->failed || more >= SIZE_MAX - b->len || vx_grow(&p, &b->cap, b->len + more + 1, 1) != 0) {
        b->failed = true;
        return false;
    }
    b->data = p;
    return true;
}

void vx_buf_add(struct vx_buf *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void vx_buf_str(struct vx_buf *b, const char *s)
{
    vx_buf_add(b, s, strlen(s));
}

void vx_buf_fmt(struct vx_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !reserve(b, (size_t)n)) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void vx_buf_json(struct vx_buf *b, const char *s)
{
    vx_buf_add(b, "\"", 1);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            vx_buf_fmt(b, "\\%c", c);
        else if (c == '\n')
            vx_buf_str(b, "\\n");
        else if (c == '\t')
            vx_buf_str(b, "\\t");
        else if (c < 0x20)
            vx_buf_fmt(b, "\\u%04x", c);
        else
            vx_buf_add(b, s, 1);
    }
    vx_buf_add(b, "\"", 1);
}

void vx_buf_reset(struct vx_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

void vx_buf_free(struct vx_buf *b)
{
    free(b->data);
    *b = (struct vx_buf){0};
}
