#include "mpi/progress.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

/* n with a comma every three digits. */
static const char *grouped(int64_t n, char out[32])
{
    char digits[24];
    const int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    char *p = out;

    for (int i = 0; i < len; i++) {
        *p++ = digits[i];
        if ((len - 1 - i) % 3 == 0 && i < len - 1 && digits[i] != '-')
            *p++ = ',';
    }
    *p = '\0';
    return out;
}

static void add(char *out, size_t size, size_t *at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void add(char *out, size_t size, size_t *at, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (*at >= size)
        return;
    va_start(ap, fmt);
    n = vsnprintf(out + *at, size - *at, fmt, ap);
    va_end(ap);
    *at += n > 0 ? (size_t)n : 0;
}

/* Three figures are what a rate is good for. */
static void add_rate(char *out, size_t size, size_t *at, double rate, const char *unit)
{
    char whole[32];

    if (rate >= 1000)
        add(out, size, at, "  %s%s", grouped((int64_t)(rate + 0.5), whole), unit);
    else
        add(out, size, at, "  %.*f%s", rate >= 99.95 ? 0 : 1, rate, unit);
}

const char *vx_progress_line(const struct vx_progress *p, char *out, size_t size)
{
    char done[32], items[32], failed[32], eta[32];
    size_t at = 0;

    if (size)
        out[0] = '\0';
    add(out, size, &at, "%s/%s%s items", grouped(p->done, done), grouped(p->items, items), p->listing ? "+" : "");
    if (p->before)
        add(out, size, &at, " (%s done before)", grouped(p->before, failed));
    if (p->listing)
        add(out, size, &at, "  listing...");
    if (p->windows_per_s > 0) {
        add_rate(out, size, &at, p->windows_per_s, " windows/s");
        add_rate(out, size, &at, p->real_time, "x real time");
    }
    if (p->failed)
        add(out, size, &at, "  %s error%s", grouped(p->failed, failed), p->failed == 1 ? "" : "s");
    if (!p->listing && p->eta_s >= 0)
        add(out, size, &at, "  ETA %s", vx_text_duration(p->eta_s, eta, sizeof eta));
    return out;
}

void vx_rate_add(struct vx_rate *r, double now, int64_t windows, int64_t items)
{
    if (r->n > 0 && now - r->sample[r->newest].at < 1)
        return;
    r->newest = r->n > 0 ? (r->newest + 1) % VX_RATE_SAMPLES : 0;
    r->sample[r->newest] = (struct vx_rate_sample){.at = now, .windows = windows, .items = items};
    if (r->n < VX_RATE_SAMPLES)
        r->n++;
}

static const struct vx_rate_sample *oldest(const struct vx_rate *r)
{
    return &r->sample[r->n < VX_RATE_SAMPLES ? 0 : (r->newest + 1) % VX_RATE_SAMPLES];
}

double vx_rate_windows(const struct vx_rate *r, double now, int64_t windows)
{
    const struct vx_rate_sample *o = oldest(r);

    return r->n > 0 && now - o->at >= 1 ? (double)(windows - o->windows) / (now - o->at) : 0;
}

double vx_rate_items(const struct vx_rate *r, double now, int64_t items)
{
    const struct vx_rate_sample *o = oldest(r);

    return r->n > 0 && now - o->at >= 1 ? (double)(items - o->items) / (now - o->at) : 0;
}
