/* Cutting sound into windowed frames: one block a frame. */
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#define THREADS 256

static __global__ void frame_kernel(const float *pcm, const float *hann, const float *peak, int samples, int frames, int n_fft,
                                    int hop, float *rows)
{
    const int window = blockIdx.x / frames, begin = (int)(blockIdx.x % frames) * hop - n_fft / 2;
    const float *in = pcm + (size_t)window * samples;
    const float divisor = peak ? peak[window] : 1.0f;
    float *row = rows + (size_t)blockIdx.x * (n_fft + 2);

    for (int i = threadIdx.x; i < n_fft; i += THREADS) {
        const int at = begin + i;
        const float x = at >= 0 && at < samples ? in[at] : 0.0f;
        row[i] = (peak ? x / divisor : x) * hann[i];
    }
}

enum vx_status vx_gpu_frame(cudaStream_t stream, const float *pcm, const float *hann, const float *peak, int windows,
                            int samples, int frames, int n_fft, int hop, float *rows, struct vx_err *err)
{
    if (windows == 0)
        return VX_OK;
    VX_LAUNCH(frame_kernel, windows * frames, THREADS, 0, stream, pcm, hann, peak, samples, frames, n_fft, hop, rows);
    return vx_gpu_launched("frame", err);
}
