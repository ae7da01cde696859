#include "db/merge_plan.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char CREATE_FOUND[] =
    "CREATE TEMP TABLE found (path BLOB, member BLOB, source INTEGER, item INTEGER, rank INTEGER, run INTEGER)";
static const char INSERT_FOUND[] = "INSERT INTO found VALUES (?, ?, ?, ?, ?, ?)";
static const char SORT_FOUND[] = "SELECT source, item, rank, run, path, member FROM found"
                                 " ORDER BY path, member, rank DESC, run DESC, source DESC, item";

struct vx_plan {
    struct vx_sql *out;
    struct vx_source *sources;
    struct vx_candidate *group; /* [cap] */
    size_t cap;
    int64_t last; /* id given last */

    /* by id: the next candidate of each source, as a heap with the smallest id on top */
    struct vx_candidate *heap; /* [n_heap ≤ sources] */
    size_t n_heap;

    /* by name: the sorted rows, the current one read but not yet in a group */
    sqlite3_stmt *sorted;
    bool pending;

    /* name of the group: the bytes of its first candidate */
    struct vx_buf path, member;
    bool has_member;
};

/* Candidates of one id in the order in which they are preferred. */
static bool before(const struct vx_candidate *a, const struct vx_candidate *b)
{
    if (a->item != b->item)
        return a->item < b->item;
    if (a->rank != b->rank)
        return a->rank > b->rank;
    return a->source > b->source;
}

static void sift_down(struct vx_plan *p, size_t i)
{
    const struct vx_candidate moving = p->heap[i];

    for (size_t child; (child = 2 * i + 1) < p->n_heap; i = child) {
        if (child + 1 < p->n_heap && before(&p->heap[child + 1], &p->heap[child]))
            child++;
        if (!before(&p->heap[child], &moving))
            break;
        p->heap[i] = p->heap[child];
    }
    p->heap[i] = moving;
}

/* The row at which source's walk stands. */
static enum vx_status read_candidate(struct vx_source *sources, size_t source, struct vx_candidate *c, struct vx_err *err)
{
    sqlite3_stmt *const row = sources[source].walk;

    *c = (struct vx_candidate){.source = source,
                               .item = sqlite3_column_int64(row, 0),
                               .rank = (enum vx_rank)sqlite3_column_int(row, 1),
                               .run = vx_source_run(&sources[source], sqlite3_column_int64(row, 2))};
    if (c->run == 0)
        return vx_fail(err, VX_EFORMAT, "%s: damaged: item %lld is of a run that is not there",
                       sources[source].sql->path, (long long)c->item);
    return VX_OK;
}

/* VX_OK: *c is source's next row; VX_DONE: it has no more. */
static enum vx_status advance(struct vx_plan *p, size_t source, struct vx_candidate *c, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_step(p->sources[source].sql, p->sources[source].walk, "read items", err);

    return rc == VX_OK ? read_candidate(p->sources, source, c, err) : rc;
}

static enum vx_status start_by_id(struct vx_plan *p, size_t n, struct vx_err *err)
{
    if (!(p->heap = vx_calloc(n, sizeof *p->heap)))
        return vx_fail_nomem(err, "the shards");
    for (size_t i = 0; i < n; i++) {
        enum vx_status rc;
        if (p->sources[i].empty)
            continue;
        if ((rc = advance(p, i, &p->heap[p->n_heap], err)) == VX_OK)
            p->n_heap++;
        else if (rc != VX_DONE)
            return rc;
    }
    for (size_t i = p->n_heap / 2; i-- > 0;)
        sift_down(p, i);
    return VX_OK;
}

static enum vx_status collect(struct vx_plan *p, sqlite3_stmt *insert, size_t source, struct vx_err *err)
{
    sqlite3_stmt *const row = p->sources[source].walk;
    struct vx_candidate c;
    enum vx_status rc;

