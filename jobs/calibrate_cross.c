/* calibrate_cross.c - cross-validation: every file is judged by what was fitted without it */
#include "base/mem.h"
#include "jobs/calibrate_split.h"

#include <math.h>
#include <stdlib.h>

struct cross {
    const struct vx_calibrate_windows *windows; /* [n_profiles] */
    const struct vx_calibrate_file *files;
    size_t n_files;
    const int *folds;
    int n_profiles, n_folds;
    struct vx_calibrate_fit *fits; /* [n_profiles][n_folds] of the other folds; scale 0: none */
    double **llr;                  /* [n_profiles][windows->n]: of held-out files */
};

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

struct cluster {
    size_t files[2]; /* spoof, bona fide */
    int fold;
};

/* Each cluster, in a random order, into the fold that so far holds fewest files of its sides. */
static void deal(struct cluster *clusters, uint32_t *order, size_t n_clusters, int n, uint64_t seed)
{
    size_t held[VX_CALIBRATE_MAX_FOLDS][2] = {0};

    for (size_t i = 0; i < n_clusters; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n_clusters; i > 1; i--) {
        const size_t k = (size_t)(next_random(&seed) % i);
        const uint32_t swapped = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swapped;
    }
    for (size_t i = 0; i < n_clusters; i++) {
        struct cluster *c = &clusters[order[i]];
        size_t least = SIZE_MAX;
        for (int f = 0; f < n; f++) {
            const size_t load = (c->files[0] ? held[f][0] : 0) + (c->files[1] ? held[f][1] : 0);
            if (load < least) {
                least = load;
                c->fold = f;
            }
        }
        held[c->fold][0] += c->files[0];
        held[c->fold][1] += c->files[1];
    }
}

static enum vx_status check_counts(const struct cluster *clusters, size_t n_clusters, int n, const char *cluster,
                                   struct vx_err *err)
{
    size_t files[2] = {0}, with[2] = {0};

    for (size_t i = 0; i < n_clusters; i++)
        for (int side = 0; side < 2; side++) {
            files[side] += clusters[i].files[side];
            with[side] += clusters[i].files[side] > 0;
        }
    if (files[0] < VX_CALIBRATE_MIN_FILES || files[1] < VX_CALIBRATE_MIN_FILES)
        return vx_fail(err, VX_EINVAL, "too few labelled files: %zu bona fide and %zu spoofed; at least %d of each are needed, "
                       "a few hundred are better", files[1], files[0], VX_CALIBRATE_MIN_FILES);
    if (with[0] < (size_t)n || with[1] < (size_t)n)
        return vx_fail(err, VX_EINVAL, "%d folds need as many clusters of each side%s%s: %zu have bona fide files and %zu have "
                       "spoofed ones; take fewer --folds, or leave --cluster out", n, cluster ? ", of column " : "",
                       cluster ? cluster : "", with[1], with[0]);
    return VX_OK;
}

enum vx_status vx_calibrate_folds(int *folds, const struct vx_calibrate_file *files, size_t n_files, int n, uint64_t seed,
                                  const char *cluster, struct vx_err *err)
{
    struct cluster *clusters = NULL;
    uint32_t *order = NULL;
    size_t n_clusters = 0;
    enum vx_status rc;

    for (size_t i = 0; i < n_files; i++)
        if (files[i].cluster >= n_clusters)
            n_clusters = (size_t)files[i].cluster + 1;
    clusters = vx_calloc(n_clusters, sizeof *clusters);
    order = vx_calloc(n_clusters, sizeof *order);
    if (!clusters || !order) {
        rc = vx_fail_nomem(err, "clusters");
        goto done;
    }
    for (size_t i = 0; i < n_files; i++)
        clusters[files[i].cluster].files[files[i].bona]++;
    if ((rc = check_counts(clusters, n_clusters, n, cluster, err)) != VX_OK)
        goto done;
    deal(clusters, order, n_clusters, n, seed);
    for (size_t i = 0; i < n_files; i++)
        folds[i] = clusters[files[i].cluster].fold;
done:
    free(clusters);
    free(order);
    return rc;
}

static struct vx_calibrate_part part_of(const struct cross *c, int fold, bool others)
{
    return (struct vx_calibrate_part){c->files, c->n_files, fold < 0 ? NULL : c->folds, fold, others};
}

