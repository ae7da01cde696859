/* eval_set.c - result and label file brought together */
#include "jobs/eval_set.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/query.h"
#include "db/reviews.h"
#include "model/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct condition { /* of --where */
    char *column; /* owned */
    const char *value;
    bool seen;
};

struct reading {
    struct vx_eval_set *set;
    const struct vx_eval_options *o;
    struct condition *where; /* [o->where.n] */
    struct vx_names clusters;
    bool cluster_seen;
    char *first_unlabelled; /* an example, for messages */
};

static enum vx_status split_conditions(struct reading *r, struct vx_err *err)
{
    const struct vx_opt_list *list = &r->o->where;

    if (!(r->where = vx_calloc(list->n, sizeof *r->where)))
        return vx_fail_nomem(err, "conditions");
    for (size_t i = 0; i < list->n; i++) {
        const char *equals = strchr(list->at[i], '=');
        if (!equals || equals == list->at[i])
            return vx_fail(err, VX_EINVAL, "--where %s: expected COLUMN=VALUE, as in split=test", list->at[i]);
        if (!(r->where[i].column = strndup(list->at[i], (size_t)(equals - list->at[i]))))
            return vx_fail_nomem(err, "conditions");
        r->where[i].value = equals + 1;
    }
    return VX_OK;
}

/* Conditions on one column are alternatives, those on several must all hold. */
static bool is_wanted(struct reading *r, const struct vx_label_row *row, const struct vx_scored_item *item)
{
    const size_t n = r->o->where.n;
    bool wanted = true;

    for (size_t i = 0; i < n; i++) {
        const char *cell = vx_eval_cell(r->set->labels, row, item, r->where[i].column, &r->where[i].seen);
        bool any = false;
        for (size_t k = 0; k < n; k++)
            any |= strcasecmp(r->where[k].column, r->where[i].column) == 0 && strcmp(r->where[k].value, cell) == 0;
        wanted &= any;
    }
    return wanted;
}

static int ascending(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;

    return (a > b) - (a < b);
}

/* Reorders scores. */
static double file_score(double *scores, size_t n, enum vx_file_score how)
{
    size_t k = n;
    double sum = 0;

    if (how != VX_FILE_MEAN) {
        qsort(scores, n, sizeof *scores, ascending);
        k = how == VX_FILE_MAX ? 1 : (n + 9) / 10;
    }
    for (size_t i = 0; i < k; i++)
        sum += scores[i];
    return sum / (double)k;
}

static enum vx_status add_scores(struct vx_eval_set *set, struct vx_eval_file *file, const struct vx_scored_item *item,
                                 enum vx_file_score how, struct vx_err *err)
{
    const size_t all = item->n_scores, judged = item->n_judged;
    void *scores = set->scores;

    file->first = set->n_scores;
    if (item->outcome == VX_OUTCOME_FAILED || item->n_scores == 0) {
        set->n_unscored++;
        return VX_OK;
    }
    if (vx_grow(&scores, &set->cap_scores, set->n_scores + all + judged, sizeof *set->scores) != 0)
        return vx_fail_nomem(err, "scores");
    set->scores = scores;
    for (size_t i = 0; i < all; i++)
        set->scores[set->n_scores++] = set->calibration.scale * item->scores[i] + set->calibration.offset;
    file->n = all;
    for (size_t i = 0; i < judged; i++) /* behind the last one: needed here only */
        set->scores[set->n_scores + i] = set->calibration.scale * item->judged[i] + set->calibration.offset;
    file->score = file_score(&set->scores[set->n_scores], judged, how);
    return VX_OK;
}

/* Of a file with scores. One without a value there is a cluster of its own, numbered when all names are known. */
static enum vx_status find_cluster(struct reading *r, struct vx_eval_file *file, const char *cell, struct vx_err *err)
{
    if (!*cell) {
        file->cluster = VX_NAMES_NONE;
        r->set->n_lone++;
        return VX_OK;
    }
    file->cluster = vx_names_add(&r->clusters, cell);
    return file->cluster == VX_NAMES_NONE ? vx_fail_nomem(err, "clusters") : VX_OK;
}

static enum vx_status add_file(struct reading *r, const struct vx_label_row *row, const struct vx_scored_item *item,
                               struct vx_err *err)
{
    struct vx_eval_set *set = r->set;
    struct vx_eval_file file = {.bona = row->bona, .outcome = item->outcome};
    void *files = set->files, *values = set->values;
    enum vx_status rc;

