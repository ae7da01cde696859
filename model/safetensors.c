/* One file or all shards of a model as one sorted table, and a tensor's values as float32. */
#include "model/safetensors.h"
#include "base/file.h"
#include "model/half.h"
#include "model/json.h"
#include "model/safetensors_file.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_INDEX_BYTES (16u << 20)

struct vx_st {
    size_t n_files;
    struct vx_st_file *file;  /* [n_files], sorted by path */
    struct vx_st_table table; /* sorted by name once open */
    bool sharded;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct vx_st_entry *)a)->tensor.name, ((const struct vx_st_entry *)b)->tensor.name);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct vx_st_file *)a)->path, ((const struct vx_st_file *)b)->path);
}

/* The shards an index names, each once, beside the index. */
static enum vx_status list_shards(struct vx_st *st, const cJSON *map, const char *index, struct vx_err *err)
{
    const char *slash = strrchr(index, '/');
    const int dir = slash ? (int)(slash - index) + 1 : 0;
    const cJSON *item;
    size_t unique = 0;

    st->file = calloc((size_t)cJSON_GetArraySize(map) + 1, sizeof *st->file);
    if (!st->file)
        return vx_fail_nomem(err, index);
    cJSON_ArrayForEach(item, map) {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        if (name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
            return vx_fail(err, VX_EFORMAT, "%s: weight_map: %s: expected a file beside the index, not \"%s\"", index,
                           item->string, name);
        if (asprintf(&st->file[st->n_files].path, "%.*s%s", dir, index, name) < 0) {
            st->file[st->n_files].path = NULL;
            return vx_fail_nomem(err, index);
        }
        st->n_files++;
    }
    if (st->n_files == 0)
        return vx_fail(err, VX_EFORMAT, "%s: weight_map is empty", index);
    qsort(st->file, st->n_files, sizeof *st->file, by_path);
    for (size_t i = 0; i < st->n_files; i++) {
        if (unique > 0 && strcmp(st->file[unique - 1].path, st->file[i].path) == 0)
            free(st->file[i].path);
        else
            st->file[unique++] = st->file[i];
    }
    st->n_files = unique;
    return VX_OK;
}

/* Every tensor is where the index says, and the index knows every tensor. */
static enum vx_status check_index(const struct vx_st *st, const cJSON *map, const char *index, struct vx_err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, map) {
        const struct vx_st_tensor *t = vx_st_find(st, item->string);
        const char *base = t ? strrchr(vx_st_path(st, t), '/') : NULL;
        const char *file = base ? base + 1 : t ? vx_st_path(st, t) : NULL;
        if (!file)
            return vx_fail(err, VX_EFORMAT, "%s: weight_map: %s is not in %s", index, item->string, item->valuestring);
        if (strcmp(file, item->valuestring) != 0)
            return vx_fail(err, VX_EFORMAT, "%s: weight_map: %s is in %s, not in %s", index, item->string, file,
                           item->valuestring);
    }
    /* keys are unique and each was found: equal numbers leave no tensor out */
    if ((size_t)cJSON_GetArraySize(map) == st->table.n)
        return VX_OK;
    for (size_t i = 0; i < st->table.n; i++)
        if (!cJSON_GetObjectItemCaseSensitive(map, st->table.entry[i].tensor.name))
            return vx_fail(err, VX_EFORMAT, "%s: weight_map does not name %s of %s", index, st->table.entry[i].tensor.name,
                           st->file[st->table.entry[i].file].path);
    return VX_OK;
}

static enum vx_status read_all(struct vx_st *st, struct vx_err *err)
{
    enum vx_status rc;

    for (size_t f = 0; f < st->n_files; f++)
        if ((rc = vx_st_file_read(&st->file[f], f, &st->table, err)) != VX_OK)
            return rc;
    qsort(st->table.entry, st->table.n, sizeof *st->table.entry, by_name);
    for (size_t i = 1; i < st->table.n; i++)
        if (by_name(&st->table.entry[i - 1], &st->table.entry[i]) == 0)
            return vx_fail(err, VX_EFORMAT, "%s and %s: %s is in both", st->file[st->table.entry[i - 1].file].path,
                           st->file[st->table.entry[i].file].path, st->table.entry[i].tensor.name);
    return VX_OK;
}

enum vx_status vx_st_open(struct vx_st **out, const char *path, struct vx_err *err)
{
    const size_t len = strlen(path);
    struct vx_st *st = calloc(1, sizeof *st);
    cJSON *index = NULL;
    const cJSON *map;
    enum vx_status rc = VX_OK;

