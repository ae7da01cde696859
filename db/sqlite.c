#include "db/sqlite.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a file that somebody else has locked is waited for. */
#define BUSY_MS 2000

static const char *remedy(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "free some space and run the same command again; what was committed is kept";
    case SQLITE_READONLY:
        return "is the file, and the folder it is in, writable?";
    case SQLITE_BUSY:
        return "another process has it open; wait for that one or stop it";
    case SQLITE_CANTOPEN:
        return "does it exist, and may this user open it?";
    case SQLITE_NOTADB:
        return "it is no SQLite database";
    case SQLITE_CORRUPT:
        return "the file is damaged; leave it out or restore it";
    }
    if (code == SQLITE_IOERR_LOCK || code == SQLITE_IOERR_RDLOCK || code == SQLITE_IOERR_UNLOCK)
        return "its file system does not support locks: use another one, or mount it with them";
    if ((code & 0xff) == SQLITE_IOERR)
        return "is its disk there, and has it room? What was committed is kept: then run the same command again";
    return NULL;
}

static enum vx_status status_of(int code)
{
    if (code == SQLITE_IOERR_NOMEM)
        return VX_ENOMEM;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return VX_ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return VX_EFORMAT;
    }
    return VX_EDB;
}

enum vx_status vx_sql_fail(const struct vx_sql *sql, struct vx_err *err, const char *doing)
{
    const int code = sqlite3_extended_errcode(sql->handle), os = sqlite3_system_errno(sql->handle);
    const char *const what = remedy(code);
    const bool system = os != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);

    return vx_fail(err, status_of(code), "%s: %s: %s%s%s%s%s", sql->path, doing, sqlite3_errmsg(sql->handle),
                   system ? ": " : "", system ? strerror(os) : "", what ? "; " : "", what ? what : "");
}

/* SQLite reads "file:…" as a URI and ":…" or "" as special databases: behind "./" they are file names. */
static char *plain_name(const char *path)
{
    const bool special = path[0] == ':' || strncmp(path, "file:", 5) == 0;
    char *name = malloc(strlen(path) + 3);

    if (name)
        sprintf(name, "%s%s", special ? "./" : "", path);
    return name;
}

