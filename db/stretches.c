#include "db/stretches.h"
#include "base/buf.h"
#include "base/mem.h"
#include "db/result.h"
#include "db/sqlite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Files of before schema version 3 have no calibration, those of before 4 neither channels nor hashes. A recording none of whose
 * windows reaches the threshold (less what rounding may do) is passed over without reading them; one that failed on the way
 * may have no max_fake. Where channels were scored on their own, items' is that of the channel with the largest mean, and another
 * one may have a larger one. */
#define SELECT_ITEMS_OF(scale, offset, hash, copies)                                                                   \
    "SELECT i.item, coalesce(i.path_raw, i.path), coalesce(i.member_raw, i.member), i.path, i.member, i.status, "      \
    "coalesce(i.verdict, ''), coalesce(i.format, ''), i.sample_rate, i.channels, i.duration_s, i.mean_fake, r.window_s, " \
    "CASE WHEN ?1 < 0 THEN r.fake_from ELSE ?1 END AS threshold, " scale ", " offset ", " hash ", " copies ", "         \
    "CASE WHEN r.model_trained = 0 THEN 'untrained: scores mean nothing' "                                             \
    "ELSE coalesce(r.model_name, r.model_path, '') END, i.size "                                                             \
    "FROM items i JOIN runs r ON r.run = i.run "
#define WHERE_ITEMS_OF(max_fake)                                                                                       \
    " WHERE i.kind = 'audio' AND i.n_scored > 0 AND coalesce(" max_fake ", 1) >= threshold - 1e-9 ORDER BY i.item"
#define WHERE_ITEMS WHERE_ITEMS_OF("i.max_fake")
#define WHERE_CHANNELS WHERE_ITEMS_OF("(SELECT max(max_fake) FROM channels ch WHERE ch.item = i.item), i.max_fake")
#define COPIES                                                                                                         \
    "LEFT JOIN (SELECT same_as, count(*) AS n FROM items WHERE same_as IS NOT NULL GROUP BY same_as) c ON c.same_as = i.item"
static const char *const SELECT_ITEMS[] = {
    SELECT_ITEMS_OF("1", "0", "''", "0") WHERE_ITEMS,
    SELECT_ITEMS_OF("r.calibration_scale", "r.calibration_offset", "''", "0") WHERE_ITEMS,
    SELECT_ITEMS_OF("r.calibration_scale", "r.calibration_offset", "coalesce(i.hash, '')", "coalesce(c.n, 0)") COPIES WHERE_CHANNELS,
};
enum column { /* of the above */
    ITEM, PATH, MEMBER, PATH_TEXT, MEMBER_TEXT, STATUS, VERDICT, FORMAT, SAMPLE_RATE, CHANNELS, DURATION_S, MEAN_FAKE, WINDOW_S,
    THRESHOLD, SCALE, OFFSET, HASH, COPY_COUNT, MODEL_NAME, SIZE,
};
#define SELECT_WINDOWS_OF(channel) "SELECT start_ms, logit_real, logit_fake, " channel " FROM windows WHERE item = ? ORDER BY idx"

struct window { /* of any channel */
    int channel;
    int64_t start_ms;
    double fake; /* NaN: not scored */
};

struct key { /* of a stretch among all: what ranks it, and which one it is */
    struct vx_stretch stretch;
    int64_t item;
    int channel;
};

struct vx_stretches {
    struct vx_sql *sql;
    sqlite3_stmt *items, *windows;
    struct vx_stretches_config config;
    struct window *read; /* of the present item [cap_read] */
    size_t cap_read;
    struct vx_stretch_window *channel; /* one channel's of them [cap_channel] */
    size_t cap_channel;
    struct vx_stretch_list list;
    struct vx_stretch_place *places; /* [cap_places] */
    size_t cap_places;
    struct vx_buf path, member; /* of the present item */
    struct key *worst; /* [n_worst] of config.top: ascending once found, a heap with the least suspicious on top while searching */
    size_t n_worst, cap_worst;
};

