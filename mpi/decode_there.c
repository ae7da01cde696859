/* decode_there.c - decoding by a process of its own, which this stage feeds, watches and replaces
 * Whatever a recording does to its decoder, it costs that recording: a decoder that dies, says nonsense, says nothing for too
 * long or wants too much memory is ended, and another one goes on with the next item. */
#include "base/clones.h"
#include "base/mem.h"
#include "io/decoder_process.h"
#include "io/path.h"
#include "mpi/stage.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_IDLE 16       /* messages in a row without a window: it asks for room, a file, and once whether it is wanted */
#define MAX_TURNS 3       /* a member is looked for from where its archive stands, and at most twice from its start */
#define LOUDEST 1e30f     /* what is beyond is no sample: vx_clean() leaves less, and resampling adds little */
#define SLICE_SECONDS 0.1 /* of waiting, between looks at whether the pipeline is closing */

struct there {
    struct vx_stage *stage;
    struct vx_decoder_config config;
    struct vx_decoder_process *process; /* NULL: none at the moment */
    bool served;                        /* it has had an item before this one: its memory may be spoilt by that */
    char *archive;                      /* owned: path of the one it has open, or NULL */
    int fd;                             /* of the item's file, kept to see how far a decoder reads; -1: none */
    off_t at, read_to;                  /* where it was seen last; the furthest since it last turned back */
    int turns;                          /* back, within the item */
    double silent_s;                    /* nothing came for so long */
    double cpu_s, peak_rss;             /* as the process said last */
    int32_t index, channel;             /* of the item's last window; -1 before the first */
    size_t windows;                     /* of the item so far */
    bool asked, wanted;                 /* about the item's content; and it is, as far as is known */
    int idle;                           /* messages since the last that told of a window */
};

