/* found.h - how the corpus's listers (folder, manifest, archive) fill an item
 * Each function expects a zeroed item and leaves it zeroed when it fails; the only failure is VX_ENOMEM. */
#ifndef VX_IO_FOUND_H
#define VX_IO_FOUND_H

#include "base/err.h"
#include "base/item.h"

#include <sys/stat.h>

/* A plain file. */
enum vx_status vx_found_file(struct vx_item *item, enum vx_item_kind kind, const char *path, const struct stat *sb,
                               struct vx_err *err) VX_CHECKED;

/* What cannot be listed: the text is why, and what to do about it. Control characters and bytes that are not UTF-8 in
 * it are escaped. member may be NULL. */
enum vx_status vx_found_broken(struct vx_item *item, const char *path, const char *member, struct vx_err *err,
                                 const char *fmt, ...) VX_CHECKED VX_PRINTF(5, 6);

/* What lies at a path that the user or a manifest named. */
enum vx_place {
    VX_PLACE_ITEM,     /* *item is filled: a recording or picture, taken at its word, or BROKEN */
    VX_PLACE_ARCHIVE,  /* *item is filled for the archive as a file; what counts is its members */
    VX_PLACE_FOLDER,   /* for these two *item stays zeroed */
    VX_PLACE_MANIFEST,
};
enum vx_status vx_found_look(const char *path, struct vx_item *item, enum vx_place *place,
                             struct vx_err *err) VX_CHECKED;

#endif
