/* processor.h - preprocessor_config.json of a Hugging Face ConvNextImageProcessor, and Pillow's resizing
 * The slow (Pillow) processor is the reference: uint8 in, uint8 out, rounding after each pass. */
#ifndef VX_MODEL_PROCESSOR_H
#define VX_MODEL_PROCESSOR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vx_resample { VX_RESAMPLE_NEAREST = 0, VX_RESAMPLE_BILINEAR = 2, VX_RESAMPLE_BICUBIC = 3 }; /* Pillow's numbers */

struct vx_processor {
    bool do_resize;
    int shortest_edge; /* 224 */
    double crop_pct;   /* 0.875 */
    enum vx_resample resample;
    bool do_rescale;
    double rescale_factor; /* 1/255 */
    bool do_normalize;
    float mean[3], std[3];
};

/* Reads DIR/preprocessor_config.json; every key it lacks takes the value of facebook/convnext-tiny-224's file
 * (224, 0.875, bicubic, 1/255, ImageNet mean and std), not transformers' class defaults. Also understands
 * "size": 224, {"shortest_edge": 224} and {"height":…,"width":…} when square. A missing file: VX_ESYS. */
enum vx_status vx_processor_load(struct vx_processor *out, const char *dir, struct vx_err *err) VX_CHECKED;
enum vx_status vx_processor_load_file(struct vx_processor *out, const char *path, struct vx_err *err) VX_CHECKED;
struct vx_processor vx_processor_default(void);

/* Pillow's Image.resize on interleaved uint8 pixels: antialiased, two passes (in Pillow 13's order), 8-bit rounding
 * after each, coefficients in 22-bit fixed point. A plan is made once for a shape and may be shared by
 * threads; scratch is the caller's. */
struct vx_resize;
enum vx_status vx_resize_create(struct vx_resize **out, int in_w, int in_h, int out_w, int out_h, int channels,
                                enum vx_resample filter, struct vx_err *err) VX_CHECKED;
/* The same, computing only the part of w x h pixels at x,y of the resized image: vx_resize_run() then writes
 * out [h][w][channels]. */
enum vx_status vx_resize_create_part(struct vx_resize **out, int in_w, int in_h, int out_w, int out_h, int x, int y,
                                     int w, int h, int channels, enum vx_resample filter, struct vx_err *err) VX_CHECKED;
void vx_resize_destroy(struct vx_resize **plan);
size_t vx_resize_scratch(const struct vx_resize *plan); /* bytes */
/* in [in_h][in_w][channels], out [out_h][out_w][channels]; scratch may be NULL when vx_resize_scratch() is 0 */
void vx_resize_run(const struct vx_resize *plan, const uint8_t *in, uint8_t *out, uint8_t *scratch);

/* The whole geometric part for one image size: resize the short side (or warp, shortest_edge >= 384), centre-crop.
 * in [h][w][3] → out [image_size][image_size][3]. do_resize false: the image must have the right size already. */
struct vx_fit;
enum vx_status vx_fit_create(struct vx_fit **out, const struct vx_processor *p, int w, int h, int image_size,
                             struct vx_err *err) VX_CHECKED;
/* The same for one channel: in [h][w] → out [image_size][image_size]. */
enum vx_status vx_fit_create_grey(struct vx_fit **out, const struct vx_processor *p, int w, int h, int image_size,
                                  struct vx_err *err) VX_CHECKED;
void vx_fit_destroy(struct vx_fit **fit);
size_t vx_fit_scratch(const struct vx_fit *fit); /* bytes */
void vx_fit_run(const struct vx_fit *fit, const uint8_t *in, uint8_t *out, uint8_t *scratch);

/* The value part, as a table: out = table[channel][pixel] = (pixel·rescale − mean)/std in float32, each step
 * rounded as numpy does it. */
void vx_processor_table(const struct vx_processor *p, float table[3][256]);

#endif