    while ((rc = advance(p, source, &c, err)) == VX_OK) {
        struct vx_bind b = vx_bind_start(insert);
        vx_bind_value(&b, sqlite3_column_value(row, 3));
        vx_bind_value(&b, sqlite3_column_value(row, 4));
        vx_bind_integer(&b, (int64_t)c.source);
        vx_bind_integer(&b, c.item);
        vx_bind_integer(&b, c.rank);
        vx_bind_integer(&b, c.run);
        if ((rc = vx_bind_run(p->out, &b, "sort items", err)) != VX_OK)
            return rc;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status start_by_name(struct vx_plan *p, size_t n, struct vx_err *err)
{
    sqlite3_stmt *insert = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_exec(p->out, CREATE_FOUND, "sort items", err)) != VX_OK ||
        (rc = vx_sql_prepare(p->out, &insert, INSERT_FOUND, err)) != VX_OK)
        return rc;
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        if (!p->sources[i].empty)
            rc = collect(p, insert, i, err);
    sqlite3_finalize(insert);
    if (rc != VX_OK || (rc = vx_sql_prepare(p->out, &p->sorted, SORT_FOUND, err)) != VX_OK)
        return rc;
    rc = vx_sql_step(p->out, p->sorted, "sort items", err);
    p->pending = rc == VX_OK;
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_plan_open(struct vx_plan **plan, struct vx_sql *out, struct vx_source *sources, size_t n, bool by_id,
                            struct vx_err *err)
{
    struct vx_plan *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *plan = NULL;
    if (!p)
        return vx_fail_nomem(err, "the merge");
    p->out = out;
    p->sources = sources;
    rc = by_id ? start_by_id(p, n, err) : start_by_name(p, n, err);
    if (rc == VX_OK) {
        *plan = p;
        p = NULL;
    }
    vx_plan_close(&p);
    return rc;
}

void vx_plan_close(struct vx_plan **plan)
{
    struct vx_plan *const p = *plan;

    if (!p)
        return;
    sqlite3_finalize(p->sorted);
    vx_buf_free(&p->path);
    vx_buf_free(&p->member);
    free(p->heap);
    free(p->group);
    free(p);
    *plan = NULL;
}

static enum vx_status add(struct vx_plan *p, const struct vx_candidate *c, size_t *n, struct vx_err *err)
{
    void *group = p->group;

    if (vx_grow(&group, &p->cap, *n + 1, sizeof *p->group) != 0)
        return vx_fail_nomem(err, "the merge");
    p->group = group;
    p->group[(*n)++] = *c;
    return VX_OK;
}

static bool same_bytes(const struct vx_buf *b, sqlite3_stmt *row, int column)
{
    const void *const data = sqlite3_column_blob(row, column);
    const size_t n = (size_t)sqlite3_column_bytes(row, column);

    return n == b->len && (n == 0 || memcmp(data, b->data, n) == 0);
}

/* Columns first and first + 1 of row are path and member. */
static bool same_name(const struct vx_plan *p, sqlite3_stmt *row, int first)
{
    const bool has_member = sqlite3_column_type(row, first + 1) != SQLITE_NULL;

    return has_member == p->has_member && same_bytes(&p->path, row, first) && same_bytes(&p->member, row, first + 1);
}

static void keep(struct vx_buf *b, sqlite3_stmt *row, int column)
{
    const void *const data = sqlite3_column_blob(row, column);

    vx_buf_reset(b);
    vx_buf_add(b, data, (size_t)sqlite3_column_bytes(row, column));
}

static enum vx_status keep_name(struct vx_plan *p, sqlite3_stmt *row, int first, struct vx_err *err)
{
    keep(&p->path, row, first);
    keep(&p->member, row, first + 1);
    p->has_member = sqlite3_column_type(row, first + 1) != SQLITE_NULL;
    return p->path.failed || p->member.failed ? vx_fail_nomem(err, "a name") : VX_OK;
}

/* path and member, which are bytes, as text on one line; NULL: no memory. */
static char *shown_name(const void *path, int path_n, const void *member, int member_n)
{
    struct vx_buf name = {0};
    char *shown;

    vx_buf_add(&name, path, (size_t)path_n);
    vx_buf_str(&name, member_n ? "/" : "");
    vx_buf_add(&name, member, (size_t)member_n);
    shown = name.failed ? NULL : vx_text_printable(name.data);
    vx_buf_free(&name);
    return shown;
}

/* Sources of one run must mean the same file by an id. */
static enum vx_status mixed_up(const struct vx_plan *p, const struct vx_candidate *c, struct vx_err *err)
{
    const struct vx_source *const first = &p->sources[p->group[0].source], *const other = &p->sources[c->source];
    sqlite3_stmt *const row = other->walk;
    char *const here = shown_name(p->path.data, (int)p->path.len, p->member.data, (int)p->member.len);
    char *const there = shown_name(sqlite3_column_blob(row, 3), sqlite3_column_bytes(row, 3),
                                   sqlite3_column_blob(row, 4), sqlite3_column_bytes(row, 4));
    enum vx_status rc;

