/* Power of the spectra and the mel filters over it: a block takes the neighbouring frames of a window, so that what it writes lies
 * together, and keeps their power in shared memory, because every bin is in two filters. A frame too long for that is read
 * from the spectra twice. */
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#define THREADS 256
#define FRAMES 8                 /* of a block: 32 bytes of a line of the result */
#define FEW_BYTES (24u << 10)    /* of shared memory: two blocks and more on every device */
#define SHARED_BYTES (48u << 10) /* what a block gets without asking */

static __device__ float squared(float2 x)
{
    return x.x * x.x + x.y * x.y;
}

/* spectra [windows·frames][n_bins]; a row of power in shared memory is pitch floats. Grid: groups of `group` frames, windows. */
template <bool STAGED>
static __global__ void mel_kernel(struct vx_gpu_mel mel, const float2 *spectra, int frames, int group, int pitch, float *power)
{
    VX_DYNAMIC_SHARED(float, staged);
    const int begin = blockIdx.x * group, n = frames - begin < group ? frames - begin : group;
    const float2 *in = spectra + ((size_t)blockIdx.y * frames + begin) * mel.n_bins;

    if (STAGED) {
        for (int i = threadIdx.x; i < n * mel.n_bins; i += THREADS)
            staged[i / mel.n_bins * pitch + i % mel.n_bins] = squared(in[i]);
        __syncthreads();
    }
    for (int i = threadIdx.x; i < mel.n_mels * group; i += THREADS) {
        const int m = i / group, t = i % group, first = mel.first[m], count = mel.count[m];
        const float *weight = mel.weight + mel.offset[m];
        float sum = 0.0f;
        if (t >= n)
            continue;
        for (int k = 0; k < count; k++)
            sum += weight[k] * (STAGED ? staged[t * pitch + first + k] : squared(in[(size_t)t * mel.n_bins + first + k]));
        power[((size_t)blockIdx.y * mel.n_mels + m) * frames + begin + t] = sum;
    }
}

enum vx_status vx_gpu_mel_power(cudaStream_t stream, const struct vx_gpu_mel *mel, const float *spectra, int windows, int frames,
                                float *power, struct vx_err *err)
{
    const int pitch = (mel->n_bins + 31) / 32 * 32 + 4; /* frames four banks apart: eight frames of four filters do not collide */
    const float2 *in = reinterpret_cast<const float2 *>(spectra);
    const struct vx_gpu_mel filters = *mel;
    size_t bytes = FRAMES * pitch * sizeof(float);
    int group = FRAMES;

    if (windows == 0)
        return VX_OK;
    for (; group > 1 && bytes > FEW_BYTES; bytes /= 2)
        group /= 2;
    const dim3 grid((frames + group - 1) / group, windows);
    if (bytes <= SHARED_BYTES)
        VX_LAUNCH(mel_kernel<true>, grid, THREADS, bytes, stream, filters, in, frames, group, pitch, power);
    else
        VX_LAUNCH(mel_kernel<false>, grid, THREADS, 0, stream, filters, in, frames, group, pitch, power);
    return vx_gpu_launched("mel power", err);
}
