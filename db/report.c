#include "db/report.h"
#include "base/mem.h"
#include "db/report_line.h"
#include "db/report_sql.h"
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>

struct vx_report_db {
    struct vx_sql *sql;
};

enum vx_status vx_report_open(struct vx_report_db **out, const char *path, struct vx_err *err)
{
    struct vx_report_db *db = vx_calloc(1, sizeof *db);
    int64_t version = 0, runs = 0;
    bool empty = true;
    enum vx_status rc;

    *out = NULL;
    if (!db)
        return vx_fail_nomem(err, path);
    if ((rc = vx_sql_open_reader(&db->sql, path, err)) != VX_OK || (rc = vx_schema_check(db->sql, &empty, err)) != VX_OK)
        goto done;
    if (empty || (rc = vx_sql_integer(db->sql, "PRAGMA user_version", &version, err)) != VX_OK)
        rc = empty ? vx_fail(err, VX_EINVAL, "%s: an empty database; expected the result of voxtrawl scan or merge", path) : rc;
    else if (version < 4)
        rc = vx_fail(err, VX_EINVAL, "%s: made by an older Voxtrawl; voxtrawl merge -o NEW.db %s brings it up to date", path, path);
    else if ((rc = vx_sql_integer(db->sql, "SELECT count(*) FROM runs", &runs, err)) == VX_OK && runs == 0)
        rc = vx_fail(err, VX_EFORMAT, "%s: no scan is in it", path);
    if (rc == VX_OK) {
        *out = db;
        db = NULL;
    }
done:
    vx_report_close(&db);
    return rc;
}

void vx_report_close(struct vx_report_db **db)
{
    if (!*db)
        return;
    vx_sql_close(&(*db)->sql);
    free(*db);
    *db = NULL;
}

void vx_report_put_safe(FILE *to, const char *text)
{
    for (size_t n; *text; text += n) {
        n = strcspn(text, "<");
        fwrite(text, 1, n, to);
        if (text[n] == '<') {
            fputs("\\u003c", to);
            n++;
        }
    }
}

static enum vx_status written(FILE *to, struct vx_err *err)
{
    return ferror(to) ? vx_fail_sys(err, "write the report") : VX_OK;
}

