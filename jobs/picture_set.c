#include "jobs/picture_set.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "io/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PNGS_A_FOLDER 10000

enum part { PICTURES, WINDOWS, N_PARTS }; /* what is written as it comes */
static const char *const part_name[N_PARTS] = {"pictures.u8", "windows.csv"};
static const char *const fixed_column[] = {"index", "path", "member", "window", "start_ms"};
#define N_FIXED (sizeof fixed_column / sizeof *fixed_column)

struct vx_picture_set {
    struct vx_picture_set_config config;
    char *final[N_PARTS], *partial[N_PARTS], *facts; /* paths */
    FILE *file[N_PARTS];
    struct vx_sha256 *hash;
    struct vx_buf row;
    uint8_t *rgb; /* [size][size][3], of a grey picture on its way to a PNG */
    int64_t n;
};

static enum vx_status make_paths(struct vx_picture_set *s, struct vx_err *err)
{
    for (int i = 0; i < N_PARTS; i++) {
        if (!(s->final[i] = vx_file_join(s->config.dir, part_name[i])) || asprintf(&s->partial[i], "%s.part", s->final[i]) < 0) {
            s->partial[i] = NULL;
            return vx_fail_nomem(err, "a path");
        }
    }
    s->facts = vx_file_join(s->config.dir, "pictures.json");
    return s->facts ? VX_OK : vx_fail_nomem(err, "a path");
}

static enum vx_status check_free(const struct vx_picture_set *s, struct vx_err *err)
{
    const char *const path[] = {s->final[PICTURES], s->final[WINDOWS], s->facts};
    char *png = vx_file_join(s->config.dir, "png");
    enum vx_status rc = png ? VX_OK : vx_fail_nomem(err, "a path");

    for (size_t i = 0; rc == VX_OK && !s->config.overwrite && i < sizeof path / sizeof *path; i++)
        if (access(path[i], F_OK) == 0)
            rc = vx_fail(err, VX_EINVAL, "%s exists; give -o another folder, or --overwrite to replace the pictures in it",
                         path[i]);
    if (rc == VX_OK && access(png, F_OK) == 0)
        rc = vx_fail(err, VX_EINVAL, "%s exists: these PNGs would not belong to the new pictures; remove it first", png);
    free(png);
    return rc;
}

/* The lock says whether the file under the temporary name is somebody's work or a leftover. */
static enum vx_status open_part(struct vx_picture_set *s, enum part part, struct vx_err *err)
{
    const char *path = s->partial[part];
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    enum vx_status rc = VX_OK;

