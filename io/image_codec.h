/* image_codec.h - what image.c hands to the PNG and the JPEG adapter
 * Each adapter keeps its library's error jumps inside its own file. */
#ifndef VX_IO_IMAGE_CODEC_H
#define VX_IO_IMAGE_CODEC_H

#include "base/err.h"
#include "io/source.h"

#include <stdint.h>

/* As vx_image_read, from the start of a source that begins like a PNG or a JPEG. */
enum vx_status vx_png_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err) VX_CHECKED;
enum vx_status vx_jpeg_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err) VX_CHECKED;

/* Memory for [h][w][3] once the header is known, the caller's to free. VX_EFORMAT: no pixels. VX_ELIMIT: too many. */
enum vx_status vx_image_alloc(uint8_t **rgb, uint64_t w, uint64_t h, struct vx_err *err) VX_CHECKED;

#endif