    if (vx_grow(&files, &set->cap_files, set->n_files + 1, sizeof *set->files) != 0)
        return vx_fail_nomem(err, "files");
    set->files = files;
    if (vx_grow(&values, &set->cap_values, (set->n_files + 1) * set->n_columns, sizeof *set->values) != 0)
        return vx_fail_nomem(err, "values");
    set->values = values;
    for (size_t i = 0; i < set->n_columns; i++) {
        struct vx_eval_column *column = &set->columns[i];
        const char *cell = vx_eval_cell(set->labels, row, item, column->name, &column->seen);
        uint32_t *value = &set->values[set->n_files * set->n_columns + i];
        *value = *cell ? vx_names_add(&column->values, cell) : VX_NAMES_NONE;
        if (*cell && *value == VX_NAMES_NONE)
            return vx_fail_nomem(err, "values");
    }
    const char *cluster = r->o->cluster ? vx_eval_cell(set->labels, row, item, r->o->cluster, &r->cluster_seen) : "";
    if ((rc = add_scores(set, &file, item, r->o->file_score, err)) != VX_OK ||
        (file.n > 0 && (rc = find_cluster(r, &file, cluster, err)) != VX_OK))
        return rc;
    set->files[set->n_files++] = file;
    return VX_OK;
}

static enum vx_status read_items(struct reading *r, struct vx_err *err)
{
    struct vx_eval_set *set = r->set;
    struct vx_scored_item item;
    enum vx_status rc;

