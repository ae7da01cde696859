/* report_page.h - the report's page around its data: markup, style and script, which come with the program
 * Self-contained: a policy in the page forbids it to load anything, and to run any script but its own, which it knows by hash. */
#ifndef VX_JOBS_REPORT_PAGE_H
#define VX_JOBS_REPORT_PAGE_H

#include "base/err.h"

#include <stdio.h>

/* Up to where the data begins: a JSON object without its '{'. title is shown by the browser. */
enum vx_status vx_report_page_begin(FILE *to, const char *title, struct vx_err *err) VX_CHECKED;
void vx_report_page_end(FILE *to); /* after the data's '}' */

/* text as text of a page: <, >, & and quotes escaped. */
void vx_report_page_text(FILE *to, const char *text);

#endif
