#include "io/found.h"
#include "base/text.h"
#include "io/corpus.h"
#include "io/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum vx_status vx_found_file(struct vx_item *item, enum vx_item_kind kind, const char *path, const struct stat *sb,
                               struct vx_err *err)
{
    char *copy = strdup(path);

    if (!copy)
        return vx_fail_nomem(err, "an item's path");
    item->kind = kind;
    item->path = copy;
    item->ordinal = item->offset = -1;
    item->size = sb->st_size;
    item->mtime = sb->st_mtime;
    return VX_OK;
}

enum vx_status vx_found_broken(struct vx_item *item, const char *path, const char *member, struct vx_err *err,
                                 const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    item->kind = VX_ITEM_BROKEN;
    item->ordinal = item->offset = item->size = -1;
    item->path = strdup(path);
    item->member = member ? strdup(member) : NULL;
    item->problem = vx_text_printable(text);
    if (item->path && item->problem && (item->member || !member))
        return VX_OK;
    vx_item_clear(item);
    return vx_fail_nomem(err, "an item");
}

enum vx_status vx_found_look(const char *path, struct vx_item *item, enum vx_place *place, struct vx_err *err)
{
    const enum vx_name_class class = vx_corpus_classify(path);
    struct stat sb;
    char why[128];

    *place = VX_PLACE_ITEM;
    if (vx_path_stat(path, &sb) < 0) {
        const int saved = errno;
        if (vx_path_is_url(path))
            return vx_found_broken(item, path, NULL, err, "addresses are not supported: mount it, or copy it here, and name the path");
        return vx_found_broken(item, path, NULL, err, "%s", strerror_r(saved, why, sizeof why));
    }
    if (S_ISDIR(sb.st_mode)) {
        *place = VX_PLACE_FOLDER;
        return VX_OK;
    }
    if (!S_ISREG(sb.st_mode))
        return vx_found_broken(item, path, NULL, err, "is %s, not a regular file", vx_path_type(sb.st_mode));
    switch (class) {
    case VX_NAME_MANIFEST:
        *place = VX_PLACE_MANIFEST;
        return VX_OK;
    case VX_NAME_IMAGE:
        return vx_found_file(item, VX_ITEM_IMAGE, path, &sb, err);
    case VX_NAME_ARCHIVE:
        *place = VX_PLACE_ARCHIVE;
        break;
    case VX_NAME_AUDIO:
    case VX_NAME_OTHER:
        break;
    }
    return vx_found_file(item, VX_ITEM_AUDIO, path, &sb, err);
}