/* A total order: the more suspicious first, then the earlier. */
static int by_suspicion(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    const int order = vx_stretch_compare(&x->stretch, &y->stretch);

    if (order != 0)
        return order;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    return (x->stretch.start_s > y->stretch.start_s) - (x->stretch.start_s < y->stretch.start_s);
}

static int by_channel(const void *a, const void *b)
{
    const struct window *x = a, *y = b;

    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    return (x->start_ms > y->start_ms) - (x->start_ms < y->start_ms);
}

static enum vx_status prepare(struct vx_stretches *s, struct vx_err *err)
{
    int64_t version;
    enum vx_status rc = vx_sql_integer(s->sql, "PRAGMA user_version", &version, err);

    if (rc != VX_OK)
        return rc;
    if ((rc = vx_sql_prepare(s->sql, &s->items, SELECT_ITEMS[version < 3 ? 0 : version < 4 ? 1 : 2], err)) != VX_OK)
        return rc;
    return vx_sql_prepare(s->sql, &s->windows, version < 4 ? SELECT_WINDOWS_OF("NULL") : SELECT_WINDOWS_OF("channel"), err);
}

static enum vx_status begin(struct vx_stretches *s, struct vx_err *err)
{
    sqlite3_reset(s->items);
    if (sqlite3_bind_double(s->items, 1, s->config.threshold) != SQLITE_OK)
        return vx_sql_fail(s->sql, err, "read items");
    return VX_OK;
}

/* The windows of the item at which s->items stands, all channels of them. */
static enum vx_status read_windows(struct vx_stretches *s, int64_t item, size_t *n, struct vx_err *err)
{
    const double scale = sqlite3_column_double(s->items, SCALE), offset = sqlite3_column_double(s->items, OFFSET);
    enum vx_status rc;

    *n = 0;
    if (sqlite3_bind_int64(s->windows, 1, item) != SQLITE_OK)
        return vx_sql_fail(s->sql, err, "read windows");
    while ((rc = vx_sql_step(s->sql, s->windows, "read windows", err)) == VX_OK) {
        void *read = s->read;
        if (vx_grow(&read, &s->cap_read, *n + 1, sizeof *s->read) != 0) {
            rc = vx_fail_nomem(err, "a recording's windows");
            break;
        }
        s->read = read;
        struct window *w = &s->read[(*n)++];
        const bool scored = sqlite3_column_type(s->windows, 1) != SQLITE_NULL && sqlite3_column_type(s->windows, 2) != SQLITE_NULL;
        const double score = sqlite3_column_double(s->windows, 1) - sqlite3_column_double(s->windows, 2);
        *w = (struct window){.channel = sqlite3_column_int(s->windows, 3), .start_ms = sqlite3_column_int64(s->windows, 0),
                             .fake = scored ? 1 / (1 + exp(scale * score + offset)) : NAN};
    }
    sqlite3_reset(s->windows);
    if (rc != VX_DONE)
        return rc;
    qsort(s->read, *n, sizeof *s->read, by_channel);
    return VX_OK;
}

/* Stretches of s->read[n], all of one channel, into places from *n_places on. */
static enum vx_status find_in_channel(struct vx_stretches *s, const struct window *read, size_t n, size_t *n_places,
                                      struct vx_err *err)
{
    const struct vx_stretch_rule rule = {.threshold = sqlite3_column_double(s->items, THRESHOLD),
                                         .window_s = sqlite3_column_double(s->items, WINDOW_S),
                                         .gap_s = s->config.gap_s, .min_s = s->config.min_s, .pad_s = s->config.pad_s};
    void *channel = s->channel, *places = s->places;
    enum vx_status rc;

