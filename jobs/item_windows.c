#include "jobs/item_windows.h"
#include "base/mem.h"
#include "io/decode.h"
#include "io/image.h"
#include "io/source.h"

#include <stdlib.h>

struct vx_item_windows {
    struct vx_item_windows_config config;
    struct vx_reader *reader;
    struct vx_windower *windower;
    uint8_t *fitted; /* [image_size][image_size][3] */
};

enum vx_status vx_item_windows_create(struct vx_item_windows **out, const struct vx_item_windows_config *config,
                                      struct vx_err *err)
{
    struct vx_item_windows *w = vx_calloc(1, sizeof *w);
    const size_t side = (size_t)config->image_size;
    enum vx_status rc;

    *out = NULL;
    if (!w || !(w->fitted = vx_calloc(side * side, 3))) {
        rc = vx_fail_nomem(err, "a picture");
        goto done;
    }
    w->config = *config;
    if ((rc = vx_reader_create(&w->reader, config->max_member_bytes, err)) != VX_OK ||
        (rc = vx_windower_create(&w->windower, &config->rule, err)) != VX_OK)
        goto done;
    *out = w;
    w = NULL;
done:
    vx_item_windows_destroy(&w);
    return rc;
}

void vx_item_windows_destroy(struct vx_item_windows **reader)
{
    struct vx_item_windows *w = *reader;

    if (!w)
        return;
    vx_windower_destroy(&w->windower);
    vx_reader_destroy(&w->reader);
    free(w->fitted);
    free(w);
    *reader = NULL;
}

static enum vx_status each_of_sound(struct vx_item_windows *w, struct vx_source *source, vx_item_window_fn *fn, void *ctx,
                                    struct vx_err *err)
{
    struct vx_input input = {.kind = VX_INPUT_PCM, .n = 1};
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    const float *pcm;
    enum vx_status rc;

    if ((rc = vx_decoder_open(&dec, source, w->config.profile->sample_rate, err)) == VX_OK)
        rc = vx_windower_begin(w->windower, dec, err);
    while (rc == VX_OK && (rc = vx_windower_next(w->windower, &score, &pcm, err)) == VX_OK) {
        input.samples = vx_windower_samples(w->windower);
        input.sample_rate = vx_decoder_rate(dec);
        input.data = pcm;
        rc = fn(ctx, &score, &input, err);
    }
    vx_decoder_close(&dec);
    return rc;
}

static enum vx_status each_of_picture(struct vx_item_windows *w, struct vx_source *source, vx_item_window_fn *fn, void *ctx,
                                      struct vx_err *err)
{
    const struct vx_input input = {.kind = VX_INPUT_IMAGE, .n = 1, .data = w->fitted};
    const struct vx_window_score score = {0};
    struct vx_fit *fit = NULL;
    uint8_t *rgb = NULL, *scratch = NULL;
    enum vx_status rc;
    int width, height;

    if ((rc = vx_image_read(source, &rgb, &width, &height, err)) != VX_OK ||
        (rc = vx_fit_create(&fit, w->config.processor, width, height, w->config.image_size, err)) != VX_OK)
        goto done;
    if (!(scratch = vx_calloc(vx_fit_scratch(fit), 1))) {
        rc = vx_fail_nomem(err, "a picture");
        goto done;
    }
    vx_fit_run(fit, rgb, w->fitted, scratch);
    rc = fn(ctx, &score, &input, err);
done:
    vx_fit_destroy(&fit);
    free(scratch);
    free(rgb);
    return rc;
}

enum vx_status vx_item_windows_each(struct vx_item_windows *w, const struct vx_item *item, vx_item_window_fn *fn, void *ctx,
                                    struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    if (item->kind == VX_ITEM_BROKEN)
        return vx_fail(err, VX_EFORMAT, "%s", item->problem ? item->problem : "could not be listed");
    if ((rc = vx_reader_open(w->reader, item, &source, err)) != VX_OK)
        return rc;
    rc = item->kind == VX_ITEM_IMAGE ? each_of_picture(w, source, fn, ctx, err) : each_of_sound(w, source, fn, ctx, err);
    return rc == VX_DONE ? VX_OK : rc;
}
