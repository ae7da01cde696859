/* safetensors, written: to a file or into a digest, by the same code. */
#include "base/buf.h"
#include "base/text.h"
#include "model/half.h"
#include "model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536 /* elements converted at a time */

/* Where the bytes of the file go: to disk, or into a digest alone. */
struct sink {
    int fd;
    struct vx_sha256 *digest; /* NULL: fd */
    const char *path;         /* for messages */
};

static enum vx_status put(struct sink *sink, const void *data, size_t len, struct vx_err *err)
{
    const char *p = data;

    if (sink->digest) {
        vx_sha256_add(sink->digest, data, len);
        return VX_OK;
    }
    while (len > 0) {
        const ssize_t n = write(sink->fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vx_fail_sys(err, "write %s", sink->path);
        p += n;
        len -= (size_t)n;
    }
    return VX_OK;
}

static size_t count_of(const struct vx_st_tensor *t)
{
    size_t count = 1;

    for (int d = 0; d < t->n_dims; d++)
        count *= (size_t)t->shape[d];
    return count;
}

/* Length and JSON, padded with spaces so that the data begins at a multiple of 8. */
static enum vx_status put_header(struct sink *sink, const struct vx_st_tensor *tensors, size_t n, const char *dtype,
                                 size_t element, struct vx_err *err)
{
    struct vx_buf b = {0};
    size_t offset = 0;
    uint64_t len;
    enum vx_status rc;

    vx_buf_str(&b, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < n; i++) {
        const struct vx_st_tensor *t = &tensors[i];
        const size_t bytes = count_of(t) * element;
        if (!vx_text_utf8(t->name)) {
            rc = vx_fail(err, VX_EINVAL, "%s: the name of tensor %zu is not UTF-8", sink->path, i);
            goto done;
        }
        vx_buf_str(&b, ",");
        vx_buf_json(&b, t->name);
        vx_buf_fmt(&b, ":{\"dtype\":\"%s\",\"shape\":[", dtype);
        for (int d = 0; d < t->n_dims; d++)
            vx_buf_fmt(&b, "%s%lld", d ? "," : "", (long long)t->shape[d]);
        vx_buf_fmt(&b, "],\"data_offsets\":[%zu,%zu]}", offset, offset + bytes);
        offset += bytes;
    }
    vx_buf_str(&b, "}");
    while (b.len % 8 != 0 && !b.failed)
        vx_buf_str(&b, " ");
    len = b.len;
    if (b.failed)
        rc = vx_fail_nomem(err, sink->path);
    else if ((rc = put(sink, &len, sizeof len, err)) == VX_OK)
        rc = put(sink, b.data, b.len, err);
done:
    vx_buf_free(&b);
    return rc;
}

static enum vx_status put_halves(struct sink *sink, const struct vx_st_tensor *t, enum vx_st_dtype dtype, uint16_t *chunk,
                                 struct vx_err *err)
{
    const uint16_t infinity = dtype == VX_ST_F16 ? 0x7C00 : 0x7F80;
    const float *data = t->data;
    const size_t count = count_of(t);
    enum vx_status rc = VX_OK;

    for (size_t at = 0; at < count && rc == VX_OK; at += CHUNK) {
        const size_t n = count - at < CHUNK ? count - at : CHUNK;
        for (size_t i = 0; i < n; i++) {
            chunk[i] = dtype == VX_ST_F16 ? vx_f16_from_float(data[at + i]) : vx_bf16_from_float(data[at + i]);
            if ((chunk[i] & infinity) == infinity)
                return vx_fail(err, VX_ELIMIT, "%s: %s: element %zu, %g, does not fit %s", sink->path, t->name, at + i,
                               (double)data[at + i], dtype == VX_ST_F16 ? "F16" : "BF16");
        }
        rc = put(sink, chunk, n * sizeof *chunk, err);
    }
    return rc;
}

static enum vx_status put_floats(struct sink *sink, const struct vx_st_tensor *t, struct vx_err *err)
{
    const float *data = t->data;
    const size_t count = count_of(t);

    for (size_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return vx_fail(err, VX_ELIMIT, "%s: %s: element %zu is %f, expected a finite number", sink->path, t->name, i,
                           (double)data[i]);
    return put(sink, data, count * sizeof *data, err);
}

static enum vx_status put_all(struct sink *sink, const struct vx_st_tensor *tensors, size_t n, enum vx_st_dtype dtype,
                              struct vx_err *err)
{
    const char *name = dtype == VX_ST_F32 ? "F32" : dtype == VX_ST_F16 ? "F16" : dtype == VX_ST_BF16 ? "BF16" : NULL;
    uint16_t *chunk;
    enum vx_status rc;

    if (!name)
        return vx_fail(err, VX_EINVAL, "%s: weights can be written as F32, F16 or BF16 only", sink->path);
    chunk = malloc(CHUNK * sizeof *chunk);
    if (!chunk)
        return vx_fail_nomem(err, sink->path);
    rc = put_header(sink, tensors, n, name, dtype == VX_ST_F32 ? 4 : 2, err);
    for (size_t i = 0; i < n && rc == VX_OK; i++)
        rc = dtype == VX_ST_F32 ? put_floats(sink, &tensors[i], err) : put_halves(sink, &tensors[i], dtype, chunk, err);
    free(chunk);
    return rc;
}

enum vx_status vx_st_write(const char *path, const struct vx_st_tensor *tensors, size_t n, enum vx_st_dtype dtype,
                           struct vx_err *err)
{
    struct sink sink = {.path = path};
    char tmp[4200];
    enum vx_status rc;

    if (snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof tmp)
        return vx_fail(err, VX_EINVAL, "%s: path too long", path);
    if ((sink.fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return vx_fail_sys(err, "create %s", tmp);
    rc = put_all(&sink, tensors, n, dtype, err);
    if (rc == VX_OK && fsync(sink.fd) < 0)
        rc = vx_fail_sys(err, "write %s", tmp);
    if (close(sink.fd) < 0 && rc == VX_OK)
        rc = vx_fail_sys(err, "close %s", tmp);
    if (rc == VX_OK && rename(tmp, path) < 0)
        rc = vx_fail_sys(err, "rename %s to %s", tmp, path);
    if (rc != VX_OK)
        unlink(tmp);
    return rc;
}

enum vx_status vx_st_write_sha256(char hex[VX_SHA256_HEX], const struct vx_st_tensor *tensors, size_t n,
                                  enum vx_st_dtype dtype, struct vx_err *err)
{
    struct sink sink = {.fd = -1, .path = "generated weights"};
    enum vx_status rc;

    if ((rc = vx_sha256_create(&sink.digest, err)) != VX_OK)
        return rc;
    rc = put_all(&sink, tensors, n, dtype, err);
    vx_sha256_finish(&sink.digest, hex);
    return rc;
}
