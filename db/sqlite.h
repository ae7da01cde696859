/* sqlite.h - the one adapter around SQLite: a connection that knows its path, and failures as struct vx_err
 * Everything in db/ goes through it, so each message names the file, what was being done, SQLite's words and a remedy.
 * A connection belongs to one thread at a time. */
#ifndef VX_DB_SQLITE_H
#define VX_DB_SQLITE_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_sql {
    sqlite3 *handle;
    char *path; /* as the caller gave it, for messages */
};

/* flags: SQLITE_OPEN_…; path is a file name and nothing else: no URI, no ":memory:". On success *out is the caller's. */
enum vx_status vx_sql_open(struct vx_sql **out, const char *path, int flags, struct vx_err *err) VX_CHECKED;
/* For reading, but read-write where permissions allow it, so that a transaction which a crash left unfinished can be
 * rolled back. */
enum vx_status vx_sql_open_reader(struct vx_sql **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_sql_close(struct vx_sql **sql); /* NULL is fine; statements must be finalized before */

/* Another database file under a name of ours, outside a transaction. */
enum vx_status vx_sql_attach(struct vx_sql *sql, const char *path, const char *name, struct vx_err *err) VX_CHECKED;

/* *err from the connection's last failure. VX_EFORMAT: the file is damaged or no database; VX_ENOMEM; else VX_EDB. */
enum vx_status vx_sql_fail(const struct vx_sql *sql, struct vx_err *err, const char *doing);

/* Byte of the statement at which its preparation failed; -1: not known. */
int vx_sql_error_offset(const struct vx_sql *sql);

/* Every statement of text, rows ignored. */
enum vx_status vx_sql_exec(struct vx_sql *sql, const char *text, const char *doing, struct vx_err *err) VX_CHECKED;
/* *out is the caller's to finalize; NULL on failure. */
enum vx_status vx_sql_prepare(struct vx_sql *sql, sqlite3_stmt **out, const char *text, struct vx_err *err) VX_CHECKED;
/* VX_OK: a row is there; VX_DONE: no more rows (the statement is reset); else failed (reset too). */
enum vx_status vx_sql_step(struct vx_sql *sql, sqlite3_stmt *stmt, const char *doing, struct vx_err *err) VX_CHECKED;
/* First column of the first row of text as an integer, 0 for NULL or no row. */
enum vx_status vx_sql_integer(struct vx_sql *sql, const char *text, int64_t *out, struct vx_err *err) VX_CHECKED;

enum vx_status vx_sql_begin(struct vx_sql *sql, struct vx_err *err) VX_CHECKED; /* takes the write lock at once */
enum vx_status vx_sql_commit(struct vx_sql *sql, struct vx_err *err) VX_CHECKED; /* rolls back when it fails */
void vx_sql_rollback(struct vx_sql *sql); /* does nothing outside a transaction */

/* Values of a statement in order, starting with parameter 1; the first failure is kept until vx_bind_run. Text and
 * blobs are borrowed until the statement ran, unless said otherwise. */
struct vx_bind {
    sqlite3_stmt *stmt;
    int n, rc;
};
struct vx_bind vx_bind_start(sqlite3_stmt *stmt);
void vx_bind_null(struct vx_bind *b);
void vx_bind_integer(struct vx_bind *b, int64_t value);
void vx_bind_real(struct vx_bind *b, double value);
void vx_bind_text(struct vx_bind *b, const char *s); /* NULL: NULL. Bytes that are not UTF-8 become \xHH */
void vx_bind_copy(struct vx_bind *b, const char *s); /* UTF-8, copied */
void vx_bind_bytes(struct vx_bind *b, const char *s); /* NULL: NULL. The bytes of a C string as a blob */
void vx_bind_value(struct vx_bind *b, const sqlite3_value *value); /* copied */
/* Steps a statement that gives no rows to its end and resets it. */
enum vx_status vx_bind_run(struct vx_sql *sql, struct vx_bind *b, const char *doing, struct vx_err *err) VX_CHECKED;

#endif
