#include "io/source.h"
#include "io/source_make.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void vx_source_unset(struct vx_source *s)
{
    unsigned char *buffer = s->buffer;

    if (s->fd >= 0)
        close(s->fd);
    *s = (struct vx_source){.fd = -1, .buffer = buffer};
}

enum vx_status vx_source_set_file(struct vx_source *s, int fd, int64_t origin, int64_t size, struct vx_err *err)
{
    struct stat sb;

    vx_source_unset(s);
    s->fd = fd;
    s->origin = origin;
    s->size = size;
    if (fstat(fd, &sb) < 0) {
        vx_source_unset(s);
        return vx_fail_sys(err, "cannot look at it");
    }
    s->file_size = sb.st_size;
    s->mtime = sb.st_mtim;
    if (!s->buffer && !(s->buffer = malloc(VX_SOURCE_BUFFER))) {
        vx_source_unset(s);
        return vx_fail_nomem(err, "a file's buffer");
    }
    s->data = s->buffer;
    return VX_OK;
}

void vx_source_set_memory(struct vx_source *s, const void *data, size_t len)
{
    vx_source_unset(s);
    s->data = data;
    s->len = len;
    s->size = (int64_t)len;
}

void vx_source_set_suffix(struct vx_source *s, const char *name)
{
    vx_item_suffix(name, s->suffix);
}

const char *vx_source_suffix(const struct vx_source *s)
{
    return s->suffix;
}

bool vx_source_changed(const struct vx_source *s)
{
    struct stat sb;

    return s->fd >= 0 && fstat(s->fd, &sb) == 0 &&
           (sb.st_size != s->file_size || sb.st_mtim.tv_sec != s->mtime.tv_sec || sb.st_mtim.tv_nsec != s->mtime.tv_nsec);
}

int64_t vx_source_size(const struct vx_source *s)
{
    return s->size;
}

int64_t vx_source_tell(const struct vx_source *s)
{
    return s->at;
}

int vx_source_errno(const struct vx_source *s)
{
    return s->error;
}

int64_t vx_source_seek(struct vx_source *s, int64_t offset, int whence)
{
    int64_t from, to;

    if (whence == SEEK_SET)
        from = 0;
    else if (whence == SEEK_CUR)
        from = s->at;
    else if (whence == SEEK_END)
        from = s->size;
    else
        return -1;
    if (__builtin_add_overflow(from, offset, &to) || to < 0)
        return -1;
    return s->at = to;
}

/* n bytes of the file from offset `at` are here: the hash takes those that come next for it. */
static void hash_some(struct vx_source *s, const unsigned char *data, int64_t at, size_t n)
{
    const int64_t end = (int64_t)n < s->size - at ? at + (int64_t)n : s->size; /* what a file has grown by is not of it */

    if (!s->hash || at > s->hashed || end <= s->hashed)
        return;
    vx_hash_add(s->hash, data + (s->hashed - at), (size_t)(end - s->hashed));
    s->hashed = end;
}

/* Up to n bytes of the file at s->at; 0 on error, told by s->error. */
static size_t read_file(struct vx_source *s, void *out, size_t n)
{
    const ssize_t got = vx_path_pread(s->fd, out, n, s->origin + s->at);

    if (got > 0) {
        hash_some(s, out, s->at, (size_t)got);
        return (size_t)got;
    }
    s->error = got < 0 ? errno : EIO; /* an end before s->size: the file became shorter */
    return 0;
}

size_t vx_source_read(struct vx_source *s, void *out, size_t n)
{
    unsigned char *to = out;
    size_t done = 0, some;

    if (s->at >= s->size)
        return 0;
    if ((int64_t)n < 0 || (int64_t)n > s->size - s->at)
        n = (size_t)(s->size - s->at);
    while (done < n) {
        if (s->at >= s->begin && s->at - s->begin < (int64_t)s->len) {
            const size_t skip = (size_t)(s->at - s->begin);
            some = s->len - skip < n - done ? s->len - skip : n - done;
            memcpy(to + done, s->data + skip, some);
        } else if (n - done >= VX_SOURCE_BUFFER) { /* a large read needs no buffer */
            some = read_file(s, to + done, n - done);
            if (some == 0)
                break;
        } else {
            s->begin = s->at;
            s->len = read_file(s, s->buffer, VX_SOURCE_BUFFER);
            if (s->len == 0)
                break;
            continue;
        }
        done += some;
        s->at += (int64_t)some;
    }
    return done;
}

void vx_source_hash(struct vx_source *s, struct vx_hash *hash)
{
    s->hash = hash;
    s->hashed = 0;
    if (s->fd >= 0) /* what is at hand already was not seen */
        s->len = 0;
}

enum vx_status vx_source_hash_end(struct vx_source *s, struct vx_err *err)
{
    const int64_t at = s->at;
    enum vx_status rc = VX_OK;

    if (s->fd < 0) {
        hash_some(s, s->data, 0, s->len);
    } else {
        s->len = 0;
        while (s->hashed < s->size) {
            s->at = s->hashed;
            if (read_file(s, s->buffer, VX_SOURCE_BUFFER) > 0)
                continue;
            errno = s->error;
            rc = vx_fail_sys(err, "read it to its end for its hash, at byte %lld of %lld", (long long)s->at, (long long)s->size);
            break;
        }
        s->at = at;
    }
    s->hash = NULL;
    return rc;
}
