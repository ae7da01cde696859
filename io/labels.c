#include "io/labels.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/labels_index.h"
#include "io/labels_layout.h"
#include "io/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CELLS 64 /* of a row whose cells lie between blanks */

struct block { /* text and pointers of many rows; never moved */
    struct block *next;
    size_t used, size;
    char bytes[] __attribute__((aligned(8)));
};

struct vx_labels {
    struct vx_labels_layout layout;
    struct vx_label_row *rows; /* owned [n] */
    size_t n, cap;
    const char **columns; /* owned [n_columns]; the strings are layout.cells' */
    size_t *cell_of;      /* owned [n_columns]: the cell of a row that is this column */
    size_t n_columns;
    struct block *blocks;
    struct vx_labels_index index;
    bool *matched; /* owned [n] */
    size_t n_matched;
};

/* size bytes that live as long as labels; NULL: no memory. */
static void *keep(struct vx_labels *labels, size_t size)
{
    const size_t least = 256u << 10, rounded = (size + 7) & ~(size_t)7;
    struct block *b = labels->blocks;

    if (!b || b->size - b->used < rounded) {
        const size_t room = rounded > least ? rounded : least;
        if (!(b = malloc(sizeof *b + room)))
            return NULL;
        *b = (struct block){.next = labels->blocks, .size = room};
        labels->blocks = b;
    }
    b->used += rounded;
    return b->bytes + b->used - rounded;
}

static const char *keep_text(struct vx_labels *labels, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = keep(labels, size);

    return copy ? memcpy(copy, text, size) : NULL;
}

/* Without the blanks around it, in place. */
static char *trim(char *text)
{
    char *end;

    text += strspn(text, " \t");
    for (end = text + strlen(text); end > text && (end[-1] == ' ' || end[-1] == '\t'); end--)
        end[-1] = '\0';
    return text;
}

/* "column label" or "field 6", for messages. */
static enum vx_status bad_cell(const struct vx_labels *labels, size_t cell, const char *value, const char *expected,
                               struct vx_err *err)
{
    char *shown = vx_text_printable(value);
    enum vx_status rc;

    if (!shown)
        return vx_fail_nomem(err, "a message");
    rc = labels->layout.header
             ? vx_fail(err, VX_EFORMAT, "column %s is \"%.80s\", expected %s", labels->layout.cells[cell], shown, expected)
             : vx_fail(err, VX_EFORMAT, "field %zu is \"%.80s\", expected %s", cell + 1, shown, expected);
    free(shown);
    return rc;
}

/* The columns that are neither name, label nor folder and have a name. */
static enum vx_status make_columns(struct vx_labels *labels, struct vx_err *err)
{
    const struct vx_labels_layout *l = &labels->layout;

    labels->columns = vx_calloc(l->n_cells, sizeof *labels->columns);
    labels->cell_of = vx_calloc(l->n_cells, sizeof *labels->cell_of);
    if (!labels->columns || !labels->cell_of)
        return vx_fail_nomem(err, "a label file's columns");
    for (size_t i = 0; i < l->n_cells; i++) {
        /* the cell that tells SpoofCeleb's and FakeAVCeleb's sides tells more than the side */
        if (i == l->name || i == l->folder || (i == l->label && l->rule == VX_LABELS_WORD) || !*l->cells[i])
            continue;
        labels->columns[labels->n_columns] = l->cells[i];
        labels->cell_of[labels->n_columns++] = i;
    }
    return VX_OK;
}

/* The name of the row, kept; NULL: no memory. */
static const char *row_name(struct vx_labels *labels, char **cells, size_t n)
{
    const size_t folder = labels->layout.folder;
    char *name = trim(cells[labels->layout.name]), *dir = folder < n ? trim(cells[folder]) : NULL, *joined;
    size_t len = dir ? strlen(dir) : 0;

    while (len > 0 && dir[len - 1] == '/')
        len--;
    if (len == 0 || strchr(name, '/'))
        return keep_text(labels, name);
    if ((joined = keep(labels, len + 1 + strlen(name) + 1)) != NULL) {
        memcpy(joined, dir, len);
        joined[len] = '/';
        strcpy(joined + len + 1, name);
    }
    return joined;
}

static enum vx_status add_row(struct vx_labels *labels, char **cells, size_t n, int64_t line, struct vx_err *err)
{
    const struct vx_labels_layout *l = &labels->layout;
    const struct vx_label_row *last;
    struct vx_label_row row = {.line = line};
    const char *expected = NULL, **kept;
    void *rows = labels->rows;

