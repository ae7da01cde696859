#include "io/archive.h"
#include "base/mem.h"
#include "io/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (32u << 10) /* bytes libarchive reads at once; the header of each member of a zip costs one block */

struct vx_archive {
    int fd;
    struct archive *handle;
    locale_t locale; /* in which names are read; 0: that of the thread */
    bool packed;     /* entries can only be passed over by unpacking them */
    int64_t limit;   /* bytes that a packed archive may unpack to */
    int64_t next;    /* ordinal */
};

static enum vx_status fail_with(struct vx_archive *a, const char *what, struct vx_err *err)
{
    const char *why = archive_error_string(a->handle);

    return vx_fail(err, VX_EFORMAT, "%s: %s", what, why ? why : "no reason given");
}

/* libarchive converts names from the character set an entry declares into the locale's. In a zip that is UTF-8, so a
 * UTF-8 locale keeps it. In a tar "C" keeps the bytes: what does not convert is handed out as it is stored. */
static enum vx_status choose_format(struct vx_archive *a, bool zip, struct vx_err *err)
{
    struct archive *h = a->handle;
    int rc;

    a->locale = newlocale(LC_CTYPE_MASK, zip ? "C.UTF-8" : "C", (locale_t)0);
    rc = zip ? archive_read_support_format_zip(h) : archive_read_support_format_tar(h);
    /* Without these libraries libarchive would start programs to unpack. */
    if (rc == ARCHIVE_OK && !zip && archive_zlib_version())
        rc = archive_read_support_filter_gzip(h);
    if (rc == ARCHIVE_OK && !zip && archive_bzlib_version())
        rc = archive_read_support_filter_bzip2(h);
    if (rc == ARCHIVE_OK && !zip && archive_liblzma_version())
        rc = archive_read_support_filter_xz(h);
    if (rc == ARCHIVE_OK && !zip && archive_libzstd_version())
        rc = archive_read_support_filter_zstd(h);
    return rc == ARCHIVE_OK ? VX_OK : fail_with(a, "cannot be read by this libarchive", err);
}

static enum vx_status open_file(struct vx_archive *a, const char *path, const struct vx_opener *opener, struct vx_err *err)
{
    struct stat sb;
    char magic[2] = {0};
    ssize_t got;

    if ((a->fd = vx_opener_open(opener, path)) < 0 || fstat(a->fd, &sb) < 0)
        return vx_fail_sys(err, "cannot open");
    if (!S_ISREG(sb.st_mode))
        return vx_fail(err, VX_EINVAL, "is %s, not a regular file", vx_path_type(sb.st_mode));
    if ((got = pread(a->fd, magic, sizeof magic, 0)) < 0)
        return vx_fail_sys(err, "cannot be read");
    if (__builtin_mul_overflow((int64_t)sb.st_size, (int64_t)VX_ARCHIVE_MAX_RATIO, &a->limit))
        a->limit = INT64_MAX;
    if (a->limit < VX_ARCHIVE_FREE)
        a->limit = VX_ARCHIVE_FREE;
    return choose_format(a, got == 2 && memcmp(magic, "PK", 2) == 0, err);
}

enum vx_status vx_archive_open(struct vx_archive **out, const char *path, struct vx_err *err)
{
    return vx_archive_open_by(out, path, &(struct vx_opener){0}, err);
}

enum vx_status vx_archive_open_by(struct vx_archive **out, const char *path, const struct vx_opener *opener, struct vx_err *err)
{
    struct vx_archive *a = vx_calloc(1, sizeof *a);
    enum vx_status rc;

    *out = NULL;
    if (!a)
        return vx_fail_nomem(err, "an archive");
    a->fd = -1;
    if (!(a->handle = archive_read_new())) {
        rc = vx_fail_nomem(err, "an archive");
        goto done;
    }
    if ((rc = open_file(a, path, opener, err)) != VX_OK)
        goto done;
    if (archive_read_open_fd(a->handle, a->fd, BLOCK) != ARCHIVE_OK) {
        rc = fail_with(a, "no archive", err);
        goto done;
    }
    a->packed = archive_filter_count(a->handle) > 1;
    *out = a;
    a = NULL;
done:
    vx_archive_close(&a);
    return rc;
}

void vx_archive_close(struct vx_archive **archive)
{
    struct vx_archive *a = *archive;

    if (!a)
        return;
    archive_read_free(a->handle);
    if (a->locale)
        freelocale(a->locale);
    if (a->fd >= 0)
        close(a->fd);
    free(a);
    *archive = NULL;
}

int64_t vx_archive_position(const struct vx_archive *archive)
{
    return archive->next;
}

/* Over what is left of the entry, where that means unpacking it: in pieces, so that a bomb ends. */
static enum vx_status skip(struct vx_archive *a, struct vx_err *err)
{
    const void *block;
    size_t n;
    la_int64_t offset;
    int rc;

    while ((rc = archive_read_data_block(a->handle, &block, &n, &offset)) == ARCHIVE_OK)
        if (archive_filter_bytes(a->handle, 0) > a->limit)
            return vx_fail(err, VX_ELIMIT, "unpacks to more than %d times its size: not taken for sound",
                           VX_ARCHIVE_MAX_RATIO);
    return rc == ARCHIVE_EOF ? VX_OK : fail_with(a, "broken archive", err);
}

static int next_header(struct vx_archive *a, struct archive_entry **header)
{
    const locale_t before = a->locale ? uselocale(a->locale) : (locale_t)0;
    int rc, tries = 0;

    do
        rc = archive_read_next_header(a->handle, header);
    while (rc == ARCHIVE_RETRY && ++tries < 100);
    if (a->locale)
        uselocale(before);
    return rc;
}

enum vx_status vx_archive_next(struct vx_archive *a, struct vx_entry *entry, struct vx_err *err)
{
    struct archive_entry *e;
    enum vx_status rc;
    int got;

    if (a->packed && a->next > 0 && (rc = skip(a, err)) != VX_OK)
        return rc;
    if (a->next >= VX_ARCHIVE_MAX_ENTRIES)
        return vx_fail(err, VX_ELIMIT, "more than %d entries", VX_ARCHIVE_MAX_ENTRIES);
    got = next_header(a, &e);
    if (got == ARCHIVE_EOF)
        return VX_DONE;
    if (got < ARCHIVE_WARN)
        return fail_with(a, a->next > 0 ? "broken archive" : "no archive, or broken from its start", err);
    *entry = (struct vx_entry){
        .name = archive_entry_pathname(e),
        .ordinal = a->next++,
        .size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1,
        .mtime = archive_entry_mtime_is_set(e) ? archive_entry_mtime(e) : 0,
        .directory = archive_entry_filetype(e) == AE_IFDIR,
        .regular = archive_entry_filetype(e) == AE_IFREG && !archive_entry_hardlink(e),
        .encrypted = archive_entry_is_encrypted(e),
    };
    return VX_OK;
}

enum vx_status vx_archive_read(struct vx_archive *a, void *out, size_t n, size_t *got, struct vx_err *err)
{
    la_ssize_t some;
    int tries = 0;

    *got = 0;
    do
        some = archive_read_data(a->handle, out, n);
    while (some == ARCHIVE_RETRY && ++tries < 100);
    if (some < 0) /* a warning too: a zip's wrong checksum is one */
        return fail_with(a, "broken archive", err);
    *got = (size_t)some;
    return VX_OK;
}
