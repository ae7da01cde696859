#include "io/archive.h"
#include "base/mem.h"
#include "io/archive_input.h"
#include "io/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES (1u << 20) /* slurp() begins with this much and doubles */

/* The second two are read from their middle on: not packed, without the directory at the end. */
enum kind { TAR, ZIP, TAR_MIDDLE, ZIP_MIDDLE, SEVEN };

struct budget { /* of an archive and all that is entered in it */
    int64_t limit, unpacked, max_entries, entries;
};

struct vx_archive {
    struct archive *handle;
    struct vx_archive_input input;
    int fd;                /* owned; -1: borrowed, or memory */
    unsigned char *memory; /* owned: what was entered, if it had to be unpacked */
    locale_t locale;       /* in which names are read; 0: that of the thread */
    enum kind kind;
    bool packed;     /* entries can only be passed over by unpacking them */
    int64_t next;    /* ordinal */
    int64_t charged; /* bytes unpacked that are in the budget */
    struct budget own, *budget; /* the outermost one's */
    struct vx_entry entry;      /* that next() gave last; its name is not kept */
    int64_t data;               /* of its bytes in the file, if there are as many; -1 */
};

static enum vx_status fail_with(struct vx_archive *a, const char *what, struct vx_err *err)
{
    const char *why = archive_error_string(a->handle);

    return vx_fail(err, VX_EFORMAT, "%s: %s", what, why ? why : "no reason given");
}

static enum kind kind_of(const unsigned char *magic, size_t n)
{
    if (n >= 2 && memcmp(magic, "PK", 2) == 0)
        return ZIP;
    return n >= 6 && memcmp(magic, "7z\xBC\xAF\x27\x1C", 6) == 0 ? SEVEN : TAR;
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

/* A new handle at the start of the input. */
static enum vx_status start(struct vx_archive *a, struct vx_err *err)
{
    int rc = ARCHIVE_FATAL;

    archive_read_free(a->handle);
    a->next = 0;
    a->charged = 0;
    a->entry = (struct vx_entry){.size = -1, .offset = -1, .type = VX_ENTRY_SPECIAL};
    a->data = -1;
    if (!(a->handle = archive_read_new()))
        return vx_fail_nomem(err, "an archive");
    switch (a->kind) {
    case TAR:
        if ((rc = archive_read_support_format_tar(a->handle)) == ARCHIVE_OK)
            rc = choose_filters(a->handle);
        break;
    case TAR_MIDDLE:
        rc = archive_read_support_format_tar(a->handle);
        break;
    case ZIP:
        rc = archive_read_support_format_zip(a->handle);
        break;
    case ZIP_MIDDLE:
        rc = archive_read_support_format_zip_streamable(a->handle);
        break;
    case SEVEN:
        rc = archive_read_support_format_7zip(a->handle);
        break;
    }
    if (rc != ARCHIVE_OK)
        return fail_with(a, "cannot be read by this libarchive", err);
    if (vx_archive_input_attach(&a->input, a->handle) != ARCHIVE_OK)
        return fail_with(a, "no archive", err);
    a->packed = a->kind == SEVEN || archive_filter_count(a->handle) > 1;
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
        a->kind = a->kind == ZIP ? ZIP_MIDDLE : TAR_MIDDLE;
    const bool tar = a->kind == TAR || a->kind == TAR_MIDDLE;
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

static enum vx_status charge(struct vx_archive *a, int64_t bytes, struct vx_err *err)
{
    a->charged += bytes;
    if (__builtin_add_overflow(a->budget->unpacked, bytes, &a->budget->unpacked))
        a->budget->unpacked = INT64_MAX;
    return a->budget->unpacked <= a->budget->limit ? VX_OK
           : vx_fail(err, VX_ELIMIT, "unpacks to more than %d times its size: not taken for sound", VX_ARCHIVE_MAX_RATIO);
}

/* Tars are charged by what comes out of them, zip and 7z by what they declare. */
static enum vx_status charge_unpacked(struct vx_archive *a, struct vx_err *err)
{
    return a->packed && a->kind == TAR ? charge(a, archive_filter_bytes(a->handle, 0) - a->charged, err) : VX_OK;
}

/* Over what is left of the entry, where that means unpacking it: in pieces, so that a bomb ends. */
static enum vx_status skip(struct vx_archive *a, struct vx_err *err)
{
    const void *block;
    size_t n;
    la_int64_t offset;
    enum vx_status rc;
    int got;