static enum vx_status check_scored(const struct cross *c, int profile, struct vx_calibrate_row *row, struct vx_err *err)
{
    const struct vx_calibrate_windows *w = &c->windows[profile];
    size_t files[2] = {0};

    for (size_t i = 0; i < w->n; i++)
        files[c->files[w->file[i]].bona] += i == 0 || w->file[i] != w->file[i - 1];
    row->n_windows = w->n;
    row->n_files = files[0] + files[1];
    if (files[0] < VX_CALIBRATE_MIN_FILES || files[1] < VX_CALIBRATE_MIN_FILES)
        return vx_fail(err, VX_EINVAL, "too few labelled files could be scored: %zu bona fide and %zu spoofed; at least %d of each "
                       "are needed", files[1], files[0], VX_CALIBRATE_MIN_FILES);
    return VX_OK;
}

/* What the other folds teach about each fold, applied to it. */
static enum vx_status fit_folds(struct cross *c, int profile, struct vx_err *err)
{
    const struct vx_calibrate_windows *w = &c->windows[profile];
    struct vx_calibrate_fit *fits = c->fits + (size_t)profile * (size_t)c->n_folds;

    for (int f = 0; f < c->n_folds; f++) {
        const struct vx_calibrate_part others = part_of(c, f, true);
        const enum vx_status rc = vx_calibrate_fit(&fits[f], &others, w, err);
        if (rc == VX_EINVAL) /* wrong way round */
            fits[f] = (struct vx_calibrate_fit){.cllr = INFINITY, .points = {{0, 1}, {0, 1}, {0, 1}}};
        else if (rc != VX_OK)
            return rc;
    }
    for (size_t i = 0; i < w->n; i++) {
        const struct vx_calibration *llr = &fits[c->folds[w->file[i]]].llr;
        c->llr[profile][i] = llr->scale * w->scores[i] + llr->offset;
    }
    return VX_OK;
}

static enum vx_status measure_profile(struct cross *c, int profile, struct vx_calibrate_row *row, struct vx_err *err)
{
    const struct vx_calibrate_windows *w = &c->windows[profile];
    const struct vx_calibrate_part all = part_of(c, -1, false);
    struct vx_calibrate_split raw = {0}, windows = {0}, files = {0};
    struct vx_metrics of_raw, of_windows, of_files;
    struct vx_calibrate_fit whole;
    enum vx_status rc;

    if ((rc = check_scored(c, profile, row, err)) != VX_OK || (rc = fit_folds(c, profile, err)) != VX_OK ||
        (rc = vx_calibrate_split_windows(&raw, &all, w, w->scores, err)) != VX_OK ||
        (rc = vx_calibrate_split_windows(&windows, &all, w, c->llr[profile], err)) != VX_OK ||
        (rc = vx_calibrate_split_files(&files, &all, w, c->llr[profile], err)) != VX_OK ||
        (rc = vx_calibrate_measure(&of_raw, &raw, false, err)) != VX_OK ||
        (rc = vx_calibrate_measure(&of_windows, &windows, false, err)) != VX_OK ||
        (rc = vx_calibrate_measure(&of_files, &files, true, err)) != VX_OK)
        goto done;
    row->window_eer = of_raw.eer;
    row->file_eer = of_files.eer;
    row->cllr = of_windows.cllr;
    row->wrong_way = of_raw.auc < 0.5;
    rc = vx_calibrate_fit(&whole, &all, w, err);
    row->no_fit = rc == VX_EINVAL;
    if (row->no_fit) {
        row->file_eer = row->cllr = NAN;
        rc = VX_OK;
    }
done:
    vx_calibrate_split_clear(&raw);
    vx_calibrate_split_clear(&windows);
    vx_calibrate_split_clear(&files);
    return rc;
}

/* The profile with the lowest Cllr on the other folds. */
static int choose(const struct cross *c, int fold)
{
    int best = 0;

    for (int p = 1; p < c->n_profiles; p++)
        if (c->fits[p * c->n_folds + fold].cllr < c->fits[best * c->n_folds + fold].cllr)
            best = p;
    return best;
}

static void append(struct vx_calibrate_split *to, const struct vx_calibrate_split *from)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < from->n[side]; i++)
            to->values[side][to->n[side]++] = from->values[side][i];
}

static void count_verdicts(struct vx_calibrate_report *report, const struct vx_calibrate_split *files,
                           const struct vx_operating_point *point)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < files->n[side]; i++) {
            const double p = files->values[side][i];
            report->verdicts[side][p >= point->fake_from ? 2 : p >= point->real_below ? 1 : 0]++;
        }
}