    while ((rc = vx_scores_next(set->scores_db, &item, err)) == VX_OK) {
        char number[32];
        ptrdiff_t at;
        set->n_items++;
        snprintf(number, sizeof number, "item/%lld", (long long)item.item);
        rc = r->o->reviews ? vx_labels_match(set->labels, number, NULL, &at, err) : vx_labels_match(set->labels, item.path, item.member, &at, err);
        if (rc != VX_OK)
            return rc;
        if (at < 0) {
            if (!r->first_unlabelled)
                r->first_unlabelled = vx_text_printable(item.member ? item.member : item.path);
            continue;
        }
        const struct vx_label_row *row = vx_labels_row(set->labels, (size_t)at);
        set->n_labelled++;
        if (!is_wanted(r, row, &item))
            set->n_elsewhere++;
        else if (item.duration_s < r->o->min_seconds)
            set->n_short++;
        else if ((rc = add_file(r, row, &item, err)) != VX_OK)
            return rc;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status no_column(const struct reading *r, const char *option, const char *column, struct vx_err *err)
{
    char names[512] = "";
    size_t used = 0;

    for (size_t i = 0; i < vx_labels_columns(r->set->labels) && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", vx_labels_column(r->set->labels, i));
    return vx_fail(err, VX_EINVAL, "--%s %s: neither a column of %s (it has %s) nor metadata of the labelled items", option,
                   column, r->o->labels, *names ? names : "none but name and label");
}

static enum vx_status check_columns(const struct reading *r, struct vx_err *err)
{
    const struct vx_eval_set *set = r->set;

    for (size_t i = 0; i < r->o->where.n; i++)
        if (!r->where[i].seen)
            return no_column(r, "where", r->where[i].column, err);
    if (set->n_files == 0)
        return VX_OK;
    if (r->o->cluster && !r->cluster_seen)
        return no_column(r, "cluster", r->o->cluster, err);
    for (size_t i = 0; i < set->n_columns; i++)
        if (set->columns[i].asked && !set->columns[i].seen)
            return no_column(r, "by", set->columns[i].name, err);
    return VX_OK;
}

/* Without a single score every metric is undefined: better said than printed. */
static enum vx_status check_not_empty(const struct reading *r, struct vx_err *err)
{
    const struct vx_eval_set *set = r->set;
    const char *first = vx_labels_count(set->labels) > 0 ? vx_labels_row(set->labels, 0)->name : "none";

    if (set->n_items == 0)
        return vx_fail(err, VX_EINVAL, "%s: a result without items, there is nothing to evaluate", r->o->db);
    if (set->n_labelled == 0)
        return vx_fail(err, VX_EINVAL, "no item of %s has a label in %s: names there look like \"%.200s\", here like \"%.200s\"",
                       r->o->db, r->o->labels, first, r->first_unlabelled ? r->first_unlabelled : "none");
    if (set->n_files == 0)
        return vx_fail(err, VX_EINVAL, "none of %zu labelled items is left: --where leaves out %zu, --min-seconds %zu",
                       set->n_labelled, set->n_elsewhere, set->n_short);
    if (set->n_scores == 0)
        return vx_fail(err, VX_EINVAL, "none of %zu labelled items has a score, so that no metric is defined: voxtrawl query %s "
                       "--named errors tells why", set->n_files, r->o->db);
    return VX_OK;
}

static void number_lone_files(struct vx_eval_set *set, size_t named)
{
    uint32_t next = (uint32_t)named;

    for (size_t i = 0; i < set->n_files; i++)
        if (set->files[i].cluster == VX_NAMES_NONE)
            set->files[i].cluster = next++;
    set->n_clusters = next;
}

/* What people marked, as a label file in memory whose names are "item/N". */
static enum vx_status open_reviews(struct vx_labels **labels, const char *path, struct vx_err *err)
{
    const int fd = memfd_create("reviews", MFD_CLOEXEC);
    FILE *const to = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct vx_query_db *db = NULL;
    char name[32];
    enum vx_status rc;

    if (!to) {
        rc = vx_fail_sys(err, "a table of reviews");
        if (fd >= 0)
            close(fd);
        return rc;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if ((rc = vx_query_open(&db, path, err)) == VX_OK && (rc = vx_query_run(db, VX_REVIEWS_LABELS, VX_QUERY_CSV, to, err)) == VX_OK) {
        if (fflush(to) != 0)
            rc = vx_fail_sys(err, "a table of reviews");
        else if ((rc = vx_labels_open(labels, name, "table", err)) == VX_EFORMAT) /* a header alone */
            rc = vx_fail(err, rc, "%s: nobody has marked anything in it that could be taken for a label; voxtrawl review lists the marks", path);
    }
    vx_query_close(&db);
    fclose(to);
    return rc;
}

static enum vx_status open_both(struct vx_eval_set *set, const struct vx_eval_options *o, struct vx_err *err)
{
    struct vx_profile profile;
    enum vx_status rc;

    if ((rc = vx_scores_open(&set->scores_db, o->db, err)) != VX_OK ||
        (rc = o->reviews ? open_reviews(&set->labels, o->db, err) : vx_labels_open(&set->labels, o->labels, o->labels_format, err)) != VX_OK)
        return rc;
    set->run = vx_scores_run(set->scores_db);
    if ((rc = vx_profile_parse(&profile, set->run->profile_json, o->db, err)) != VX_OK)
        return vx_err_prefix(err, "the profile in it cannot be read");
    set->calibration = (struct vx_calibration){profile.calibration_scale, profile.calibration_offset};
    set->calibrated = profile.calibrated_on[0] || profile.calibration_scale != 1 || profile.calibration_offset != 0;
    memcpy(set->calibrated_on, profile.calibrated_on, sizeof set->calibrated_on);
    return VX_OK;
}

enum vx_status vx_eval_set_read(struct vx_eval_set *out, const struct vx_eval_options *o, struct vx_err *err)
{
    struct reading r = {.set = out, .o = o};
    enum vx_status rc;

    *out = (struct vx_eval_set){0};
    if ((rc = open_both(out, o, err)) != VX_OK || (rc = split_conditions(&r, err)) != VX_OK ||
        (rc = vx_eval_columns_choose(&out->columns, &out->n_columns, o, err)) != VX_OK)
        goto done;
    if ((rc = read_items(&r, err)) != VX_OK || (out->n_labelled > 0 && (rc = check_columns(&r, err)) != VX_OK) ||
        (rc = check_not_empty(&r, err)) != VX_OK)
        goto done;
    number_lone_files(out, r.clusters.n);
done:
    for (size_t i = 0; r.where && i < o->where.n; i++)
        free(r.where[i].column);
    free(r.where);
    vx_names_free(&r.clusters);
    free(r.first_unlabelled);
    if (rc != VX_OK)
        vx_eval_set_free(out);
    return rc;
}

void vx_eval_set_free(struct vx_eval_set *set)
{
    vx_labels_close(&set->labels);
    vx_scores_close(&set->scores_db);
    free(set->files);
    free(set->scores);
    for (size_t i = 0; set->columns && i < set->n_columns; i++)
        vx_names_free(&set->columns[i].values);
    free(set->columns);
    free(set->values);
    *set = (struct vx_eval_set){0};
}
