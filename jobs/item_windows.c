#include "jobs/item_windows.h"
#include "base/mem.h"
#include "io/decode.h"

#include <stdlib.h>

struct vx_item_windows {
    struct vx_item_windows_config config;
    struct vx_player *player;
    struct vx_windower *windower;
    uint8_t *fitted; /* [image_size][image_size][3] */
};

enum vx_status vx_item_windows_create(struct vx_item_windows **out, const struct vx_item_windows_config *config,
                                      struct vx_err *err)
{
    struct vx_item_windows *w = vx_calloc(1, sizeof *w);
    const size_t side = (size_t)config->image_size;
    struct vx_player_config player = config->player;
    enum vx_status rc;

    *out = NULL;
    if (!w || !(w->fitted = vx_calloc(side * side, 3))) {
        rc = vx_fail_nomem(err, "a picture");
        goto done;
    }
    w->config = *config;
    player.processor = *config->processor;
    player.image_size = config->image_size;
    player.kept = true;
    if ((rc = vx_player_create(&w->player, &player, err)) != VX_OK ||
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
    vx_player_destroy(&w->player);
    free(w->fitted);
    free(w);
    *reader = NULL;
}

struct vx_corpus_limits vx_item_windows_limits(const struct vx_player_config *player)
{
    return (struct vx_corpus_limits){.depth = VX_CORPUS_DEPTH, .max_bytes = player->max_member_bytes, .nursery = player->nursery,
                                     .sandbox = player->sandbox, .timeout_s = player->timeout_s, .data_bytes = player->data_bytes};
}

static enum vx_status each_of_sound(struct vx_item_windows *w, const struct vx_item *item, vx_item_window_fn *fn, void *ctx,
                                    struct vx_err *err)
{
    struct vx_input input = {.kind = VX_INPUT_PCM, .n = 1};
    struct vx_sound *sound;
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    const float *pcm;
    enum vx_status rc;

    if ((rc = vx_player_open(w->player, item, &sound, err)) == VX_OK &&
        (rc = vx_decoder_open_sound(&dec, sound, w->config.profile->sample_rate, err)) == VX_OK)
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

static enum vx_status each_of_picture(struct vx_item_windows *w, const struct vx_item *item, vx_item_window_fn *fn, void *ctx,
                                      struct vx_err *err)
{
    const struct vx_input input = {.kind = VX_INPUT_IMAGE, .n = 1, .data = w->fitted};
    const struct vx_window_score score = {0};
    const enum vx_status rc = vx_player_picture(w->player, item, w->fitted, err);

    return rc == VX_OK ? fn(ctx, &score, &input, err) : rc;
}

enum vx_status vx_item_windows_each(struct vx_item_windows *w, const struct vx_item *item, vx_item_window_fn *fn, void *ctx,
                                    struct vx_err *err)
{
    enum vx_status rc;

    if (item->kind == VX_ITEM_BROKEN)
        return vx_fail(err, VX_EFORMAT, "%s", item->problem ? item->problem : "could not be listed");
    rc = item->kind == VX_ITEM_IMAGE ? each_of_picture(w, item, fn, ctx, err) : each_of_sound(w, item, fn, ctx, err);
    return rc == VX_DONE ? VX_OK : rc;
}
