#include "io/archive.h"
#include "base/mem.h"
#include "io/archive_internal.h"
#include "io/path.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum vx_status vx_archive_fail(struct vx_archive *a, const char *what, struct vx_err *err)
{
    const char *why = archive_error_string(a->handle);

    return vx_fail(err, VX_EFORMAT, "%s: %s", what, why ? why : "no reason given");
}

static enum vx_archive_kind kind_of(const unsigned char *magic, size_t n)
{
    if (n >= 2 && memcmp(magic, "PK", 2) == 0)
        return VX_ZIP;
    return n >= 6 && memcmp(magic, "7z\xBC\xAF\x27\x1C", 6) == 0 ? VX_SEVEN : VX_TAR;
}

/* Without these libraries libarchive would start programs to unpack. */
static int choose_filters(struct archive *h)
{
    int rc = ARCHIVE_OK;

    if (archive_zlib_version())
        rc = archive_read_support_filter_gzip(h);
    if (rc == ARCHIVE_OK && archive_bzlib_version())
        rc = archive_read_support_filter_bzip2(h);
    if (rc == ARCHIVE_OK && archive_liblzma_version())
        rc = archive_read_support_filter_xz(h);
    if (rc == ARCHIVE_OK && archive_libzstd_version())
        rc = archive_read_support_filter_zstd(h);
    return rc;
}

/* Behind its end mark too: of joined tars (cat a.tar b.tar) all are read, and zeros in the place of a header hide no members. */
static int choose_tar(struct archive *h)
{
    const int rc = archive_read_support_format_tar(h);

    return rc == ARCHIVE_OK ? archive_read_set_format_option(h, "tar", "read_concatenated_archives", "1") : rc;
}

/* A new handle at the start of the input. */
static enum vx_status start(struct vx_archive *a, struct vx_err *err)
{
    int rc = ARCHIVE_FATAL;

    archive_read_free(a->handle);
    a->next = 0;
    a->charged = 0;
    a->entry = (struct vx_entry){.size = -1, .offset = -1, .type = VX_ENTRY_SPECIAL};
    a->data = -1;
    a->entry_end = 0;
    if (!(a->handle = archive_read_new()))
        return vx_fail_nomem(err, "an archive");
    switch (a->kind) {
    case VX_TAR:
        if ((rc = choose_tar(a->handle)) == ARCHIVE_OK)
            rc = choose_filters(a->handle);
        break;
    case VX_TAR_MIDDLE:
        rc = choose_tar(a->handle);
        break;
    case VX_ZIP:
        rc = archive_read_support_format_zip(a->handle);
        break;
    case VX_ZIP_MIDDLE:
        rc = archive_read_support_format_zip_streamable(a->handle);
        break;
    case VX_SEVEN:
        rc = archive_read_support_format_7zip(a->handle);
        break;
    }
    if (rc != ARCHIVE_OK)
        return vx_archive_fail(a, "cannot be read by this libarchive", err);
    if (vx_archive_input_attach(&a->input, a->handle) != ARCHIVE_OK)
        return vx_archive_fail(a, "no archive", err);
    a->packed = a->kind == VX_SEVEN || archive_filter_count(a->handle) > 1;
    return VX_OK;
}

/* libarchive converts names from the character set an entry declares into the locale's. In zip and 7z that is Unicode, so a
 * UTF-8 locale keeps it. In a tar "C" keeps the bytes: what does not convert is handed out as it is stored. */
static enum vx_status open_input(struct vx_archive *a, bool middle, struct vx_err *err)
{
    unsigned char magic[6];
    size_t got = 0;
    enum vx_status rc;

    if ((rc = vx_archive_input_open(&a->input, err)) != VX_OK ||
        (rc = vx_archive_input_peek(&a->input, a->input.begin, magic, sizeof magic, &got, err)) != VX_OK)
        return rc;
    a->kind = kind_of(magic, got);
    if (middle)
        a->kind = a->kind == VX_ZIP ? VX_ZIP_MIDDLE : VX_TAR_MIDDLE;
    const bool tar = a->kind == VX_TAR || a->kind == VX_TAR_MIDDLE;
    a->locale = newlocale(LC_CTYPE_MASK, tar ? "C" : VX_ARCHIVE_NAMES, (locale_t)0);
    return start(a, err);
}

static struct vx_archive *create(void)
{
    struct vx_archive *a = vx_calloc(1, sizeof *a);

    if (a) {
        a->fd = a->input.fd = -1;
        a->budget = &a->own;
        a->own.max_entries = VX_ARCHIVE_MAX_ENTRIES;
    }
    return a;
}

/* fd becomes the input, from offset on. */
static enum vx_status open_file(struct vx_archive *a, int fd, int64_t offset, struct vx_err *err)
{
    struct stat sb;