    while ((got = archive_read_data_block(a->handle, &block, &n, &offset)) == ARCHIVE_OK)
        if ((rc = charge_unpacked(a, err)) != VX_OK)
            return rc;
    return got == ARCHIVE_EOF ? VX_OK : fail_with(a, "broken archive", err);
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

static enum vx_entry_type type_of(struct archive_entry *e)
{
    if (archive_entry_hardlink(e))
        return VX_ENTRY_HARDLINK;
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return VX_ENTRY_FILE;
    case AE_IFDIR:
        return VX_ENTRY_FOLDER;
    case AE_IFLNK:
        return VX_ENTRY_SYMLINK;
    default:
        return VX_ENTRY_SPECIAL;
    }
}

/* A zip's local header, which ends where the data begins; -1: not found, or it cannot be read without the directory because
 * the length follows data that is not packed. */
static int64_t local_header(const struct vx_archive *a, int64_t data)
{
    enum { FIXED = 30, LOOK = 1024 };
    const int64_t from = data - a->input.begin > LOOK ? data - LOOK : a->input.begin;
    unsigned char bytes[LOOK];
    struct vx_err unheard;
    size_t got;

    if (vx_archive_input_peek(&a->input, from, bytes, (size_t)(data - from), &got, &unheard) != VX_OK)
        return -1;
    for (size_t at = 0; at + FIXED <= got; at++) {
        const unsigned char *const h = bytes + at;
        if (memcmp(h, "PK\3\4", 4) == 0 && at + FIXED + (size_t)(h[26] | h[27] << 8) + (size_t)(h[28] | h[29] << 8) == got)
            return (h[6] & 8) && h[8] == 0 && h[9] == 0 ? -1 : from + (int64_t)at;
    }
    return -1;
}

/* Where the entry lies in the file. What a sparse one declares as its size is more than what is there. */
static void locate(struct vx_archive *a, struct archive_entry *e, struct vx_entry *entry)
{
    const int64_t begin = a->input.begin, data = begin + archive_filter_bytes(a->handle, 0);

    entry->offset = a->data = -1;
    if (a->packed || a->input.fd < 0)
        return;
    if (a->kind == ZIP || a->kind == ZIP_MIDDLE) {
        entry->offset = local_header(a, data);
        return;
    }
    entry->offset = begin + archive_read_header_position(a->handle);
    if (entry->type == VX_ENTRY_FILE && archive_entry_sparse_count(e) == 0 && entry->size >= 0 &&
        entry->size <= a->input.end - data)
        a->data = data;
}

/* An entry that is one hole looks like others, but its first block is missing. */
int64_t vx_archive_data(struct vx_archive *a)
{
    const void *block;
    size_t n;
    la_int64_t offset;

    if (a->data >= 0 && a->entry.size > 0 &&
        (archive_read_data_block(a->handle, &block, &n, &offset) != ARCHIVE_OK || offset != 0 || n == 0))
        a->data = -1;
    return a->data;
}

enum vx_status vx_archive_next(struct vx_archive *a, struct vx_entry *entry, struct vx_err *err)
{
    struct archive_entry *e;
    enum vx_status rc;
    int got;

    if (a->packed && a->next > 0 && (rc = skip(a, err)) != VX_OK)
        return rc;
    got = next_header(a, &e);
    if (got == ARCHIVE_EOF)
        return VX_DONE;
    if (a->budget->entries >= a->budget->max_entries)
        return vx_fail(err, VX_ELIMIT, "more than %lld entries: the rest is not listed", (long long)a->budget->max_entries);
    if (got < ARCHIVE_WARN)
        return fail_with(a, a->next > 0 ? "broken archive" : "no archive, or broken from its start", err);
    *entry = (struct vx_entry){
        .name = archive_entry_pathname(e),
        .ordinal = a->next++,
        .size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1,
        .mtime = archive_entry_mtime_is_set(e) ? archive_entry_mtime(e) : 0,
        .type = type_of(e),
        .encrypted = archive_entry_is_encrypted(e),
    };
    locate(a, e, entry);
    a->entry = *entry;
    a->entry.name = NULL;
    a->budget->entries++;
    if ((a->kind == ZIP || a->kind == ZIP_MIDDLE || a->kind == SEVEN) && entry->size > 0)
        return charge(a, entry->size, err);
    return charge_unpacked(a, err);
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
    return charge_unpacked(a, err);
}

/* Makes the full block larger, up to max + 1 bytes. */
static enum vx_status enlarge(unsigned char **data, size_t *cap, size_t max, struct vx_err *err)
{
    size_t more = *cap ? 2 * *cap : FIRST_BYTES;
    unsigned char *p;

    if (more > max)
        more = max + 1;
    if (!(p = realloc(*data, more)))
        return vx_fail_nomem(err, "a member of an archive");
    *data = p;
    *cap = more;
    return VX_OK;
}

enum vx_status vx_archive_slurp(struct vx_archive *a, size_t max, unsigned char **data, size_t *cap, size_t *len,
                                struct vx_err *err)
{
    enum vx_status rc;
    size_t n = 0, got;

    if (max > INT64_MAX / 4) /* beyond any memory; 2 * cap and max + 1 cannot overflow */
        max = INT64_MAX / 4;
    if (a->entry.encrypted)
        return vx_fail(err, VX_EFORMAT, "is encrypted: decrypt the archive first");
    for (;;) {
        if (n > max || a->entry.size > (int64_t)max)
            return vx_fail(err, VX_ELIMIT, "larger than the %zu bytes a member may have in memory (--max-member): unpack the "
                           "archive", max);
        if (n == *cap && (rc = enlarge(data, cap, max, err)) != VX_OK)
            return rc;
        if ((rc = vx_archive_read(a, *data + n, *cap - n, &got, err)) != VX_OK)
            return rc;
        if (got == 0)
            break;
        n += got;
    }
    *len = n;
    return VX_OK;
}
