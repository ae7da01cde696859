#include "jobs/calibrate_pile.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum vx_status vx_calibrate_pile_open(struct vx_calibrate_pile *p, const struct vx_scanner *scanner, int lane, struct vx_err *err)
{
    const size_t batch = (size_t)scanner->batch;

    *p = (struct vx_calibrate_pile){.scanner = scanner, .lane = lane};
    p->waiting = vx_calloc(batch, sizeof *p->waiting);
    p->logits = vx_calloc(batch * (size_t)scanner->engine->n_labels, sizeof *p->logits);
    return p->waiting && p->logits ? VX_OK : vx_fail_nomem(err, "a batch of windows");
}

void vx_calibrate_pile_close(struct vx_calibrate_pile *p)
{
    free(p->bytes);
    free(p->waiting);
    free(p->logits);
    free(p->scored);
    *p = (struct vx_calibrate_pile){0};
}

enum vx_status vx_calibrate_pile_run(struct vx_calibrate_pile *p, struct vx_err *err)
{
    struct vx_engine *engine = p->scanner->engine;
    const size_t n = (size_t)p->input.n;
    void *scored = p->scored;
    enum vx_status rc;

    if (n == 0)
        return VX_OK;
    if (vx_grow(&scored, &p->cap, p->n + n, sizeof *p->scored) != 0)
        return vx_fail_nomem(err, "scores");
    p->scored = scored;
    if ((rc = vx_engine_run(engine, p->lane, &p->input, p->logits, err)) != VX_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        float real, fake;
        vx_label_map_reduce(&p->scanner->labels, p->logits + i * (size_t)engine->n_labels, &real, &fake);
        p->scored[p->n] = p->waiting[i];
        p->scored[p->n++].score = (double)real - (double)fake;
    }
    p->input.n = 0;
    return VX_OK;
}

static size_t window_bytes(const struct vx_calibrate_pile *p, const struct vx_input *window)
{
    const size_t side = (size_t)p->scanner->engine->image_size;

    return window->kind == VX_INPUT_PCM ? (size_t)window->samples * sizeof(float) : side * side * 3;
}

/* Room for a batch of windows like this one. */
static enum vx_status begin(struct vx_calibrate_pile *p, const struct vx_input *window, struct vx_err *err)
{
    void *bytes = p->bytes;

    if (vx_grow(&bytes, &p->cap_bytes, window_bytes(p, window) * (size_t)p->scanner->batch, 1) != 0)
        return vx_fail_nomem(err, "a batch of windows");
    p->bytes = bytes;
    p->input = *window;
    p->input.n = 0;
    p->input.data = p->bytes;
    return VX_OK;
}

enum vx_status vx_calibrate_pile_add(struct vx_calibrate_pile *p, uint32_t file, int32_t index, const struct vx_input *window,
                                     struct vx_err *err)
{
    const size_t bytes = window_bytes(p, window);
    enum vx_status rc;

    if (p->input.kind != window->kind || p->input.samples != window->samples || p->input.sample_rate != window->sample_rate) {
        if ((rc = vx_calibrate_pile_run(p, err)) != VX_OK || (rc = begin(p, window, err)) != VX_OK)
            return rc;
    }
    memcpy(p->bytes + (size_t)p->input.n * bytes, window->data, bytes);
    p->waiting[p->input.n++] = (struct vx_calibrate_scored){file, index, 0};
    return p->input.n == p->scanner->batch ? vx_calibrate_pile_run(p, err) : VX_OK;
}
