/* decode_here.c - decoding by the stage's own thread */
#include "base/mem.h"
#include "mpi/stage.h"

#include <stdlib.h>

struct here {
    struct vx_stage *stage;
    struct vx_cutter *cutter;
};

static enum vx_status room(void *user, const struct vx_cut_shape *shape, void **out, struct vx_err *err)
{
    struct here *h = user;
    const enum vx_status rc = vx_stage_batch(h->stage, shape, err);

    if (rc == VX_OK)
        *out = vx_batch_room(h->stage->batch);
    return rc;
}

static enum vx_status window(void *user, const struct vx_window_score *score, struct vx_err *err)
{
    struct here *h = user;
    const enum vx_status rc = vx_stage_window(h->stage, score, err);

    if (rc == VX_OK)
        vx_stage_flush_stale(h->stage);
    return rc;
}

static enum vx_status content(void *user, const char *hash, bool *wanted, struct vx_err *err)
{
    struct here *h = user;

    return vx_stage_content(h->stage, hash, wanted, err);
}

static void close_here(void **decoder)
{
    struct here *h = *decoder;

    if (h)
        vx_cutter_destroy(&h->cutter);
    free(h);
    *decoder = NULL;
}

static enum vx_status open_here(void **out, struct vx_stage *stage, struct vx_err *err)
{
    const struct vx_cut_config config = vx_pipeline_cut_config(stage->p);
    struct here *h = vx_calloc(1, sizeof *h);
    enum vx_status rc;

    *out = NULL;
    if (!h)
        return vx_fail_nomem(err, "a decoder");
    h->stage = stage;
    if ((rc = vx_cutter_create(&h->cutter, &config, &(struct vx_opener){0}, err)) != VX_OK) {
        void *p = h;
        close_here(&p);
        return rc;
    }
    *out = h;
    return VX_OK;
}

static enum vx_status decode(void *decoder, struct vx_task *task, struct vx_err *err)
{
    struct here *h = decoder;
    const struct vx_cut_sink sink = {.room = room, .window = window, .content = content, .user = h};
    struct vx_cut_result found;
    const enum vx_status rc = vx_cutter_run(h->cutter, &task->result->item, &sink, &found, err);

    vx_task_found(task, &found);
    return rc;
}

const struct vx_stage_ops vx_decode_here = {.open = open_here, .close = close_here, .decode = decode};
