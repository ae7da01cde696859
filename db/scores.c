#include "db/scores.h"
#include "base/buf.h"
#include "base/mem.h"
#include "db/result.h"
#include "db/sqlite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SELECT_RUN                                                                                                     \
    "SELECT coalesce(model_name, ''), coalesce(model_path, ''), coalesce(profile_name, ''), coalesce(profile, ''), "   \
    "(SELECT min(model_trained) FROM runs), window_s, hop_s, real_below, fake_from FROM runs ORDER BY run LIMIT 1"
/* Of an item another one that was scored in its place, and the worst channel where channels were scored on their own. */
#define SELECT_ITEMS_OF(same_as, worst)                                                                                \
    "SELECT item, coalesce(path_raw, path), coalesce(member_raw, member), coalesce(verdict, status), duration_s, "     \
    same_as ", " worst " FROM items i ORDER BY item"
#define WORST_CHANNEL                                                                                                  \
    "(SELECT channel FROM channels c WHERE c.item = coalesce(i.same_as, i.item) AND mean_fake IS NOT NULL "             \
    "ORDER BY mean_fake DESC, channel LIMIT 1)"
#define SELECT_ITEMS SELECT_ITEMS_OF("same_as", WORST_CHANNEL)
#define SELECT_ITEMS_3 SELECT_ITEMS_OF("NULL", "NULL") /* before schema version 4 */
#define SELECT_WINDOWS_OF(channel, where)                                                                              \
    "SELECT item, logit_real, logit_fake, " channel " FROM windows WHERE " where "logit_real IS NOT NULL ORDER BY item, idx"
#define SELECT_WINDOWS SELECT_WINDOWS_OF("channel", "")
#define SELECT_WINDOWS_3 SELECT_WINDOWS_OF("NULL", "")
/* Of the item that was scored in another one's place. */
#define SELECT_SAME SELECT_WINDOWS_OF("channel", "item = ? AND ")
#define SELECT_SAME_3 SELECT_WINDOWS_OF("NULL", "item = ? AND ")
#define SELECT_METADATA "SELECT item, key, coalesce(value, '') FROM metadata ORDER BY item, key"

/* Rows that belong to items, read along with them. */
struct follower {
    sqlite3_stmt *stmt;
    bool more; /* a row is there */
};

struct vx_scores {
    struct vx_sql *sql;
    sqlite3_stmt *items, *same;
    struct follower windows, metadata;
    struct vx_scores_run run;
    char *run_text[4];
    struct vx_buf path, member, meta; /* of the present item; meta: strings one after the other, each with its NUL */
    double *scores, *judged;
    size_t cap_scores, cap_judged;
    const char **cells;
    size_t cap_cells;
};

static enum vx_status read_run(struct vx_scores *s, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_prepare(s->sql, &stmt, SELECT_RUN, err)) != VX_OK)
        return rc;
    rc = vx_sql_step(s->sql, stmt, "read the run", err);
    if (rc == VX_DONE)
        rc = vx_fail(err, VX_EFORMAT, "%s: a result without a row in runs", s->sql->path);
    for (int i = 0; rc == VX_OK && i < 4; i++) {
        const char *text = (const char *)sqlite3_column_text(stmt, i);
        if (!text || !(s->run_text[i] = strdup(text)))
            rc = vx_fail_nomem(err, "the run's row");
    }
    if (rc == VX_OK)
        s->run = (struct vx_scores_run){.model_name = s->run_text[0], .model_path = s->run_text[1],
                                        .profile_name = s->run_text[2], .profile_json = s->run_text[3],
                                        .trained = sqlite3_column_int(stmt, 4) != 0,
                                        .window_s = sqlite3_column_double(stmt, 5), .hop_s = sqlite3_column_double(stmt, 6),
                                        .real_below = sqlite3_column_double(stmt, 7),
                                        .fake_from = sqlite3_column_double(stmt, 8)};
    sqlite3_finalize(stmt);
    return rc;
}

static enum vx_status advance(struct vx_scores *s, struct follower *f, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_step(s->sql, f->stmt, "read scores", err);

    f->more = rc == VX_OK;
    return rc == VX_DONE ? VX_OK : rc;
}

