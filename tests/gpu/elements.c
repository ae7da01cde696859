#include "tests/gpu/elements.h"

#include "tests/gpu/device.h"
#include "tests/harness/tolerances.h"

#include "base/mem.h"
#include "model/half.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const enum vx_gpu_type vx_element_types[3] = {VX_GPU_F32, VX_GPU_F16, VX_GPU_BF16};

const char *vx_element_name(enum vx_gpu_type type)
{
    static const char *const names[] = {"float32", "float16", "bfloat16"};

    return names[type];
}

static uint16_t narrow(enum vx_gpu_type type, float x)
{
    return type == VX_GPU_F16 ? vx_f16_from_float(x) : vx_bf16_from_float(x);
}

static float widen(enum vx_gpu_type type, uint16_t bits)
{
    return type == VX_GPU_F16 ? vx_f16_to_float(bits) : vx_bf16_to_float(bits);
}

float vx_element_round(enum vx_gpu_type type, float x)
{
    return type == VX_GPU_F32 ? x : widen(type, narrow(type, x));
}

double vx_element_rounding(enum vx_gpu_type type, double x)
{
    if (type == VX_GPU_F32)
        return 0;
    return type == VX_GPU_F16 ? fmax(VX_TOL_F16_ROUNDING * fabs(x), VX_TOL_F16_SUBNORMAL) : VX_TOL_BF16_ROUNDING * fabs(x);
}

float *vx_element_random(struct vx_random *rng, enum vx_gpu_type type, size_t n, float scale)
{
    float *x = vx_calloc(n, sizeof *x);

    assert_non_null(x);
    vx_random_floats(rng, x, n, scale);
    for (size_t i = 0; i < n; i++)
        x[i] = vx_element_round(type, x[i]);
    return x;
}

void *vx_element_upload(enum vx_gpu_type type, const float *x, size_t n)
{
    uint16_t *bits;
    void *there;

    if (type == VX_GPU_F32)
        return vx_device_copy(x, n * sizeof *x);
    bits = vx_calloc(n, sizeof *bits);
    assert_non_null(bits);
    for (size_t i = 0; i < n; i++)
        bits[i] = narrow(type, x[i]);
    there = vx_device_copy(bits, n * sizeof *bits);
    free(bits);
    return there;
}

float *vx_element_download(enum vx_gpu_type type, const void *from, size_t n)
{
    void *here = vx_device_read(from, n * vx_gpu_type_size(type));
    const uint16_t *bits = here;
    float *x;

    if (type == VX_GPU_F32)
        return here;
    x = vx_calloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = widen(type, bits[i]);
    free(here);
    return x;
}
