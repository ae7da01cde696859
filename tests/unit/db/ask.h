/* ask.h - one question to a result, its answer as text, for the query tests */
#ifndef VX_TESTS_DB_ASK_H
#define VX_TESTS_DB_ASK_H

#include "db/query.h"

/* What sql answers in this format: the caller's to free, NUL-terminated after *n bytes (n may be NULL). Fails the running
 * test when the query fails. */
char *ask(struct vx_query_db *db, const char *sql, enum vx_query_format format, size_t *n);
/* The status of a query that is expected to fail; its words in *err. */
enum vx_status ask_refused(struct vx_query_db *db, const char *sql, struct vx_err *err);
struct vx_query_db *ask_open(const char *path); /* fails the running test when it cannot */

#endif
