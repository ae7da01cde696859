/* picture_plan.h - what has to be done between a spectrogram's 8-bit levels and the network's image: colour, resize, the image
 * processor, and in which order
 * Grey is carried as one channel up to the end. */
#ifndef VX_MODEL_PICTURE_PLAN_H
#define VX_MODEL_PICTURE_PLAN_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <stdbool.h>
#include <stdint.h>

struct vx_picture_plan {
    int rows, columns;            /* of the levels */
    int width, height;            /* after resizing */
    int image_size;
    const uint8_t (*colours)[3];  /* NULL: grey */
    bool paint_first;             /* colours are mixed by the resizing, so it needs them; nearest does not mix */
    struct vx_resize *resize;     /* of three channels if paint_first, else of one; NULL: the levels' size is kept */
    struct vx_fit *fit;           /* of three channels if there are colours, else of one; NULL: no processor */
};

/* VX_EINVAL: the result would not have the size the network takes. */
enum vx_status vx_picture_plan_create(struct vx_picture_plan *out, const struct vx_profile *profile,
                                      const struct vx_processor *processor, int image_size, int rows, int columns,
                                      struct vx_err *err) VX_CHECKED;
void vx_picture_plan_clear(struct vx_picture_plan *plan);

#endif
