/* safetensors, read: nothing of a file is believed before it is checked against the file's own size. */
#include "model/safetensors.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/half.h"
#include "model/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are read in place: little-endian hosts only");

#define LENGTH_BYTES 8
#define MAX_HEADER_BYTES 100000000u
#define MAX_INDEX_BYTES (16u << 20)

/* Every dtype of the format whose elements are whole bytes. */
static const struct {
    const char *name;
    enum vx_st_dtype dtype;
    size_t size;
} dtypes[] = {
    {"F32", VX_ST_F32, 4},   {"F16", VX_ST_F16, 2},       {"BF16", VX_ST_BF16, 2},     {"F64", VX_ST_F64, 8},
    {"I64", VX_ST_I64, 8},   {"U64", VX_ST_OTHER, 8},     {"I32", VX_ST_OTHER, 4},     {"U32", VX_ST_OTHER, 4},
    {"I16", VX_ST_OTHER, 2}, {"U16", VX_ST_OTHER, 2},     {"I8", VX_ST_OTHER, 1},      {"U8", VX_ST_OTHER, 1},
    {"BOOL", VX_ST_OTHER, 1}, {"F8_E4M3", VX_ST_OTHER, 1}, {"F8_E5M2", VX_ST_OTHER, 1},
};

struct file {
    char *path;
    unsigned char *map; /* NULL: not mapped */
    size_t size;
};

struct entry {
    struct vx_st_tensor tensor; /* first, so that a tensor's address is its entry's; name owned */
    size_t file;
    size_t begin, end; /* bytes within the data part */
};

struct vx_st {
    size_t n_files, n_entries, cap_entries;
    struct file *file;   /* sorted by path */
    struct entry *entry; /* sorted by name once open */
    bool sharded;
};

static enum vx_status map_file(struct file *f, const char *path, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct stat sb;
    void *map;
    int fd;

    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 || fstat(fd, &sb) < 0) {
        rc = vx_fail_sys(err, "open %s", path);
        goto done;
    }
    if (!S_ISREG(sb.st_mode)) {
        rc = vx_fail(err, VX_EFORMAT, "%s: not a regular file, expected safetensors", path);
        goto done;
    }
    if (sb.st_size < LENGTH_BYTES) {
        rc = vx_fail(err, VX_EFORMAT, "%s: %lld bytes, too short for safetensors", path, (long long)sb.st_size);
        goto done;
    }
    if ((map = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED) {
        rc = vx_fail_sys(err, "map %s", path);
        goto done;
    }
    f->map = map;
    f->size = (size_t)sb.st_size;
done:
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The three members of a tensor's description; *size: bytes an element. */
static enum vx_status read_description(struct entry *e, size_t *size, const cJSON *item, const char *path,
                                       struct vx_err *err)
{
    const char *name = item->string;
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets"), *dim;
    int64_t begin, end;
    size_t d = 0;

    if (!cJSON_IsString(dtype) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) || cJSON_GetArraySize(item) != 3)
        return vx_fail(err, VX_EFORMAT, "%s: %s: expected dtype, shape, data_offsets and nothing else", path, name);
    while (d < sizeof dtypes / sizeof *dtypes && strcmp(dtypes[d].name, dtype->valuestring) != 0)
        d++;
    if (d == sizeof dtypes / sizeof *dtypes)
        return vx_fail(err, VX_EFORMAT, "%s: %s: dtype \"%s\" is not known", path, name, dtype->valuestring);
    e->tensor.dtype = dtypes[d].dtype;
    *size = dtypes[d].size;
    cJSON_ArrayForEach(dim, shape) {
        if (e->tensor.n_dims == VX_ST_MAX_DIMS)
            return vx_fail(err, VX_EFORMAT, "%s: %s: more than %d dimensions", path, name, VX_ST_MAX_DIMS);
        if (!vx_json_whole(dim, 0, INT64_C(1) << 53, &e->tensor.shape[e->tensor.n_dims++]))
            return vx_fail(err, VX_EFORMAT, "%s: %s: shape: expected whole numbers, 0 or more", path, name);
    }
    if (cJSON_GetArraySize(offsets) != 2 || !vx_json_whole(offsets->child, 0, INT64_C(1) << 53, &begin) ||
        !vx_json_whole(offsets->child->next, begin, INT64_C(1) << 53, &end))
        return vx_fail(err, VX_EFORMAT, "%s: %s: data_offsets: expected [begin, end], whole numbers", path, name);
    e->begin = (size_t)begin;
    e->end = (size_t)end;
    return VX_OK;
}

static enum vx_status add_entry(struct vx_st *st, size_t file, const cJSON *item, size_t data_size, struct vx_err *err)
{
    const char *path = st->file[file].path;
    struct entry e = {.file = file};
    void *p = st->entry;
    enum vx_status rc;
    size_t size = 0, bytes;
    bool overflow = false;

