#include "tests/harness/golden.h"

#include "tests/harness/cmocka.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (64u << 20)
#define MAGIC "vxgold\r\n"
#define VERSION 1u

static const size_t dtype_size[] = {
    [VX_GOLDEN_U8] = 1, [VX_GOLDEN_I32] = 4, [VX_GOLDEN_I64] = 8, [VX_GOLDEN_F32] = 4, [VX_GOLDEN_F64] = 8, [VX_GOLDEN_I16] = 2,
};

struct vx_golden {
    char *path, *script, *bytes;
    char sha256[VX_SHA256_HEX];
    size_t n;
    struct vx_golden_array *array; /* [n] */
};

struct cursor {
    const char *bytes;
    size_t pos, len;
    bool failed; /* a read past the end; reads then give zeros */
};

static const void *take(struct cursor *c, size_t n)
{
    const void *p = c->bytes + c->pos;

    if (n > c->len - c->pos) {
        c->failed = true;
        return NULL;
    }
    c->pos += n;
    return p;
}

static uint32_t take_uint(struct cursor *c, size_t bytes)
{
    const unsigned char *p = take(c, bytes);
    uint32_t v = 0;

    for (size_t i = 0; p && i < bytes; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

static char *take_name(struct cursor *c)
{
    const uint32_t n = take_uint(c, 2);
    const char *p = take(c, n);

    return p ? strndup(p, n) : NULL;
}

static enum vx_status parse_array(struct vx_golden *g, struct cursor *c, struct vx_golden_array *a, struct vx_err *err)
{
    const size_t start = c->pos;
    size_t bytes;

    a->name = take_name(c);
    a->dtype = (enum vx_golden_dtype)take_uint(c, 1);
    a->n_dims = (int)take_uint(c, 1);
    if (c->failed || !a->name || a->dtype > VX_GOLDEN_I16 || a->n_dims > VX_GOLDEN_MAX_DIMS)
        return vx_fail(err, VX_EFORMAT, "%s: no array header at byte %zu", g->path, start);
    a->count = 1;
    for (int i = 0; i < a->n_dims; i++) {
        a->shape[i] = take_uint(c, 4);
        if (vx_mul_overflows(a->count, a->shape[i], &a->count))
            return vx_fail(err, VX_EFORMAT, "%s: array %s is too large", g->path, a->name);
    }
    take(c, (16 - c->pos % 16) % 16);
    if (vx_mul_overflows(a->count, dtype_size[a->dtype], &bytes) || !(a->data = take(c, bytes)))
        return vx_fail(err, VX_EFORMAT, "%s: truncated in array %s at byte %zu", g->path, a->name, start);
    return VX_OK;
}

static enum vx_status parse(struct vx_golden *g, size_t len, struct vx_err *err)
{
    struct cursor c = {.bytes = g->bytes, .len = len};
    const char *magic = take(&c, 8);
    const uint32_t version = take_uint(&c, 4), n = take_uint(&c, 4);
    const unsigned char *digest = take(&c, 32);

    g->script = take_name(&c);
    if (c.failed || !g->script || memcmp(magic, MAGIC, 8) != 0 || version != VERSION || n > len)
        return vx_fail(err, VX_EFORMAT, "%s: not a golden file of version %u", g->path, VERSION);
    for (int i = 0; i < 32; i++)
        snprintf(g->sha256 + 2 * i, 3, "%02x", digest[i]);
    if (!(g->array = vx_calloc(n, sizeof *g->array)))
        return vx_fail_nomem(err, g->path);
    for (; g->n < n; g->n++) {
        const enum vx_status rc = parse_array(g, &c, &g->array[g->n], err);
        if (rc != VX_OK) {
            free(g->array[g->n].name);
            return rc;
        }
    }
    if (c.pos != len)
        return vx_fail(err, VX_EFORMAT, "%s: %zu bytes after the last array", g->path, len - c.pos);
    return VX_OK;
}

enum vx_status vx_golden_open(struct vx_golden **out, const char *name, struct vx_err *err)
{
    struct vx_golden *g = vx_calloc(1, sizeof *g);
    enum vx_status rc;
    size_t len;

    *out = NULL;
    if (!g || !(g->path = strchr(name, '/') ? strdup(name) : vx_golden_path(name))) {
        rc = vx_fail_nomem(err, name);
        goto done;
    }
    if ((rc = vx_file_read(g->path, MAX_BYTES, &g->bytes, &len, err)) != VX_OK || (rc = parse(g, len, err)) != VX_OK)
        goto done;
    *out = g;
    g = NULL;
done:
    vx_golden_close(&g);
    return rc;
}

void vx_golden_close(struct vx_golden **golden)
{
    struct vx_golden *g = *golden;

    if (!g)
        return;
    for (size_t i = 0; i < g->n; i++)
        free(g->array[i].name);
    free(g->array);
    free(g->bytes);
    free(g->script);
    free(g->path);
    free(g);
    *golden = NULL;
}

int vx_golden_begin(struct vx_golden **out, const char *name)
{
    struct vx_err err;

    if (vx_golden_open(out, name, &err) == VX_OK)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return -1;
}

size_t vx_golden_count(const struct vx_golden *golden)
{
    return golden->n;
}

const struct vx_golden_array *vx_golden_at(const struct vx_golden *golden, size_t i)
{
    return &golden->array[i];
}

const struct vx_golden_array *vx_golden_get(const struct vx_golden *golden, enum vx_golden_dtype dtype, const char *fmt, ...)
{
    char name[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < golden->n; i++) {
        if (strcmp(golden->array[i].name, name) != 0)
            continue;
        if (golden->array[i].dtype != dtype)
            fail_msg("%s: array %s has dtype %d, expected %d", golden->path, name, (int)golden->array[i].dtype, (int)dtype);
        return &golden->array[i];
    }
    fail_msg("%s: no array %s", golden->path, name);
    return NULL;
}

void vx_golden_assert_script(const struct vx_golden *golden)
{
    char hex[VX_SHA256_HEX];
    struct vx_err err;
    char *path = vx_golden_path(golden->script);

    assert_non_null(path);
    if (vx_sha256_file(path, hex, &err) != VX_OK)
        fail_msg("%s", err.text);
    if (strcmp(hex, golden->sha256) != 0)
        fail_msg("%s was made by another version of %s: run that script again", golden->path, path);
    free(path);
}

char *vx_golden_path(const char *name)
{
    return vx_file_join(VX_GOLDEN_DIR, name);
}
