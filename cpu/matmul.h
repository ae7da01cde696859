/* matmul.h - matrix products with fixed weights
 * Through own tiles (panels.h) where this processor has the instructions they are written for, through oneDNN
 * elsewhere: this is the only part that knows oneDNN. A set holds products of fixed shape, their weights
 * packed once into the layout that is read fastest; it is shared by all lanes and never changes after the
 * last vx_matmul_add(). A lane holds what an execution writes to. Every product runs on its caller's thread
 * alone, whatever OpenMP is told elsewhere, so a result cannot depend on a number of threads. */
#ifndef VX_CPU_MATMUL_H
#define VX_CPU_MATMUL_H

#include "base/err.h"
#include "cpu/isa.h"
#include "cpu/type.h"

enum vx_matmul_post {
    VX_MATMUL_PLAIN, /* dst = src·Wᵀ + bias */
    VX_MATMUL_GELU,  /* dst = gelu(src·Wᵀ + bias), the exact one (erf) */
    VX_MATMUL_ADD,   /* dst += src·Wᵀ + bias */
};

struct vx_matmul_spec {
    int rows, in_f, out_f; /* src [rows][in_f], W [out_f][in_f], bias [out_f], dst [rows][out_f] */
    enum vx_type src, dst; /* the weights are kept in src's type, sums and bias in float32 */
    enum vx_matmul_post post;
};

struct vx_matmul_set;
struct vx_matmul_lane;

/* capacity: how many products can be added; isa: the instructions that own tiles may use (oneDNN finds out
 * for itself), all false for oneDNN alone. VX_EUNSUPPORTED: oneDNN has no CPU engine here. */
enum vx_status vx_matmul_set_create(struct vx_matmul_set **out, int capacity, const struct vx_isa *isa,
                                    struct vx_err *err) VX_CHECKED;
void vx_matmul_set_destroy(struct vx_matmul_set **set); /* after its lanes */

/* Adds a product and copies its weights; its number goes to *index. VX_EUNSUPPORTED: oneDNN cannot on this
 * processor. */
enum vx_status vx_matmul_add(struct vx_matmul_set *set, const struct vx_matmul_spec *spec,
                             const float *weight, const float *bias, int *index,
                             struct vx_err *err) VX_CHECKED;
/* What computes a product: "tiles of AVX-512 BF16", or what oneDNN took, "brg:avx512_core_bf16"; valid as
 * long as the set. */
const char *vx_matmul_kernel(const struct vx_matmul_set *set, int index);
/* Who computes the set's products: "own products", "oneDNN 2.6.3" (the library that is loaded), or both */
void vx_matmul_describe(const struct vx_matmul_set *set, char text[64]);

/* Made once the set is complete; used by one thread at a time. */
enum vx_status vx_matmul_lane_create(struct vx_matmul_lane **out, const struct vx_matmul_set *set,
                                     struct vx_err *err) VX_CHECKED;
void vx_matmul_lane_destroy(struct vx_matmul_lane **lane);

/* One product, between vx_matmul_begin() and vx_matmul_end() on this thread. dst must not overlap src. */
enum vx_status vx_matmul_run(struct vx_matmul_lane *lane, int index, const void *src, void *dst,
                             struct vx_err *err) VX_CHECKED;

/* Sets this thread's OpenMP to one thread, and back to what vx_matmul_begin() returned. */
int vx_matmul_begin(void);
void vx_matmul_end(int threads);

#endif
