#include "tests/harness/fake_engine.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void fake_engine_logits(const void *bytes, size_t n, float logits[2])
{
    const unsigned char *p = bytes;
    uint64_t h = 0xcbf29ce484222325u, word; /* FNV-1a, over words as long as there are any: this shall cost nothing */
    size_t i = 0;

    for (; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        h = (h ^ word) * 0x100000001b3u;
        h ^= h >> 32;
    }
    for (; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    logits[0] = (float)(int16_t)(h >> 16) / 4096.0f;
    logits[1] = (float)(int16_t)(h >> 40) / 4096.0f;
}

/* One window less to go; true when none was left. */
static bool spent(atomic_int *fail_after)
{
    int left = atomic_load(fail_after);

    while (left > 0 && !atomic_compare_exchange_weak(fail_after, &left, left - 1))
        ;
    return left == 0;
}

static enum vx_status run(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits,
                          struct vx_err *err)
{
    struct fake_engine *fake = (struct fake_engine *)engine;
    const size_t bytes = in->kind == VX_INPUT_PCM ? (size_t)in->samples * sizeof(float)
                                                  : (size_t)FAKE_IMAGE_SIZE * FAKE_IMAGE_SIZE * 3;

    if (lane < 0 || lane >= engine->lanes || in->n < 1 || in->n > engine->max_batch)
        return vx_fail(err, VX_EINVAL, "lane %d, %d windows", lane, in->n);
    for (int i = 0; i < in->n; i++) {
        if (spent(&fake->fail_after))
            return vx_fail(err, VX_EUNSUPPORTED, "the fake engine was told to fail");
        fake_engine_logits((const char *)in->data + (size_t)i * bytes, bytes, logits + 2 * i);
    }
    return VX_OK;
}

static void close_nothing(struct vx_engine **engine)
{
    *engine = NULL;
}

static void lend(struct vx_engine *engine, void *memory, size_t bytes)
{
    struct fake_engine *fake = (struct fake_engine *)engine;

    (void)memory;
    fake->lent++;
    fake->lent_bytes += bytes;
}

static void take_back(struct vx_engine *engine, const void *memory)
{
    (void)memory;
    ((struct fake_engine *)engine)->lent--;
}

const struct vx_engine_ops fake_engine_ops = {
    .name = "fake", .default_batch = 8, .close = close_nothing, .run = run, .lend = lend, .take_back = take_back};

void fake_engine_init(struct fake_engine *fake, int lanes)
{
    *fake = (struct fake_engine){
        .engine = {.ops = &fake_engine_ops, .precision = VX_PRECISION_FP32, .lanes = lanes,
                   .max_batch = FAKE_MAX_BATCH, .n_labels = 2, .image_size = FAKE_IMAGE_SIZE, .description = "fake"},
        .fail_after = -1,
    };
}
