/* host.h - what a test says to the CUDA that runs on the host, and asks of it
 * gpu/ is compiled by the ordinary compilers and linked with answers to the CUDA runtime, cuFFT and cuBLASLt (README.md one
 * folder up).
 * One device, one state a process; every function may be called from any thread. */
#ifndef VX_TESTS_GPU_HOST_HOST_H
#define VX_TESTS_GPU_HOST_HOST_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In which order blocks run, and the threads of a block between two barriers. FORWARD and REVERSE: a warp goes as far as it can, then
 * the next one. SHUFFLED: any block, and any thread that can run, at random. A kernel that lacks a barrier goes wrong in one of them. */
enum vx_host_order { VX_HOST_FORWARD, VX_HOST_REVERSE, VX_HOST_SHUFFLED };

/* When enqueued work runs. LATE: when something waits for it, the way most unlike what an unsynchronised program hopes for.
 * AT_ONCE: while it is enqueued. */
enum vx_host_when { VX_HOST_LATE, VX_HOST_AT_ONCE };

struct vx_host_settings {
    enum vx_host_order order;
    uint64_t seed; /* of SHUFFLED */
    enum vx_host_when when;
    size_t memory; /* bytes that the device has */
    int devices;   /* 0: cudaErrorNoDevice */
    int capability; /* 75: compute capability 7.5 */
};

/* As at start: FORWARD, seed 1, LATE, 1 GiB, one device of capability 7.5; no faults, no injected failures, calls counted from 0.
 * What is allocated stays. */
void vx_host_reset(void);
void vx_host_set(const struct vx_host_settings *settings);
struct vx_host_settings vx_host_get(void);

/* The nth call from now (1: the next) of the function of that name fails with code and does nothing; later ones do not. Names are the
 * API's ("cudaMalloc", "cublasLtMatmul", …), "launch" for kernels when they are launched and "kernel" when they run; NULL for
 * any. A code that loses the context (cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorDevicesUnavailable, …) is
 * the answer to all calls after it, as on a device. For cuBLAS and cuFFT any code makes the call fail with the library's own status. */
void vx_host_fail(const char *call, unsigned nth, cudaError_t code);
unsigned vx_host_calls(const char *call); /* since reset; NULL: all */

/* The first rule that was broken since reset (and printed on stderr), such as a barrier that not all threads reach, a write outside of an
 * allocation or a copy between the wrong sides; NULL: none. The device is lost from then on. */
const char *vx_host_fault(void);

/* What is not given back: device and page-locked bytes; streams, events, graphs, plans and handles. */
size_t vx_host_bytes(void);
unsigned vx_host_objects(void);
size_t vx_host_peak_bytes(void); /* on the device, since reset */
size_t vx_host_straight_bytes(void); /* copied out of memory that cudaHostRegister() locked, since reset */

#ifdef __cplusplus
}
#endif

#endif
