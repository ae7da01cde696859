#include "io/manifest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/corpus.h"
#include "io/found.h"
#include "io/path.h"
#include "io/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_COLUMN SIZE_MAX

struct vx_manifest {
    char *path;
    char *folder; /* of the manifest; "" for the working directory */
    char delimiter; /* 0: a plain list */
    struct vx_table *table;
    char **columns; /* [n_columns] valid UTF-8; NULL before the first row */
    size_t n_columns;
    size_t path_column, member_column; /* NO_COLUMN: none */
    bool ended;
    const struct vx_corpus_filter *filter; /* borrowed; NULL: all are meant */
};

/* By priority. */
static const char *const path_words[] = {"path", "file", "filename", "filepath", "audio", "wav"};
enum { N_PATH_WORDS = sizeof path_words / sizeof *path_words };

static bool ends_with(const char *path, const char *ending)
{
    const size_t len = strlen(path), n = strlen(ending);

    return len >= n && strcasecmp(path + len - n, ending) == 0;
}

enum vx_status vx_manifest_open(struct vx_manifest **out, const char *path, struct vx_err *err)
{
    struct vx_manifest *m = vx_calloc(1, sizeof *m);
    const char *slash = strrchr(path, '/');

    *out = NULL;
    if (!m || !(m->path = strdup(path)) || !(m->folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0))) {
        vx_manifest_close(&m);
        return vx_fail_nomem(err, "a manifest");
    }
    if (ends_with(path, ".csv") || ends_with(path, ".csv.gz"))
        m->delimiter = ',';
    if (ends_with(path, ".tsv") || ends_with(path, ".tsv.gz"))
        m->delimiter = '\t';
    *out = m;
    return VX_OK;
}

void vx_manifest_filter(struct vx_manifest *manifest, const struct vx_corpus_filter *filter)
{
    manifest->filter = filter;
}

void vx_manifest_close(struct vx_manifest **manifest)
{
    struct vx_manifest *m = *manifest;

    if (!m)
        return;
    vx_table_close(&m->table);
    for (size_t i = 0; m->columns && i < m->n_columns; i++)
        free(m->columns[i]);
    free(m->columns);
    free(m->folder);
    free(m->path);
    free(m);
    *manifest = NULL;
}

static enum vx_status broken_row(const struct vx_manifest *m, int64_t line, const char *why, struct vx_item *item,
                                 struct vx_err *err)
{
    char place[32];

    snprintf(place, sizeof place, "line %" PRId64, line);
    return vx_found_broken(item, m->path, place, err, "%s: %s", place, why);
}

static size_t find_column(const struct vx_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->n_columns; i++)
        if (strcasecmp(m->columns[i], name) == 0)
            return i;
    return NO_COLUMN;
}

/* The name of the next column, without the blanks around it, valid UTF-8; the caller's. One that is empty or repeats an
 * earlier one is told apart by its number. NULL: no memory. */
static char *column_name(const struct vx_manifest *m, const char *cell)
{
    const char *end = cell + strlen(cell);
    char *name, *numbered;

    cell += strspn(cell, " \t");
    while (end > cell && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!(numbered = strndup(cell, (size_t)(end - cell))))
        return NULL;
    name = vx_text_to_utf8(numbered);
    free(numbered);
    if (!name || (*name && find_column(m, name) == NO_COLUMN))
        return name;
    if (asprintf(&numbered, "%s_%zu", *name ? name : "column", m->n_columns + 1) < 0)
        numbered = NULL;
    free(name);
    return numbered;
}

/* Learns the columns from the first row. *header: it is one, not yet data. */
static enum vx_status read_header(struct vx_manifest *m, const struct vx_row *row, bool *header, struct vx_err *err)
{
    const int n_words = m->delimiter ? N_PATH_WORDS : 1; /* in a plain list only "path" */

    if (!(m->columns = vx_calloc(row->n, sizeof *m->columns)))
        return vx_fail_nomem(err, "a manifest's columns");
    for (; m->n_columns < row->n; m->n_columns++)
        if (!(m->columns[m->n_columns] = column_name(m, row->cells[m->n_columns])))
            return vx_fail_nomem(err, "a column's name");
    m->path_column = NO_COLUMN;
    for (int i = 0; i < n_words && m->path_column == NO_COLUMN; i++)
        m->path_column = find_column(m, path_words[i]);
    *header = m->n_columns > 1 || m->path_column != NO_COLUMN;
    if (!*header)
        m->path_column = 0;
    m->member_column = m->n_columns > 1 ? find_column(m, "member") : NO_COLUMN;
    return VX_OK;
}

