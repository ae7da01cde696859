#include "base/mem.h"
#include "base/text.h"
#include "io/member.h"
#include "io/path.h"
#include "io/source_make.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct vx_reader {
    struct vx_source source;
    struct vx_member member;
    size_t max_member_bytes;
    struct vx_opener opener;
    locale_t names; /* of archives (archive.c): loaded before a sandbox closes the file it is in */
};

enum vx_status vx_reader_create(struct vx_reader **out, size_t max_member_bytes, struct vx_err *err)
{
    struct vx_reader *r = vx_calloc(1, sizeof *r);

    *out = NULL;
    if (!r)
        return vx_fail_nomem(err, "a reader");
    r->source.fd = -1;
    r->max_member_bytes = max_member_bytes;
    r->names = newlocale(LC_CTYPE_MASK, VX_ARCHIVE_NAMES, (locale_t)0);
    *out = r;
    return VX_OK;
}

void vx_reader_set_opener(struct vx_reader *reader, const struct vx_opener *opener)
{
    reader->opener = *opener;
}

void vx_reader_destroy(struct vx_reader **reader)
{
    struct vx_reader *r = *reader;

    if (!r)
        return;
    vx_source_unset(&r->source);
    vx_member_close(&r->member);
    if (r->names)
        freelocale(r->names);
    free(r->source.buffer);
    free(r);
    *reader = NULL;
}

/* fd is taken over. */
static enum vx_status open_file(struct vx_reader *r, int fd, struct vx_err *err)
{
    struct stat sb;
    enum vx_status rc;

    if (fstat(fd, &sb) < 0) {
        rc = vx_fail_sys(err, "cannot look at it");
        close(fd);
        return rc;
    }
    if (!S_ISREG(sb.st_mode)) {
        close(fd);
        return vx_fail(err, VX_EINVAL, "is %s, not a regular file", vx_path_type(sb.st_mode));
    }
    return vx_source_set_file(&r->source, fd, 0, sb.st_size, err);
}

/* fd is taken over, or -1. */
static enum vx_status open_member(struct vx_reader *r, const struct vx_item *item, int fd, struct vx_err *err)
{
    struct vx_member_bytes bytes;
    enum vx_status rc = vx_member_find(&r->member, item, fd, r->max_member_bytes, &bytes, err);

    if (rc != VX_OK)
        return rc;
    if (bytes.fd < 0) {
        vx_source_set_memory(&r->source, bytes.data, bytes.len);
        return VX_OK;
    }
    if ((fd = fcntl(bytes.fd, F_DUPFD_CLOEXEC, 0)) < 0)
        return vx_fail_sys(err, "cannot open");
    return vx_source_set_file(&r->source, fd, bytes.offset, bytes.size, err);
}

/* Puts what was to be opened in front of the message; its bytes may be no UTF-8. */
static enum vx_status name_it(const struct vx_item *item, struct vx_err *err)
{
    char *path = vx_text_printable(item->path);
    char *member = item->member ? vx_text_printable(item->member) : NULL;

    if (path && member)
        vx_err_prefix(err, "%s, %s", path, member);
    else if (path)
        vx_err_prefix(err, "%s", path);
    free(path);
    free(member);
    return err->status;
}

static enum vx_status open_item(struct vx_reader *r, const struct vx_item *item, struct vx_err *err)
{
    const bool known = item->member && vx_member_knows(&r->member, item);
    int fd = -1;

    if (item->kind == VX_ITEM_BROKEN)
        return vx_fail(err, VX_EINVAL, "there is nothing to open: %s", item->problem ? item->problem : "broken");
    if (!known && (fd = vx_opener_open(&r->opener, item->path)) < 0)
        return vx_fail_sys(err, "cannot open");
    return item->member ? open_member(r, item, fd, err) : open_file(r, fd, err);
}

enum vx_status vx_reader_open(struct vx_reader *r, const struct vx_item *item, struct vx_source **out, struct vx_err *err)
{
    struct vx_err mine;
    enum vx_status rc;

    *out = NULL;
    vx_source_unset(&r->source);
    if (!item->path)
        return vx_fail(err, VX_EINVAL, "an item without a path");
    if ((rc = open_item(r, item, &mine)) == VX_OK) {
        vx_source_set_suffix(&r->source, item->member ? item->member : item->path);
        *out = &r->source;
        return VX_OK;
    }
    name_it(item, &mine);
    return vx_fail(err, rc, "%s", mine.text);
}