/* Moves to the first row of the item, past those of items that are not there. */
static enum vx_status seek(struct vx_scores *s, struct follower *f, int64_t item, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    while (rc == VX_OK && f->more && sqlite3_column_int64(f->stmt, 0) < item)
        rc = advance(s, f, err);
    return rc;
}

static bool is_at(const struct follower *f, int64_t item)
{
    return f->more && sqlite3_column_int64(f->stmt, 0) == item;
}

enum vx_status vx_scores_open(struct vx_scores **out, const char *path, struct vx_err *err)
{
    struct vx_scores *s = vx_calloc(1, sizeof *s);
    int64_t version;
    enum vx_status rc;

    *out = NULL;
    if (!s)
        return vx_fail_nomem(err, "a reader of scores");
    if ((rc = vx_result_open(&s->sql, path, err)) != VX_OK || (rc = read_run(s, err)) != VX_OK ||
        (rc = vx_sql_integer(s->sql, "PRAGMA user_version", &version, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->items, version < 4 ? SELECT_ITEMS_3 : SELECT_ITEMS, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->same, version < 4 ? SELECT_SAME_3 : SELECT_SAME, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->windows.stmt, version < 4 ? SELECT_WINDOWS_3 : SELECT_WINDOWS, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->metadata.stmt, SELECT_METADATA, err)) != VX_OK ||
        (rc = advance(s, &s->windows, err)) != VX_OK || (rc = advance(s, &s->metadata, err)) != VX_OK)
        goto done;
    *out = s;
    s = NULL;
done:
    vx_scores_close(&s);
    return rc;
}

void vx_scores_close(struct vx_scores **scores)
{
    struct vx_scores *s = *scores;

    if (!s)
        return;
    sqlite3_finalize(s->items);
    sqlite3_finalize(s->same);
    sqlite3_finalize(s->windows.stmt);
    sqlite3_finalize(s->metadata.stmt);
    vx_sql_close(&s->sql);
    for (int i = 0; i < 4; i++)
        free(s->run_text[i]);
    vx_buf_free(&s->path);
    vx_buf_free(&s->member);
    vx_buf_free(&s->meta);
    free(s->scores);
    free(s->judged);
    free(s->cells);
    free(s);
    *scores = NULL;
}

const struct vx_scores_run *vx_scores_run(const struct vx_scores *scores)
{
    return &scores->run;
}

/* A text or blob column as a C string in buf; false: no memory, NULL there, or a NUL inside. */
static bool copy_text(struct vx_buf *buf, sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    const int n = sqlite3_column_bytes(stmt, column);

    if (!bytes || memchr(bytes, 0, (size_t)n))
        return false;
    vx_buf_add(buf, bytes, (size_t)n);
    return !buf->failed;
}

static enum vx_status read_names(struct vx_scores *s, struct vx_scored_item *item, struct vx_err *err)
{
    const bool is_member = sqlite3_column_type(s->items, 2) != SQLITE_NULL;

    vx_buf_reset(&s->path);
    vx_buf_reset(&s->member);
    if (!copy_text(&s->path, s->items, 1) || (is_member && !copy_text(&s->member, s->items, 2))) {
        if (s->path.failed || s->member.failed)
            return vx_fail_nomem(err, "an item's name");
        return vx_fail(err, VX_EFORMAT, "%s: item %lld has no name that a file could have", s->sql->path, (long long)item->item);
    }
    item->path = s->path.data;
    item->member = is_member ? s->member.data : NULL;
    return VX_OK;
}

static enum vx_outcome outcome_of(const char *word)
{
    static const char *const words[] = {"real", "uncertain", "fake", "not_scored"};

    for (int i = 0; i < VX_OUTCOME_FAILED; i++)
        if (strcmp(word, words[i]) == 0)
            return (enum vx_outcome)i;
    return VX_OUTCOME_FAILED;
}

static enum vx_status append(double **to, size_t *n, size_t *cap, double score, struct vx_err *err)
{
    void *grown = *to;

    if (vx_grow(&grown, cap, *n + 1, sizeof **to) != 0)
        return vx_fail_nomem(err, "scores");
    *to = grown;
    (*to)[(*n)++] = score;
    return VX_OK;
}

