#include "db/reviews.h"
#include "base/clock.h"
#include "base/text.h"
#include "db/schema.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MARKS 1000000
#define MAX_NAME 200    /* characters */
#define MAX_REMARK 2000
#define SLACK_S 0.05 /* by which a mark may pass the end: seconds are rounded where they are shown */

const char *const VX_REVIEWS_LIST =
    "SELECT v.label, round(v.start_s, 2) AS start_s, round(v.end_s, 2) AS end_s,\n"
    "       CASE WHEN i.member IS NULL THEN i.path ELSE i.path || '/' || i.member END AS name,\n"
    "       v.remark, v.reviewer, v.reviewed, v.imported, v.source, v.review, v.item\n"
    "FROM reviews v JOIN items i USING (item) ORDER BY v.item, v.start_s, v.review";
const char *const VX_REVIEWS_LABELS =
    "WITH valid AS (SELECT * FROM reviews v WHERE " VX_REVIEWS_VALID ")\n"
    "SELECT 'item/' || item AS file, CASE WHEN max(label = 'fake') THEN 'spoof' ELSE 'bonafide' END AS label,\n"
    "       min(reviewer) AS reviewer FROM valid WHERE label <> 'unsure' AND item NOT IN\n"
    "       (SELECT a.item FROM valid a JOIN valid b ON b.item = a.item AND b.reviewer <> a.reviewer\n"
    "        WHERE a.label = 'fake' AND b.label = 'real' AND a.start_s < b.end_s AND b.start_s < a.end_s\n"
    "        AND (a.channel = b.channel OR a.channel = 0 OR b.channel = 0))\n"
    "GROUP BY item ORDER BY item";

static const char VALID[] = "SELECT json_valid(?1)";
static const char HEAD[] = "SELECT json_type(?1, '$.voxtrawl_review'), json_extract(?1, '$.voxtrawl_review'), json_type(?1, '$.reviewer'),"
                           " json_extract(?1, '$.reviewer'), json_type(?1, '$.marks')";
/* What is no object is not handed to functions that want JSON. */
static const char MARKS[] =
    "SELECT type, json_type(value, '$.run'), json_extract(value, '$.run'), json_type(value, '$.item'), json_extract(value, '$.item'),"
    " json_type(value, '$.path'), json_extract(value, '$.path'), coalesce(json_type(value, '$.member'), 'null'),"
    " json_extract(value, '$.member'), json_type(value, '$.start_s'), json_extract(value, '$.start_s'), json_type(value, '$.end_s'),"
    " json_extract(value, '$.end_s'), json_extract(value, '$.label'), coalesce(json_type(value, '$.remark'), 'null'),"
    " json_extract(value, '$.remark'), json_extract(value, '$.reviewed'), coalesce(json_extract(value, '$.channel'), 0)"
    " FROM (SELECT type, CASE type WHEN 'object' THEN value ELSE '{}' END AS value FROM json_each(?1, '$.marks'))";
enum { TYPE, RUN_TYPE, RUN, ITEM_TYPE, ITEM, PATH_TYPE, PATH, MEMBER_TYPE, MEMBER, START_TYPE, START, END_TYPE, END, LABEL, REMARK_TYPE,
       REMARK, REVIEWED, CHANNEL };
/* Its number is right as long as the result is the one the report was made of; a merge may have given it another. */
static const char FIND[] =
    "SELECT i.item, i.duration_s, i.channels FROM items i JOIN runs r USING (run)"
    " WHERE r.uuid = ?1 AND i.path = ?3 AND i.member IS ?4 ORDER BY i.item <> ?2 LIMIT 1";
static const char INSERT[] =
    "INSERT OR IGNORE INTO reviews (item, channel, start_s, end_s, label, remark, reviewer, reviewed, imported, source)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

struct import {
    struct vx_sql *sql;
    sqlite3_stmt *find, *insert;
    const char *name, *reviewer; /* of the file; the reviewer's */
    char now[32];
    int64_t n; /* marks read */
    struct vx_reviews_stats *stats;
};

static bool is(sqlite3_stmt *row, int column, const char *text)
{
    const char *const value = (const char *)sqlite3_column_text(row, column);

    return value && strcmp(value, text) == 0;
}

static bool is_number(sqlite3_stmt *row, int column)
{
    return is(row, column, "integer") || is(row, column, "real");
}

static int characters(const char *utf8)
{
    int n = 0;

    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xC0) != 0x80;
    return n;
}

static int two_digits(const char *text)
{
    return 10 * (text[0] - '0') + text[1] - '0';
}

/* "2026-01-31T23:59:59Z", which sorts as text. */
static bool is_time(const char *text)
{
    static const char form[] = "0000-00-00T00:00:00Z";

    if (!text || strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int year = (int)strtol(text, NULL, 10), month = two_digits(text + 5), day = two_digits(text + 8);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2) && two_digits(text + 11) <= 23 &&
           two_digits(text + 14) <= 59 && two_digits(text + 17) <= 60; /* 60: a leap second */
}