    if (l->header && n == l->n_cells + 1 && cells[n - 1][0] == '\0')
        n--; /* a comma at the end of each row but the header */
    if (n > l->n_cells || (!l->header && n < l->n_cells))
        return vx_fail(err, VX_EFORMAT, "%zu cells, expected %zu (%s)", n, l->n_cells, l->format);
    if (n <= l->name || *trim(cells[l->name]) == '\0')
        return bad_cell(labels, l->name, "", "the recording's name", err);
    if (l->rule != VX_LABELS_ALL_SPOOF && n <= l->label)
        return vx_fail(err, VX_EFORMAT, "%zu cells, the label is in number %zu (column %s)", n, l->label + 1,
                       l->cells[l->label]);
    if (!vx_labels_side(l->rule, l->label < n ? trim(cells[l->label]) : "", &row.bona, &expected))
        return bad_cell(labels, l->label, cells[l->label], expected, err);
    if (!(row.name = row_name(labels, cells, n)) || !(kept = keep(labels, labels->n_columns * sizeof *kept)) ||
        vx_grow(&rows, &labels->cap, labels->n + 1, sizeof *labels->rows) < 0)
        return vx_fail_nomem(err, "a label file's rows");
    labels->rows = rows;
    last = labels->n ? &labels->rows[labels->n - 1] : NULL;
    for (size_t i = 0; i < labels->n_columns; i++) {
        const size_t cell = labels->cell_of[i];
        const char *text = cell < n ? trim(cells[cell]) : "";
        if (l->dash_is_empty && strcmp(text, "-") == 0)
            text = "";
        /* rows of one speaker or attack often follow each other */
        if (!*text)
            kept[i] = "";
        else if (last && strcmp(last->cells[i], text) == 0)
            kept[i] = last->cells[i];
        else if (!(kept[i] = keep_text(labels, text)))
            return vx_fail_nomem(err, "a label file's rows");
    }
    row.cells = kept;
    labels->rows[labels->n++] = row;
    return VX_OK;
}

/* The row's cells, cut at blanks where that is the layout. */
static enum vx_status read_row(struct vx_labels *labels, const struct vx_row *row, const char *format, struct vx_err *err)
{
    char *split[MAX_CELLS], **cells = row->cells;
    size_t n = row->n;
    enum vx_status rc;

    if (labels->layout.delimiter == '\0') {
        cells = split;
        if ((n = vx_labels_split(row->cells[0], split, MAX_CELLS)) > MAX_CELLS)
            return vx_fail(err, VX_EFORMAT, "%zu cells, at most %d are read", n, MAX_CELLS);
        if (n == 0)
            return VX_OK;
    }
    if (labels->columns)
        return add_row(labels, cells, n, row->line, err);
    if ((rc = vx_labels_layout_header(&labels->layout, cells, n, format, err)) == VX_OK)
        rc = make_columns(labels, err);
    return rc;
}

/* The layout as far as the first row tells it. */
static enum vx_status look(struct vx_labels *labels, const char *path, const char *format, int64_t *line,
                           struct vx_err *err)
{
    struct vx_table *table = NULL;
    struct vx_row row;
    enum vx_status rc;

    if ((rc = vx_table_open(&table, path, '\0', err)) != VX_OK)
        return rc;
    do {
        rc = vx_table_next(table, &row, err);
        *line = row.line;
    } while (rc == VX_OK && row.cells[0][strspn(row.cells[0], " \t")] == '\0');
    if (rc == VX_DONE) {
        *line = 0;
        rc = vx_fail(err, VX_EFORMAT, "is empty");
    } else if (rc == VX_OK)
        rc = vx_labels_layout_begin(&labels->layout, row.cells[0], format, err);
    if (rc == VX_OK && !labels->layout.header)
        rc = make_columns(labels, err);
    vx_table_close(&table);
    return rc;
}

static enum vx_status read_rows(struct vx_labels *labels, const char *path, const char *format, int64_t *line,
                                struct vx_err *err)
{
    struct vx_table *table = NULL;
    struct vx_row row;
    enum vx_status rc;

    if ((rc = vx_table_open(&table, path, labels->layout.delimiter, err)) != VX_OK)
        return rc;
    do {
        rc = vx_table_next(table, &row, err);
        *line = row.line;
        if (rc == VX_OK)
            rc = read_row(labels, &row, format, err);
    } while (rc == VX_OK);
    vx_table_close(&table);
    return rc == VX_DONE ? VX_OK : rc;
}

static bool known_format(const char *format)
{
    for (const char *const *f = vx_labels_formats(); *f; f++)
        if (strcmp(*f, format) == 0)
            return true;
    return false;
}

enum vx_status vx_labels_open(struct vx_labels **out, const char *path, const char *format, struct vx_err *err)
{
    struct vx_labels *labels = vx_calloc(1, sizeof *labels);
    int64_t line = 0; /* that a message is about; 0: none */
    enum vx_status rc;

