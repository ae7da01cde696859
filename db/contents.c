#include "db/contents.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "db/result.h"

#include <stdlib.h>
#include <string.h>

/* Files of before schema version 4 have no hashes. */
#define SELECT_ITEMS_OF(hash, custody)                                                                                 \
    "SELECT item, kind, coalesce(path_raw, path), coalesce(member_raw, member), size, " hash ", " custody                \
    " AND status IN ('scored', 'not_scored') FROM items ORDER BY item"
#define SELECT_MODELS_OF(revision) "SELECT DISTINCT model_path, model_sha256, " revision " FROM runs ORDER BY 1, 2, 3"
#define COUNT_OF(hashed, custody)                                                                                      \
    "SELECT (SELECT count(*) FROM items), (SELECT count(" hashed ") FROM items), (SELECT count(*) FROM runs),"         \
    " (SELECT total(" custody ") FROM runs)"
static const char INTEGRITY[] = "PRAGMA integrity_check(1)";
static const char SELECT_PROFILES[] = "SELECT run, profile, profile_sha256 FROM runs WHERE profile_sha256 IS NOT NULL ORDER BY run";

struct vx_contents {
    struct vx_sql *sql;
    sqlite3_stmt *items, *models;
    bool hashed; /* the schema has hashes */
    struct vx_buf path, member, hash; /* of the present item */
};

enum vx_status vx_contents_open(struct vx_contents **out, const char *path, struct vx_err *err)
{
    struct vx_contents *c = vx_calloc(1, sizeof *c);
    int64_t version;
    enum vx_status rc;

    *out = NULL;
    if (!c)
        return vx_fail_nomem(err, "a reader of results");
    if ((rc = vx_result_open(&c->sql, path, err)) != VX_OK ||
        (rc = vx_sql_integer(c->sql, "PRAGMA user_version", &version, err)) != VX_OK)
        goto done;
    c->hashed = version >= 4;
    if ((rc = vx_sql_prepare(c->sql, &c->items, c->hashed ? SELECT_ITEMS_OF("hash", "(SELECT custody FROM runs WHERE runs.run = items.run)") : SELECT_ITEMS_OF("NULL", "0"), err)) != VX_OK ||
        (rc = vx_sql_prepare(c->sql, &c->models, c->hashed ? SELECT_MODELS_OF("revision") : SELECT_MODELS_OF("NULL"), err)) != VX_OK)
        goto done;
    *out = c;
    c = NULL;
done:
    vx_contents_close(&c);
    return rc;
}

void vx_contents_close(struct vx_contents **contents)
{
    struct vx_contents *const c = *contents;

    if (!c)
        return;
    sqlite3_finalize(c->items);
    sqlite3_finalize(c->models);
    vx_sql_close(&c->sql);
    vx_buf_free(&c->path);
    vx_buf_free(&c->member);
    vx_buf_free(&c->hash);
    free(c);
    *contents = NULL;
}

static enum vx_status check_structure(struct vx_contents *c, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(c->sql, &stmt, INTEGRITY, err);

    if (rc == VX_OK)
        rc = vx_sql_step(c->sql, stmt, "check", err);
    if (rc == VX_OK) {
        const char *const says = (const char *)sqlite3_column_text(stmt, 0);
        if (!says || sqlite3_stricmp(says, "ok") != 0)
            rc = vx_fail(err, VX_EFORMAT, "%s: damaged: %s; restore it from a copy", c->sql->path, says ? says : "?");
    }
    sqlite3_finalize(stmt);
    return rc;
}

static enum vx_status check_profiles(struct vx_contents *c, struct vx_err *err)
{
    char found[VX_SHA256_HEX];
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(c->sql, &stmt, SELECT_PROFILES, err);

