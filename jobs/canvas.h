/* canvas.h - an RGB canvas with just enough drawing for inspect: blocks, images and capital letters */
#ifndef VX_JOBS_CANVAS_H
#define VX_JOBS_CANVAS_H

#include "base/err.h"

#include <stdint.h>

struct vx_canvas {
    int w, h;
    uint8_t *rgb; /* owned [h][w][3] */
};

struct vx_colour_rgb {
    uint8_t r, g, b;
};

#define VX_GLYPH_W 6 /* pixels a character takes at scale 1, with its gap */
#define VX_GLYPH_H 7

enum vx_status vx_canvas_create(struct vx_canvas *p, int w, int h, struct vx_colour_rgb paper, struct vx_err *err) VX_CHECKED;
void vx_canvas_free(struct vx_canvas *p); /* zeroed is fine */

/* All drawing is clipped to the canvas. */
void vx_canvas_block(struct vx_canvas *p, int x, int y, int w, int h, struct vx_colour_rgb c);
void vx_canvas_image(struct vx_canvas *p, int x, int y, const uint8_t *rgb, int w, int h); /* [h][w][3] */
/* ASCII, small letters drawn as capitals, anything else as a block. */
void vx_canvas_text(struct vx_canvas *p, int x, int y, int scale, const char *text, struct vx_colour_rgb c);

#endif
