/* archive_entry.c - the entries of an open archive, one after the other: where each lies, what it costs, its bytes */
#include "io/archive_internal.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAR_BLOCK 512
#define TAR_RECORD (20 * TAR_BLOCK) /* tars are written in these; what follows the end mark in the last one may be anything */
#define MAX_NO_HEADERS (1 << 17)    /* blocks, 64 MiB: a member whose header is damaged is passed over, if it is no larger */
#define MAX_ZEROS (INT64_C(64) << 20) /* bytes that are looked through for more entries: a file may be made longer than its tar by any size */
#define FIRST_BYTES (1u << 20) /* slurp() begins with this much and doubles */

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
    return a->packed && a->kind == VX_TAR ? charge(a, archive_filter_bytes(a->handle, 0) - a->charged, err) : VX_OK;
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
    return got == ARCHIVE_EOF ? VX_OK : vx_archive_fail(a, "broken archive", err);
}

struct before { /* an entry of a tar, or the end of it */
    int no_headers; /* blocks that are neither a header nor zeros */
    bool marked;    /* and before these the end mark: two blocks of zeros */
};

static bool is_tar(const struct vx_archive *a)
{
    return a->kind == VX_TAR || a->kind == VX_TAR_MIDDLE;
}

/* Between the last entry's end and the last `others` blocks that were read there were two or more: of zeros. */
static bool has_end_mark(const struct vx_archive *a, int others)
{
    return a->entry_end < 0 || archive_filter_bytes(a->handle, 0) - a->entry_end >= (2 + others) * TAR_BLOCK;
}

static int next_header(struct vx_archive *a, struct archive_entry **header, struct before *before)
{
    const int most = is_tar(a) ? MAX_NO_HEADERS : 100;
    const locale_t locale = a->locale ? uselocale(a->locale) : (locale_t)0;
    int rc, tries = 0;

    if (is_tar(a) && a->packed)
        a->input.may_unpack = archive_filter_bytes(a->handle, 0) + MAX_ZEROS;
    if (is_tar(a))
        a->input.may_give = MAX_ZEROS;
    *before = (struct before){0};
    while ((rc = archive_read_next_header(a->handle, header)) == ARCHIVE_RETRY && tries < most)
        if (tries++ == 0)
            before->marked = has_end_mark(a, 1);
    if (tries == 0)
        before->marked = has_end_mark(a, 0);
    if (is_tar(a))
        before->no_headers = tries;
    if (a->input.held || (is_tar(a) && rc == ARCHIVE_FATAL && before->marked && archive_errno(a->handle) == EILSEQ))
        rc = ARCHIVE_EOF; /* part of a block behind the end mark is said to be a truncated header */
    a->input.may_give = a->input.may_unpack = INT64_MAX;
    if (a->locale)
        uselocale(locale);
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
    if (a->kind == VX_ZIP || a->kind == VX_ZIP_MIDDLE) {
        entry->offset = local_header(a, data);
        return;
    }
    entry->offset = begin + archive_read_header_position(a->handle);
    if (entry->type == VX_ENTRY_FILE && archive_entry_sparse_count(e) == 0 && entry->size >= 0 &&
        entry->size <= a->input.end - data)
        a->data = data;
}

/* Where the entry ends in what comes out of the filters, -1 unknown: what a sparse one declares is not what is there. */
static int64_t end_of(const struct vx_archive *a, struct archive_entry *e, const struct vx_entry *entry)
{
    const int64_t begin = archive_filter_bytes(a->handle, 0);

    if (entry->type == VX_ENTRY_HARDLINK || archive_entry_sparse_count(e) > 0 || entry->size > INT64_MAX / 2)
        return -1;
    return begin + (entry->size > 0 ? (entry->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK : 0);
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
    struct before before;
    int got;

    if (a->packed && a->kind == VX_TAR && a->next > 0 && (rc = skip(a, err)) != VX_OK) /* a 7z is passed over by its directory */
        return rc;
    got = next_header(a, &e, &before);
    if (got == ARCHIVE_EOF && before.no_headers > (before.marked ? TAR_RECORD / TAR_BLOCK : 0))
        return vx_fail(err, VX_EFORMAT, "broken archive: %lld bytes at its end are no members", (long long)before.no_headers * TAR_BLOCK);
    if (got == ARCHIVE_EOF)
        return VX_DONE;
    if (a->budget->entries >= a->budget->max_entries)
        return vx_fail(err, VX_ELIMIT, "more than %lld entries: the rest is not listed", (long long)a->budget->max_entries);
    if (got < ARCHIVE_WARN)
        return vx_archive_fail(a, a->next > 0 ? "broken archive" : "no archive, or broken from its start", err);
    *entry = (struct vx_entry){
        .name = archive_entry_pathname(e),
        .ordinal = a->next++,
        .size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1,
        .mtime = archive_entry_mtime_is_set(e) ? archive_entry_mtime(e) : 0,
        .type = type_of(e),
        .encrypted = archive_entry_is_encrypted(e),
        .damaged = before.no_headers > 0,
    };
    locate(a, e, entry);
    a->entry_end = end_of(a, e, entry);
    a->entry = *entry;
    a->entry.name = NULL;
    a->budget->entries++;
    if ((a->kind == VX_ZIP || a->kind == VX_ZIP_MIDDLE || a->kind == VX_SEVEN) && entry->size > 0)
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
        return vx_archive_fail(a, "broken archive", err);
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