/* The rows of a question with at most one parameter, with commas between them. */
static enum vx_status put_rows(struct vx_report_db *db, const char *sql, int64_t limit, const char *key, FILE *to, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(db->sql, &stmt, sql, err);

    if (rc == VX_OK && sqlite3_bind_parameter_count(stmt) > 0 && key)
        sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    else if (rc == VX_OK && sqlite3_bind_parameter_count(stmt) > 0)
        sqlite3_bind_int64(stmt, 1, limit);
    for (int n = 0; rc == VX_OK && (rc = vx_sql_step(db->sql, stmt, "read", err)) == VX_OK; n = 1) {
        const char *const text = (const char *)sqlite3_column_text(stmt, 0);
        fputs(n ? ",\n" : "", to);
        vx_report_put_safe(to, text ? text : "null");
        if ((rc = written(to, err)) != VX_OK)
            break;
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

/* `"name":[rows]`, or without brackets a single value. */
static enum vx_status put_member(struct vx_report_db *db, const char *name, const char *sql, int64_t limit, bool list, FILE *to,
                                 struct vx_err *err)
{
    enum vx_status rc;

    fprintf(to, "\"%s\":%s", name, list ? "[" : "");
    rc = put_rows(db, sql, limit, NULL, to, err);
    fputs(list ? "],\n" : ",\n", to);
    return rc;
}

/* The members of an object that the query gives, without its braces. */
static enum vx_status put_members(struct vx_report_db *db, const char *sql, FILE *to, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(db->sql, &stmt, sql, err);

    if (rc == VX_OK && (rc = vx_sql_step(db->sql, stmt, "read", err)) == VX_OK) {
        const char *const text = (const char *)sqlite3_column_text(stmt, 0);
        const size_t n = text ? strlen(text) : 0;
        if (n > 2)
            fprintf(to, "%.*s,\n", (int)n - 2, text + 1);
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status put_histogram(struct vx_report_db *db, FILE *to, struct vx_err *err)
{
    static const char kinds[] = "ruf";
    int64_t count[3][BINS] = {{0}};
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(db->sql, &stmt, HISTOGRAM, err);

    while (rc == VX_OK && (rc = vx_sql_step(db->sql, stmt, "read", err)) == VX_OK) {
        const char *const kind = (const char *)sqlite3_column_text(stmt, 0), *const at = kind ? strchr(kinds, *kind) : NULL;
        const int64_t bin = sqlite3_column_int64(stmt, 1);
        if (at && *at && bin >= 0 && bin < BINS)
            count[at - kinds][bin] = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_finalize(stmt);
    fprintf(to, "\"histogram\":{\"bins\":%d", BINS);
    for (int k = 0; k < 3; k++) {
        fprintf(to, ",\"%c\":[", kinds[k]);
        for (int b = 0; b < BINS; b++)
            fprintf(to, b ? ",%lld" : "%lld", (long long)count[k][b]);
        fputs("]", to);
    }
    fputs("},\n", to);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status put_group(struct vx_report_db *db, const char *column, bool first, FILE *to, struct vx_err *err)
{
    const bool folder = strcmp(column, "folder") == 0;
    sqlite3_stmt *stmt = NULL;
    int64_t n = 0;
    enum vx_status rc = vx_sql_prepare(db->sql, &stmt, folder ? COUNT_FOLDERS : COUNT_VALUES, err);

    if (rc == VX_OK) {
        sqlite3_bind_text(stmt, 1, column, -1, SQLITE_STATIC);
        rc = vx_sql_step(db->sql, stmt, "count", err);
        n = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
    }
    if (rc != VX_OK)
        return rc;
    if (n == 0)
        return vx_fail(err, VX_EINVAL, "--group-by %s: no recording has such a column; folder, or one of SELECT DISTINCT key FROM metadata",
                       column);
    sqlite3_stmt *text = NULL; /* the column's name as JSON is SQLite's to write */
    if ((rc = vx_sql_prepare(db->sql, &text, "SELECT json_quote(?1)", err)) != VX_OK)
        return rc;
    sqlite3_bind_text(text, 1, column, -1, SQLITE_STATIC);
    if ((rc = vx_sql_step(db->sql, text, "read", err)) == VX_OK) {
        fprintf(to, "%s{\"title\":", first ? "" : ",\n");
        vx_report_put_safe(to, (const char *)sqlite3_column_text(text, 0));
        fprintf(to, ",\"of\":%lld,\"rows\":[", (long long)n);
        rc = put_rows(db, folder ? FOLDERS : VALUES, 0, column, to, err);
        fputs("]}", to);
    }
    sqlite3_finalize(text);
    return rc;
}

static enum vx_status put_usual_groups(struct vx_report_db *db, FILE *to, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t items;
    enum vx_status rc = vx_sql_integer(db->sql, "SELECT count(*) FROM items", &items, err);

    if (rc != VX_OK || items == 0)
        return rc;
    rc = put_group(db, "folder", true, to, err);
    if (rc == VX_OK)
        rc = vx_sql_prepare(db->sql, &stmt, FEW_VALUED, err);
    while (rc == VX_OK && (rc = vx_sql_step(db->sql, stmt, "read", err)) == VX_OK) {
        const char *const key = (const char *)sqlite3_column_text(stmt, 0);
        if (key && strcmp(key, "folder") != 0)
            rc = put_group(db, key, false, to, err);
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status put_groups(struct vx_report_db *db, const struct vx_report_rule *rule, FILE *to, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    fputs("\"groups\":[", to);
    if (rule->n_groups == 0)
        rc = put_usual_groups(db, to, err);
    for (size_t i = 0; rc == VX_OK && i < rule->n_groups; i++)
        rc = put_group(db, rule->group_by[i], i == 0, to, err);
    fputs("],\n", to);
    return rc;
}

/* Scores over time of the listed recordings, until there is no more room for them. */
static enum vx_status put_lines(struct vx_report_db *db, const struct vx_report_rule *rule, FILE *to, struct vx_err *err)
{
    sqlite3_stmt *items = NULL, *windows = NULL;
    struct vx_buf line = {0};
    size_t used = 0;
    enum vx_status rc;

    fputs("\"lines\":{", to);
    if ((rc = vx_sql_prepare(db->sql, &items, LINES, err)) == VX_OK)
        rc = vx_sql_prepare(db->sql, &windows, WINDOWS, err);
    if (rc == VX_OK)
        sqlite3_bind_int64(items, 1, rule->top);
    while (rc == VX_OK && used < rule->line_bytes && (rc = vx_sql_step(db->sql, items, "read", err)) == VX_OK) {
        if ((rc = vx_report_line(db->sql, items, windows, &line, err)) != VX_OK)
            break;
        fputs(used ? ",\n" : "", to);
        fwrite(line.data, 1, line.len, to);
        used += line.len;
        rc = written(to, err);
    }
    fputs("}", to);
    vx_buf_free(&line);
    sqlite3_finalize(items);
    sqlite3_finalize(windows);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_report_write(struct vx_report_db *db, const struct vx_report_rule *rule, FILE *to, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = put_member(db, "runs", RUNS, 0, true, to, err)) != VX_OK || (rc = put_member(db, "uuids", UUIDS, 0, false, to, err)) != VX_OK ||
        (rc = put_members(db, JUDGEMENT, to, err)) != VX_OK || (rc = put_member(db, "totals", TOTALS, 0, false, to, err)) != VX_OK ||
        (rc = put_histogram(db, to, err)) != VX_OK || (rc = put_member(db, "points", POINTS, 0, true, to, err)) != VX_OK ||
        (rc = put_member(db, "failures", FAILURES, 0, true, to, err)) != VX_OK ||
        (rc = put_groups(db, rule, to, err)) != VX_OK || (rc = put_member(db, "of", COUNT_SCORED, 0, false, to, err)) != VX_OK ||
        (rc = put_member(db, "files", FILES, rule->top, true, to, err)) != VX_OK ||
        (rc = put_member(db, "reviews", REVIEWS, 0, true, to, err)) != VX_OK || (rc = put_lines(db, rule, to, err)) != VX_OK)
        return rc;
    return written(to, err);
}

static char *name_of(sqlite3_stmt *row, int column, bool *failed)
{
    const char *const bytes = sqlite3_column_blob(row, column);
    char *const name = bytes ? strndup(bytes, (size_t)sqlite3_column_bytes(row, column)) : NULL;

    *failed |= bytes && !name;
    return name;
}

enum vx_status vx_report_suspects(struct vx_report_db *db, int64_t n,
                                  enum vx_status (*each)(void *ctx, const struct vx_report_item *item, struct vx_err *err),
                                  void *ctx, struct vx_err *err)
{
    sqlite3_stmt *row = NULL;
    enum vx_status rc = vx_sql_prepare(db->sql, &row, SUSPECTS, err);

    if (rc == VX_OK)
        sqlite3_bind_int64(row, 1, n);
    while (rc == VX_OK && (rc = vx_sql_step(db->sql, row, "read", err)) == VX_OK) {
        bool failed = false;
        char *const path = name_of(row, 1, &failed), *const member = name_of(row, 2, &failed);
        const struct vx_report_item item = {
            .item = sqlite3_column_int64(row, 0), .path = path ? path : "", .member = member, .duration_s = sqlite3_column_double(row, 4),
            .size = sqlite3_column_type(row, 3) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 3)};
        rc = failed ? vx_fail_nomem(err, "a name") : each(ctx, &item, err);
        free(path);
        free(member);
    }
    sqlite3_finalize(row);
    return rc == VX_DONE ? VX_OK : rc;
}