/* The other columns' values become metadata. */
static enum vx_status add_metadata(const struct vx_manifest *m, const struct vx_row *row, struct vx_item *item,
                                   struct vx_err *err)
{
    if (m->n_columns == 1)
        return VX_OK;
    if (!(item->meta = vx_calloc(m->n_columns, 2 * sizeof *item->meta)))
        return vx_fail_nomem(err, "metadata");
    for (size_t i = 0; i < row->n; i++) {
        if (i == m->path_column || i == m->member_column || row->cells[i][0] == '\0')
            continue;
        char **pair = &item->meta[2 * item->n_meta++];
        pair[0] = strdup(m->columns[i]);
        pair[1] = vx_text_to_utf8(row->cells[i]);
        if (!pair[0] || !pair[1])
            return vx_fail_nomem(err, "metadata");
    }
    return VX_OK;
}

/* What lies at the path becomes *item or a whole archive. member: NULL or the member meant. */
static enum vx_status place_row(const char *path, const char *member, struct vx_item *item, bool *archive,
                                struct vx_err *err)
{
    enum vx_place place;
    enum vx_status rc = vx_found_look(path, item, &place, err);

    if (rc != VX_OK || item->kind == VX_ITEM_BROKEN)
        return rc;
    switch (place) {
    case VX_PLACE_FOLDER:
        return vx_found_broken(item, path, NULL, err, "is a folder: name it as an input of its own");
    case VX_PLACE_MANIFEST:
        return vx_found_broken(item, path, NULL, err, "is a manifest itself: name it as an input of its own");
    case VX_PLACE_ITEM:
        if (!member)
            return VX_OK;
        vx_item_clear(item);
        return vx_found_broken(item, path, member, err, "has a member, but is no archive by its name");
    case VX_PLACE_ARCHIVE:
        break;
    }
    *archive = !member;
    if (!member)
        return VX_OK;
    item->kind = vx_corpus_classify(member) == VX_NAME_IMAGE ? VX_ITEM_IMAGE : VX_ITEM_AUDIO;
    item->size = -1;
    item->mtime = 0;
    item->member = strdup(member);
    return item->member ? VX_OK : vx_fail_nomem(err, "a member's path");
}

static bool passed_over(const struct vx_manifest *m, const char *path)
{
    const enum vx_name_class class = vx_corpus_classify(path);

    return m->filter && m->filter->pass_over && (class == VX_NAME_AUDIO || class == VX_NAME_IMAGE) &&
           m->filter->pass_over(m->filter->ctx, path);
}

static enum vx_status use_row(struct vx_manifest *m, const struct vx_row *row, struct vx_item *item, bool *archive,
                              struct vx_err *err)
{
    const char *cell = row->n > m->path_column ? row->cells[m->path_column] : "";
    const char *member = row->n > m->member_column ? row->cells[m->member_column] : "";
    enum vx_status rc;
    char why[80], *path;

    if (row->n > m->n_columns) {
        snprintf(why, sizeof why, "%zu cells where %zu are expected", row->n, m->n_columns);
        return broken_row(m, row->line, why, item, err);
    }
    if (*cell == '\0')
        return broken_row(m, row->line, "no path", item, err);
    path = *cell == '/' || !*m->folder || vx_path_is_url(cell) ? strdup(cell) : vx_file_join(m->folder, cell);
    if (!path)
        return vx_fail_nomem(err, "a path");
    const bool over = *member == '\0' && passed_over(m, path);
    rc = over ? VX_OK : place_row(path, *member ? member : NULL, item, archive, err);
    free(path);
    if (rc == VX_OK && !over)
        rc = add_metadata(m, row, item, err);
    return rc;
}

/* The manifest as a whole cannot be used. */
static enum vx_status give_up(struct vx_manifest *m, const char *why, struct vx_item *item, struct vx_err *err)
{
    m->ended = true;
    return vx_found_broken(item, m->path, NULL, err, "%s", why);
}

enum vx_status vx_manifest_next(struct vx_manifest *m, struct vx_item *item, bool *archive, struct vx_err *err)
{
    struct vx_row row;
    struct vx_err why;
    enum vx_status rc;

    *archive = false;
    if (m->ended)
        return VX_DONE;
    if (!m->table && (rc = vx_table_open(&m->table, m->path, m->delimiter, &why)) != VX_OK)
        return rc == VX_ENOMEM ? vx_fail(err, rc, "%s", why.text) : give_up(m, why.text, item, err);
    for (;;) {
        bool header = false;
        rc = vx_table_next(m->table, &row, &why);
        if (rc == VX_DONE)
            return rc;
        if (rc == VX_ENOMEM)
            return vx_fail(err, rc, "%s", why.text);
        if (rc != VX_OK) {
            m->ended = m->delimiter && !m->columns; /* without its header the rest means nothing */
            return broken_row(m, row.line, why.text, item, err);
        }
        if (!m->columns && (rc = read_header(m, &row, &header, err)) != VX_OK)
            return rc;
        if (m->path_column == NO_COLUMN)
            return give_up(m, "its header has no column path (nor file, filename, filepath, audio or wav)", item, err);
        if (!header)
            break;
    }
    rc = use_row(m, &row, item, archive, err);
    if (rc != VX_OK)
        vx_item_clear(item);
    return rc;
}
