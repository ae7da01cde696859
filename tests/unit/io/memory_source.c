#include "tests/unit/io/memory_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int64_t vx_source_size(const struct vx_source *s)
{
    return s->size;
}

int64_t vx_source_tell(const struct vx_source *s)
{
    return s->at;
}

int64_t vx_source_seek(struct vx_source *s, int64_t offset, int whence)
{
    const int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? s->at : s->size;
    int64_t at;

    if (__builtin_add_overflow(base, offset, &at) || at < 0)
        return -1;
    return s->at = at;
}

size_t vx_source_read(struct vx_source *s, void *out, size_t n)
{
    if (s->at >= s->size)
        return 0;
    if ((int64_t)n > s->size - s->at)
        n = (size_t)(s->size - s->at);
    if (s->fail_at > 0 && s->at + (int64_t)n > s->fail_at) {
        n = s->at < s->fail_at ? (size_t)(s->fail_at - s->at) : 0;
        s->error = EIO;
    }
    for (size_t i = 0; s->held > 0 && i < n; i++)
        ((unsigned char *)out)[i] = s->at + (int64_t)i < s->held ? s->data[s->at + (int64_t)i] : 0;
    if (s->held == 0 && n > 0)
        memcpy(out, s->data + s->at, n);
    s->at += (int64_t)n;
    return n;
}

int vx_source_errno(const struct vx_source *s)
{
    return s->error;
}

const char *vx_source_suffix(const struct vx_source *s)
{
    return s->suffix ? s->suffix : "";
}
