#include "db/functions.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

struct collected { /* the values of one group; SQLite zeroes it */
    double *value;
    size_t n, cap;
    double p;
    bool has_p;
};

static bool is_number(sqlite3_value *x)
{
    const int type = sqlite3_value_numeric_type(x);

    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void collect(sqlite3_context *ctx, double p, sqlite3_value *x)
{
    struct collected *c = sqlite3_aggregate_context(ctx, sizeof *c);
    void *grown;

    if (!c) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    if (c->has_p && c->p != p) {
        sqlite3_result_error(ctx, "percentile(x, p): p has to be the same in all rows", -1);
        return;
    }
    c->p = p;
    c->has_p = true;
    if (!is_number(x))
        return;
    grown = c->value;
    if (vx_grow(&grown, &c->cap, c->n + 1, sizeof *c->value) != 0) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    c->value = grown;
    c->value[c->n++] = sqlite3_value_double(x);
}

static void median_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    collect(ctx, 50, argv[0]);
}

static void percentile_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const double p = sqlite3_value_double(argv[1]);

    (void)argc;
    if (is_number(argv[1]) && p >= 0 && p <= 100)
        collect(ctx, p, argv[0]);
    else
        sqlite3_result_error(ctx, "percentile(x, p): p has to be a number from 0 to 100", -1);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* From the nearer end, as numpy's _lerp, so that the last bit agrees as well; t = 0 must not meet an infinite b. */
static double between(double a, double b, double t)
{
    if (t == 0 || a == b)
        return a;
    return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

/* Also called, for what it frees, when a step failed or the query was given up. */
static void percentile_final(sqlite3_context *ctx)
{
    struct collected *c = sqlite3_aggregate_context(ctx, 0);

    if (!c || c->n == 0) {
        sqlite3_result_null(ctx);
    } else {
        qsort(c->value, c->n, sizeof *c->value, ascending);
        const double at = c->p / 100 * (double)(c->n - 1);
        const size_t below = (size_t)at, above = below + 1 < c->n ? below + 1 : below;
        sqlite3_result_double(ctx, between(c->value[below], c->value[above], at - (double)below));
    }
    if (c) {
        free(c->value);
        c->value = NULL;
    }
}

static void sigmoid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (is_number(argv[0]))
        sqlite3_result_double(ctx, 1 / (1 + exp(-sqlite3_value_double(argv[0]))));
}

static void logit(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const double p = sqlite3_value_double(argv[0]);

    (void)argc;
    if (is_number(argv[0]) && p >= 0 && p <= 1)
        sqlite3_result_double(ctx, log(p) - log1p(-p));
}

enum vx_status vx_functions_register(struct vx_sql *sql, struct vx_err *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

    if (sqlite3_create_function_v2(sql->handle, "median", 1, flags, NULL, NULL, median_step, percentile_final, NULL) ||
        sqlite3_create_function_v2(sql->handle, "percentile", 2, flags, NULL, NULL, percentile_step, percentile_final,
                                   NULL) ||
        sqlite3_create_function_v2(sql->handle, "sigmoid", 1, flags, NULL, sigmoid, NULL, NULL, NULL) ||
        sqlite3_create_function_v2(sql->handle, "logit", 1, flags, NULL, logit, NULL, NULL, NULL))
        return vx_sql_fail(sql, err, "register functions");
    return VX_OK;
}
