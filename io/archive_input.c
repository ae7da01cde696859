#include "io/archive_input.h"
#include "base/mem.h"
#include "io/path.h"

#include <archive.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum vx_status vx_archive_input_open(struct vx_archive_input *in, struct vx_err *err)
{
    if (in->fd >= 0 && !(in->block = malloc(VX_ARCHIVE_BLOCK)))
        return vx_fail_nomem(err, "an archive");
    in->at = in->begin;
    in->may_give = in->may_unpack = INT64_MAX;
    return VX_OK;
}

void vx_archive_input_close(struct vx_archive_input *in)
{
    free(in->block);
    in->block = NULL;
}

enum vx_status vx_archive_input_peek(const struct vx_archive_input *in, int64_t at, void *out, size_t n, size_t *got,
                                     struct vx_err *err)
{
    ssize_t some;

    if ((int64_t)n > in->end - at)
        n = (size_t)(in->end - at);
    *got = n;
    if (in->fd < 0) {
        memcpy(out, in->data + at, n);
        return VX_OK;
    }
    if ((some = vx_path_pread(in->fd, out, n, at)) < 0)
        return vx_fail_sys(err, "cannot be read");
    *got = (size_t)some;
    return VX_OK;
}

static la_ssize_t give(struct archive *handle, void *input, const void **data)
{
    struct vx_archive_input *in = input;
    int64_t n = in->end - in->at;

    if (in->may_give <= 0 || archive_filter_bytes(handle, 0) >= in->may_unpack) {
        in->held = true;
        return 0;
    }
    if (in->fd < 0) {
        *data = in->data + in->at;
    } else {
        ssize_t got = 0;
        if (n > VX_ARCHIVE_BLOCK)
            n = VX_ARCHIVE_BLOCK;
        if (n > 0 && (got = vx_path_pread(in->fd, in->block, (size_t)n, in->at)) < 0) {
            archive_set_error(handle, errno, "cannot be read: %s", strerror(errno));
            return ARCHIVE_FATAL;
        }
        *data = in->block;
        n = got; /* 0: the file became shorter */
    }
    in->at += n;
    in->may_give -= n;
    return (la_ssize_t)n;
}

/* Never past the end: libarchive then notices what is cut off. */
static la_int64_t skip(struct archive *handle, void *input, la_int64_t request)
{
    struct vx_archive_input *in = input;

    (void)handle;
    if (request > in->end - in->at)
        request = in->end - in->at;
    if (request > 0)
        in->at += request;
    return request > 0 ? request : 0;
}

static la_int64_t seek(struct archive *handle, void *input, la_int64_t offset, int whence)
{
    struct vx_archive_input *in = input;
    const int64_t size = in->end - in->begin;
    const int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? in->at - in->begin : size;
    int64_t to;

    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > size) {
        archive_set_error(handle, EINVAL, "a position outside of the archive");
        return ARCHIVE_FATAL;
    }
    in->at = in->begin + to;
    return to;
}

int vx_archive_input_attach(struct vx_archive_input *in, struct archive *handle)
{
    int rc;

    in->at = in->begin;
    if ((rc = archive_read_set_read_callback(handle, give)) != ARCHIVE_OK ||
        (rc = archive_read_set_skip_callback(handle, skip)) != ARCHIVE_OK ||
        (rc = archive_read_set_seek_callback(handle, seek)) != ARCHIVE_OK ||
        (rc = archive_read_set_callback_data(handle, in)) != ARCHIVE_OK)
        return rc;
    return archive_read_open1(handle);
}