/* Without control characters, which a terminal might obey. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    return true;
}

/* What is wrong with a mark in itself, or NULL. */
static const char *mark_problem(sqlite3_stmt *m)
{
    const double start = sqlite3_column_double(m, START), end = sqlite3_column_double(m, END);
    const char *const remark = (const char *)sqlite3_column_text(m, REMARK);

    if (!is(m, TYPE, "object"))
        return "it is no object";
    if (!is(m, RUN_TYPE, "text") || !is(m, ITEM_TYPE, "integer") || !is(m, PATH_TYPE, "text") ||
        (!is(m, MEMBER_TYPE, "text") && !is(m, MEMBER_TYPE, "null")))
        return "run, item, path and member must say which recording it is of";
    if (!is_number(m, START_TYPE) || !is_number(m, END_TYPE) || !(start >= 0) || !(end > start) || !isfinite(end))
        return "start_s and end_s must be seconds, the end after the start";
    if (!is(m, LABEL, "real") && !is(m, LABEL, "fake") && !is(m, LABEL, "unsure"))
        return "its label must be real, fake or unsure";
    if ((!is(m, REMARK_TYPE, "text") && !is(m, REMARK_TYPE, "null")) || (remark && characters(remark) > MAX_REMARK))
        return "its remark must be text of at most 2000 characters";
    if (!is_time((const char *)sqlite3_column_text(m, REVIEWED)))
        return "reviewed must be a time such as 2026-01-31T23:59:59Z";
    if (sqlite3_column_type(m, CHANNEL) != SQLITE_INTEGER || sqlite3_column_int64(m, CHANNEL) < 0 || sqlite3_column_int64(m, CHANNEL) > 65535)
        return "its channel must be 0, for all, or its number";
    return NULL;
}

static enum vx_status find(struct import *im, sqlite3_stmt *m, int64_t *item, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(im->find);
    enum vx_status rc;

    vx_bind_value(&b, sqlite3_column_value(m, RUN));
    vx_bind_value(&b, sqlite3_column_value(m, ITEM));
    vx_bind_value(&b, sqlite3_column_value(m, PATH));
    vx_bind_value(&b, sqlite3_column_value(m, MEMBER));
    if ((rc = vx_sql_step(im->sql, im->find, "find a recording", err)) == VX_DONE)
        return vx_fail(err, VX_EFORMAT, "%s: mark %lld: no recording \"%.200s\" of that scan is in %s: is it the result the report was made of?",
                       im->name, (long long)im->n, sqlite3_column_text(m, PATH), im->sql->path);
    if (rc != VX_OK)
        return rc;
    *item = sqlite3_column_int64(im->find, 0);
    const double duration = sqlite3_column_double(im->find, 1), start = sqlite3_column_double(m, START), end = sqlite3_column_double(m, END);
    const int channels = sqlite3_column_int(im->find, 2), channel = sqlite3_column_int(m, CHANNEL);
    sqlite3_reset(im->find);
    if (duration > 0 && (start >= duration || end > duration + SLACK_S)) /* 0: of a picture */
        return vx_fail(err, VX_EFORMAT, "%s: mark %lld: it goes from %.2f to %.2f s, in a recording of %.2f s", im->name, (long long)im->n, start,
                       end, duration);
    if (channels > 0 && channel > channels)
        return vx_fail(err, VX_EFORMAT, "%s: mark %lld: it is of channel %d, in a recording of %d", im->name, (long long)im->n, channel, channels);
    return VX_OK;
}

static enum vx_status add(struct import *im, sqlite3_stmt *m, struct vx_err *err)
{
    const char *const problem = mark_problem(m);
    int64_t item = 0;
    enum vx_status rc;

    im->n++;
    if (problem || im->n > MAX_MARKS)
        return vx_fail(err, VX_EFORMAT, "%s: mark %lld: %s", im->name, (long long)im->n, problem ? problem : "more than a file may have");
    if ((rc = find(im, m, &item, err)) != VX_OK)
        return rc;
    struct vx_bind b = vx_bind_start(im->insert);
    vx_bind_integer(&b, item);
    vx_bind_value(&b, sqlite3_column_value(m, CHANNEL));
    vx_bind_real(&b, sqlite3_column_double(m, START));
    vx_bind_real(&b, sqlite3_column_double(m, END));
    vx_bind_value(&b, sqlite3_column_value(m, LABEL));
    if (is(m, REMARK_TYPE, "text") && !is(m, REMARK, ""))
        vx_bind_value(&b, sqlite3_column_value(m, REMARK));
    else
        vx_bind_null(&b);
    vx_bind_text(&b, im->reviewer);
    vx_bind_value(&b, sqlite3_column_value(m, REVIEWED));
    vx_bind_text(&b, im->now);
    vx_bind_text(&b, im->name);
    if ((rc = vx_bind_run(im->sql, &b, "write a review", err)) != VX_OK)
        return rc;
    if (sqlite3_changes(im->sql->handle) > 0)
        im->stats->added++;
    else
        im->stats->known++;
    return VX_OK;
}

