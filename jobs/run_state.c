#include "jobs/run_state.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/itemlist.h"
#include "db/shard.h"
#include "jobs/progress_file.h"
#include "jobs/rundir.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRESH_SECONDS 60 /* a heartbeat younger than this is of a scan that runs, where locks cannot tell */

/* Items of all shards, each once. */
struct count {
    unsigned char *seen; /* owned [items / 8 + 1] */
    int64_t items, done, failed;
};

static void count_item(void *ctx, int64_t item, bool failed)
{
    struct count *c = ctx;

    if (item < 1 || item > c->items || c->seen[item / 8] & 1 << item % 8)
        return;
    c->seen[item / 8] |= (unsigned char)(1 << item % 8);
    c->done++;
    c->failed += failed;
}

/* One that was left to another item, which has the same content, is done too. */
static void count_same(void *ctx, const struct vx_shard_content *content)
{
    if (content->same_as != 0)
        count_item(ctx, content->item, false);
}

static enum vx_status count_shards(struct vx_run_state *s, const struct vx_rundir *dir, struct vx_err *note, struct vx_err *err)
{
    struct count c = {0};
    int64_t given_up = 0;
    enum vx_status rc = vx_itemlist_peek(dir->items_path, &c.items, &given_up, err);

    if (rc != VX_OK)
        return rc;
    if (!(c.seen = vx_calloc((size_t)c.items / 8 + 1, 1)))
        return vx_fail_nomem(err, "the state of the items");
    for (size_t i = 0; i < dir->n_shards; i++)
        if (vx_shard_results(dir->shards[i], count_item, &c, note) == VX_ENOMEM)
            rc = vx_fail_nomem(err, "the state of the items");
    for (size_t i = 0; i < dir->n_shards; i++)
        if (vx_shard_contents(dir->shards[i], count_same, &c, note) == VX_ENOMEM)
            rc = vx_fail_nomem(err, "the state of the items");
    s->items = c.items;
    s->done = c.done + given_up;
    s->failed = c.failed + given_up;
    free(c.seen);
    return rc;
}

static void take_note(struct vx_run_state *s, const struct vx_progress_note *n)
{
    const struct vx_progress *const p = &n->state.progress;

    s->attempt = n->attempt > s->attempt ? n->attempt : s->attempt;
    s->pid = n->pid;
    memcpy(s->host, n->host, sizeof s->host);
    s->heard_s = difftime(time(NULL), (time_t)n->updated);
    if (s->phase != VX_RUN_RUNNING)
        return;
    s->items = p->items;
    s->done = p->done;
    s->failed = p->failed;
    s->before = p->before;
    s->listing = p->listing;
    s->windows_per_s = p->windows_per_s;
    s->items_per_s = n->state.items_per_s;
    s->eta_s = p->listing ? -1 : p->eta_s;
    s->ranks = n->state.workers;
    s->lost = n->state.lost;
}

static enum vx_run_phase phase_of(int exit_status)
{
    switch (exit_status) {
    case 0:
    case 3:
        return VX_RUN_COMPLETE;
    case 4:
        return VX_RUN_STOPPED;
    case -1:
        return VX_RUN_INTERRUPTED;
    }
    return VX_RUN_FAILED;
}

enum vx_status vx_run_state_read(struct vx_run_state *s, const char *work, struct vx_err *note, struct vx_err *err)
{
    struct vx_progress_note n;
    struct vx_rundir dir;
    struct vx_err none;
    bool locked;
    enum vx_status rc;

    *s = (struct vx_run_state){.exit_status = -1, .eta_s = -1, .heard_s = -1};
    note->text[0] = '\0';
    if ((rc = vx_rundir_look(&dir, work, s->started, &s->exit_status, &locked, err)) != VX_OK)
        return rc;
    s->attempt = dir.attempt;
    const bool noted = vx_progress_note_read(&n, work, &none) == VX_OK;
    const bool beats = noted && difftime(time(NULL), (time_t)n.updated) < FRESH_SECONDS;
    s->phase = locked || (beats && s->exit_status < 0) ? VX_RUN_RUNNING : phase_of(s->exit_status);
    if (noted)
        take_note(s, &n);
    if (s->phase != VX_RUN_RUNNING)
        rc = count_shards(s, &dir, note, err);
    vx_rundir_close(&dir);
    return rc;
}

