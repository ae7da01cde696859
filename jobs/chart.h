/* chart.h - a chart with two axes as a self-contained SVG file: dark on a light ground, no fonts or scripts from elsewhere
 * Coordinates are data's; what lies outside the axes is moved to their border. Text is UTF-8. */
#ifndef VX_JOBS_CHART_H
#define VX_JOBS_CHART_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_chart {
    struct vx_buf svg;
    double x0, x1, y0, y1; /* of the axes */
    int legend;            /* entries so far */
};

/* Title, axes and their names. x1 > x0, y1 > y0. */
void vx_chart_begin(struct vx_chart *c, const char *title, const char *x_name, const char *y_name, double x0, double x1,
                    double y0, double y1);
void vx_chart_tick(struct vx_chart *c, bool on_x, double at, const char *text); /* with a line across */
/* Round numbers along an axis. */
void vx_chart_ticks(struct vx_chart *c, bool on_x);
void vx_chart_line(struct vx_chart *c, const double *x, const double *y, size_t n, const char *colour, bool dashed);
void vx_chart_bar(struct vx_chart *c, double left, double right, double height, const char *colour);
void vx_chart_dot(struct vx_chart *c, double x, double y, const char *colour, bool filled);
void vx_chart_legend(struct vx_chart *c, const char *colour, const char *text); /* four at most */
/* Ends it, writes it in one step and frees it, in any case. VX_ESYS: path cannot be written. */
enum vx_status vx_chart_write(struct vx_chart *c, const char *path, struct vx_err *err) VX_CHECKED;

#endif
