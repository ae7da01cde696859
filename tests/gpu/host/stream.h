/* stream.h - streams as queues of closures; graphs are the same closures, kept
 * Everything here is called with the lock of device.h held. */
#ifndef VX_TESTS_GPU_HOST_STREAM_H
#define VX_TESTS_GPU_HOST_STREAM_H

#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_host_work {
    struct vx_host_work *next;
    void (*run)(const void *closure);
    size_t bytes;
    alignas(16) unsigned char closure[];
};

struct vx_host_queue {
    struct vx_host_work *first, *last;
    uint64_t length; /* all that was ever put in */
};

/* One being captured, or captured */
struct CUgraph_st {
    struct vx_host_queue work;
    struct CUgraph_st *next; /* of those being captured */
    struct CUstream_st *origin;
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    bool invalid;
};

struct CUstream_st {
    struct CUstream_st *next;
    uint64_t id;
    bool nonblocking;
    struct vx_host_queue work;
    uint64_t done;
    struct CUgraph_st *capture; /* NULL: none */
    uint64_t captured;          /* what this stream has put into it */
    bool joined;                /* nothing of it that another stream has not waited for */
};

/* Copies the closure to the end of a queue. cudaErrorMemoryAllocation: no memory. */
cudaError_t vx_host_put(struct vx_host_queue *queue, void (*run)(const void *), const void *closure, size_t bytes);
struct vx_host_work *vx_host_pop(struct vx_host_queue *queue); /* free() it; NULL: empty */

/* Puts work on a stream: into its graph while it is captured, else to be run when it is waited for (or now: host.h). run is not
 * called once the context is lost. */
cudaError_t vx_host_enqueue(cudaStream_t stream, void (*run)(const void *), const void *closure, size_t bytes);

bool vx_host_is_capturing(cudaStream_t stream);
struct CUstream_st *vx_host_stream(cudaStream_t handle); /* NULL: no such stream. The legacy default stream has one. */
void vx_host_run_stream(struct CUstream_st *stream, uint64_t position); /* as far as position, of all that was ever put in */
void vx_host_run_all(void);
bool vx_host_end_capture(struct CUgraph_st *graph); /* takes every stream out of it; whether all had been joined to its origin */

/* graph.c: fails, and spoils the capture, where what a call does is forbidden while somebody captures. */
cudaError_t vx_host_outside_capture(const char *call);
cudaError_t vx_host_implicit_capture(void); /* the same for work on the legacy default stream */

#endif
