/* frontend_ops.h - the front end's own kernels: all of it but the Fourier transform (gpu/fft.h)
 * Arrays are on the device. Everything is enqueued on the stream, nothing waits or allocates, so all of it can be captured into a
 * graph. What comes out of a window hangs on that window alone, bit for bit; windows 0 does nothing, 65535 is the most. Whole
 * numbers are the CPU engine's to the bit, from levels on; the oracle is model/reference_frontend.h. */
#ifndef VX_GPU_FRONTEND_OPS_H
#define VX_GPU_FRONTEND_OPS_H

#include "base/err.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VX_GPU_MAX_WINDOWS 65535

/* pcm [windows][samples] → peak [windows], what to divide a window by: librosa.util.normalize(norm=inf) */
enum vx_status vx_gpu_peak(cudaStream_t stream, const float *pcm, int windows, int samples, float *peak,
                           struct vx_err *err) VX_CHECKED;

/* pcm [windows][samples] → rows [windows·frames][n_fft + 2]: frame t is the n_fft samples from t·hop − n_fft/2 on, zeros outside of
 * the window of sound, each divided by the window's peak (NULL: not) and times hann [n_fft]. The last two of a row are left alone:
 * they are room for a transform in place. */
enum vx_status vx_gpu_frame(cudaStream_t stream, const float *pcm, const float *hann, const float *peak, int windows,
                            int samples, int frames, int n_fft, int hop, float *rows, struct vx_err *err) VX_CHECKED;

/* model/mel.h's filters, on the device */
struct vx_gpu_mel {
    int n_mels, n_bins;
    const int *first, *count; /* [n_mels] */
    const size_t *offset;     /* [n_mels] */
    const float *weight;
};

/* spectra [windows·frames][n_bins] complex → power [windows][n_mels][frames]: weights times squared magnitudes */
enum vx_status vx_gpu_mel_power(cudaStream_t stream, const struct vx_gpu_mel *mel, const float *spectra, int windows, int frames,
                                float *power, struct vx_err *err) VX_CHECKED;

/* librosa.power_to_db, a window at a time */
struct vx_gpu_decibel_scale {
    bool ref_max;              /* the reference is the window's largest power, else ref_value */
    float ref_value, amin, top_db; /* top_db 0: none */
};

/* In place, x [windows][cells] power → dB; range [windows][2]: the smallest and largest of the result. Not a number counts as 0,
 * infinity as 1e30. */
enum vx_status vx_gpu_decibels(cudaStream_t stream, const struct vx_gpu_decibel_scale *scale, int windows, size_t cells,
                               float *x, float *range, struct vx_err *err) VX_CHECKED;

/* db [windows][rows][columns] → level, the same shape: range onto 0…255, (x − low)/(high − low)·scale truncated and at most 255; all 0
 * where low = high. turn: the first row goes last. */
enum vx_status vx_gpu_levels(cudaStream_t stream, const float *db, const float *range, float scale, bool turn, int windows,
                             int rows, int columns, uint8_t *level, struct vx_err *err) VX_CHECKED;

/* level [n] → rgb [n][3]: the level's entry in colours [256][3], or three times the level where that is NULL */
enum vx_status vx_gpu_paint(cudaStream_t stream, const uint8_t *level, const uint8_t *colours, size_t n, uint8_t *rgb,
                            struct vx_err *err) VX_CHECKED;

/* One direction of a resizing plan (model/resize_axis.h): output i is Σ k[i·stride + t]·in[first[i] + t] over t < taps[i] in its fixed
 * point, or in[first[i]] where k is NULL. */
struct vx_gpu_axis {
    int n, stride;
    const int *first, *taps; /* [n] */
    const int32_t *k;        /* [n][stride] */
};

/* Pictures of uint8 [lines][pixels][channels] to read from: the first byte wanted of window w is at[w·window], its next line pitch
 * bytes on */
struct vx_gpu_pictures {
    const uint8_t *at;
    size_t pitch, window;
    int channels; /* 1 or 3 */
};

/* Resizes `lines` lines → out [windows][lines][axis.n][channels]. triple: a byte is written three times over, grey to colour. */
enum vx_status vx_gpu_resize_columns(cudaStream_t stream, const struct vx_gpu_axis *axis, const struct vx_gpu_pictures *in,
                                     int windows, int lines, bool triple, uint8_t *out, struct vx_err *err) VX_CHECKED;
/* Resizes `columns` columns of pixels → out [windows][axis.n][columns][channels] */
enum vx_status vx_gpu_resize_lines(cudaStream_t stream, const struct vx_gpu_axis *axis, const struct vx_gpu_pictures *in,
                                   int windows, int columns, bool triple, uint8_t *out, struct vx_err *err) VX_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
