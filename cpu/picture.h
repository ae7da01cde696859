/* picture.h - from a spectrogram's 8-bit levels to the network's input image, as model/picture_plan.h says
 * The plan is immutable; scratch belongs to one thread. */
#ifndef VX_CPU_PICTURE_H
#define VX_CPU_PICTURE_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <stddef.h>
#include <stdint.h>

struct vx_picture;

/* For levels [rows][columns]. VX_EINVAL: the result would not have the size the network takes. */
enum vx_status vx_picture_create(struct vx_picture **out, const struct vx_profile *profile,
                                 const struct vx_processor *processor, int image_size, int rows, int columns,
                                 struct vx_err *err) VX_CHECKED;
void vx_picture_destroy(struct vx_picture **plan); /* NULL is fine */
size_t vx_picture_scratch(const struct vx_picture *plan); /* bytes */
int vx_picture_width(const struct vx_picture *plan);      /* of the picture, before the processor */
int vx_picture_height(const struct vx_picture *plan);

/* level [rows][columns] → image [image_size][image_size][3] */
void vx_picture_run(const struct vx_picture *plan, const uint8_t *level, uint8_t *image, uint8_t *scratch);
/* level [rows][columns] → picture [height][width][3], before the processor */
void vx_picture_draw(const struct vx_picture *plan, const uint8_t *level, uint8_t *picture, uint8_t *scratch);

#endif