static enum vx_status bound(struct vx_sql *sql, sqlite3_stmt **out, const char *query, const char *text, size_t len, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_prepare(sql, out, query, err);

    if (rc == VX_OK && sqlite3_bind_text64(*out, 1, text, len, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        return vx_sql_fail(sql, err, "read a review file");
    return rc;
}

/* Who, and that it is a review file at all. head stays on its row, which the name is borrowed of. */
static enum vx_status read_head(struct import *im, sqlite3_stmt **head, const char *text, size_t len, struct vx_err *err)
{
    sqlite3_stmt *valid = NULL;
    enum vx_status rc;

    if ((rc = bound(im->sql, &valid, VALID, text, len, err)) == VX_OK && (rc = vx_sql_step(im->sql, valid, "read a review file", err)) == VX_OK &&
        !sqlite3_column_int(valid, 0))
        rc = vx_fail(err, VX_EFORMAT, "%s: not JSON; expected a review file, as a report saves it", im->name);
    sqlite3_finalize(valid);
    if (rc != VX_OK || (rc = bound(im->sql, head, HEAD, text, len, err)) != VX_OK ||
        (rc = vx_sql_step(im->sql, *head, "read a review file", err)) != VX_OK)
        return rc;
    if (!is(*head, 0, "integer") || sqlite3_column_int64(*head, 1) != 1 || !is(*head, 4, "array"))
        return vx_fail(err, VX_EFORMAT, "%s: not a review file of version 1, as a report saves it", im->name);
    im->reviewer = (const char *)sqlite3_column_text(*head, 3);
    if (!is(*head, 2, "text") || !im->reviewer || strspn(im->reviewer, " ") == strlen(im->reviewer) || characters(im->reviewer) > MAX_NAME ||
        !is_plain(im->reviewer))
        return vx_fail(err, VX_EFORMAT, "%s: reviewer must be a name of at most %d characters, on one line", im->name, MAX_NAME);
    return VX_OK;
}

static enum vx_status import(struct import *im, const char *text, size_t len, struct vx_err *err)
{
    sqlite3_stmt *head = NULL, *marks = NULL;
    enum vx_status rc;

    if ((rc = read_head(im, &head, text, len, err)) == VX_OK && (rc = vx_sql_prepare(im->sql, &im->find, FIND, err)) == VX_OK &&
        (rc = vx_sql_prepare(im->sql, &im->insert, INSERT, err)) == VX_OK)
        rc = bound(im->sql, &marks, MARKS, text, len, err);
    while (rc == VX_OK && (rc = vx_sql_step(im->sql, marks, "read a review file", err)) == VX_OK)
        rc = add(im, marks, err);
    sqlite3_finalize(marks);
    sqlite3_finalize(head);
    sqlite3_finalize(im->find);
    sqlite3_finalize(im->insert);
    return rc == VX_DONE ? VX_OK : rc;
}

/* A result of an older Voxtrawl gets the table. */
static enum vx_status prepare(struct vx_sql *sql, struct vx_err *err)
{
    enum vx_db_kind kind;
    enum vx_status rc;

    if ((rc = vx_schema_kind(sql, &kind, err)) != VX_OK)
        return rc;
    if (kind != VX_DB_RESULT)
        return vx_fail(err, VX_EINVAL, "%s: not the result of voxtrawl scan or merge", sql->path);
    return vx_schema_migrate(sql, VX_DB_RESULT, err);
}

enum vx_status vx_reviews_import(const char *path, const char *text, size_t len, const char *name, struct vx_reviews_stats *stats,
                                 struct vx_err *err)
{
    struct import im = {.name = name, .stats = stats};
    enum vx_status rc;

    *stats = (struct vx_reviews_stats){0};
    vx_clock_utc(im.now);
    if (memchr(text, 0, len) || !vx_text_utf8(text))
        return vx_fail(err, VX_EFORMAT, "%s: not text in UTF-8; expected a review file, as a report saves it", name);
    if ((rc = vx_sql_open(&im.sql, path, SQLITE_OPEN_READWRITE, err)) != VX_OK)
        return rc;
    if ((rc = vx_sql_begin(im.sql, err)) == VX_OK) {
        if ((rc = prepare(im.sql, err)) == VX_OK && (rc = import(&im, text, len, err)) == VX_OK)
            rc = vx_sql_commit(im.sql, err);
        else
            vx_sql_rollback(im.sql);
    }
    if (rc != VX_OK)
        *stats = (struct vx_reviews_stats){0};
    vx_sql_close(&im.sql);
    return rc;
}