static void close_file(struct there *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/* Ends the process; what it died of, if it was dead already, goes to why. */
static enum vx_status end_process(struct there *t, char why[96], struct vx_err *err)
{
    struct vx_pipeline *const p = t->stage->p;

    pthread_mutex_lock(&p->fail_lock);
    p->decoders_rss -= t->peak_rss; /* its successor's takes the place */
    pthread_mutex_unlock(&p->fail_lock);
    t->cpu_s = t->peak_rss = 0;
    t->served = false;
    free(t->archive);
    t->archive = NULL;
    close_file(t);
    return vx_decoder_process_end(&t->process, why, err);
}

static enum vx_status see_to_process(struct there *t, struct vx_err *err)
{
    if (t->process)
        return VX_OK;
    return vx_decoder_process_start(&t->process, t->stage->p->config.nursery, t->stage->pool->shared.fd, &t->config, err);
}

/* Opens the item's file for the decoder; an errno, 0 for success. */
static int open_file(struct there *t, const struct vx_item *item)
{
    close_file(t);
    t->at = t->read_to = 0;
    t->fd = vx_path_open(item->path, 0);
    return t->fd < 0 ? errno : 0;
}

static enum vx_status send_item(struct there *t, const struct vx_item *item, struct vx_err *err)
{
    const bool open_there = item->member && t->archive && strcmp(t->archive, item->path) == 0;
    int no_file = 0;

    if (!open_there) {
        free(t->archive);
        t->archive = item->member ? strdup(item->path) : NULL; /* without memory it is opened again, no more */
        no_file = open_file(t, item);
    }
    t->index = t->channel = -1;
    t->windows = 0;
    t->asked = false;
    t->wanted = true;
    t->idle = t->turns = 0;
    return vx_decoder_process_item(t->process, item, open_there ? -1 : t->fd, no_file, t->stage->batch != NULL, err);
}

/* The file of an archive is read through one offset that both ends share: unpacking on the way to a member is seen there. To one that
 * lies before the last it is unpacked from its start again; but who goes to and fro for ever gets nowhere. */
static bool reads_on(struct there *t)
{
    const off_t at = t->fd >= 0 ? lseek(t->fd, 0, SEEK_CUR) : -1;
    const bool turned = at >= 0 && at < t->at && t->turns < MAX_TURNS;

    t->at = at;
    t->turns += turned;
    if (at <= t->read_to && !turned)
        return false;
    t->read_to = at;
    return true;
}

/* What the process says next. VX_ESTOP: the pipeline is closing. VX_ELIMIT: it took too long. */
static enum vx_status hear(struct there *t, const struct vx_dec_note **note, struct vx_err *err)
{
    const double limit = t->stage->p->config.decode_timeout_s;
    enum vx_status rc;

    t->silent_s = 0;
    while ((rc = vx_decoder_process_hear(t->process, note, SLICE_SECONDS, err)) == VX_DONE) {
        if (atomic_load(&t->stage->p->stopping))
            return vx_fail(err, VX_ESTOP, "the pipeline is closing");
        t->silent_s = reads_on(t) ? 0 : t->silent_s + SLICE_SECONDS; /* slices: a stopped machine's hours are none */
        if (limit > 0 && t->silent_s >= limit)
            return vx_fail(err, VX_ELIMIT, "decoder gave no sound for %g s", limit);
    }
    return rc;
}

/* Sound that an engine can be given. The decoder could change it after this look; then an engine that finds nonsense in its logits
 * ends its rank, and the item is known by that (hand.c). */
VX_CLONES static bool is_sound(const float *pcm, size_t n)
{
    size_t bad = 0;

    for (size_t i = 0; i < n; i++)
        bad += !(fabsf(pcm[i]) <= LOUDEST);
    return bad == 0;
}

/* The window that comes next in the batch. */
static bool fit_to_score(const struct vx_batch *b)
{
    return b->input.n < b->room &&
           (b->input.kind != VX_INPUT_PCM || is_sound(vx_batch_room(b), (size_t)b->input.samples));
}

/* What the shard would refuse must not get there: that would be the rank's end. Channels count from 1, and only where each is scored
 * by itself. */
static bool is_next(const struct there *t, const struct vx_window_score *w)
{
    const bool of_channel = w->channel > 0;

    return t->wanted && w->index == (int64_t)t->index + 1 && (!of_channel || t->config.cut.channels == VX_CHANNELS_EACH) &&
           (t->index < 0 || of_channel == (t->channel > 0));
}

/* Windows as the decoder tells of them. VX_EFORMAT: there is no such window. */
static enum vx_status take_windows(struct there *t, const struct vx_dec_note *note, struct vx_err *err)
{
    struct vx_stage *const s = t->stage;
    enum vx_status rc = VX_OK;

    t->idle = note->n > 0 ? 0 : t->idle + 1;
    if (t->idle > MAX_IDLE)
        return vx_fail(err, VX_EFORMAT, "%d messages that tell of no window", t->idle);
    for (uint32_t i = 0; rc == VX_OK && i < note->n; i++) {
        const struct vx_window_score *const w = &note->windows[i];
        const bool scored = !(w->flags & VX_WINDOW_NOT_SCORED);
        if (!is_next(t, w))
            return vx_fail(err, VX_EFORMAT, "window %d of channel %d after window %d of channel %d%s", (int)w->index, (int)w->channel,
                           (int)t->index, (int)t->channel, t->wanted ? "" : ", of an item that is not wanted");
        t->index = w->index;
        t->channel = w->channel;
        if (scored && (!s->batch || !fit_to_score(s->batch)))
            return vx_fail(err, VX_EFORMAT, "a window for which there was no room, or that is no sound");
        rc = vx_stage_window(s, w, err);
        t->windows++;
    }
    if (note->given_up)
        vx_stage_flush(s);
    return rc;
}

static enum vx_status give_room(struct there *t, const struct vx_cut_shape *shape, struct vx_err *err)
{
    const struct vx_cut_config *const cut = &t->config.cut;
    struct vx_stage *const s = t->stage;
    enum vx_status rc;

    if (shape->kind == VX_INPUT_PCM &&
        ((cut->sample_rate > 0 && shape->sample_rate != cut->sample_rate) ||
         shape->samples != llround(cut->rule.window_seconds * shape->sample_rate)))
        return vx_fail(err, VX_EFORMAT, "windows of %d samples at %d Hz", shape->samples, shape->sample_rate);
    if ((rc = vx_stage_batch(s, shape, err)) != VX_OK)
        return rc;
    return vx_decoder_process_room(t->process, (uint64_t)((unsigned char *)vx_batch_room(s->batch) - s->pool->shared.memory),
                                   (uint32_t)(s->batch->room - s->batch->input.n), err);
}

static void add_usage(struct there *t, double cpu_s, double peak_rss)
{
    struct vx_pipeline *const p = t->stage->p;

    pthread_mutex_lock(&p->fail_lock);
    p->decoders_cpu_s += cpu_s > t->cpu_s ? cpu_s - t->cpu_s : 0;
    p->decoders_rss += peak_rss - t->peak_rss;
    pthread_mutex_unlock(&p->fail_lock);
    t->cpu_s = cpu_s;
    t->peak_rss = peak_rss;
}

/* From the first order to the END; *status is the item's own. What is returned is about the process: VX_ESYS it is gone,
 * VX_EFORMAT it speaks nonsense, VX_ELIMIT it took too long; VX_ESTOP. */
static enum vx_status converse(struct there *t, struct vx_task *task, enum vx_status *status, struct vx_err *err)
{
    const struct vx_item *const item = &task->result->item;
    const struct vx_dec_note *note;
    enum vx_status rc = send_item(t, item, err);

    *status = rc;
    if (rc == VX_ELIMIT) /* its name: the process has not heard of it */
        return VX_OK;
    while (rc == VX_OK) {
        if ((rc = hear(t, &note, err)) != VX_OK || (rc = take_windows(t, note, err)) != VX_OK)
            break;
        switch ((enum vx_dec_says)note->says) {
        case VX_DEC_NOTE:
            break;
        case VX_DEC_ROOM:
            rc = give_room(t, &note->shape, err);
            break;
        case VX_DEC_CONTENT:
            if (!t->config.cut.hash_first || t->asked)
                return vx_fail(err, VX_EFORMAT, "a question that is not its");
            t->asked = true;
            if ((rc = vx_stage_content(t->stage, note->content, &t->wanted, err)) == VX_OK)
                rc = vx_decoder_process_wanted(t->process, t->wanted, t->stage->batch != NULL, err);
            break;
        case VX_DEC_OPEN: {
            const int no_file = open_file(t, item);
            rc = vx_decoder_process_file(t->process, t->fd, no_file, err);
            break;
        }
        case VX_DEC_END:
            if (t->asked && strcmp(note->end.result.hash, task->result->hash) != 0)
                return vx_fail(err, VX_EFORMAT, "another hash than the one it asked about");
            vx_task_found(task, &note->end.result);
            add_usage(t, note->end.cpu_s, note->end.peak_rss);
            *status = (enum vx_status)note->end.status;
            if (*status != VX_OK)
                (void)vx_fail(err, *status, "%s", note->end.text);
            return VX_OK;
        }
    }
    return rc;
}

/* The process is of no more use: its end, and what to say of the item. */
static enum vx_status bury(struct there *t, enum vx_status rc, struct vx_err *err)
{
    const struct vx_err said = *err;
    struct vx_err fatal;
    char why[96];

    if (end_process(t, why, &fatal) != VX_OK)
        return vx_stage_fail(t->stage, &fatal);
    vx_stage_flush(t->stage); /* what it wrote before stands; only now can it write no more */
    if (rc == VX_ESTOP || rc == VX_ELIMIT)
        return vx_fail(err, rc, "%s", said.text);
    if (rc == VX_EFORMAT)
        return vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: %.400s", said.text);
    return vx_fail(err, VX_ESYS, "%s", why);
}

static enum vx_status decode(void *decoder, struct vx_task *task, struct vx_err *err)
{
    struct there *t = decoder;
    enum vx_status rc, status;

    for (;;) {
        if (see_to_process(t, err) != VX_OK)
            return vx_stage_fail(t->stage, err);
        rc = converse(t, task, &status, err);
        if (!t->archive)
            close_file(t);
        const bool memory = rc == VX_OK && status == VX_ENOMEM;
        if (rc == VX_OK && !memory) {
            t->served = true;
            return status;
        }
        const bool again = t->served && t->windows == 0 && (memory || rc == VX_ESYS);
        if (memory && t->config.data_bytes > 0)
            (void)vx_fail(err, VX_ELIMIT, "decoder passed its memory limit of %llu MiB",
                          (unsigned long long)(t->config.data_bytes >> 20));
        rc = bury(t, memory ? VX_ELIMIT : rc, err);
        if (!again || rc == VX_ESTOP)
            return rc; /* else it may have been an earlier item's doing: once more, by a fresh one */
        task->result->status = VX_ITEM_SCORED; /* that it was not wanted is forgotten: the fresh one may not ask */
        task->result->same_as = 0;
    }
}

static void close_there(void **decoder)
{
    struct there *t = *decoder;
    struct vx_err err;
    char why[96];

    if (!t)
        return;
    (void)!end_process(t, why, &err); /* if the nursery is gone, so are its processes */
    free(t);
    *decoder = NULL;
}

static enum vx_status open_there(void **out, struct vx_stage *stage, struct vx_err *err)
{
    const struct vx_pipeline_config *c = &stage->p->config;
    struct there *t = vx_calloc(1, sizeof *t);

    *out = NULL;
    if (!t)
        return vx_fail_nomem(err, "a decoder");
    t->stage = stage;
    t->fd = -1;
    t->config = (struct vx_decoder_config){.cut = vx_pipeline_cut_config(stage->p), .memory_bytes = stage->pool->shared.bytes,
                                           .data_bytes = c->decode_memory, .sandbox = c->sandbox};
    if (sched_getaffinity(0, sizeof t->config.cpus, &t->config.cpus) != 0)
        CPU_ZERO(&t->config.cpus); /* more processors than the mask has: it keeps those it has */
    *out = t;
    return VX_OK;
}

const struct vx_stage_ops vx_decode_there = {.open = open_there, .close = close_there, .decode = decode};
