/* device.h - the state of the device that host.h sets, and how every faked call begins and ends */
#ifndef VX_TESTS_GPU_HOST_DEVICE_H
#define VX_TESTS_GPU_HOST_DEVICE_H

#include "tests/gpu/host/host.h"

/* Takes the lock (recursive), counts the call; what it is to fail with, or cudaSuccess. Always followed by vx_host_leave(). */
cudaError_t vx_host_enter(const char *call);
cudaError_t vx_host_leave(cudaError_t code); /* notes code for cudaGetLastError(), gives the lock back */

/* The lock alone, for what is no call of the API */
void vx_host_lock(void);
void vx_host_unlock(void);

/* With the lock held */
const struct vx_host_settings *vx_host_settings(void);
cudaError_t vx_host_lost(void); /* to what the context is lost; cudaSuccess: it is not */
void vx_host_lose(cudaError_t code);
cudaError_t vx_host_injected(const char *call); /* counts; for "kernel" */
void vx_host_report(cudaError_t lose, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vx_host_note_object(int change); /* streams, events, …: one more or one less */

/* Fills with 0xFF, which is a NaN in every floating type */
void vx_host_poison(void *memory, size_t bytes);

/* memory.c. Whether [p, p + bytes) lies in one allocation; kind tells which. */
enum vx_host_kind { VX_HOST_PAGEABLE, VX_HOST_DEVICE, VX_HOST_LOCKED };
enum vx_host_kind vx_host_kind_of(const void *p, size_t bytes, bool *inside);
void vx_host_note_source(const void *p, size_t bytes); /* of a copy, for vx_host_straight_bytes() */
bool vx_host_guards_hold(const char *after); /* reports a write beside an allocation */
void vx_host_forget_counts(void);

#endif
