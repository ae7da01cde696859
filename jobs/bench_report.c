#include "jobs/bench_report.h"

#include "base/text.h"

#include <stdlib.h>

static const char *const unit_words[VX_TRACE_UNITS] = {
    [VX_TRACE_MEMORY] = "memory", [VX_TRACE_FP32] = "fp32", [VX_TRACE_BF16] = "bf16", [VX_TRACE_INT8] = "int8"};

static enum vx_trace_unit engine_unit(const struct vx_scanner *s)
{
    return s->engine->precision == VX_PRECISION_BF16 ? VX_TRACE_BF16 : VX_TRACE_FP32;
}

/* The network's arithmetic as a share of the ceiling of the engine's precision; 0: not measured. */
static double network_share(const struct vx_bench_report *r)
{
    const double peak = r->results->ceilings.flops[engine_unit(r->scanner)];

    return peak > 0 ? r->results->network * 2 * r->scanner->macs / peak : 0;
}

struct row { /* of the table of operations */
    const struct vx_trace_op *op;
    double ms;             /* of a window, on one thread */
    double flops, bytes;   /* a second, on all threads */
    double time, share;    /* of the window's time; of what is possible, 0: not known */
};

static struct row row(const struct vx_bench_report *r, int i)
{
    const struct vx_bench_results *m = r->results;
    const struct vx_trace_op *op = &m->trace.op[i];
    const int lanes = r->scanner->engine->lanes;
    const double rate = op->seconds > 0 ? lanes * m->traced_windows / op->seconds : 0;
    double all = 0;

    for (int k = 0; k < m->trace.n; k++)
        all += m->trace.op[k].seconds;
    return (struct row){.op = op,
                        .ms = 1e3 * op->seconds / m->traced_windows,
                        .flops = op->flops * rate,
                        .bytes = op->bytes * rate,
                        .time = op->seconds / all,
                        .share = vx_bench_share(m, i, lanes)};
}

static void text_ceilings(struct vx_buf *b, const struct vx_bench_ceilings *c)
{
    for (int unit = 0; unit < VX_TRACE_UNITS; unit++)
        if (c->name[unit])
            vx_buf_fmt(b, "ceiling     %s: %.1f G%s/s on all threads (%s)\n", unit_words[unit], c->flops[unit] / 1e9,
                       unit == VX_TRACE_INT8 ? "OP" : "FLOP", c->name[unit]);
    if (c->cache > 0)
        vx_buf_fmt(b, "ceiling     copies, read and written: %.1f GB/s in memory, %.1f GB/s in the second-level caches\n", c->memory / 1e9,
                   c->cache / 1e9);
}

static void text_number(struct vx_buf *b, int width, int digits, double x)
{
    if (x > 0)
        vx_buf_fmt(b, "%*.*f", width, digits, x);
    else
        vx_buf_fmt(b, "%*s", width, "-");
}

static void text_operations(struct vx_buf *b, const struct vx_bench_report *r)
{
    vx_buf_fmt(b, "\n%-32s %5s %9s %7s %9s %8s %9s\n", "operation", "kind", "ms", "% time", "GFLOP/s", "GB/s", "% ceiling");
    for (int i = 0; i < r->results->trace.n; i++) {
        const struct row o = row(r, i);
        if (o.ms <= 0)
            continue;
        vx_buf_fmt(b, "%-32s %5s %9.4f %7.1f", o.op->name, o.op->flops > 0 ? unit_words[o.op->unit] : "", o.ms, 100 * o.time);
        text_number(b, 10, 1, o.flops / 1e9);
        text_number(b, 9, 1, o.bytes / 1e9);
        text_number(b, 10, 1, 100 * o.share);
        vx_buf_str(b, "\n");
    }
    vx_buf_str(b, "ms: of a window, on one thread. GFLOP/s, GB/s: on all threads. % ceiling: the time of the arithmetic at its kind's ceiling, or of\n"
                  "the bytes at the caches' where that is longer, by the time that it took.\n");
}

