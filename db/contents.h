/* contents.h - a result's items with the hashes of their content: what verify compares with the files
 * One pass in the order of items, so that members of an archive come as they lie in it; memory is one item's. */
#ifndef VX_DB_CONTENTS_H
#define VX_DB_CONTENTS_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_contents;

/* On success *out is the caller's. VX_EINVAL: path is no result of scan or merge. */
enum vx_status vx_contents_open(struct vx_contents **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_contents_close(struct vx_contents **contents); /* NULL is fine */

/* The database itself: structure, indexes, constraints, and that every run's profile is the one whose hash it has. Reads all of
 * it. VX_EFORMAT: with what is wrong first. */
enum vx_status vx_contents_check(struct vx_contents *contents, struct vx_err *err) VX_CHECKED;

struct vx_contents_count {
    int64_t items, hashed;
    int64_t runs, custody; /* runs; those with --custody */
};
enum vx_status vx_contents_count(struct vx_contents *contents, struct vx_contents_count *count, struct vx_err *err) VX_CHECKED;

struct vx_contents_item { /* borrowed until the next call */
    struct vx_item item; /* id, kind, path, member and size; where in its archive it lies is not known any more */
    const char *hash;    /* NULL: it has none */
    bool promised;       /* it was read by a scan with --custody, so it had a SHA-256 */
};
/* VX_DONE: no more. */
enum vx_status vx_contents_next(struct vx_contents *contents, struct vx_contents_item *item, struct vx_err *err) VX_CHECKED;

struct vx_contents_model { /* borrowed until the next call */
    const char *path, *sha256; /* NULL: not known */
    const char *revision;      /* of the program; NULL: not known */
};
/* Model folders that runs have used, each with each hash once. VX_DONE: no more. */
enum vx_status vx_contents_model(struct vx_contents *contents, struct vx_contents_model *model, struct vx_err *err) VX_CHECKED;

#endif
