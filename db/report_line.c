#include "db/report_line.h"
#include "base/base64.h"
#include "base/item.h"

#include <math.h>
#include <string.h>

#define NOTHING 255
#define MOST_CHANNELS 4096

struct line {
    double hop, scale, offset;
    int64_t n; /* windows' starts up to the last one, hop by hop */
    int channels;
    unsigned char place[VX_REPORT_LINE_MAX];
};

static double finite_or(double value, double otherwise)
{
    return isfinite(value) ? value : otherwise;
}

static int64_t nth_start(const struct line *l, sqlite3_stmt *window)
{
    const double n = round((double)sqlite3_column_int64(window, 0) / 1000 / l->hop);

    return n >= 0 && n < 1e12 ? (int64_t)n : 0;
}

/* How far it goes, for the places. */
static enum vx_status measure(struct vx_sql *sql, struct line *l, sqlite3_stmt *windows, struct vx_err *err)
{
    enum vx_status rc;

    while ((rc = vx_sql_step(sql, windows, "read windows", err)) == VX_OK) {
        const int64_t n = nth_start(l, windows) + 1;
        const int channel = sqlite3_column_int(windows, 4);
        l->n = n > l->n ? n : l->n;
        l->channels = channel > l->channels && channel <= MOST_CHANNELS ? channel : l->channels;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status fill(struct vx_sql *sql, struct line *l, sqlite3_stmt *windows, int places, struct vx_err *err)
{
    enum vx_status rc;

    memset(l->place, NOTHING, sizeof l->place);
    while ((rc = vx_sql_step(sql, windows, "read windows", err)) == VX_OK) {
        unsigned char *const at = &l->place[(int)((double)nth_start(l, windows) / (double)l->n * places)];
        const double llr = l->scale * (sqlite3_column_double(windows, 1) - sqlite3_column_double(windows, 2)) + l->offset;
        if ((sqlite3_column_int(windows, 3) & VX_WINDOW_NOT_SCORED) || sqlite3_column_type(windows, 1) == SQLITE_NULL || isnan(llr))
            continue;
        const unsigned char p = (unsigned char)lround(250 / (1 + exp(llr)));
        if (*at == NOTHING || p > *at)
            *at = p;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_report_line(struct vx_sql *sql, sqlite3_stmt *item, sqlite3_stmt *windows, struct vx_buf *line, struct vx_err *err)
{
    const double hop = finite_or(sqlite3_column_double(item, 3), 0), window = finite_or(sqlite3_column_double(item, 2), 0);
    struct line l = {.hop = hop > 0.001 ? hop : 1, .channels = 1, .scale = finite_or(sqlite3_column_double(item, 4), 1),
                     .offset = finite_or(sqlite3_column_double(item, 5), 0)};
    enum vx_status rc;

    sqlite3_bind_int64(windows, 1, sqlite3_column_int64(item, 0));
    if ((rc = measure(sql, &l, windows, err)) != VX_OK)
        return rc;
    const int places = l.n < VX_REPORT_LINE_MAX ? (int)l.n : VX_REPORT_LINE_MAX;
    if (places > 0 && (rc = fill(sql, &l, windows, places, err)) != VX_OK)
        return rc;
    const double span = (double)l.n * l.hop, seconds = finite_or(sqlite3_column_double(item, 1), 0);
    vx_buf_reset(line);
    vx_buf_fmt(line, "\"%lld\":{\"hop\":%.6g,\"window\":%.6g,\"seconds\":%.8g,\"span\":%.8g,\"channels\":%d,\"p\":\"",
               (long long)sqlite3_column_int64(item, 0), l.hop, window, seconds > 0 ? seconds : span, span, l.channels);
    vx_base64_add(line, l.place, (size_t)places);
    vx_buf_str(line, "\"}");
    return line->failed ? vx_fail_nomem(err, "a recording's scores") : VX_OK;
}
