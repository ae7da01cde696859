/* kernels.c - the choice of a kernel set, and the set in plain C that runs everywhere
 * Loops run over channels innermost, so that compilers vectorise them for whatever the target has. */
#include "cpu/kernels.h"

#include "model/convnext.h"
#include "model/half.h"

#include <math.h>
#include <string.h>

#define PARTS 16 /* partial sums: what lets a compiler vectorise a sum without reordering it */

static float sum_parts(const float *part)
{
    float sum = 0;

    for (int j = 0; j < PARTS; j++)
        sum += part[j];
    return sum;
}

static void norm_row(const float *in, void *out, enum vx_type type, const struct vx_norm *op)
{
    const int c = op->channels;
    float part[PARTS] = {0};

    for (int i = 0; i < c; i++)
        part[i % PARTS] += in[i];
    const float mean = sum_parts(part) / (float)c;
    memset(part, 0, sizeof part);
    for (int i = 0; i < c; i++)
        part[i % PARTS] += (in[i] - mean) * (in[i] - mean);
    const float scale = 1 / sqrtf(sum_parts(part) / (float)c + op->eps);

    for (int i = 0; i < c; i++) {
        float z = (in[i] - mean) * scale;
        if (op->gamma)
            z = z * op->gamma[i] + op->beta[i];
        if (type == VX_TYPE_BF16)
            ((uint16_t *)out)[i] = vx_bf16_from_float(z);
        else
            ((float *)out)[i] = z;
    }
}

static void norm(const struct vx_norm *op, const float *in, void *out, enum vx_type type, size_t rows)
{
    for (size_t r = 0; r < rows; r++)
        norm_row(in + r * (size_t)op->channels, (char *)out + vx_norm_row_at(op, type, r), type, op);
}

static void conv_row(const struct vx_dwconv *op, const float *in, int y, float *out)
{
    const int side = op->side, ky0 = y < 3 ? 3 - y : 0, ky1 = side - y < 4 ? side - y + 3 : 7;
    const size_t c = (size_t)op->channels;

    for (int x = 0; x < side; x++, out += c) {
        float *restrict sum = out;
        memcpy(sum, op->bias, c * sizeof *sum);
        for (int ky = ky0; ky < ky1; ky++)
            for (int kx = x < 3 ? 3 - x : 0; kx < 7 && x + kx - 3 < side; kx++) {
                const float *restrict v = in + ((size_t)(y + ky - 3) * side + x + kx - 3) * c;
                const float *restrict w = op->weight + (size_t)(ky * 7 + kx) * c;
                for (size_t i = 0; i < c; i++)
                    sum[i] += v[i] * w[i];
            }
    }
}

const struct vx_kernels vx_kernels_baseline = {"baseline", conv_row, norm};

const struct vx_kernels *vx_kernels_for(const struct vx_isa *isa)
{
#if defined(__x86_64__)
    if (isa->avx512)
        return &vx_kernels_avx512;
    if (isa->avx2)
        return &vx_kernels_avx2;
#else
    (void)isa;
#endif
    return &vx_kernels_baseline;
}

void vx_dwconv_norm(const struct vx_kernels *kernels, const struct vx_dwconv *op, const float *in, void *out,
                    enum vx_type type, float *scratch)
{
    const struct vx_norm after = {.channels = op->channels, .eps = VX_LAYER_NORM_EPS};
    const size_t row = (size_t)op->side * (size_t)op->channels * vx_type_size(type);

    for (int y = 0; y < op->side; y++) {
        kernels->conv_row(op, in, y, scratch);
        kernels->norm(&after, scratch, (char *)out + (size_t)y * row, type, (size_t)op->side);
    }
}
