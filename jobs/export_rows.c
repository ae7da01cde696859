#include "jobs/export_rows.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the columns below. */
static const struct vx_export_column columns[] = {
    {"item", "items.item"},
    {"path", "of the file or archive"},
    {"member", "name inside the archive"},
    {"channel", "1, 2... where channels were scored on their own"},
    {"start_s", "where the first suspicious window begins"},
    {"end_s", "where the last one ends"},
    {"mean_fake", "mean of p over the stretch's windows"},
    {"max_fake", "largest p"},
    {"peak_s", "where that window begins"},
    {"windows", "scored windows in it"},
    {"windows_over", "of which at the threshold or over it"},
    {"threshold", "that was used"},
    {"rank", "1: the most suspicious of all (with --top)"},
    {"file_verdict", "of the recording as a whole"},
    {"file_status", "'failed': it could not be read to its end"},
    {"file_mean_fake", "mean of p over the recording"},
    {"duration_s", "of the recording"},
    {"format", "of the file"},
    {"sample_rate", "of the file, Hz"},
    {"channels", "of the file"},
    {"hash", "of its content"},
    {"copies", "other items with the same content"},
    {"model", "says so where it is untrained"},
    {"clip_start_s", "start_s less --pad"},
    {"clip_end_s", "end_s and --pad"},
    {"clip", "the clip's file"},
    {"labels", "the recording's label track"},
    {"error", "why there is no clip"},
    {NULL, NULL},
};

const struct vx_export_column *vx_export_columns(void)
{
    return columns;
}

/* Writes cells of a line, in CSV or JSON. */
struct line {
    struct vx_buf *b;
    bool json;
    size_t column;
};

static void begin_cell(struct line *l)
{
    vx_buf_str(l->b, l->column > 0 ? "," : l->json ? "{" : "");
    if (l->json) {
        vx_buf_json(l->b, columns[l->column].name);
        vx_buf_str(l->b, ":");
    }
    l->column++;
}

static void add_nothing(struct line *l)
{
    begin_cell(l);
    if (l->json)
        vx_buf_str(l->b, "null");
}

static void add_whole(struct line *l, int64_t value)
{
    begin_cell(l);
    vx_buf_fmt(l->b, "%lld", (long long)value);
}

static void add_real(struct line *l, double value, int digits)
{
    if (!isfinite(value)) {
        add_nothing(l);
        return;
    }
    begin_cell(l);
    vx_buf_fmt(l->b, "%.*f", digits, value);
}

static void add_csv_text(struct vx_buf *b, const char *text)
{
    const bool formula = *text && strchr("=+-@\t\r", *text);

    if (!formula && !text[strcspn(text, ",\"\r\n")]) {
        vx_buf_str(b, text);
        return;
    }
    vx_buf_str(b, formula ? "\"'" : "\"");
    for (const char *p = text; *p; p++)
        vx_buf_add(b, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    vx_buf_str(b, "\"");
}

static void add_text(struct line *l, const char *text) /* NULL or "": unknown */
{
    if (!text || !*text) {
        add_nothing(l);
        return;
    }
    char *const utf8 = vx_text_to_utf8(text);
    begin_cell(l);
    if (!utf8)
        l->b->failed = true;
    else if (l->json)
        vx_buf_json(l->b, utf8);
    else
        add_csv_text(l->b, utf8);
    free(utf8);
}

static void add_line(struct line *l, const struct vx_export_row *row)
{
    const struct vx_stretches_item *const i = row->item;
    const struct vx_stretch *const s = &row->place->stretch;

    add_whole(l, i->item);
    add_text(l, i->path_text);
    add_text(l, i->member_text);
    add_real(l, row->place->channel > 0 ? row->place->channel : NAN, 0);
    add_real(l, s->start_s, 3);
    add_real(l, s->end_s, 3);
    add_real(l, s->mean_fake, 6);
    add_real(l, s->max_fake, 6);
    add_real(l, s->peak_s, 3);
    add_whole(l, s->n_windows);
    add_whole(l, s->n_over);
    add_real(l, i->threshold, 6);
    add_real(l, row->place->rank > 0 ? (double)row->place->rank : NAN, 0);
    add_text(l, i->verdict);
    add_text(l, i->status);
    add_real(l, i->mean_fake, 6);
    add_real(l, i->duration_s, 3);
    add_text(l, i->format);
    add_real(l, i->sample_rate > 0 ? i->sample_rate : NAN, 0);
    add_real(l, i->channels > 0 ? i->channels : NAN, 0);
    add_text(l, i->hash);
    add_whole(l, i->copies);
    add_text(l, i->model);
    add_real(l, s->clip_start_s, 3);
    add_real(l, s->clip_end_s, 3);
    add_text(l, row->clip);
    add_text(l, row->labels);
    add_text(l, row->error);
}

void vx_export_csv_header(struct vx_buf *b)
{
    for (const struct vx_export_column *c = columns; c->name; c++)
        vx_buf_fmt(b, "%s%s", c == columns ? "" : ",", c->name);
    vx_buf_str(b, "\n");
}

void vx_export_csv_row(struct vx_buf *b, const struct vx_export_row *row)
{
    add_line(&(struct line){.b = b}, row);
    vx_buf_str(b, "\n");
}

void vx_export_json_row(struct vx_buf *b, const struct vx_export_row *row)
{
    add_line(&(struct line){.b = b, .json = true}, row);
    vx_buf_str(b, "}\n");
}

void vx_export_label(struct vx_buf *b, const struct vx_export_row *row)
{
    const struct vx_stretch *const s = &row->place->stretch;

    vx_buf_fmt(b, "%.6f\t%.6f\tmean %.3f, max %.3f", s->start_s, s->end_s, s->mean_fake, s->max_fake);
    if (row->place->channel > 0)
        vx_buf_fmt(b, ", channel %d", row->place->channel);
    if (strncmp(row->item->model, "untrained", strlen("untrained")) == 0)
        vx_buf_str(b, " (untrained model: means nothing)");
    vx_buf_str(b, "\n");
}