    if (here && there)
        rc = vx_fail(err, VX_EFORMAT,
                     "item %lld is %s in %s and %s in %s: they do not belong together, though their run is the same",
                     (long long)c->item, here, first->sql->path, there, other->sql->path);
    else
        rc = vx_fail_nomem(err, "a message");
    free(here);
    free(there);
    return rc;
}

/* The heap yields candidates of one id best first, so a group is its top until the id changes. */
static enum vx_status next_by_id(struct vx_plan *p, size_t *n, struct vx_err *err)
{
    enum vx_status rc;

    if (p->n_heap == 0)
        return VX_DONE;
    p->last = p->heap[0].item;
    if ((rc = keep_name(p, p->sources[p->heap[0].source].walk, 3, err)) != VX_OK)
        return rc;
    while (p->n_heap > 0 && p->heap[0].item == p->last) {
        const size_t source = p->heap[0].source;
        if (*n > 0 && !same_name(p, p->sources[source].walk, 3))
            return mixed_up(p, &p->heap[0], err);
        if ((rc = add(p, &p->heap[0], n, err)) != VX_OK)
            return rc;
        rc = advance(p, source, &p->heap[0], err);
        if (rc == VX_DONE)
            p->heap[0] = p->heap[--p->n_heap];
        else if (rc != VX_OK)
            return rc;
        if (p->n_heap > 0)
            sift_down(p, 0);
    }
    return VX_OK;
}

static enum vx_status next_by_name(struct vx_plan *p, size_t *n, struct vx_err *err)
{
    enum vx_status rc;

    if (!p->pending)
        return VX_DONE;
    if ((rc = keep_name(p, p->sorted, 4, err)) != VX_OK)
        return rc;
    while (p->pending && same_name(p, p->sorted, 4)) {
        const struct vx_candidate c = {.source = (size_t)sqlite3_column_int64(p->sorted, 0),
                                       .item = sqlite3_column_int64(p->sorted, 1),
                                       .rank = (enum vx_rank)sqlite3_column_int(p->sorted, 2),
                                       .run = sqlite3_column_int64(p->sorted, 3)};
        if ((rc = add(p, &c, n, err)) != VX_OK)
            return rc;
        rc = vx_sql_step(p->out, p->sorted, "sort items", err);
        p->pending = rc == VX_OK;
        if (rc != VX_OK && rc != VX_DONE)
            return rc;
    }
    p->last++;
    return VX_OK;
}

enum vx_status vx_plan_next(struct vx_plan *plan, const struct vx_candidate **group, size_t *n, int64_t *id,
                            struct vx_err *err)
{
    enum vx_status rc;

    *n = 0;
    rc = plan->sorted ? next_by_name(plan, n, err) : next_by_id(plan, n, err);
    *group = plan->group;
    *id = plan->last;
    return rc;
}
