/* notes.h - what the schema's own comments say of its tables, columns and views, for those who show a result */
#ifndef VX_DB_NOTES_H
#define VX_DB_NOTES_H

#include "base/err.h"

#include <stdbool.h>

struct vx_schema_note { /* borrowed during the call */
    const char *table;  /* or view */
    const char *column; /* NULL: the table itself */
    const char *text;   /* one line; "": nothing is said */
    bool view;          /* its columns are not listed */
};

/* Calls each(ctx, note) for every table and view, a table's columns following it; in the order of the schema, so columns that
 * were added later come later, under their table's name. VX_ENOMEM. */
enum vx_status vx_schema_notes(void (*each)(void *ctx, const struct vx_schema_note *note), void *ctx, struct vx_err *err) VX_CHECKED;

#endif
