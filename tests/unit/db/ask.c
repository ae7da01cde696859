#include "tests/unit/db/ask.h"
#include "tests/harness/cmocka.h"

#include <stdlib.h>

struct vx_query_db *ask_open(const char *path)
{
    struct vx_query_db *db = NULL;
    struct vx_err err = {0};

    if (vx_query_open(&db, path, &err) != VX_OK)
        fail_msg("%s", err.text);
    return db;
}

static enum vx_status run(struct vx_query_db *db, const char *sql, enum vx_query_format format, char **out, size_t *n,
                          struct vx_err *err)
{
    FILE *const to = open_memstream(out, n);
    enum vx_status rc;

    assert_non_null(to);
    rc = vx_query_run(db, sql, format, to, err);
    assert_int_equal(fclose(to), 0);
    return rc;
}

char *ask(struct vx_query_db *db, const char *sql, enum vx_query_format format, size_t *n)
{
    struct vx_err err = {0};
    char *out = NULL;
    size_t got;

    if (run(db, sql, format, &out, &got, &err) != VX_OK)
        fail_msg("%s: %s", sql, err.text);
    if (n)
        *n = got;
    return out;
}

enum vx_status ask_refused(struct vx_query_db *db, const char *sql, struct vx_err *err)
{
    char *out = NULL;
    size_t n;
    const enum vx_status rc = run(db, sql, VX_QUERY_CSV, &out, &n, err);

    if (rc == VX_OK)
        fail_msg("%s: was accepted and said %s", sql, out);
    free(out);
    return rc;
}
