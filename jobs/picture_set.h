/* picture_set.h - the folder that voxtrawl pictures writes: one large file of pictures, and a table of what they are
 *   pictures.u8    uint8 [n][size][size] (grey) or [n][size][size][3] (colours), nothing else in it
 *   windows.csv    a row a picture: index, path, member, window, start_ms, then the manifests' columns
 *   pictures.json  n, size, channels, hop, SHA-256 of pictures.u8, profile, image processor
 *   png/0001/010000.png  where asked for: the same pictures to look at, 10,000 a folder
 * The files are written under other names and renamed at the end, pictures.json last: where it is, the rest is complete.
 * One thread at a time. */
#ifndef VX_JOBS_PICTURE_SET_H
#define VX_JOBS_PICTURE_SET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_picture_set;

struct vx_picture_set_config {
    const char *dir; /* made where missing; borrowed, as columns is */
    int size;        /* pixels a side */
    int channels;    /* 1 or 3 */
    bool png, overwrite;
    char *const *columns; /* [n_columns] keys of metadata, in the order of the table */
    size_t n_columns;
};

/* VX_EINVAL: the folder holds a set already and overwriting was not asked for, or another process writes there. VX_ESYS:
 * cannot write. */
enum vx_status vx_picture_set_create(struct vx_picture_set **out, const struct vx_picture_set_config *config,
                                     struct vx_err *err) VX_CHECKED;
/* What was not finished is removed, PNGs excepted; NULL is fine. */
void vx_picture_set_destroy(struct vx_picture_set **set);

/* n windows of item: index and start_ms of windows[n], pixels [n][size][size][channels]. VX_EINVAL: a metadata key that is
 * no column. */
enum vx_status vx_picture_set_add(struct vx_picture_set *set, const struct vx_item *item,
                                  const struct vx_window_score *windows, size_t n, const uint8_t *pixels,
                                  struct vx_err *err) VX_CHECKED;
int64_t vx_picture_set_count(const struct vx_picture_set *set);

/* facts: further members of pictures.json, "\"profile\": {…}, …", without braces. */
enum vx_status vx_picture_set_finish(struct vx_picture_set *set, const struct vx_buf *facts, struct vx_err *err) VX_CHECKED;

#endif
