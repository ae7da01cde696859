#include "jobs/eval_measure.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

struct trials {
    struct vx_trial *at; /* owned */
    size_t n, cap;
};

const char *vx_eval_level_name(enum vx_eval_level level)
{
    return level == VX_EVAL_WINDOWS ? "windows" : "files";
}

static bool is_in(const struct vx_eval_set *set, size_t file, struct vx_eval_part part)
{
    return part.value == VX_NAMES_NONE || set->values[file * set->n_columns + part.column] == part.value;
}

/* The windows of a file, or the file itself. */
static enum vx_status add_file(struct trials *t, const struct vx_eval_set *set, const struct vx_eval_file *file,
                               enum vx_eval_level level, struct vx_err *err)
{
    const size_t n = level == VX_EVAL_WINDOWS ? file->n : file->n > 0;
    void *at = t->at;

    if (vx_grow(&at, &t->cap, t->n + n, sizeof *t->at) != 0)
        return vx_fail_nomem(err, "trials");
    t->at = at;
    for (size_t i = 0; i < n; i++)
        t->at[t->n++] = (struct vx_trial){level == VX_EVAL_WINDOWS ? set->scores[file->first + i] : file->score, file->bona,
                                          file->cluster};
    return VX_OK;
}

static enum vx_status add_part(struct trials *t, const struct vx_eval_set *set, enum vx_eval_level level, struct vx_eval_part part,
                               struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < set->n_files; i++)
        if (is_in(set, i, part))
            rc = add_file(t, set, &set->files[i], level, err);
    return rc;
}

static enum vx_status add_class(struct trials *t, const struct vx_eval_set *set, enum vx_eval_level level, bool bona,
                                struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < set->n_files; i++)
        if (set->files[i].bona == bona)
            rc = add_file(t, set, &set->files[i], level, err);
    return rc;
}

static void count_right(struct vx_eval_result *out, const struct trials *t)
{
    for (size_t i = 0; i < t->n; i++) {
        out->n[t->at[i].bona]++;
        out->right[t->at[i].bona] += (t->at[i].score >= 0) == t->at[i].bona;
    }
    if (t->n > 0)
        out->accuracy = (double)(out->right[0] + out->right[1]) / (double)t->n;
}

static enum vx_status compute(struct vx_metrics *out, const struct trials *t, struct vx_err *err)
{
    double *scores = vx_calloc(t->n, sizeof *scores);
    size_t bona = 0, spoof = t->n;
    enum vx_status rc;

    if (!scores)
        return vx_fail_nomem(err, "scores");
    for (size_t i = 0; i < t->n; i++)
        scores[t->at[i].bona ? bona++ : --spoof] = t->at[i].score;
    rc = vx_metrics_compute(out, scores, bona, scores + bona, t->n - bona, VX_COST_ASVSPOOF5, err);
    free(scores);
    return rc;
}

static enum vx_status bootstrap(struct vx_metrics_intervals *out, const struct trials *t, const struct vx_eval_options *o,
                                struct vx_err *err)
{
    const struct vx_interval none = {NAN, NAN};

    *out = (struct vx_metrics_intervals){none, none, none, none, none, none, 0};
    if (o->rounds == 0)
        return VX_OK;
    return vx_metrics_bootstrap(out, t->at, t->n, 0, VX_COST_ASVSPOOF5, (int)o->rounds, (uint64_t)o->seed, err);
}

enum vx_status vx_eval_measure(struct vx_eval_result *out, const struct vx_eval_set *set, enum vx_eval_level level,
                               struct vx_eval_part part, const struct vx_eval_options *o, struct vx_err *err)
{
    struct vx_eval_result r = {.accuracy = NAN};
    struct trials t = {0};
    enum vx_status rc;

    if ((rc = add_part(&t, set, level, part, err)) != VX_OK)
        goto done;
    count_right(&r, &t);
    const bool alone = part.value != VX_NAMES_NONE && t.n > 0 && (r.n[0] == 0 || r.n[1] == 0);
    if ((rc = bootstrap(&r.intervals, &t, o, err)) != VX_OK)
        goto done;
    r.accuracy_interval = r.intervals.accuracy; /* of the part's own trials */
    if (alone) {
        r.against = r.n[1] == 0 ? VX_AGAINST_ALL_BONA : VX_AGAINST_ALL_SPOOF;
        if ((rc = add_class(&t, set, level, r.against == VX_AGAINST_ALL_BONA, err)) != VX_OK ||
            (rc = bootstrap(&r.intervals, &t, o, err)) != VX_OK)
            goto done;
    }
    if ((rc = compute(&r.metrics, &t, err)) == VX_OK)
        *out = r;
done:
    free(t.at);
    return rc;
}

enum vx_status vx_eval_scores(double **out, size_t *n, const struct vx_eval_set *set, enum vx_eval_level level, bool bona,
                              struct vx_err *err)
{
    struct trials t = {0};
    enum vx_status rc = add_class(&t, set, level, bona, err);

    *out = NULL;
    *n = t.n;
    if (rc == VX_OK && !(*out = vx_calloc(t.n, sizeof **out)))
        rc = vx_fail_nomem(err, "scores");
    for (size_t i = 0; rc == VX_OK && i < t.n; i++)
        (*out)[i] = t.at[i].score;
    free(t.at);
    return rc;
}

void vx_eval_outcomes(size_t out[2][VX_OUTCOME_COUNT], const struct vx_eval_set *set)
{
    for (int side = 0; side < 2; side++)
        for (int k = 0; k < VX_OUTCOME_COUNT; k++)
            out[side][k] = 0;
    for (size_t i = 0; i < set->n_files; i++)
        out[set->files[i].bona][set->files[i].outcome]++;
}