    if (fd < 0)
        return vx_fail_sys(err, "create %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        rc = vx_fail(err, VX_EINVAL, "%s: another process is writing it; give -o another folder", path);
    else if (ftruncate(fd, 0) != 0 || !(s->file[part] = fdopen(fd, "wb")))
        rc = vx_fail_sys(err, "write %s", path);
    if (rc != VX_OK)
        close(fd);
    return rc;
}

/* RFC 4180, lines ending with \n alone, valid UTF-8. */
static void add_cell(struct vx_buf *row, const char *text)
{
    char *clean = vx_text_to_utf8(text);

    if (!clean) {
        row->failed = true;
        return;
    }
    if (row->len > 0)
        vx_buf_str(row, ",");
    if (!clean[strcspn(clean, ",\"\n\r")]) {
        vx_buf_str(row, clean);
    } else {
        vx_buf_str(row, "\"");
        for (const char *p = clean; *p; p++)
            vx_buf_add(row, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
        vx_buf_str(row, "\"");
    }
    free(clean);
}

static enum vx_status write_row(struct vx_picture_set *s, struct vx_err *err)
{
    vx_buf_str(&s->row, "\n");
    if (s->row.failed)
        return vx_fail_nomem(err, "a row of the table");
    if (fwrite(s->row.data, 1, s->row.len, s->file[WINDOWS]) != s->row.len)
        return vx_fail_sys(err, "write %s", s->partial[WINDOWS]);
    return VX_OK;
}

static bool is_fixed(const char *name)
{
    for (size_t i = 0; i < N_FIXED; i++)
        if (strcmp(name, fixed_column[i]) == 0)
            return true;
    return false;
}

/* A manifest's column of a name that the table has already is "manifest_" and its name. */
static enum vx_status write_header(struct vx_picture_set *s, struct vx_err *err)
{
    for (size_t i = 0; i < N_FIXED; i++)
        add_cell(&s->row, fixed_column[i]);
    for (size_t i = 0; i < s->config.n_columns; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", is_fixed(s->config.columns[i]) ? "manifest_" : "", s->config.columns[i]) < 0)
            return vx_fail_nomem(err, "a column's name");
        add_cell(&s->row, name);
        free(name);
    }
    return write_row(s, err);
}

enum vx_status vx_picture_set_create(struct vx_picture_set **out, const struct vx_picture_set_config *config,
                                     struct vx_err *err)
{
    struct vx_picture_set *s = vx_calloc(1, sizeof *s);
    const size_t pixels = (size_t)config->size * (size_t)config->size;
    enum vx_status rc;

    *out = NULL;
    if (!s || !(s->rgb = vx_calloc(pixels, 3))) {
        rc = vx_fail_nomem(err, "the pictures");
        goto done;
    }
    s->config = *config;
    if ((rc = make_paths(s, err)) != VX_OK || (rc = check_free(s, err)) != VX_OK ||
        (rc = vx_file_mkdirs(config->dir, err)) != VX_OK || (rc = vx_sha256_create(&s->hash, err)) != VX_OK ||
        (rc = open_part(s, PICTURES, err)) != VX_OK || (rc = open_part(s, WINDOWS, err)) != VX_OK ||
        (rc = write_header(s, err)) != VX_OK)
        goto done;
    *out = s;
    s = NULL;
done:
    vx_picture_set_destroy(&s);
    return rc;
}

void vx_picture_set_destroy(struct vx_picture_set **set)
{
    struct vx_picture_set *s = *set;
    char unused[VX_SHA256_HEX];

    if (!s)
        return;
    for (int i = 0; i < N_PARTS; i++) {
        if (s->file[i]) {
            unlink(s->partial[i]);
            fclose(s->file[i]);
        }
        free(s->final[i]);
        free(s->partial[i]);
    }
    if (s->hash)
        vx_sha256_finish(&s->hash, unused);
    vx_buf_free(&s->row);
    free(s->facts);
    free(s->rgb);
    free(s);
    *set = NULL;
}

static const char *find_meta(const struct vx_item *item, const char *key)
{
    for (size_t i = 0; i < item->n_meta; i++)
        if (strcmp(item->meta[2 * i], key) == 0)
            return item->meta[2 * i + 1];
    return "";
}

static enum vx_status check_meta(const struct vx_picture_set *s, const struct vx_item *item, struct vx_err *err)
{
    for (size_t i = 0; i < item->n_meta; i++) {
        size_t k = 0;
        while (k < s->config.n_columns && strcmp(s->config.columns[k], item->meta[2 * i]) != 0)
            k++;
        if (k == s->config.n_columns)
            return vx_fail(err, VX_EINVAL, "%s: column \"%s\" was not in its manifest before: did it change meanwhile?",
                           item->path, item->meta[2 * i]);
    }
    return VX_OK;
}

static enum vx_status add_row(struct vx_picture_set *s, const struct vx_item *item, const struct vx_window_score *window,
                              struct vx_err *err)
{
    char number[32];

    vx_buf_reset(&s->row);
    snprintf(number, sizeof number, "%lld", (long long)s->n);
    add_cell(&s->row, number);
    add_cell(&s->row, item->path);
    add_cell(&s->row, item->member ? item->member : "");
    snprintf(number, sizeof number, "%d", (int)window->index);
    add_cell(&s->row, number);
    snprintf(number, sizeof number, "%lld", (long long)window->start_ms);
    add_cell(&s->row, number);
    for (size_t i = 0; i < s->config.n_columns; i++)
        add_cell(&s->row, find_meta(item, s->config.columns[i]));
    return write_row(s, err);
}

static enum vx_status write_png(struct vx_picture_set *s, const uint8_t *pixels, struct vx_err *err)
{
    const size_t n = (size_t)s->config.size * (size_t)s->config.size;
    char *folder = NULL, *path = NULL;
    enum vx_status rc = VX_OK;

    if (asprintf(&folder, "%s/png/%04lld", s->config.dir, (long long)(s->n / PNGS_A_FOLDER)) < 0) {
        folder = NULL;
        return vx_fail_nomem(err, "a path");
    }
    if (asprintf(&path, "%s/%06lld.png", folder, (long long)s->n) < 0) {
        path = NULL;
        rc = vx_fail_nomem(err, "a path");
        goto done;
    }
    if (s->config.channels == 1) {
        for (size_t i = 0; i < n; i++)
            s->rgb[3 * i] = s->rgb[3 * i + 1] = s->rgb[3 * i + 2] = pixels[i];
        pixels = s->rgb;
    }
    if (s->n % PNGS_A_FOLDER == 0)
        rc = vx_file_mkdirs(folder, err);
    if (rc == VX_OK)
        rc = vx_image_write_png(path, pixels, s->config.size, s->config.size, err);
done:
    free(folder);
    free(path);
    return rc;
}

enum vx_status vx_picture_set_add(struct vx_picture_set *s, const struct vx_item *item, const struct vx_window_score *windows,
                                  size_t n, const uint8_t *pixels, struct vx_err *err)
{
    const size_t bytes = (size_t)s->config.size * (size_t)s->config.size * (size_t)s->config.channels;
    enum vx_status rc = check_meta(s, item, err);

    for (size_t i = 0; rc == VX_OK && i < n; i++, pixels += bytes) {
        if (fwrite(pixels, 1, bytes, s->file[PICTURES]) != bytes)
            return vx_fail_sys(err, "write %s", s->partial[PICTURES]);
        vx_sha256_add(s->hash, pixels, bytes);
        if ((rc = add_row(s, item, &windows[i], err)) == VX_OK && s->config.png)
            rc = write_png(s, pixels, err);
        s->n++;
    }
    return rc;
}

int64_t vx_picture_set_count(const struct vx_picture_set *s)
{
    return s->n;
}

static enum vx_status finish_part(struct vx_picture_set *s, enum part part, struct vx_err *err)
{
    FILE *f = s->file[part];

    if (fflush(f) != 0 || fsync(fileno(f)) != 0 || rename(s->partial[part], s->final[part]) != 0)
        return vx_fail_sys(err, "write %s", s->final[part]);
    s->file[part] = NULL;
    if (fclose(f) != 0)
        return vx_fail_sys(err, "close %s", s->final[part]);
    return VX_OK;
}

enum vx_status vx_picture_set_finish(struct vx_picture_set *s, const struct vx_buf *facts, struct vx_err *err)
{
    struct vx_buf json = {0};
    char hex[VX_SHA256_HEX];
    enum vx_status rc;

    if (unlink(s->facts) != 0 && errno != ENOENT) /* the old set ends here */
        return vx_fail_sys(err, "remove %s", s->facts);
    if ((rc = finish_part(s, PICTURES, err)) != VX_OK || (rc = finish_part(s, WINDOWS, err)) != VX_OK)
        return rc;
    vx_sha256_finish(&s->hash, hex);
    vx_buf_fmt(&json, "{\n  \"n\": %lld,\n  \"size\": %d,\n  \"channels\": %d,\n  \"sha256\": \"%s\",\n", (long long)s->n,
               s->config.size, s->config.channels, hex);
    vx_buf_fmt(&json, "%s\n}\n", facts->data);
    rc = json.failed || facts->failed ? vx_fail_nomem(err, s->facts) : vx_file_write(s->facts, json.data, json.len, err);
    vx_buf_free(&json);
    return rc;
}
