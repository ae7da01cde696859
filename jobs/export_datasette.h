/* export_datasette.h - what Datasette wants to know of a result: titles, what its columns mean, the ready questions
 * As Datasette 0.5x and 0.6x read it (--metadata). The ready questions and the cookbook use functions that SQLite does not have:
 * a plugin of a few lines, without imports beyond Python's own, brings them (--plugins-dir). */
#ifndef VX_JOBS_EXPORT_DATASETTE_H
#define VX_JOBS_EXPORT_DATASETTE_H

#include "base/err.h"

/* Writes DIR/metadata.json and DIR/plugins/voxtrawl_functions.py for the result at db. */
enum vx_status vx_export_datasette(const char *dir, const char *db, struct vx_err *err) VX_CHECKED;

#endif
