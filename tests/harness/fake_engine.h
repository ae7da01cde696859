/* fake_engine.h - an engine that costs nothing: its logits are a hash of the window's bytes
 * So scheduling, storage and decoding can be tested and measured alone, and any mix-up of windows shows. */
#ifndef VX_TESTS_FAKE_ENGINE_H
#define VX_TESTS_FAKE_ENGINE_H

#include "model/engine.h"

#include <stdatomic.h>

#define FAKE_IMAGE_SIZE 32
#define FAKE_MAX_BATCH 64

struct fake_engine {
    struct vx_engine engine;
    atomic_int fail_after; /* windows until every run() fails; < 0: never */
    int lent;              /* pieces of memory, not taken back */
    size_t lent_bytes;     /* that were ever lent */
};

extern const struct vx_engine_ops fake_engine_ops;

void fake_engine_init(struct fake_engine *fake, int lanes);
/* The two logits the engine gives for these bytes. */
void fake_engine_logits(const void *bytes, size_t n, float logits[2]);

#endif
