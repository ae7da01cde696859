/* golden.h - reads the files of expected values written by the scripts in tests/golden (format: vxgold.py there)
 * The file is read whole; arrays point into it and live as long as their vx_golden. */
#ifndef VX_TESTS_GOLDEN_H
#define VX_TESTS_GOLDEN_H

#include "base/err.h"
#include "base/sha256.h"

#include <stddef.h>
#include <stdint.h>

#define VX_GOLDEN_MAX_DIMS 8

enum vx_golden_dtype { VX_GOLDEN_U8, VX_GOLDEN_I32, VX_GOLDEN_I64, VX_GOLDEN_F32, VX_GOLDEN_F64, VX_GOLDEN_I16 };

struct vx_golden_array {
    char *name;
    enum vx_golden_dtype dtype;
    int n_dims;
    size_t shape[VX_GOLDEN_MAX_DIMS];
    size_t count;     /* elements */
    const void *data; /* row-major, aligned to 16 bytes */
};

struct vx_golden;

/* name: a file in tests/golden, or a path when it holds a '/'. VX_EFORMAT: not a golden file, or truncated. */
enum vx_status vx_golden_open(struct vx_golden **out, const char *name, struct vx_err *err) VX_CHECKED;
void vx_golden_close(struct vx_golden **golden); /* NULL is fine */
int vx_golden_begin(struct vx_golden **out, const char *name); /* the same for a group's set-up: 0, or -1 and the reason on stderr */

size_t vx_golden_count(const struct vx_golden *golden);
const struct vx_golden_array *vx_golden_at(const struct vx_golden *golden, size_t i); /* in the file's order */
/* The array whose name is fmt formatted; fails the running test, naming file and array, when there is none or its
 * dtype differs. */
const struct vx_golden_array *vx_golden_get(const struct vx_golden *golden, enum vx_golden_dtype dtype, const char *fmt,
                                            ...) VX_PRINTF(3, 4);

/* Fails the running test when the generating script in tests/golden is no longer the one that made the file. */
void vx_golden_assert_script(const struct vx_golden *golden);

/* tests/golden/NAME in the source tree, for other data files; the caller's to free. */
char *vx_golden_path(const char *name);

#endif