static const char *phase_name(enum vx_run_phase phase)
{
    switch (phase) {
    case VX_RUN_RUNNING:
        return "running";
    case VX_RUN_COMPLETE:
        return "complete";
    case VX_RUN_STOPPED:
        return "stopped";
    case VX_RUN_FAILED:
        return "failed";
    case VX_RUN_INTERRUPTED:
        return "interrupted";
    }
    return "unknown";
}

static const char *phase_words(const struct vx_run_state *s)
{
    switch (s->phase) {
    case VX_RUN_RUNNING:
        return s->attempt == 0 ? ", just begun" : "";
    case VX_RUN_COMPLETE:
        return "";
    case VX_RUN_STOPPED:
        return " by a signal; the same command goes on";
    case VX_RUN_FAILED:
        return "; the same command goes on once the cause is gone";
    case VX_RUN_INTERRUPTED:
        return ": killed; the same command goes on";
    }
    return "";
}

void vx_run_state_print(const struct vx_run_state *s, const char *work, FILE *to)
{
    const bool running = s->phase == VX_RUN_RUNNING;
    char text[32];

    fprintf(to, "folder    %s, begun %s, attempt %d\n", work, s->started, s->attempt);
    fprintf(to, "state     %s%s\n", phase_name(s->phase), phase_words(s));
    if (*s->host)
        fprintf(to, "rank 0    process %d on %s, heard %s ago\n", s->pid, s->host, vx_text_duration(s->heard_s, text, sizeof text));
    fprintf(to, "done      %lld of %lld items%s, %lld failed", (long long)s->done, (long long)s->items,
            s->listing ? " listed so far" : "", (long long)s->failed);
    if (s->before)
        fprintf(to, " (%lld done before this attempt)", (long long)s->before);
    fprintf(to, "\nleft      %lld\n", (long long)(s->items - s->done));
    if (!running)
        return;
    fprintf(to, "ranks     %d at work, %d lost\n", s->ranks, s->lost);
    fprintf(to, "speed     %.1f windows/s, %.2f items/s\n", s->windows_per_s, s->items_per_s);
    fprintf(to, "ETA       %s\n", s->eta_s >= 0 ? vx_text_duration(s->eta_s, text, sizeof text) : "not known yet");
}

void vx_run_state_json(const struct vx_run_state *s, const char *work, struct vx_buf *b)
{
    char *folder = vx_text_to_utf8(work);

    vx_buf_str(b, "\"folder\": ");
    vx_buf_json(b, folder ? folder : "");
    b->failed |= !folder;
    free(folder);
    vx_buf_fmt(b, ", \"begun\": \"%s\", \"attempt\": %d, \"state\": \"%s\", \"items\": %lld, \"listing\": %s", s->started, s->attempt,
               phase_name(s->phase), (long long)s->items, s->listing ? "true" : "false");
    vx_buf_fmt(b, ", \"done\": %lld, \"failed\": %lld, \"left\": %lld, \"done_before\": %lld", (long long)s->done,
               (long long)s->failed, (long long)(s->items - s->done), (long long)s->before);
    if (s->phase == VX_RUN_RUNNING)
        vx_buf_fmt(b, ", \"ranks\": %d, \"ranks_lost\": %d, \"windows_per_s\": %.3f, \"items_per_s\": %.3f", s->ranks, s->lost,
                   s->windows_per_s, s->items_per_s);
    if (s->eta_s >= 0)
        vx_buf_fmt(b, ", \"eta_s\": %.0f", s->eta_s);
    if (s->heard_s >= 0)
        vx_buf_fmt(b, ", \"heard_s\": %.0f, \"pid\": %d", s->heard_s, s->pid);
    if (s->exit_status >= 0)
        vx_buf_fmt(b, ", \"exit_status\": %d", s->exit_status);
}