    *out = NULL;
    if (!st)
        return vx_fail_nomem(err, path);
    st->sharded = len >= 5 && strcmp(path + len - 5, ".json") == 0;
    if (!st->sharded) {
        st->file = calloc(1, sizeof *st->file);
        if (!st->file || !(st->file->path = strdup(path))) {
            rc = vx_fail_nomem(err, path);
            goto done;
        }
        st->n_files = 1;
        if ((rc = read_all(st, err)) != VX_OK)
            goto done;
    } else {
        if ((rc = vx_json_load(&index, path, MAX_INDEX_BYTES, err)) != VX_OK)
            goto done;
        map = cJSON_GetObjectItemCaseSensitive(index, "weight_map");
        if (!cJSON_IsObject(map)) {
            rc = vx_fail(err, VX_EFORMAT, "%s: weight_map: expected an object", path);
            goto done;
        }
        if ((rc = list_shards(st, map, path, err)) != VX_OK || (rc = read_all(st, err)) != VX_OK ||
            (rc = check_index(st, map, path, err)) != VX_OK)
            goto done;
    }
    *out = st;
    st = NULL; /* now the caller's */
done:
    cJSON_Delete(index);
    vx_st_close(&st);
    return rc;
}

void vx_st_close(struct vx_st **st)
{
    struct vx_st *s = *st;

    if (!s)
        return;
    for (size_t f = 0; f < s->n_files; f++)
        vx_st_file_clear(&s->file[f]);
    vx_st_table_clear(&s->table);
    free(s->file);
    free(s);
    *st = NULL;
}

enum vx_status vx_st_open_dir(struct vx_st **out, const char *dir, struct vx_err *err)
{
    char *single = vx_file_join(dir, "model.safetensors"), *index = vx_file_join(dir, "model.safetensors.index.json");
    enum vx_status rc;

    *out = NULL;
    if (!single || !index)
        rc = vx_fail_nomem(err, "a path");
    else if (access(single, F_OK) == 0 || errno != ENOENT)
        rc = vx_st_open(out, single, err);
    else if (access(index, F_OK) == 0 || errno != ENOENT)
        rc = vx_st_open(out, index, err);
    else
        rc = vx_fail(err, VX_ESYS, "%s: neither model.safetensors nor model.safetensors.index.json is there; save the "
                     "model with save_pretrained(..., safe_serialization=True)", dir);
    free(single);
    free(index);
    return rc;
}

size_t vx_st_count(const struct vx_st *st)
{
    return st->table.n;
}

const struct vx_st_tensor *vx_st_at(const struct vx_st *st, size_t i)
{
    return &st->table.entry[i].tensor;
}

const struct vx_st_tensor *vx_st_find(const struct vx_st *st, const char *name)
{
    const struct vx_st_entry key = {.tensor.name = name};
    const struct vx_st_entry *e = bsearch(&key, st->table.entry, st->table.n, sizeof key, by_name);

    return e ? &e->tensor : NULL;
}

const char *vx_st_path(const struct vx_st *st, const struct vx_st_tensor *tensor)
{
    return st->file[((const struct vx_st_entry *)(const void *)tensor)->file].path;
}

enum vx_status vx_st_read(const struct vx_st *st, const struct vx_st_tensor *tensor, float *out, struct vx_err *err)
{
    const unsigned char *data = tensor->data; /* maybe unaligned */
    const size_t n = tensor->count;
    bool finite = true;
    uint16_t half;
    double wide;
    size_t i;

    switch (tensor->dtype) {
    case VX_ST_F32:
        if (n > 0)
            memcpy(out, data, n * sizeof *out);
        break;
    case VX_ST_F16:
        for (i = 0; i < n; i++) {
            memcpy(&half, data + i * sizeof half, sizeof half);
            out[i] = vx_f16_to_float(half);
        }
        break;
    case VX_ST_BF16:
        for (i = 0; i < n; i++) {
            memcpy(&half, data + i * sizeof half, sizeof half);
            out[i] = vx_bf16_to_float(half);
        }
        break;
    case VX_ST_F64:
        for (i = 0; i < n; i++) {
            memcpy(&wide, data + i * sizeof wide, sizeof wide);
            out[i] = (float)wide;
        }
        break;
    case VX_ST_I64:
    case VX_ST_OTHER:
        return vx_fail(err, VX_EFORMAT, "%s: %s: its dtype is no float, expected F32, F16, BF16 or F64",
                       vx_st_path(st, tensor), tensor->name);
    }
    for (i = 0; i < n; i++)
        finite &= isfinite(out[i]) != 0;
    if (finite)
        return VX_OK;
    for (i = 0; isfinite(out[i]); i++)
        ;
    return vx_fail(err, VX_EFORMAT, "%s: %s: element %zu is %f, expected a finite float32", vx_st_path(st, tensor),
                   tensor->name, i, (double)out[i]);
}

enum vx_status vx_st_sha256(const struct vx_st *st, char hex[VX_SHA256_HEX], struct vx_err *err)
{
    struct vx_sha256 *all = NULL;
    enum vx_status rc = VX_OK;

    if (!st->sharded)
        return vx_sha256_bytes(st->file->map, st->file->size, hex, err);
    if ((rc = vx_sha256_create(&all, err)) != VX_OK)
        return rc;
    for (size_t f = 0; f < st->n_files && rc == VX_OK; f++) {
        rc = vx_sha256_bytes(st->file[f].map, st->file[f].size, hex, err);
        vx_sha256_add(all, hex, VX_SHA256_HEX - 1);
    }
    vx_sha256_finish(&all, hex);
    return rc;
}