    if (vx_grow(&channel, &s->cap_channel, n, sizeof *s->channel) != 0)
        return vx_fail_nomem(err, "a recording's windows");
    s->channel = channel;
    for (size_t i = 0; i < n; i++)
        s->channel[i] = (struct vx_stretch_window){.start_s = (double)read[i].start_ms / 1000, .fake = read[i].fake};
    if ((rc = vx_stretch_find(&s->list, &rule, s->channel, n, sqlite3_column_double(s->items, DURATION_S), err)) != VX_OK)
        return rc;
    if (vx_grow(&places, &s->cap_places, *n_places + s->list.n, sizeof *s->places) != 0)
        return vx_fail_nomem(err, "suspicious stretches");
    s->places = places;
    for (size_t i = 0; i < s->list.n; i++)
        s->places[(*n_places)++] = (struct vx_stretch_place){.channel = read[0].channel, .stretch = s->list.at[i]};
    return VX_OK;
}

/* All stretches of the item at which s->items stands. */
static enum vx_status find_in_item(struct vx_stretches *s, size_t *n_places, struct vx_err *err)
{
    size_t n, end;
    enum vx_status rc = read_windows(s, sqlite3_column_int64(s->items, ITEM), &n, err);

    *n_places = 0;
    for (size_t i = 0; rc == VX_OK && i < n; i = end) {
        for (end = i + 1; end < n && s->read[end].channel == s->read[i].channel;)
            end++;
        rc = find_in_channel(s, &s->read[i], end - i, n_places, err);
    }
    return rc;
}

/* The heap's element i sinks to where nothing below is less suspicious. */
static void sink(struct key *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && by_suspicion(&heap[child + 1], &heap[child]) > 0)
            child++;
        if (by_suspicion(&heap[i], &heap[child]) >= 0)
            return;
        const struct key k = heap[i];
        heap[i] = heap[child];
        heap[child] = k;
    }
}

static enum vx_status add_key(struct vx_stretches *s, const struct key *key, struct vx_err *err)
{
    void *worst = s->worst;

    if (s->n_worst == s->config.top) {
        if (by_suspicion(key, &s->worst[0]) < 0) {
            s->worst[0] = *key;
            sink(s->worst, s->n_worst, 0);
        }
        return VX_OK;
    }
    if (vx_grow(&worst, &s->cap_worst, s->n_worst + 1, sizeof *s->worst) != 0)
        return vx_fail_nomem(err, "the most suspicious stretches");
    s->worst = worst;
    s->worst[s->n_worst++] = *key;
    if (s->n_worst == s->config.top)
        for (size_t i = s->n_worst / 2; i-- > 0;)
            sink(s->worst, s->n_worst, i);
    return VX_OK;
}

/* Which the N worst are: one pass over the result. */
static enum vx_status find_worst(struct vx_stretches *s, struct vx_err *err)
{
    enum vx_status rc, more;
    size_t n;

    for (rc = VX_OK; rc == VX_OK && (more = vx_sql_step(s->sql, s->items, "read items", err)) != VX_DONE;) {
        rc = more == VX_OK ? find_in_item(s, &n, err) : more;
        for (size_t i = 0; rc == VX_OK && i < n; i++)
            rc = add_key(s, &(struct key){.stretch = s->places[i].stretch, .item = sqlite3_column_int64(s->items, ITEM),
                                          .channel = s->places[i].channel}, err);
    }
    if (rc == VX_OK && s->n_worst > 0) /* an array that is NULL may not be sorted, not even of nothing */
        qsort(s->worst, s->n_worst, sizeof *s->worst, by_suspicion);
    return rc == VX_OK ? begin(s, err) : rc;
}

/* Drops the places that are not among the N worst, and ranks the others. */
static void keep_worst(struct vx_stretches *s, size_t *n_places)
{
    size_t kept = 0;

    for (size_t i = 0; i < *n_places; i++) {
        struct vx_stretch_place *p = &s->places[i];
        const struct key key = {.stretch = p->stretch, .item = sqlite3_column_int64(s->items, ITEM), .channel = p->channel};
        const struct key *found = s->n_worst > 0 ? bsearch(&key, s->worst, s->n_worst, sizeof *s->worst, by_suspicion) : NULL;
        if (!found)
            continue;
        p->rank = (size_t)(found - s->worst) + 1;
        s->places[kept++] = *p;
    }
    *n_places = kept;
}

