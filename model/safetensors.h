/* safetensors.h - read-only view of .safetensors files, and a writer
 * Mapped once; tensors point into the mapping and live as long as their vx_st. vx_st_open() checks every
 * offset, so a tensor it yields is safe to read. Format: u64 little-endian header length (at most 100 MB), JSON
 * {name: {dtype, shape, data_offsets: [begin, end]}}, then the data, row-major little-endian. */
#ifndef VX_MODEL_SAFETENSORS_H
#define VX_MODEL_SAFETENSORS_H

#include "base/err.h"
#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

#define VX_ST_MAX_DIMS 8

enum vx_st_dtype { VX_ST_F32, VX_ST_F16, VX_ST_BF16, VX_ST_F64, VX_ST_I64, VX_ST_OTHER };

struct vx_st_tensor {
    const char *name; /* borrowed */
    enum vx_st_dtype dtype;
    int n_dims;
    int64_t shape[VX_ST_MAX_DIMS];
    size_t count;     /* elements */
    const void *data; /* into the mapping, maybe unaligned */
};

struct vx_st; /* one file, or all files of a sharded model */

/* path is a .safetensors file, or a .safetensors.index.json that names shards beside it (weight_map).
 * On success *out is the caller's. VX_ESYS: cannot open. VX_EFORMAT: not safetensors, truncated, overlapping,
 * holes, sizes that do not fit their shape, a name twice, a shard missing or elsewhere than its index says. */
enum vx_status vx_st_open(struct vx_st **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_st_close(struct vx_st **st); /* NULL is fine; sets *st to NULL */

/* DIR/model.safetensors, else DIR/model.safetensors.index.json. */
enum vx_status vx_st_open_dir(struct vx_st **out, const char *dir, struct vx_err *err) VX_CHECKED;

size_t vx_st_count(const struct vx_st *st);
const struct vx_st_tensor *vx_st_at(const struct vx_st *st, size_t i);             /* sorted by name */
const struct vx_st_tensor *vx_st_find(const struct vx_st *st, const char *name);   /* NULL: none */
const char *vx_st_path(const struct vx_st *st, const struct vx_st_tensor *tensor); /* the file it is in */

/* tensor → float32 out[count]. VX_EFORMAT: a dtype that is no float, or a NaN or infinity (with its index). */
enum vx_status vx_st_read(const struct vx_st *st, const struct vx_st_tensor *tensor, float *out,
                          struct vx_err *err) VX_CHECKED;

/* SHA-256 over the bytes of the file; of a sharded model over the shards' hex digests, in the order of their names. */
enum vx_status vx_st_sha256(const struct vx_st *st, char hex[VX_SHA256_HEX], struct vx_err *err) VX_CHECKED;

/* Write n float32 tensors to path as dtype (F32, F16, BF16; round to nearest even), atomically. Only name, shape,
 * n_dims and data (float32, aligned) of each are read; tensors keep their order. VX_EINVAL: another dtype, a name that
 * is no UTF-8. VX_ELIMIT: a value too large for dtype, or no finite number. */
enum vx_status vx_st_write(const char *path, const struct vx_st_tensor *tensors, size_t n, enum vx_st_dtype dtype,
                           struct vx_err *err) VX_CHECKED;
/* The SHA-256 that the file written by vx_st_write() would have. */
enum vx_status vx_st_write_sha256(char hex[VX_SHA256_HEX], const struct vx_st_tensor *tensors, size_t n,
                                  enum vx_st_dtype dtype, struct vx_err *err) VX_CHECKED;

#endif
