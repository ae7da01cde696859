/* One safetensors file: nothing of it is believed before it is checked against the file's own size. */
#include "model/safetensors_file.h"
#include "base/mem.h"
#include "model/json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are read in place: little-endian hosts only");

#define LENGTH_BYTES 8
#define MAX_HEADER_BYTES 100000000u

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

static enum vx_status map_file(struct vx_st_file *f, struct vx_err *err)
{
    const char *path = f->path;
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
static enum vx_status read_description(struct vx_st_entry *e, size_t *size, const cJSON *item, const char *path,
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

static enum vx_status add_entry(struct vx_st_table *table, const struct vx_st_file *file, size_t number, const cJSON *item,
                                size_t data_size, struct vx_err *err)
{
    const char *path = file->path;
    struct vx_st_entry e = {.file = number};
    void *p = table->entry;
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
    e.tensor.data = file->map + (file->size - data_size) + e.begin;
    if (vx_grow(&p, &table->cap, table->n + 1, sizeof *table->entry) != 0)
        return vx_fail_nomem(err, path);
    table->entry = p;
    if (!(e.tensor.name = strdup(item->string)))
        return vx_fail_nomem(err, path);
    table->entry[table->n++] = e;
    return VX_OK;
}

static int by_offset(const void *a, const void *b)
{
    const struct vx_st_entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* The tensors must fill the data part, one after the other. */
static enum vx_status check_layout(struct vx_st_entry *entry, size_t n, size_t data_size, const char *path, struct vx_err *err)
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

enum vx_status vx_st_file_read(struct vx_st_file *file, size_t number, struct vx_st_table *table, struct vx_err *err)
{
    const size_t first = table->n;
    cJSON *root = NULL, *item;
    char *header = NULL;
    enum vx_status rc;
    uint64_t len;

    if ((rc = map_file(file, err)) != VX_OK)
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
        if ((rc = add_entry(table, file, number, item, data_size, err)) != VX_OK)
            goto done;
    }
    if (table->n > first)
        rc = check_layout(table->entry + first, table->n - first, data_size, file->path, err);
    else
        rc = vx_fail(err, VX_EFORMAT, "%s: holds no tensor", file->path);
done:
    cJSON_Delete(root);
    free(header);
    return rc;
}

void vx_st_file_clear(struct vx_st_file *file)
{
    if (file->map)
        munmap(file->map, file->size);
    free(file->path);
    *file = (struct vx_st_file){0};
}

void vx_st_table_clear(struct vx_st_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        free((void *)(uintptr_t)table->entry[i].tensor.name);
    free(table->entry);
    *table = (struct vx_st_table){0};
}
