/* eval_json.c - the report as one JSON object */
#include "base/buf.h"
#include "base/text.h"
#include "jobs/eval_report.h"

#include <math.h>
#include <stdlib.h>

static void add_text(struct vx_buf *b, const char *text)
{
    char *utf8 = vx_text_to_utf8(text);

    if (utf8)
        vx_buf_json(b, utf8);
    else
        b->failed = true;
    free(utf8);
}

static void add_number(struct vx_buf *b, double x)
{
    if (isfinite(x))
        vx_buf_fmt(b, "%.17g", x);
    else
        vx_buf_str(b, "null");
}

/* ,"name":{"value":x,"low":x,"high":x} */
static void add_metric(struct vx_buf *b, const char *name, double value, struct vx_interval in)
{
    vx_buf_fmt(b, ",\"%s\":{\"value\":", name);
    add_number(b, value);
    vx_buf_str(b, ",\"low\":");
    add_number(b, in.low);
    vx_buf_str(b, ",\"high\":");
    add_number(b, in.high);
    vx_buf_str(b, "}");
}

static void add_result(struct vx_buf *b, const struct vx_eval_result *v)
{
    static const char *const against[] = {"null", "\"all bona fide\"", "\"all spoof\""};
    const struct vx_metrics *m = &v->metrics;
    const struct vx_metrics_intervals *in = &v->intervals;

    vx_buf_fmt(b, "{\"bona_fide\":%zu,\"spoof\":%zu,\"confusion\":{\"bona_fide_called_real\":%zu,\"bona_fide_called_fake\":%zu,"
               "\"spoof_called_fake\":%zu,\"spoof_called_real\":%zu},\"against\":%s", v->n[1], v->n[0], v->right[1],
               v->n[1] - v->right[1], v->right[0], v->n[0] - v->right[0], against[v->against]);
    add_metric(b, "accuracy", v->accuracy, v->accuracy_interval);
    add_metric(b, "eer", m->eer, in->eer);
    vx_buf_str(b, ",\"eer_threshold\":");
    add_number(b, m->eer_threshold);
    add_metric(b, "auc", m->auc, in->auc);
    add_metric(b, "min_dcf", m->min_dcf, in->min_dcf);
    add_metric(b, "act_dcf", m->act_dcf, in->act_dcf);
    add_metric(b, "cllr", m->cllr, in->cllr);
    vx_buf_str(b, "}");
}

static void add_levels(struct vx_buf *b, const struct vx_eval_result levels[VX_EVAL_LEVELS])
{
    for (int level = 0; level < VX_EVAL_LEVELS; level++) {
        vx_buf_fmt(b, "%s\"%s\":", level ? ",\n" : "", vx_eval_level_name((enum vx_eval_level)level));
        add_result(b, &levels[level]);
    }
}

static void add_head(struct vx_buf *b, const struct vx_eval_report *r)
{
    const struct vx_eval_set *s = r->set;
    const struct vx_eval_options *o = r->options;

    vx_buf_str(b, "{\"database\":");
    add_text(b, o->db);
    vx_buf_str(b, ",\n\"labels\":{\"file\":");
    add_text(b, o->labels);
    vx_buf_str(b, ",\"format\":");
    add_text(b, vx_labels_format(s->labels));
    vx_buf_fmt(b, ",\"rows\":%zu,\"unmatched\":%zu},\n", vx_labels_count(s->labels), vx_labels_unmatched(s->labels));
    vx_buf_fmt(b, "\"items\":{\"all\":%zu,\"labelled\":%zu,\"unlabelled\":%zu,\"left_out_by_where\":%zu,\"too_short\":%zu,"
               "\"measured\":%zu,\"without_score\":%zu},\n", s->n_items, s->n_labelled, s->n_items - s->n_labelled,
               s->n_elsewhere, s->n_short, s->n_files, s->n_unscored);
    vx_buf_str(b, "\"model\":{\"name\":");
    add_text(b, *s->run->model_name ? s->run->model_name : s->run->model_path);
    vx_buf_fmt(b, ",\"trained\":%s,\"profile\":", s->run->trained ? "true" : "false");
    add_text(b, s->run->profile_name);
    vx_buf_fmt(b, ",\"calibrated\":%s,\"calibrated_on\":", s->calibrated ? "true" : "false");
    add_text(b, s->calibrated_on);
    vx_buf_str(b, ",\"calibration_scale\":");
    add_number(b, s->calibration.scale);
    vx_buf_str(b, ",\"calibration_offset\":");
    add_number(b, s->calibration.offset);
    vx_buf_fmt(b, "},\n\"score\":\"%s; higher means bona fide\",\n",
               s->calibrated ? "log-likelihood ratio" : "logit_real - logit_fake, not calibrated");
    vx_buf_fmt(b, "\"file_score\":\"%s\",\n\"bootstrap\":{\"rounds\":%ld,\"seed\":%ld,\"cluster\":",
               vx_file_score_name(o->file_score), o->rounds, o->seed);
    add_text(b, o->cluster ? o->cluster : "file");
    vx_buf_fmt(b, ",\"clusters\":%zu},\n", s->n_clusters);
}

static void add_verdicts(struct vx_buf *b, const struct vx_eval_report *r)
{
    static const char *const sides[] = {"spoof", "bona_fide"};
    static const char *const names[] = {"real", "uncertain", "fake", "not_scored", "failed"};

    vx_buf_str(b, ",\n\"verdicts\":{");
    for (int side = 1; side >= 0; side--) {
        vx_buf_fmt(b, "%s\"%s\":{", side ? "" : ",", sides[side]);
        for (int k = 0; k < VX_OUTCOME_COUNT; k++)
            vx_buf_fmt(b, "%s\"%s\":%zu", k ? "," : "", names[k], r->outcomes[side][k]);
        vx_buf_str(b, "}");
    }
    vx_buf_str(b, "}");
}

static void add_tables(struct vx_buf *b, const struct vx_eval_report *r)
{
    vx_buf_str(b, ",\n\"by\":[");
    for (size_t i = 0; i < r->n_tables; i++) {
        const struct vx_eval_table *t = &r->tables[i];
        vx_buf_str(b, i ? ",\n{\"column\":" : "\n{\"column\":");
        add_text(b, t->column->name);
        vx_buf_str(b, ",\"rows\":[");
        for (size_t k = 0; k < t->n; k++) {
            vx_buf_str(b, k ? ",\n{\"value\":" : "\n{\"value\":");
            add_text(b, t->rows[k].value);
            vx_buf_str(b, ",");
            add_levels(b, t->rows[k].levels);
            vx_buf_str(b, "}");
        }
        vx_buf_str(b, "]}");
    }
    vx_buf_str(b, "]}\n");
}

enum vx_status vx_eval_print_json(const struct vx_eval_report *r, FILE *to, struct vx_err *err)
{
    struct vx_buf b = {0};
    enum vx_status rc = VX_OK;

    add_head(&b, r);
    add_levels(&b, r->levels);
    add_verdicts(&b, r);
    add_tables(&b, r);
    if (b.failed)
        rc = vx_fail_nomem(err, "the report");
    else if (fwrite(b.data, 1, b.len, to) != b.len || fflush(to) != 0)
        rc = vx_fail_sys(err, "write the report");
    vx_buf_free(&b);
    return rc;
}
