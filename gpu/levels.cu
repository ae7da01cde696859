/* Decibels to 8-bit levels, numpy's operations in numpy's order: one block a row. */
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#define THREADS 128

static __global__ void levels_kernel(const float *db, const float *range, float scale, bool turn, int columns, uint8_t *level)
{
    const int row = blockIdx.x, rows = gridDim.x, to = turn ? rows - 1 - row : row;
    const float low = range[2 * blockIdx.y], high = range[2 * blockIdx.y + 1], spread = high - low;
    const size_t window = (size_t)blockIdx.y * rows;

    db += (window + row) * columns;
    level += (window + to) * columns;
    for (int i = threadIdx.x; i < columns; i += THREADS) {
        const int v = high > low ? (int)((db[i] - low) / spread * scale) : 0;
        level[i] = (uint8_t)(v < 255 ? v : 255);
    }
}

enum vx_status vx_gpu_levels(cudaStream_t stream, const float *db, const float *range, float scale, bool turn, int windows,
                             int rows, int columns, uint8_t *level, struct vx_err *err)
{
    if (windows == 0)
        return VX_OK;
    VX_LAUNCH(levels_kernel, dim3(rows, windows), THREADS, 0, stream, db, range, scale, turn, columns, level);
    return vx_gpu_launched("levels", err);
}