    if (!cJSON_IsObject(item))
        return vx_fail(err, VX_EFORMAT, "%s: %s: expected an object", path, item->string);
    if ((rc = read_description(&e, &size, item, path, err)) != VX_OK)
        return rc;
    e.tensor.count = 1;
    for (int i = 0; i < e.tensor.n_dims; i++)
        overflow |= vx_mul_overflows(e.tensor.count, (size_t)e.tensor.shape[i], &e.tensor.count) != 0;
    overflow |= vx_mul_overflows(e.tensor.count, size, &bytes) != 0;
    if (overflow || bytes != e.end - e.begin)
        return vx_fail(err, VX_EFORMAT, "%s: %s: data_offsets span %zu bytes, its dtype and shape another number", path,
                       item->string, e.end - e.begin);
    if (e.end > data_size)
        return vx_fail(err, VX_EFORMAT, "%s: %s: ends at byte %zu of the data, the file has %zu", path, item->string,
                       e.end, data_size);
    e.tensor.data = st->file[file].map + (st->file[file].size - data_size) + e.begin;
    if (vx_grow(&p, &st->cap_entries, st->n_entries + 1, sizeof *st->entry) != 0 ||
        !(e.tensor.name = strdup(item->string)))
        rc = vx_fail_nomem(err, path);
    st->entry = p;
    if (rc == VX_OK)
        st->entry[st->n_entries++] = e;
    return rc;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->tensor.name, ((const struct entry *)b)->tensor.name);
}

/* The tensors must fill the data part, one after the other. */
static enum vx_status check_layout(struct entry *entry, size_t n, size_t data_size, const char *path, struct vx_err *err)
{
    size_t at = 0;

    qsort(entry, n, sizeof *entry, by_offset);
    for (size_t i = 0; i < n; i++) {
        if (entry[i].begin != at)
            return vx_fail(err, VX_EFORMAT, "%s: %s: begins at byte %zu of the data, expected %zu: %s", path,
                           entry[i].tensor.name, entry[i].begin, at,
                           entry[i].begin < at ? "it overlaps the one before" : "a hole");
        at = entry[i].end;
    }
    if (at != data_size)
        return vx_fail(err, VX_EFORMAT, "%s: the last tensor ends at byte %zu of %zu bytes of data", path, at, data_size);
    return VX_OK;
}

/* Maps file f and adds its tensors. */
static enum vx_status read_file(struct vx_st *st, size_t f, struct vx_err *err)
{
    struct file *file = &st->file[f];
    const size_t first = st->n_entries;
    cJSON *root = NULL, *item;
    char *header = NULL;
    enum vx_status rc;
    uint64_t len;

    if ((rc = map_file(file, file->path, err)) != VX_OK)
        return rc;
    memcpy(&len, file->map, sizeof len);
    if (len > MAX_HEADER_BYTES || len > file->size - LENGTH_BYTES)
        return vx_fail(err, VX_EFORMAT, "%s: header of %llu bytes in a file of %zu: not safetensors, or truncated",
                       file->path, (unsigned long long)len, file->size);
    const size_t data_size = file->size - LENGTH_BYTES - (size_t)len;
    header = malloc((size_t)len + 1);
    if (!header)
        return vx_fail_nomem(err, file->path);
    memcpy(header, file->map + LENGTH_BYTES, (size_t)len);
    header[len] = '\0';
    if (header[0] != '{') {
        rc = vx_fail(err, VX_EFORMAT, "%s: the header does not begin with '{'", file->path);
        goto done;
    }
    if ((rc = vx_json_parse(&root, header, (size_t)len, file->path, err)) != VX_OK)
        goto done;
    cJSON_ArrayForEach(item, root) {
        if (strcmp(item->string, "__metadata__") == 0)
            continue;
        if ((rc = add_entry(st, f, item, data_size, err)) != VX_OK)
            goto done;
    }
    if (st->n_entries > first)
        rc = check_layout(st->entry + first, st->n_entries - first, data_size, file->path, err);
    else
        rc = vx_fail(err, VX_EFORMAT, "%s: holds no tensor", file->path);
done:
    cJSON_Delete(root);
    free(header);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
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
    if ((size_t)cJSON_GetArraySize(map) == st->n_entries)
        return VX_OK;
    for (size_t i = 0; i < st->n_entries; i++)
        if (!cJSON_GetObjectItemCaseSensitive(map, st->entry[i].tensor.name))
            return vx_fail(err, VX_EFORMAT, "%s: weight_map does not name %s of %s", index, st->entry[i].tensor.name,
                           st->file[st->entry[i].file].path);
    return VX_OK;
}

static enum vx_status read_all(struct vx_st *st, struct vx_err *err)
{
    enum vx_status rc;

    for (size_t f = 0; f < st->n_files; f++)
        if ((rc = read_file(st, f, err)) != VX_OK)
            return rc;
    qsort(st->entry, st->n_entries, sizeof *st->entry, by_name);
    for (size_t i = 1; i < st->n_entries; i++)
        if (by_name(&st->entry[i - 1], &st->entry[i]) == 0)
            return vx_fail(err, VX_EFORMAT, "%s and %s: %s is in both", st->file[st->entry[i - 1].file].path,
                           st->file[st->entry[i].file].path, st->entry[i].tensor.name);
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
    for (size_t i = 0; i < s->n_entries; i++)
        free((void *)(uintptr_t)s->entry[i].tensor.name);
    for (size_t f = 0; f < s->n_files; f++) {
        if (s->file[f].map)
            munmap(s->file[f].map, s->file[f].size);
        free(s->file[f].path);
    }
    free(s->entry);
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
    return st->n_entries;
}

const struct vx_st_tensor *vx_st_at(const struct vx_st *st, size_t i)
{
    return &st->entry[i].tensor;
}

const struct vx_st_tensor *vx_st_find(const struct vx_st *st, const char *name)
{
    const struct entry key = {.tensor.name = name};
    const struct entry *e = bsearch(&key, st->entry, st->n_entries, sizeof key, by_name);

    return e ? &e->tensor : NULL;
}

const char *vx_st_path(const struct vx_st *st, const struct vx_st_tensor *tensor)
{
    return st->file[((const struct entry *)(const void *)tensor)->file].path;
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
