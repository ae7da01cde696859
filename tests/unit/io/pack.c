#include "tests/unit/io/pack.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/io/tree.h"

#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call) assert_int_equal(call, ARCHIVE_OK)

static void write_data(struct archive *a, const char *data, size_t len)
{
    while (len > 0) {
        const la_ssize_t n = archive_write_data(a, data, len);
        assert_true(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

static void write_entry(struct archive *a, const struct pack_entry *p)
{
    static const unsigned types[] = {AE_IFREG, AE_IFDIR, AE_IFLNK, AE_IFREG, AE_IFIFO, AE_IFREG};
    struct archive_entry *e = archive_entry_new();
    size_t len = p->type == PACK_FILE ? strlen(p->text) : 0;
    char *copy = NULL;
    struct vx_err err;

    if (p->type == PACK_COPY)
        assert_int_equal(vx_file_read(p->text, (size_t)1 << 30, &copy, &len, &err), VX_OK);
    archive_entry_copy_pathname(e, p->name);
    archive_entry_set_filetype(e, types[p->type]);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_mtime(e, 1700000000, 0);
    archive_entry_set_size(e, (la_int64_t)len);
    if (p->type == PACK_SYMLINK)
        archive_entry_copy_symlink(e, p->text);
    if (p->type == PACK_HARDLINK)
        archive_entry_copy_hardlink(e, p->text);
    assert_true(archive_write_header(a, e) >= ARCHIVE_WARN); /* a name that is not UTF-8 is a warning */
    write_data(a, copy ? copy : p->text, len);
    archive_entry_free(e);
    free(copy);
}

static void write_zeros(struct archive *a, size_t n, bool declared)
{
    static const char zeros[1 << 16];
    struct archive_entry *e = archive_entry_new();

    archive_entry_copy_pathname(e, "zeros.wav");
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    if (declared)
        archive_entry_set_size(e, (la_int64_t)n);
    MUST(archive_write_header(a, e));
    for (size_t some; n > 0; n -= some) {
        some = n < sizeof zeros ? n : sizeof zeros;
        write_data(a, zeros, some);
    }
    archive_entry_free(e);
}

void pack_write(const char *path, const char *format, const char *filter, const char *options,
                const struct pack_entry *entries, size_t zeros)
{
    struct archive *a = archive_write_new();

    MUST(archive_write_set_format_by_name(a, format));
    if (filter)
        MUST(archive_write_add_filter_by_name(a, filter));
    if (options)
        MUST(archive_write_set_options(a, options));
    archive_write_set_passphrase(a, "secret");
    MUST(archive_write_open_filename(a, path));
    for (; entries->name; entries++)
        write_entry(a, entries);
    if (zeros)
        write_zeros(a, zeros, strcmp(format, "zip") != 0);
    MUST(archive_write_close(a));
    MUST(archive_write_free(a));
}

const struct pack_format pack_formats[PACK_FORMATS] = {
    {"a.tar", "ustar", NULL, NULL},
    {"a.tar", "pax", NULL, NULL},
    {"a.tar", "gnutar", NULL, NULL},
    {"a.tar.gz", "pax", "gzip", NULL},
    {"a.TGZ", "gnutar", "gzip", NULL},
    {"a.tar.bz2", "ustar", "bzip2", NULL},
    {"a.tar.xz", "pax", "xz", NULL},
    {"a.tar.zst", "pax", "zstd", NULL},
    {"a.zip", "zip", NULL, "zip:compression=deflate"},
    {"a.zip", "zip", NULL, "zip:compression=store"},
    {"mislabelled.tar", "zip", NULL, NULL},
    {"mislabelled.zip", "pax", NULL, NULL},
};

const char *pack_as(const char *root, const struct pack_format *f, const struct pack_entry *entries)
{
    const char *path = tree_path(root, f->name);

    pack_write(path, f->format, f->filter, f->options, entries, 0);
    return path;
}

const struct pack_entry pack_speech[] = {
    {"d/", PACK_DIRECTORY, NULL},
    {"d/b.wav", PACK_FILE, "bee"},
    {"d/readme.txt", PACK_FILE, "text"},
    {"a.FLAC", PACK_FILE, "ay"},
    {"d/link.wav", PACK_SYMLINK, "b.wav"},
    {"p.png", PACK_FILE, "picture"},
    {"/abs.wav", PACK_FILE, "absolute"},
    {"../up.wav", PACK_FILE, ""},
    {"new\nline.wav", PACK_FILE, "line"},
    {"bad\xFF.wav", PACK_FILE, "bad"},
    {"u\xCC\x88.wav", PACK_FILE, "umlaut"},
    {"__MACOSX/._a.wav", PACK_FILE, "fork"},
    {"in.tar", PACK_FILE, "x"},
    {"d/b.wav", PACK_FILE, "again"},
    {NULL, PACK_FILE, NULL},
};

enum vx_status pack_read(struct vx_reader *reader, const struct vx_item *item, char *text, size_t size)
{
    struct vx_source *source;
    struct vx_err err;
    const enum vx_status rc = vx_reader_open(reader, item, &source, &err);

    if (rc != VX_OK) {
        assert_null(source);
        assert_int_equal(err.status, rc);
        assert_true(strlen(err.text) < size);
        memcpy(text, err.text, strlen(err.text) + 1);
        return rc;
    }
    assert_true(vx_source_size(source) < (int64_t)size);
    const size_t n = vx_source_read(source, text, size);
    assert_int_equal(n, vx_source_size(source));
    text[n] = '\0';
    return VX_OK;
}