enum vx_status vx_sql_open(struct vx_sql **out, const char *path, int flags, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct vx_sql *sql = NULL;
    char *name = NULL;

    *out = NULL;
    if (!path || !*path)
        return vx_fail(err, VX_EINVAL, "a database needs a file name");
    sql = vx_calloc(1, sizeof *sql);
    name = plain_name(path);
    if (!sql || !name || !(sql->path = strdup(path))) {
        rc = vx_fail_nomem(err, path);
        goto done;
    }
    const int code = sqlite3_open_v2(name, &sql->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (!sql->handle) {
        rc = vx_fail_nomem(err, path);
        goto done;
    }
    sqlite3_extended_result_codes(sql->handle, 1);
    if (code != SQLITE_OK) {
        rc = vx_sql_fail(sql, err, "open");
        goto done;
    }
    sqlite3_busy_timeout(sql->handle, BUSY_MS);
    /* A file is never trusted to run code: no functions with side effects from its views, no writing to its schema. */
    sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    *out = sql;
    sql = NULL;
done:
    free(name);
    vx_sql_close(&sql);
    return rc;
}

enum vx_status vx_sql_open_reader(struct vx_sql **out, const char *path, struct vx_err *err)
{
    const bool writable = path && access(path, W_OK) == 0;

    return vx_sql_open(out, path, writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, err);
}

void vx_sql_close(struct vx_sql **sql)
{
    if (!*sql)
        return;
    sqlite3_close((*sql)->handle);
    free((*sql)->path);
    free(*sql);
    *sql = NULL;
}

enum vx_status vx_sql_attach(struct vx_sql *sql, const char *path, const char *name, struct vx_err *err)
{
    char *const plain = plain_name(path);
    char *const text = plain ? sqlite3_mprintf("ATTACH %Q AS %s", plain, name) : NULL;
    enum vx_status rc;

    if (!text)
        rc = vx_fail_nomem(err, path);
    else if ((rc = vx_sql_exec(sql, text, "attach", err)) != VX_OK)
        vx_err_prefix(err, "%s", path);
    sqlite3_free(text);
    free(plain);
    return rc;
}

int vx_sql_error_offset(const struct vx_sql *sql)
{
#if SQLITE_VERSION_NUMBER >= 3038000
    return sqlite3_error_offset(sql->handle);
#else
    (void)sql;
    return -1;
#endif
}

enum vx_status vx_sql_exec(struct vx_sql *sql, const char *text, const char *doing, struct vx_err *err)
{
    return sqlite3_exec(sql->handle, text, NULL, NULL, NULL) == SQLITE_OK ? VX_OK : vx_sql_fail(sql, err, doing);
}

enum vx_status vx_sql_prepare(struct vx_sql *sql, sqlite3_stmt **out, const char *text, struct vx_err *err)
{
    *out = NULL;
    if (sqlite3_prepare_v3(sql->handle, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return vx_sql_fail(sql, err, "prepare");
    return VX_OK;
}

enum vx_status vx_sql_step(struct vx_sql *sql, sqlite3_stmt *stmt, const char *doing, struct vx_err *err)
{
    enum vx_status rc;

    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        return VX_OK;
    case SQLITE_DONE:
        sqlite3_reset(stmt);
        return VX_DONE;
    }
    rc = vx_sql_fail(sql, err, doing);
    sqlite3_reset(stmt);
    return rc;
}

enum vx_status vx_sql_integer(struct vx_sql *sql, const char *text, int64_t *out, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(sql, &stmt, text, err);

    *out = 0;
    if (rc == VX_OK)
        rc = vx_sql_step(sql, stmt, "read", err);
    if (rc == VX_OK)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_sql_begin(struct vx_sql *sql, struct vx_err *err)
{
    return vx_sql_exec(sql, "BEGIN IMMEDIATE", "begin", err);
}

enum vx_status vx_sql_commit(struct vx_sql *sql, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_exec(sql, "COMMIT", "commit", err);

    if (rc != VX_OK)
        vx_sql_rollback(sql);
    return rc;
}

void vx_sql_rollback(struct vx_sql *sql)
{
    /* Some failures (disk full, I/O) have rolled back already. */
    if (!sqlite3_get_autocommit(sql->handle))
        sqlite3_exec(sql->handle, "ROLLBACK", NULL, NULL, NULL);
}

struct vx_bind vx_bind_start(sqlite3_stmt *stmt)
{
    return (struct vx_bind){.stmt = stmt, .rc = SQLITE_OK};
}

static void note(struct vx_bind *b, int rc)
{
    if (b->rc == SQLITE_OK)
        b->rc = rc;
}

void vx_bind_null(struct vx_bind *b)
{
    note(b, sqlite3_bind_null(b->stmt, ++b->n));
}

void vx_bind_integer(struct vx_bind *b, int64_t value)
{
    note(b, sqlite3_bind_int64(b->stmt, ++b->n, value));
}

void vx_bind_real(struct vx_bind *b, double value)
{
    note(b, sqlite3_bind_double(b->stmt, ++b->n, value));
}

void vx_bind_text(struct vx_bind *b, const char *s)
{
    if (!s) {
        vx_bind_null(b);
    } else if (vx_text_utf8(s)) {
        note(b, sqlite3_bind_text(b->stmt, ++b->n, s, -1, SQLITE_STATIC));
    } else {
        char *const copy = vx_text_to_utf8(s);
        ++b->n;
        note(b, copy ? sqlite3_bind_text(b->stmt, b->n, copy, -1, free) : SQLITE_NOMEM);
    }
}

void vx_bind_copy(struct vx_bind *b, const char *s)
{
    note(b, sqlite3_bind_text(b->stmt, ++b->n, s, -1, SQLITE_TRANSIENT));
}

void vx_bind_bytes(struct vx_bind *b, const char *s)
{
    if (s)
        note(b, sqlite3_bind_blob64(b->stmt, ++b->n, s, strlen(s), SQLITE_STATIC));
    else
        vx_bind_null(b);
}

void vx_bind_value(struct vx_bind *b, const sqlite3_value *value)
{
    note(b, sqlite3_bind_value(b->stmt, ++b->n, value));
}

enum vx_status vx_bind_run(struct vx_sql *sql, struct vx_bind *b, const char *doing, struct vx_err *err)
{
    enum vx_status rc;

    if (b->rc == SQLITE_NOMEM)
        return vx_fail_nomem(err, doing);
    if (b->rc != SQLITE_OK)
        return vx_fail(err, VX_EDB, "%s: %s: value %d: %s", sql->path, doing, b->n, sqlite3_errstr(b->rc));
    rc = vx_sql_step(sql, b->stmt, doing, err);
    if (rc == VX_OK) {
        sqlite3_reset(b->stmt);
        return VX_OK;
    }
    return rc == VX_DONE ? VX_OK : rc;
}
