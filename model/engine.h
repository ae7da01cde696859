/* engine.h - what every engine can do: batches of windows in, logits out
 * A window's logits are a pure function of its content, the model and the profile: never of the batch's size, its
 * neighbours, the lane or the number of lanes. An engine has `lanes` independent lanes (CPU: one a thread; GPU: one a
 * stream); a lane is used by one thread at a time, lanes run side by side. Nothing is allocated per batch, except the
 * front-end plan of a sample rate not met before. */
#ifndef VX_MODEL_ENGINE_H
#define VX_MODEL_ENGINE_H

#include "base/err.h"
#include "model/convnext.h"
#include "model/processor.h"
#include "model/profile.h"
#include "model/trace.h"

#include <stddef.h>
#include <stdint.h>

enum vx_precision { VX_PRECISION_AUTO, VX_PRECISION_FP32, VX_PRECISION_BF16, VX_PRECISION_FP16 };

enum vx_input_kind {
    VX_INPUT_PCM,   /* float [n][samples], mono, −1…1, finite, at sample_rate */
    VX_INPUT_IMAGE, /* uint8 [n][image_size][image_size][3], already fitted (model/processor.h) */
};

struct vx_input {
    enum vx_input_kind kind;
    int n;           /* windows, 0…max_batch */
    int samples;     /* PCM: a window's length */
    int sample_rate; /* PCM: Hz */
    const void *data;
};

struct vx_engine_config {
    const struct vx_convnext *net;        /* these three are borrowed during open only; the engine keeps what it needs */
    const struct vx_profile *profile;
    const struct vx_processor *processor; /* the checkpoint's */
    enum vx_precision precision;
    int lanes;      /* >= 1 */
    int max_batch;  /* >= 1 */
    int local_rank; /* this rank's number on its host, which chooses among several devices */
    /* What an engine does differently than asked for, such as smaller steps where device memory is short, as a line for the log; may
     * be called by any lane's thread. NULL: nobody listens. */
    void (*note)(void *user, const char *line);
    void *note_user;
};

struct vx_engine {
    const struct vx_engine_ops *ops;
    enum vx_precision precision; /* what it took: never AUTO */
    int lanes, max_batch, n_labels, image_size;
    char description[128]; /* "cpu: own products, bf16, AVX-512" */
};

struct vx_engine_ops {
    const char *name;    /* "cpu", "cuda" */
    const char *library; /* "CUDA 13.0": what it was built with, for people; NULL: nothing worth saying */
    int default_batch;
    int default_lanes; /* 0: one for each processor the rank has; else the lanes do not compute on processors, and this many do */
    /* VX_EUNSUPPORTED: this machine cannot (says what is missing); the caller may try another engine. */
    enum vx_status (*open)(struct vx_engine **out, const struct vx_engine_config *config, struct vx_err *err);
    void (*close)(struct vx_engine **engine);
    /* logits [n][n_labels] float32. Called by the lane's thread. */
    enum vx_status (*run)(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits, struct vx_err *err);
    /* The network's input image for each PCM window, as the front end makes it: images [n][image_size][image_size][3],
     * before rescaling and mean/std. For `inspect`, training images and tests. */
    enum vx_status (*images)(struct vx_engine *engine, int lane, const struct vx_input *in, uint8_t *images, struct vx_err *err);
    /* Fills in *trace, borrowed, to which every run on this lane from here on adds its operations' times; NULL: no more.
     * While nobody runs the lane. The member itself is NULL where an engine cannot tell. */
    void (*trace)(struct vx_engine *engine, int lane, struct vx_trace *trace);
    /* Memory in which batches will lie again and again, such as that shared with decoder processes: an engine that copies
     * them to a device may lock it, and what keeps it from that is a note, no failure. It stays the caller's, who takes it back
     * before unmapping it. Both while no lane runs. NULL where it would be of no use. */
    void (*lend)(struct vx_engine *engine, void *memory, size_t bytes);
    void (*take_back)(struct vx_engine *engine, const void *memory);
};

static inline enum vx_status vx_engine_run(struct vx_engine *e, int lane, const struct vx_input *in, float *logits,
                                           struct vx_err *err)
{
    return e->ops->run(e, lane, in, logits, err);
}

static inline void vx_engine_lend(struct vx_engine *e, void *memory, size_t bytes)
{
    if (e->ops->lend)
        e->ops->lend(e, memory, bytes);
}

static inline void vx_engine_take_back(struct vx_engine *e, const void *memory)
{
    if (e->ops->take_back)
        e->ops->take_back(e, memory);
}

static inline void vx_engine_close(struct vx_engine **e)
{
    if (*e)
        (*e)->ops->close(e);
}

#endif
