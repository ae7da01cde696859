/* fuzz_safetensors.c - a weights file: whatever it yields can be read */
#include "model/safetensors.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define MOST 65536 /* elements of a tensor that are read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float out[MOST];
    struct vx_st *st = NULL;
    struct vx_err err;

    if (vx_st_open(&st, fuzz_file("model.safetensors", data, size), &err) != VX_OK) {
        FUZZ_CHECK(st == NULL && *err.text);
        return 0;
    }
    for (size_t i = 0; i < vx_st_count(st); i++) {
        const struct vx_st_tensor *t = vx_st_at(st, i);
        FUZZ_CHECK(t && vx_st_find(st, t->name) == t);
        if (t->count <= MOST)
            (void)!vx_st_read(st, t, out, &err);
    }
    vx_st_close(&st);
    return 0;
}