    while (rc == VX_OK && (rc = vx_sql_step(c->sql, stmt, "read the profiles", err)) == VX_OK) {
        const char *const profile = (const char *)sqlite3_column_text(stmt, 1), *const sha256 = (const char *)sqlite3_column_text(stmt, 2);
        if ((rc = vx_sha256_bytes(profile ? profile : "", profile ? strlen(profile) : 0, found, err)) == VX_OK &&
            (!sha256 || strcmp(found, sha256) != 0))
            rc = vx_fail(err, VX_EFORMAT, "%s: run %lld: its profile is not the one whose SHA-256 it has: changed since", c->sql->path,
                         (long long)sqlite3_column_int64(stmt, 0));
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_contents_check(struct vx_contents *c, struct vx_err *err)
{
    const enum vx_status rc = check_structure(c, err);

    return rc == VX_OK ? check_profiles(c, err) : rc;
}

enum vx_status vx_contents_count(struct vx_contents *c, struct vx_contents_count *count, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(c->sql, &stmt, c->hashed ? COUNT_OF("hash", "custody") : COUNT_OF("NULL", "0"), err);

    if (rc == VX_OK && (rc = vx_sql_step(c->sql, stmt, "count the items", err)) == VX_OK)
        *count = (struct vx_contents_count){.items = sqlite3_column_int64(stmt, 0), .hashed = sqlite3_column_int64(stmt, 1),
                                            .runs = sqlite3_column_int64(stmt, 2), .custody = sqlite3_column_int64(stmt, 3)};
    sqlite3_finalize(stmt);
    return rc;
}

/* A text or blob in buf as a C string; *out NULL for NULL. */
static enum vx_status copy(struct vx_contents *c, struct vx_buf *buf, int column, char **out, struct vx_err *err)
{
    const void *const bytes = sqlite3_column_blob(c->items, column);
    const size_t n = (size_t)sqlite3_column_bytes(c->items, column);

    *out = NULL;
    if (sqlite3_column_type(c->items, column) == SQLITE_NULL)
        return VX_OK;
    vx_buf_reset(buf);
    vx_buf_add(buf, bytes ? bytes : "", n);
    if (buf->failed)
        return vx_fail_nomem(err, "an item");
    if (n > 0 && memchr(buf->data, '\0', n))
        return vx_fail(err, VX_EFORMAT, "%s: item %lld has a name or hash with a NUL in it", c->sql->path,
                       (long long)sqlite3_column_int64(c->items, 0));
    *out = buf->data;
    return VX_OK;
}

enum vx_status vx_contents_next(struct vx_contents *c, struct vx_contents_item *item, struct vx_err *err)
{
    char *hash = NULL;
    enum vx_status rc = vx_sql_step(c->sql, c->items, "read items", err);

    if (rc != VX_OK)
        return rc;
    const char *const kind = (const char *)sqlite3_column_text(c->items, 1);
    *item = (struct vx_contents_item){
        .item = {.id = sqlite3_column_int64(c->items, 0), .ordinal = -1, .offset = -1, .size = sqlite3_column_int64(c->items, 4)}};
    if (kind && strcmp(kind, "audio") != 0)
        item->item.kind = strcmp(kind, "image") == 0 ? VX_ITEM_IMAGE : VX_ITEM_BROKEN;
    if ((rc = copy(c, &c->path, 2, &item->item.path, err)) != VX_OK || (rc = copy(c, &c->member, 3, &item->item.member, err)) != VX_OK ||
        (rc = copy(c, &c->hash, 5, &hash, err)) != VX_OK)
        return rc;
    item->hash = hash;
    item->promised = sqlite3_column_int(c->items, 6) != 0;
    return item->item.path ? VX_OK : vx_fail(err, VX_EFORMAT, "%s: item %lld has no path", c->sql->path, (long long)item->item.id);
}

enum vx_status vx_contents_model(struct vx_contents *c, struct vx_contents_model *model, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_step(c->sql, c->models, "read the runs", err);

    if (rc == VX_OK)
        *model = (struct vx_contents_model){.path = (const char *)sqlite3_column_text(c->models, 0),
                                            .sha256 = (const char *)sqlite3_column_text(c->models, 1),
                                            .revision = (const char *)sqlite3_column_text(c->models, 2)};
    return rc;
}