    *out = NULL;
    if (!labels)
        return vx_fail_nomem(err, "labels");
    if (format && !known_format(format)) {
        rc = vx_fail(err, VX_EINVAL, "no label format \"%s\"; there are asvspoof2019, asvspoof2021-la, asvspoof2021-df, "
                     "asvspoof5, asvspoof5-key, in-the-wild, mlaad, fakeavceleb, spoofceleb and table", format);
        goto done;
    }
    if ((rc = look(labels, path, format, &line, err)) != VX_OK ||
        (rc = read_rows(labels, path, format, &line, err)) != VX_OK)
        goto prefix;
    line = 0;
    if (labels->n == 0) {
        rc = vx_fail(err, VX_EFORMAT, "has a header but names no recording");
        goto prefix;
    }
    if ((rc = vx_labels_index_create(&labels->index, labels->rows, &labels->n, labels->n_columns, err)) != VX_OK)
        goto prefix;
    if (!(labels->matched = vx_calloc(labels->n, sizeof *labels->matched))) {
        rc = vx_fail_nomem(err, "labels");
        goto done;
    }
    *out = labels;
    labels = NULL; /* now the caller's */
prefix:
    if (rc != VX_OK && line > 0)
        vx_err_prefix(err, "%s, line %" PRId64, path, line);
    else if (rc != VX_OK)
        vx_err_prefix(err, "%s", path);
done:
    vx_labels_close(&labels);
    return rc;
}

void vx_labels_close(struct vx_labels **out)
{
    struct vx_labels *labels = *out;

    if (!labels)
        return;
    while (labels->blocks) {
        struct block *next = labels->blocks->next;
        free(labels->blocks);
        labels->blocks = next;
    }
    vx_labels_index_clear(&labels->index);
    vx_labels_layout_clear(&labels->layout);
    free(labels->columns);
    free(labels->cell_of);
    free(labels->rows);
    free(labels->matched);
    free(labels);
    *out = NULL;
}

const char *vx_labels_format(const struct vx_labels *labels)
{
    return labels->layout.format;
}

size_t vx_labels_count(const struct vx_labels *labels)
{
    return labels->n;
}

const struct vx_label_row *vx_labels_row(const struct vx_labels *labels, size_t i)
{
    return &labels->rows[i];
}

size_t vx_labels_columns(const struct vx_labels *labels)
{
    return labels->n_columns;
}

const char *vx_labels_column(const struct vx_labels *labels, size_t i)
{
    return labels->columns[i];
}

size_t vx_labels_unmatched(const struct vx_labels *labels)
{
    return labels->n - labels->n_matched;
}

static bool same_content(const struct vx_labels *labels, const struct vx_label_row *a, const struct vx_label_row *b)
{
    bool same = a->bona == b->bona;

    for (size_t i = 0; same && i < labels->n_columns; i++)
        same = a->cells[i] == b->cells[i] || strcmp(a->cells[i], b->cells[i]) == 0;
    return same;
}

static enum vx_status ambiguous(const char *item, const struct vx_label_row *a, const struct vx_label_row *b, struct vx_err *err)
{
    char *name = vx_text_printable(item), *first = vx_text_printable(a->name), *other = vx_text_printable(b->name);
    const enum vx_status rc =
        name && first && other
            ? vx_fail(err, VX_EINVAL, "%.300s: ambiguous, line %" PRId64 " (\"%.200s\") and line %" PRId64 " (\"%.200s\") match "
                      "equally well and differ; name recordings by longer paths", name, a->line, first, b->line, other)
            : vx_fail_nomem(err, "a message");

    free(name);
    free(first);
    free(other);
    return rc;
}

enum vx_status vx_labels_match(struct vx_labels *labels, const char *path, const char *member, ptrdiff_t *row,
                               struct vx_err *err)
{
    const char *name = member ? member : path;
    const struct vx_labels_range range = vx_labels_index_find(&labels->index, name);
    const struct vx_label_row *best = NULL;

    *row = -1;
    for (size_t i = range.first; i < range.end; i++) {
        const struct vx_label_row *r = &labels->rows[labels->index.keys[i].row];
        if (!range.stem && !vx_labels_index_whole(&labels->index, i))
            continue;
        if (best && !same_content(labels, best, r))
            return ambiguous(name, best, r, err);
        best = best && best->line < r->line ? best : r;
    }
    if (!best)
        return VX_OK;
    *row = best - labels->rows;
    for (size_t i = range.first; i < range.end; i++) {
        const uint32_t k = labels->index.keys[i].row;
        if (!range.stem && !vx_labels_index_whole(&labels->index, i))
            continue;
        labels->n_matched += !labels->matched[k];
        labels->matched[k] = true;
    }
    return VX_OK;
}