enum vx_status vx_stretches_open(struct vx_stretches **out, const char *path, const struct vx_stretches_config *config,
                                 struct vx_err *err)
{
    struct vx_stretches *s = vx_calloc(1, sizeof *s);
    enum vx_status rc;

    *out = NULL;
    if (!s)
        return vx_fail_nomem(err, "a reader of stretches");
    s->config = *config;
    if ((rc = vx_result_open(&s->sql, path, err)) != VX_OK || (rc = prepare(s, err)) != VX_OK || (rc = begin(s, err)) != VX_OK ||
        (s->config.top > 0 && (rc = find_worst(s, err)) != VX_OK))
        goto done;
    *out = s;
    s = NULL;
done:
    vx_stretches_close(&s);
    return rc;
}

void vx_stretches_close(struct vx_stretches **stretches)
{
    struct vx_stretches *s = *stretches;

    if (!s)
        return;
    sqlite3_finalize(s->items);
    sqlite3_finalize(s->windows);
    vx_sql_close(&s->sql);
    free(s->read);
    free(s->channel);
    vx_stretch_list_free(&s->list);
    free(s->places);
    vx_buf_free(&s->path);
    vx_buf_free(&s->member);
    free(s->worst);
    free(s);
    *stretches = NULL;
}

/* A text or blob column as a C string in buf; false: no memory, NULL there, or a NUL inside. */
static bool copy_name(struct vx_buf *buf, sqlite3_stmt *stmt, enum column column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    const int n = sqlite3_column_bytes(stmt, column);

    vx_buf_reset(buf);
    if (!bytes || memchr(bytes, 0, (size_t)n))
        return false;
    vx_buf_add(buf, bytes, (size_t)n);
    return !buf->failed;
}

static const char *text(sqlite3_stmt *stmt, enum column column)
{
    const char *s = (const char *)sqlite3_column_text(stmt, column);

    return s ? s : "";
}

static double real(sqlite3_stmt *stmt, enum column column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, column);
}

static enum vx_status fill(struct vx_stretches *s, struct vx_stretches_item *item, struct vx_err *err)
{
    sqlite3_stmt *const row = s->items;
    const bool member = sqlite3_column_type(row, MEMBER) != SQLITE_NULL;

    item->item = sqlite3_column_int64(row, ITEM);
    if (!copy_name(&s->path, row, PATH) || (member && !copy_name(&s->member, row, MEMBER))) {
        if (s->path.failed || s->member.failed)
            return vx_fail_nomem(err, "an item's name");
        return vx_fail(err, VX_EFORMAT, "%s: item %lld has no name that a file could have", s->sql->path, (long long)item->item);
    }
    item->path = s->path.data;
    item->member = member ? s->member.data : NULL;
    item->path_text = text(row, PATH_TEXT);
    item->member_text = member ? text(row, MEMBER_TEXT) : NULL;
    item->status = text(row, STATUS);
    item->verdict = text(row, VERDICT);
    item->format = text(row, FORMAT);
    item->hash = text(row, HASH);
    item->model = text(row, MODEL_NAME);
    item->size = sqlite3_column_type(row, SIZE) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, SIZE);
    item->sample_rate = sqlite3_column_int(row, SAMPLE_RATE);
    item->channels = sqlite3_column_int(row, CHANNELS);
    item->duration_s = real(row, DURATION_S);
    item->mean_fake = real(row, MEAN_FAKE);
    item->threshold = real(row, THRESHOLD);
    item->copies = sqlite3_column_int64(row, COPY_COUNT);
    item->at = s->places;
    return VX_OK;
}

enum vx_status vx_stretches_next(struct vx_stretches *s, struct vx_stretches_item *item, struct vx_err *err)
{
    enum vx_status rc;

    *item = (struct vx_stretches_item){0};
    while ((rc = vx_sql_step(s->sql, s->items, "read items", err)) == VX_OK) {
        if ((rc = find_in_item(s, &item->n, err)) != VX_OK)
            return rc;
        if (s->config.top > 0)
            keep_worst(s, &item->n);
        if (item->n > 0)
            return fill(s, item, err);
    }
    return rc;
}
