/* image.h - PNG and JPEG to RGB as Pillow's Image.open(...).convert("RGB") gives it, and RGB to PNG */
#ifndef VX_IO_IMAGE_H
#define VX_IO_IMAGE_H

#include "base/err.h"
#include "io/source.h"

#include <stdint.h>

#define VX_IMAGE_MAX_PIXELS (64u << 20)

/* *rgb [*h][*w][3], the caller's to free. VX_EFORMAT: neither PNG nor JPEG, or broken. VX_ELIMIT: over the maximum. */
enum vx_status vx_image_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err) VX_CHECKED;
/* True when the first bytes are a PNG's or a JPEG's; leaves the source at its start. */
int vx_image_sniff(struct vx_source *source, const char **format);
enum vx_status vx_image_write_png(const char *path, const uint8_t *rgb, int w, int h, struct vx_err *err) VX_CHECKED;

#endif