void vx_bench_text(struct vx_buf *b, const struct vx_bench_report *r)
{
    const struct vx_scanner *s = r->scanner;
    const struct vx_bench_results *m = r->results;
    const int lanes = s->engine->lanes;

    vx_buf_fmt(b, "engine      %s, %d thread%s, batch %d; fastest of %d round%s\n", s->engine->description, lanes, lanes == 1 ? "" : "s",
               s->batch, r->options->rounds, r->options->rounds == 1 ? "" : "s");
    for (int i = 0; i < r->n_decoded; i++) {
        const struct vx_bench_decoded *d = &r->decoded[i];
        vx_buf_fmt(b, "decode      %s: %.1f s of sound in %.4f s, %.0f times real time on one thread\n", d->path, d->audio_s, d->wall_s,
                   d->wall_s > 0 ? d->audio_s / d->wall_s : 0);
    }
    if (r->n_decoded == 0)
        vx_buf_str(b, "decode      not measured: name recordings to decode\n");
    text_ceilings(b, &m->ceilings);
    vx_buf_fmt(b, "network     %.1f windows/s on all threads, %.1f GFLOP/s", m->network, m->network * 2 * s->macs / 1e9);
    if (network_share(r) > 0)
        vx_buf_fmt(b, ", %.1f %% of the %s ceiling", 100 * network_share(r), unit_words[engine_unit(s)]);
    vx_buf_str(b, "\n");
    if (m->front > 0)
        vx_buf_fmt(b, "front end   %.0f windows/s on %s (%s), %.3f ms a window on one\n", m->front,
                   m->front_lanes == 1 ? "one thread" : "all threads", s->profile.name, 1e3 * m->front_lanes / m->front);
    if (m->both > 0)
        vx_buf_fmt(b, "together    %.1f windows/s on all threads: the front end takes %.1f %% of a window's time\n", m->both,
                   100 * m->both * m->front_lanes / (m->front * lanes));
    if (m->traced)
        text_operations(b, r);
}

static void json_ceilings(struct vx_buf *b, const struct vx_bench_ceilings *c)
{
    vx_buf_str(b, "\"ceilings\":{");
    for (int unit = 0; unit < VX_TRACE_UNITS; unit++)
        if (c->name[unit])
            vx_buf_fmt(b, "\"%s\":{\"instructions\":\"%s\",\"gflops\":%.3f},", unit_words[unit], c->name[unit], c->flops[unit] / 1e9);
    vx_buf_fmt(b, "\"copy_memory_gbps\":%.3f,\"copy_cache_gbps\":%.3f}", c->memory / 1e9, c->cache / 1e9);
}

static void json_operations(struct vx_buf *b, const struct vx_bench_report *r)
{
    bool first = true;

    vx_buf_str(b, ",\n\"operations\":[");
    for (int i = 0; i < r->results->trace.n; i++) {
        const struct row o = row(r, i);
        if (o.ms <= 0)
            continue;
        vx_buf_fmt(b, "%s\n{\"name\":\"%s\",\"kind\":\"%s\",\"ms\":%.6f,\"time_share\":%.5f,\"gflops\":%.3f,\"gbps\":%.3f,\"share\":%.5f}",
                   first ? "" : ",", o.op->name, unit_words[o.op->unit], o.ms, o.time, o.flops / 1e9, o.bytes / 1e9, o.share);
        first = false;
    }
    vx_buf_str(b, "]");
}

static void json_text(struct vx_buf *b, const char *text)
{
    char *utf8 = vx_text_to_utf8(text);

    if (utf8)
        vx_buf_json(b, utf8);
    else
        b->failed = true;
    free(utf8);
}

void vx_bench_json(struct vx_buf *b, const struct vx_bench_report *r)
{
    const struct vx_scanner *s = r->scanner;
    const struct vx_bench_results *m = r->results;

    vx_buf_str(b, "{\"model\":");
    json_text(b, s->model_path);
    vx_buf_str(b, ",\"profile\":");
    json_text(b, s->profile.name);
    vx_buf_str(b, ",\n\"engine\":");
    json_text(b, s->engine->description);
    vx_buf_fmt(b, ",\"precision\":\"%s\",\"threads\":%d,\"batch\":%d,\"gflop_a_window\":%.6f,\"rounds\":%d,\"seconds\":%g,\n",
               vx_precision_name(s->engine->precision), s->engine->lanes, s->batch, 2 * s->macs / 1e9, r->options->rounds,
               r->options->seconds);
    json_ceilings(b, &m->ceilings);
    vx_buf_str(b, ",\n\"decode\":[");
    for (int i = 0; i < r->n_decoded; i++) {
        vx_buf_fmt(b, "%s{\"file\":", i ? "," : "");
        json_text(b, r->decoded[i].path);
        vx_buf_fmt(b, ",\"audio_s\":%.6f,\"wall_s\":%.6f}", r->decoded[i].audio_s, r->decoded[i].wall_s);
    }
    vx_buf_fmt(b, "],\n\"network\":{\"windows_per_s\":%.4f,\"gflops\":%.3f,\"share\":%.5f}", m->network, m->network * 2 * s->macs / 1e9,
               network_share(r));
    if (m->front > 0)
        vx_buf_fmt(b, ",\n\"front_end\":{\"windows_per_s\":%.4f,\"threads\":%d}", m->front, m->front_lanes);
    if (m->both > 0)
        vx_buf_fmt(b, ",\n\"together\":{\"windows_per_s\":%.4f,\"front_end_share\":%.5f}", m->both,
                   m->both * m->front_lanes / (m->front * s->engine->lanes));
    if (m->traced)
        json_operations(b, r);
    vx_buf_str(b, "}\n");
}
