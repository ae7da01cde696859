/* bench.h - what the parts of the benchmark share: time on the device, and the ceilings measured in the same run */
#ifndef VX_TESTS_GPU_BENCH_H
#define VX_TESTS_GPU_BENCH_H

#include "base/err.h"
#include "gpu/type.h"
#include "model/convnext.h"

#include <cuda_runtime_api.h>

struct bench_ceilings {
    double copy;       /* bytes a second, read and written, from device memory to device memory */
    double product[3]; /* floating-point operations a second in a large matrix product, by vx_gpu_type; 0: not had */
};

/* Enqueues one run of what is measured. */
typedef enum vx_status bench_work(void *user, cudaStream_t stream, struct vx_err *err);

/* Seconds that one run takes on the device: captured into a graph that is launched again and again for about `seconds`. */
enum vx_status bench_time(bench_work *work, void *user, double seconds, double *out, struct vx_err *err) VX_CHECKED;

/* One line for each operation of the network, for so many windows at once */
enum vx_status bench_operations(const struct vx_convnext *net, enum vx_gpu_type type, int windows, double seconds,
                                const struct bench_ceilings *ceilings, struct vx_err *err) VX_CHECKED;

#endif