    if (fstat(fd, &sb) < 0)
        return vx_fail_sys(err, "cannot open");
    if (!S_ISREG(sb.st_mode))
        return vx_fail(err, VX_EINVAL, "is %s, not a regular file", vx_path_type(sb.st_mode));
    if (offset < 0 || offset > sb.st_size)
        return vx_fail(err, VX_EFORMAT, "ends before byte %lld", (long long)offset);
    if (__builtin_mul_overflow((int64_t)sb.st_size, (int64_t)VX_ARCHIVE_MAX_RATIO, &a->own.limit))
        a->own.limit = INT64_MAX;
    if (a->own.limit < VX_ARCHIVE_FREE)
        a->own.limit = VX_ARCHIVE_FREE;
    a->input.fd = fd;
    a->input.begin = offset;
    a->input.end = sb.st_size;
    return open_input(a, offset > 0, err);
}

/* fd is taken over if own. */
static enum vx_status open_any(struct vx_archive **out, int fd, bool own, int64_t offset, struct vx_err *err)
{
    struct vx_archive *a = create();
    enum vx_status rc;

    *out = NULL;
    if (!a) {
        if (own)
            close(fd);
        return vx_fail_nomem(err, "an archive");
    }
    a->fd = own ? fd : -1;
    if ((rc = open_file(a, fd, offset, err)) == VX_OK) {
        *out = a;
        a = NULL;
    }
    vx_archive_close(&a);
    return rc;
}

enum vx_status vx_archive_open(struct vx_archive **out, const char *path, struct vx_err *err)
{
    const int fd = vx_path_open(path, 0);

    *out = NULL;
    return fd < 0 ? vx_fail_sys(err, "cannot open") : vx_archive_open_fd(out, fd, err);
}

enum vx_status vx_archive_open_fd(struct vx_archive **out, int fd, struct vx_err *err)
{
    return open_any(out, fd, true, 0, err);
}

enum vx_status vx_archive_open_at(struct vx_archive **out, int fd, int64_t offset, struct vx_err *err)
{
    return open_any(out, fd, false, offset, err);
}

enum vx_status vx_archive_enter(struct vx_archive **out, struct vx_archive *outer, size_t max, struct vx_err *err)
{
    struct vx_archive *a = create();
    enum vx_status rc = VX_OK;
    size_t len, cap = 0;

    *out = NULL;
    if (!a)
        return vx_fail_nomem(err, "an archive");
    a->budget = outer->budget;
    const int64_t data = vx_archive_data(outer);
    if (data >= 0) {
        a->input = (struct vx_archive_input){.fd = outer->input.fd, .begin = data, .end = data + outer->entry.size};
    } else if ((rc = vx_archive_slurp(outer, max, &a->memory, &cap, &len, err)) == VX_OK) {
        a->input.data = a->memory;
        a->input.end = (int64_t)len;
    }
    if (rc == VX_OK && (rc = open_input(a, false, err)) == VX_OK) {
        *out = a;
        a = NULL;
    }
    vx_archive_close(&a);
    return rc;
}

void vx_archive_close(struct vx_archive **archive)
{
    struct vx_archive *a = *archive;

    if (!a)
        return;
    archive_read_free(a->handle);
    vx_archive_input_close(&a->input);
    free(a->memory);
    if (a->locale)
        freelocale(a->locale);
    if (a->fd >= 0)
        close(a->fd);
    free(a);
    *archive = NULL;
}

void vx_archive_set_max_entries(struct vx_archive *outermost, int64_t n)
{
    outermost->own.max_entries = n;
}

int64_t vx_archive_position(const struct vx_archive *archive)
{
    return archive->next;
}

bool vx_archive_spent(const struct vx_archive *archive)
{
    const struct vx_archive_budget *const b = archive->budget;

    return b->unpacked > b->limit || b->entries >= b->max_entries;
}

bool vx_archive_in_order(const struct vx_archive *archive)
{
    return archive->packed || archive->input.fd < 0;
}

int vx_archive_fd(const struct vx_archive *archive)
{
    return archive->input.fd;
}

/* What is read a second time is not paid for twice. The file may have been written anew. */
enum vx_status vx_archive_rewind(struct vx_archive *a, struct vx_err *err)
{
    struct stat sb;

    if (a->budget == &a->own) {
        a->own.unpacked = a->own.entries = 0;
        if (fstat(a->input.fd, &sb) < 0)
            return vx_fail_sys(err, "cannot be read");
        a->input.end = sb.st_size;
    } else {
        a->budget->unpacked -= a->charged;
        a->budget->entries -= a->next;
    }
    return start(a, err);
}