/* The window at which stmt stands: one score more. */
static enum vx_status add_score(struct vx_scores *s, sqlite3_stmt *stmt, struct vx_scored_item *item, struct vx_err *err)
{
    const double score = sqlite3_column_double(stmt, 1) - sqlite3_column_double(stmt, 2);
    const int worst = sqlite3_column_int(s->items, 6); /* 0: the mix */
    enum vx_status rc;

    if (!isfinite(score))
        return vx_fail(err, VX_EFORMAT, "%s: item %lld has a score of %g: expected a finite number", s->sql->path,
                       (long long)item->item, score);
    if ((rc = append(&s->scores, &item->n_scores, &s->cap_scores, score, err)) == VX_OK &&
        (worst == 0 || sqlite3_column_int(stmt, 3) == worst))
        rc = append(&s->judged, &item->n_judged, &s->cap_judged, score, err);
    item->scores = s->scores;
    item->judged = s->judged;
    return rc;
}

/* The windows of an item that has none of its own because its content was scored as another one's. */
static enum vx_status read_same(struct vx_scores *s, struct vx_scored_item *item, int64_t same_as, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(s->same);
    enum vx_status rc, more;

    vx_bind_integer(&b, same_as); /* cannot fail: the statement is reset and has the parameter */
    for (rc = VX_OK; rc == VX_OK && (more = vx_sql_step(s->sql, s->same, "read scores", err)) != VX_DONE;)
        rc = more == VX_OK ? add_score(s, s->same, item, err) : more;
    sqlite3_reset(s->same);
    return rc;
}

static enum vx_status read_windows(struct vx_scores *s, struct vx_scored_item *item, struct vx_err *err)
{
    enum vx_status rc = seek(s, &s->windows, item->item, err);

    while (rc == VX_OK && is_at(&s->windows, item->item))
        if ((rc = add_score(s, s->windows.stmt, item, err)) == VX_OK)
            rc = advance(s, &s->windows, err);
    return rc;
}

static enum vx_status read_metadata(struct vx_scores *s, struct vx_scored_item *item, struct vx_err *err)
{
    enum vx_status rc = seek(s, &s->metadata, item->item, err);
    void *cells = s->cells;
    const char *at;

    vx_buf_reset(&s->meta);
    while (rc == VX_OK && is_at(&s->metadata, item->item)) {
        for (int column = 1; column <= 2; column++) {
            const char *text = (const char *)sqlite3_column_text(s->metadata.stmt, column);
            if (!text) /* neither column is NULL */
                return vx_fail_nomem(err, "metadata");
            vx_buf_add(&s->meta, text, strlen(text) + 1);
        }
        item->n_meta++;
        rc = advance(s, &s->metadata, err);
    }
    if (rc == VX_OK && (s->meta.failed || vx_grow(&cells, &s->cap_cells, 2 * item->n_meta, sizeof *s->cells) != 0))
        return vx_fail_nomem(err, "metadata");
    s->cells = cells;
    at = s->meta.data; /* it moves while it grows, so pointers into it come last */
    for (size_t i = 0; rc == VX_OK && i < 2 * item->n_meta; i++, at += strlen(at) + 1)
        s->cells[i] = at;
    item->meta = s->cells;
    return rc;
}

enum vx_status vx_scores_next(struct vx_scores *s, struct vx_scored_item *item, struct vx_err *err)
{
    enum vx_status rc = vx_sql_step(s->sql, s->items, "read items", err);

    if (rc != VX_OK)
        return rc;
    const char *word = (const char *)sqlite3_column_text(s->items, 3);
    if (!word) /* a status is never NULL */
        return vx_fail_nomem(err, "an item's verdict");
    *item = (struct vx_scored_item){.item = sqlite3_column_int64(s->items, 0), .outcome = outcome_of(word),
                                    .duration_s = sqlite3_column_double(s->items, 4)};
    const int64_t same_as = sqlite3_column_int64(s->items, 5);
    if ((rc = read_names(s, item, err)) != VX_OK ||
        (rc = same_as ? read_same(s, item, same_as, err) : read_windows(s, item, err)) != VX_OK)
        return rc;
    if (item->n_scores > 0 && item->n_judged == 0) /* who divides by their number relies on it */
        return vx_fail(err, VX_EFORMAT, "%s: item %lld: its worst channel, %d, has no scored window", s->sql->path,
                       (long long)item->item, sqlite3_column_int(s->items, 6));
    return read_metadata(s, item, err);
}
