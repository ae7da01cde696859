/* network.h - a ConvNeXt ready to run on this processor
 * vx_network is what all lanes share and nobody changes after create: the plan made from the layer table,
 * packed weights. vx_network_lane is one thread's scratch. A forward is one window from first layer to last,
 * always in the same shapes, so its logits are the same bits in any batch and on any lane. Feature maps stay
 * in float32; bf16 means the factors of the matrix products (all but the patch embedding and the classifier),
 * whose sums are float32 too. */
#ifndef VX_CPU_NETWORK_H
#define VX_CPU_NETWORK_H

#include "cpu/kernels.h"
#include "model/convnext.h"
#include "model/trace.h"

struct vx_network;
struct vx_network_lane;

/* net is borrowed during the call. VX_EUNSUPPORTED: type is BF16 and this processor has no such products, or
 * the network does not take three channels. */
enum vx_status vx_network_create(struct vx_network **out, const struct vx_convnext *net, enum vx_type type,
                                 const struct vx_isa *isa, struct vx_err *err) VX_CHECKED;
void vx_network_destroy(struct vx_network **network); /* after its lanes */

enum vx_status vx_network_lane_create(struct vx_network_lane **out, const struct vx_network *network,
                                      struct vx_err *err) VX_CHECKED;
void vx_network_lane_destroy(struct vx_network_lane **lane);

/* image [size][size][3] → logits [n_labels]; table [channel][pixel] is the image processor's value part
 * (vx_processor_table()) */
enum vx_status vx_network_forward(struct vx_network_lane *lane, const uint8_t *image,
                                  const float table[3][256], float *logits, struct vx_err *err) VX_CHECKED;

/* From here on every forward adds its operations' times to *trace, whose rows are those of vx_network_ops(); NULL: no more. */
void vx_network_lane_trace(struct vx_network_lane *lane, struct vx_trace *trace);

const struct vx_kernels *vx_network_kernels(const struct vx_network *network);
void vx_network_products(const struct vx_network *network, char text[64]); /* vx_matmul_describe() of its products */

#endif
