/* functions.h - SQL functions that people miss in SQLite */
#ifndef VX_DB_FUNCTIONS_H
#define VX_DB_FUNCTIONS_H

#include "db/sqlite.h"

/* median(x), percentile(x, p): aggregates, p in 0…100 and the same in every row of a group, linear interpolation between
 * the two nearest (numpy.percentile's default). Rows in which x is NULL, a blob or text that is no number are passed over;
 * none left gives NULL. sigmoid(x) = 1/(1 + exp(−x)); logit(p) = ln(p/(1 − p)), infinite at 0 and 1, NULL outside; both
 * NULL of what is no number. */
enum vx_status vx_functions_register(struct vx_sql *sql, struct vx_err *err) VX_CHECKED;

#endif
