/* elements.h - arrays of an element type on the device, as tests see them: float on the host */
#ifndef VX_TESTS_GPU_ELEMENTS_H
#define VX_TESTS_GPU_ELEMENTS_H

#include "gpu/type.h"
#include "tests/harness/check.h"

extern const enum vx_gpu_type vx_element_types[3];
const char *vx_element_name(enum vx_gpu_type type);
float vx_element_round(enum vx_gpu_type type, float x); /* x as the type holds it */

/* How far x, once it has been rounded to the type, may be from what it was */
double vx_element_rounding(enum vx_gpu_type type, double x);

/* n floats in −scale…scale that the type holds exactly; the caller's to free */
float *vx_element_random(struct vx_random *rng, enum vx_gpu_type type, size_t n, float scale);

/* A copy of x [n] on the device, in the type: vx_device_free(). And back, to float: free(). */
void *vx_element_upload(enum vx_gpu_type type, const float *x, size_t n);
float *vx_element_download(enum vx_gpu_type type, const void *from, size_t n);

#endif
