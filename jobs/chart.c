#include "jobs/chart.h"
#include "base/file.h"

#include <math.h>
#include <stdio.h>

/* Pixels. */
enum { WIDTH = 720, HEIGHT = 690, LEFT = 84, RIGHT = 24, TOP = 136, BOTTOM = 72, LEGEND_ROW = 20 };

#define INK "#222"

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double px(const struct vx_chart *c, double x)
{
    return LEFT + (clamp(x, c->x0, c->x1) - c->x0) / (c->x1 - c->x0) * (WIDTH - LEFT - RIGHT);
}

static double py(const struct vx_chart *c, double y)
{
    return HEIGHT - BOTTOM - (clamp(y, c->y0, c->y1) - c->y0) / (c->y1 - c->y0) * (HEIGHT - TOP - BOTTOM);
}

static void add_escaped(struct vx_buf *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            vx_buf_str(b, "&lt;");
            break;
        case '>':
            vx_buf_str(b, "&gt;");
            break;
        case '&':
            vx_buf_str(b, "&amp;");
            break;
        default:
            vx_buf_add(b, text, 1);
        }
    }
}

static void add_text(struct vx_buf *b, double x, double y, int size, const char *anchor, const char *more, const char *text)
{
    vx_buf_fmt(b, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" text-anchor=\"%s\"%s>", x, y, size, anchor, more);
    add_escaped(b, text);
    vx_buf_str(b, "</text>\n");
}

void vx_chart_begin(struct vx_chart *c, const char *title, const char *x_name, const char *y_name, double x0, double x1,
                    double y0, double y1)
{
    const double middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    char turn[64];

    *c = (struct vx_chart){.x0 = x0, .x1 = x1, .y0 = y0, .y1 = y1};
    vx_buf_fmt(&c->svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
               "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" fill=\"" INK "\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
    vx_buf_fmt(&c->svg, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, HEIGHT);
    vx_buf_fmt(&c->svg, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"" INK "\"/>\n", LEFT, TOP,
               WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    snprintf(turn, sizeof turn, " transform=\"rotate(-90 22 %.1f)\"", middle);
    add_text(&c->svg, LEFT, 32, 17, "start", " font-weight=\"bold\"", title);
    add_text(&c->svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 20, 14, "middle", "", x_name);
    add_text(&c->svg, 22, middle, 14, "middle", turn, y_name);
}

void vx_chart_tick(struct vx_chart *c, bool on_x, double at, const char *text)
{
    const double x = on_x ? px(c, at) : LEFT, y = on_x ? HEIGHT - BOTTOM : py(c, at);

    vx_buf_fmt(&c->svg, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x, y,
               on_x ? x : WIDTH - RIGHT, on_x ? TOP : y);
    if (on_x)
        add_text(&c->svg, x, y + 20, 13, "middle", "", text);
    else
        add_text(&c->svg, x - 8, y + 4.5, 13, "end", "", text);
}

/* Steps of 1, 2 or 5 times a power of ten, some eight of them. */
void vx_chart_ticks(struct vx_chart *c, bool on_x)
{
    const double low = on_x ? c->x0 : c->y0, high = on_x ? c->x1 : c->y1;
    const double raw = (high - low) / 8, power = pow(10, floor(log10(raw)));
    const double step = raw <= power ? power : raw <= 2 * power ? 2 * power : raw <= 5 * power ? 5 * power : 10 * power;
    char text[32];

    for (double k = ceil(low / step); k * step <= high; k++) {
        snprintf(text, sizeof text, "%g", k * step);
        vx_chart_tick(c, on_x, k * step, text);
    }
}

void vx_chart_line(struct vx_chart *c, const double *x, const double *y, size_t n, const char *colour, bool dashed)
{
    vx_buf_fmt(&c->svg, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s points=\"", colour, dashed ? "1.2" : "2",
               dashed ? " stroke-dasharray=\"5 4\"" : "");
    for (size_t i = 0; i < n; i++)
        vx_buf_fmt(&c->svg, "%.1f,%.1f ", px(c, x[i]), py(c, y[i]));
    vx_buf_str(&c->svg, "\"/>\n");
}

void vx_chart_bar(struct vx_chart *c, double left, double right, double height, const char *colour)
{
    const double x = px(c, left), y = py(c, height);

    vx_buf_fmt(&c->svg, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\"0.5\" "
               "stroke=\"%s\" stroke-width=\"0.8\"/>\n", x, y, px(c, right) - x, py(c, c->y0) - y, colour, colour);
}

void vx_chart_dot(struct vx_chart *c, double x, double y, const char *colour, bool filled)
{
    vx_buf_fmt(&c->svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" stroke=\"%s\" stroke-width=\"2\" fill=\"%s\"/>\n", px(c, x), py(c, y),
               colour, filled ? colour : "#fff");
}

/* Between title and axes, one below the other, where no data can lie. */
void vx_chart_legend(struct vx_chart *c, const char *colour, const char *text)
{
    const double y = 60 + LEGEND_ROW * c->legend++;

    vx_buf_fmt(&c->svg, "<rect x=\"%d\" y=\"%.1f\" width=\"14\" height=\"10\" fill=\"%s\" fill-opacity=\"0.8\"/>\n", LEFT, y - 9.5,
               colour);
    add_text(&c->svg, LEFT + 22, y, 13, "start", "", text);
}

enum vx_status vx_chart_write(struct vx_chart *c, const char *path, struct vx_err *err)
{
    enum vx_status rc;

    vx_buf_str(&c->svg, "</svg>\n");
    rc = c->svg.failed ? vx_fail_nomem(err, "a chart") : vx_file_write(path, c->svg.data, c->svg.len, err);
    vx_buf_free(&c->svg);
    return rc;
}
