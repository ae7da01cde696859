/* coordinator_report.c - what the coordinator tells people: the progress line, the beat, the hosts of the run */
#include "base/mem.h"
#include "base/text.h"
#include "mpi/coordinator_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const double PROGRESS_SECONDS = 30, REDRAW_SECONDS = 0.2, BEAT_SECONDS = 5;

struct vx_seat_name vx_seat_name(const struct vx_coordinator *c, int i)
{
    const struct vx_seat *w = &c->workers[i];
    struct vx_seat_name name;

    snprintf(name.text, sizeof name.text, w->greeted ? "rank %d on %s" : "rank %d", i, w->hello.host);
    return name;
}

static struct vx_coordinator_state state_now(const struct vx_coordinator *c, double now)
{
    const struct vx_lease_counts counts = vx_leases_counts(c->config->leases);
    struct vx_coordinator_state s = {
        .progress = {.done = counts.done,
                     .items = counts.items,
                     .failed = c->result->tally.failed,
                     .before = counts.done - c->result->tally.items,
                     .listing = !atomic_load(c->config->listing_ended),
                     .windows_per_s = vx_rate_windows(&c->rate, now, c->windows)},
        .items_per_s = vx_rate_items(&c->rate, now, counts.done),
        .workers = c->n_present,
        .lost = c->result->workers_lost,
        .stopping = c->stopping,
    };

    s.progress.eta_s = s.items_per_s > 0 ? (double)(counts.items - counts.done) / s.items_per_s : -1;
    s.progress.real_time = s.progress.windows_per_s * c->config->window_s;
    return s;
}

void vx_coordinator_report(struct vx_coordinator *c, double now)
{
    const struct vx_coordinator_config *config = c->config;
    const double line_seconds = config->progress_seconds > 0 ? config->progress_seconds : PROGRESS_SECONDS;
    const bool line = now - c->last_line >= (vx_log_is_terminal(config->log) ? REDRAW_SECONDS : line_seconds);
    const bool beat = config->beat && now - c->last_beat >= BEAT_SECONDS;
    char text[256];

    vx_rate_add(&c->rate, now, c->windows, vx_leases_counts(config->leases).done);
    if (!line && !beat)
        return;
    const struct vx_coordinator_state state = state_now(c, now);
    if (line) {
        c->last_line = now;
        vx_log_progress(config->log, vx_progress_line(&state.progress, text, sizeof text));
    }
    if (beat) {
        c->last_beat = now;
        config->beat(config->ctx, &state);
    }
}

void vx_coordinator_hosts(const struct vx_coordinator *c, struct vx_buf *json)
{
    const char *comma = "";

    vx_buf_str(json, "[");
    for (int i = 0; i < c->n_workers; i++) {
        const struct vx_seat *w = &c->workers[i];
        if (!w->greeted)
            continue;
        char *host = vx_text_to_utf8(w->hello.host), *engine = vx_text_to_utf8(w->hello.engine);
        json->failed |= !host || !engine;
        vx_buf_fmt(json, "%s{\"rank\":%d,\"host\":", comma, i);
        vx_buf_json(json, host ? host : "");
        vx_buf_fmt(json, ",\"pid\":%d,\"threads\":%d,\"engine\":", w->hello.pid, w->hello.threads);
        vx_buf_json(json, engine ? engine : "");
        vx_buf_str(json, "}");
        comma = ",";
        free(host);
        free(engine);
    }
    vx_buf_str(json, "]");
}