/* The folds put together, each judged by the profile chosen without it. all_windows and all_files are room for that. */
static enum vx_status measure_picked(struct cross *c, struct vx_calibrate_report *report, struct vx_calibrate_row *rows,
                                     struct vx_calibrate_split *all_windows, struct vx_calibrate_split *all_files,
                                     struct vx_err *err)
{
    struct vx_metrics of_windows, of_files;
    enum vx_status rc = VX_OK;

    for (int f = 0; rc == VX_OK && f < c->n_folds; f++) {
        const int p = choose(c, f);
        const struct vx_calibrate_part held = part_of(c, f, false);
        struct vx_calibrate_split windows = {0}, files = {0};
        rows[p].folds_won++;
        if ((rc = vx_calibrate_split_windows(&windows, &held, &c->windows[p], c->llr[p], err)) == VX_OK &&
            (rc = vx_calibrate_split_files(&files, &held, &c->windows[p], c->llr[p], err)) == VX_OK) {
            append(all_windows, &windows);
            append(all_files, &files);
            count_verdicts(report, &files, &c->fits[p * c->n_folds + f].points.balanced);
        }
        vx_calibrate_split_clear(&windows);
        vx_calibrate_split_clear(&files);
    }
    if (rc != VX_OK || (rc = vx_calibrate_measure(&of_windows, all_windows, false, err)) != VX_OK ||
        (rc = vx_calibrate_measure(&of_files, all_files, true, err)) != VX_OK)
        return rc;
    report->picked = (struct vx_calibrate_row){.n_windows = all_windows->n[0] + all_windows->n[1],
                                               .n_files = all_files->n[0] + all_files->n[1], .window_eer = of_windows.eer,
                                               .file_eer = of_files.eer, .cllr = of_windows.cllr};
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < 3; v++)
            report->verdicts[side][v] /= (double)all_files->n[side];
    return VX_OK;
}

static enum vx_status create(struct cross *c, struct vx_calibrate_split *windows, struct vx_calibrate_split *files,
                             struct vx_err *err)
{
    size_t most = 0;

    c->fits = vx_calloc((size_t)c->n_profiles * (size_t)c->n_folds, sizeof *c->fits);
    c->llr = vx_calloc((size_t)c->n_profiles, sizeof *c->llr);
    if (!c->fits || !c->llr)
        return vx_fail_nomem(err, "scores");
    for (int p = 0; p < c->n_profiles; p++) {
        if (!(c->llr[p] = vx_calloc(c->windows[p].n, sizeof *c->llr[p])))
            return vx_fail_nomem(err, "scores");
        most += c->windows[p].n;
    }
    for (int side = 0; side < 2; side++) {
        windows->values[side] = vx_calloc(most, sizeof(double));
        files->values[side] = vx_calloc(c->n_files, sizeof(double));
        if (!windows->values[side] || !files->values[side])
            return vx_fail_nomem(err, "scores");
    }
    return VX_OK;
}

enum vx_status vx_calibrate_cross(struct vx_calibrate_report *report, struct vx_calibrate_row *rows,
                                  const struct vx_calibrate_windows *windows, int n_profiles, const struct vx_calibrate_file *files,
                                  size_t n_files, const int *folds, int n_folds, struct vx_err *err)
{
    struct cross c = {windows, files, n_files, folds, n_profiles, n_folds, NULL, NULL};
    struct vx_calibrate_split all_windows = {0}, all_files = {0};
    enum vx_status rc = create(&c, &all_windows, &all_files, err);

    *report = (struct vx_calibrate_report){.best = -1};
    for (int p = 0; rc == VX_OK && p < n_profiles; p++) {
        rows[p] = (struct vx_calibrate_row){0};
        rc = measure_profile(&c, p, &rows[p], err);
        if (rc == VX_OK && !rows[p].no_fit && (report->best < 0 || rows[p].cllr < rows[report->best].cllr))
            report->best = p;
    }
    if (rc == VX_OK && report->best >= 0)
        rc = measure_picked(&c, report, rows, &all_windows, &all_files, err);
    vx_calibrate_split_clear(&all_windows);
    vx_calibrate_split_clear(&all_files);
    for (int p = 0; c.llr && p < n_profiles; p++)
        free(c.llr[p]);
    free(c.llr);
    free(c.fits);
    return rc;
}
