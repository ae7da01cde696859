/* picture.h - PNG and JPEG files as the network takes them: read, then resized and cropped as the checkpoint's image processor does */
#ifndef VX_IO_PICTURE_H
#define VX_IO_PICTURE_H

#include "base/err.h"
#include "io/source.h"
#include "model/processor.h"

#include <stdint.h>

struct vx_picture_fitter; /* keeps the plan of the last picture's shape: those of a corpus mostly share one */
enum vx_status vx_picture_fitter_create(struct vx_picture_fitter **out, const struct vx_processor *processor, int image_size,
                                        struct vx_err *err) VX_CHECKED;
void vx_picture_fitter_destroy(struct vx_picture_fitter **fitter);

/* The picture in source, to be fitted next. VX_EFORMAT, VX_ELIMIT: as of vx_image_read(). */
enum vx_status vx_picture_load(struct vx_picture_fitter *fitter, struct vx_source *source, struct vx_err *err) VX_CHECKED;
/* RGB [image_size][image_size][3] of the one that was loaded, which is given up. */
void vx_picture_fit(struct vx_picture_fitter *fitter, uint8_t *out);

#endif
