#include "gpu/step.h"

#include "gpu/cuda.h"

int vx_gpu_step_serves(const struct vx_gpu_step *s, const struct vx_input *in)
{
    if (!s->graph || s->kind != in->kind)
        return 0;
    return s->kind == VX_INPUT_IMAGE || (s->sample_rate == in->sample_rate && s->samples == in->samples);
}

static size_t image_bytes(const struct vx_gpu_lane_config *c)
{
    return (size_t)c->image_size * (size_t)c->image_size * 3;
}

size_t vx_gpu_window_bytes(const struct vx_gpu_lane_config *c, const struct vx_input *in)
{
    return in->kind == VX_INPUT_IMAGE ? image_bytes(c) : (size_t)in->samples * sizeof(float);
}

enum vx_status vx_gpu_step_images(const struct vx_gpu_step *s, const struct vx_gpu_lane_config *c,
                                  const struct vx_gpu_buffers *b, cudaStream_t stream, struct vx_err *err)
{
    const float *pcm = b->at[VX_GPU_PCM];
    uint8_t *image = b->at[VX_GPU_IMAGE];
    enum vx_status rc = VX_OK;

    for (int i = 0; i < c->windows && rc == VX_OK; i += s->frontend_windows)
        rc = vx_gpu_frontend_run(s->frontend, stream, pcm + (size_t)i * (size_t)s->samples, image + (size_t)i * image_bytes(c),
                                 b->at[VX_GPU_SCRATCH], err);
    return rc;
}

static enum vx_status enqueue(const struct vx_gpu_step *s, const struct vx_gpu_lane_config *c, const struct vx_gpu_buffers *b,
                              cudaStream_t stream, struct vx_err *err)
{
    const float *table = s->kind == VX_INPUT_PCM ? c->pcm_table : c->image_table;
    const enum vx_status rc = s->kind == VX_INPUT_PCM ? vx_gpu_step_images(s, c, b, stream, err) : VX_OK;

    if (rc != VX_OK)
        return rc;
    return vx_gpu_network_run(c->network, stream, b->at[VX_GPU_IMAGE], table, b->at[VX_GPU_LOGITS], b->at[VX_GPU_SCRATCH], err);
}

/* A capture that has begun is always ended, or the stream would stay of no use. */
static enum vx_status capture(cudaGraph_t *out, const struct vx_gpu_step *s, const struct vx_gpu_lane_config *c,
                              const struct vx_gpu_buffers *b, cudaStream_t stream, struct vx_err *err)
{
    enum vx_status rc = vx_gpu_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture of a graph", err);

    *out = NULL;
    if (rc != VX_OK)
        return rc;
    rc = enqueue(s, c, b, stream, err);
    const cudaError_t code = cudaStreamEndCapture(stream, out);
    if (rc == VX_OK)
        rc = vx_gpu_check(code, "capture of a graph", err);
    else
        (void)cudaGetLastError(); /* the first failure is the one to tell of */
    if (rc != VX_OK && *out) {
        (void)cudaGraphDestroy(*out);
        *out = NULL;
    }
    return rc;
}

enum vx_status vx_gpu_step_capture(struct vx_gpu_step *s, const struct vx_gpu_lane_config *c, const struct vx_gpu_buffers *b,
                                   cudaStream_t stream, struct vx_err *err)
{
    cudaGraph_t graph = NULL;
    enum vx_status rc;

    rc = enqueue(s, c, b, stream, err);
    const cudaError_t code = cudaStreamSynchronize(stream);
    if (rc != VX_OK || (rc = vx_gpu_check(code, "first run of a step", err)) != VX_OK ||
        (rc = capture(&graph, s, c, b, stream, err)) != VX_OK)
        return rc;
    rc = vx_gpu_check(cudaGraphInstantiate(&s->graph, graph, 0), "a graph", err);
    if (rc != VX_OK)
        s->graph = NULL;
    (void)cudaGraphDestroy(graph);
    return rc;
}

void vx_gpu_step_clear(struct vx_gpu_step *s)
{
    if (s->graph)
        (void)cudaGraphExecDestroy(s->graph);
    vx_gpu_frontend_destroy(&s->frontend);
    *s = (struct vx_gpu_step){0};
}
