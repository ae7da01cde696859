/* export_rows.h - stretches as rows of a CSV and a JSONL file, the same columns in both
 * CSV: RFC 4180 with lines ending in \n, UTF-8 without BOM, a header, empty for unknown. Text that a spreadsheet would take for
 * a formula (it begins with = + - @, a tab or a carriage return) gets an apostrophe in front: names of files and members are not
 * ours. JSONL has it as it is: an object a line, null for unknown. */
#ifndef VX_JOBS_EXPORT_ROWS_H
#define VX_JOBS_EXPORT_ROWS_H

#include "base/buf.h"
#include "db/stretches.h"

struct vx_export_row {
    const struct vx_stretches_item *item;
    const struct vx_stretch_place *place;
    const char *clip, *labels; /* files below the export's folder; NULL: none */
    const char *error;         /* why there is no clip; NULL: none */
};

struct vx_export_column {
    const char *name, *doc;
};
const struct vx_export_column *vx_export_columns(void); /* ends with name NULL */

/* One line each, with its \n; b->failed when memory is short. */
void vx_export_csv_header(struct vx_buf *b);
void vx_export_csv_row(struct vx_buf *b, const struct vx_export_row *row);
void vx_export_json_row(struct vx_buf *b, const struct vx_export_row *row);

/* A line of an Audacity label track: start, end, tab-separated, and what was found. */
void vx_export_label(struct vx_buf *b, const struct vx_export_row *row);

#endif
