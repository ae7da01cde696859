#include "io/cutter.h"

#include "base/mem.h"
#include "base/text.h"
#include "io/content.h"
#include "io/decode.h"
#include "io/domain.h"
#include "io/image.h"
#include "io/picture.h"
#include "io/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vx_cutter {
    struct vx_cut_config config;
    struct vx_reader *reader;
    struct vx_windower *windower;
    struct vx_domain_meter *meter;
    struct vx_content *content;
    struct vx_picture_fitter *pictures;
};

size_t vx_cut_bytes(const struct vx_cut_shape *shape, int image_size)
{
    return shape->kind == VX_INPUT_PCM ? (size_t)shape->samples * sizeof(float)
                                       : (size_t)image_size * (size_t)image_size * 3;
}

enum vx_status vx_cutter_create(struct vx_cutter **out, const struct vx_cut_config *config, const struct vx_opener *opener,
                                struct vx_err *err)
{
    struct vx_cutter *c = vx_calloc(1, sizeof *c);
    enum vx_status rc;

    *out = NULL;
    if (!c)
        return vx_fail_nomem(err, "a cutter of recordings");
    c->config = *config;
    if ((rc = vx_reader_create(&c->reader, config->max_member_bytes, err)) != VX_OK ||
        (rc = vx_windower_create(&c->windower, &config->rule, err)) != VX_OK || (rc = vx_domain_create(&c->meter, err)) != VX_OK ||
        (rc = vx_picture_fitter_create(&c->pictures, &config->processor, config->image_size, err)) != VX_OK ||
        (rc = vx_content_create(&c->content, config->hash, err)) != VX_OK) {
        vx_cutter_destroy(&c);
        return rc;
    }
    vx_reader_set_opener(c->reader, opener);
    *out = c;
    return VX_OK;
}

void vx_cutter_destroy(struct vx_cutter **cutter)
{
    struct vx_cutter *c = *cutter;

    if (!c)
        return;
    vx_picture_fitter_destroy(&c->pictures);
    vx_content_destroy(&c->content);
    vx_domain_destroy(&c->meter);
    vx_windower_destroy(&c->windower);
    vx_reader_destroy(&c->reader);
    free(c);
    *cutter = NULL;
}

/* The next window into the sink's room, measured if it is scored, and out. */
static enum vx_status cut_one(struct vx_cutter *c, const struct vx_cut_shape *shape, const struct vx_cut_sink *sink,
                              struct vx_err *err)
{
    struct vx_window_score score;
    const float *pcm;
    void *room;
    enum vx_status rc;

    if ((rc = sink->room(sink->user, shape, &room, err)) != VX_OK)
        return rc;
    vx_windower_into(c->windower, room);
    if ((rc = vx_windower_next(c->windower, &score, &pcm, err)) != VX_OK)
        return rc;
    if (!(score.flags & VX_WINDOW_NOT_SCORED) &&
        (rc = vx_domain_add(c->meter, pcm, (size_t)vx_windower_sound(c->windower), err)) != VX_OK)
        return rc;
    return sink->window(sink->user, &score, err);
}

static enum vx_status cut_sound(struct vx_cutter *c, struct vx_source *source, const struct vx_cut_sink *sink,
                                struct vx_cut_result *result, struct vx_err *err)
{
    struct vx_decoder *dec = NULL;
    enum vx_status rc = vx_decoder_open_channels(&dec, source, c->config.sample_rate, c->config.channels, err);

    if (rc == VX_OK && !c->config.hash_first)
        vx_content_sound(c->content, dec);
    if (rc == VX_OK && (rc = vx_windower_begin(c->windower, dec, err)) == VX_OK &&
        (rc = vx_domain_begin(c->meter, vx_decoder_rate(dec), err)) == VX_OK) {
        const struct vx_cut_shape shape = {VX_INPUT_PCM, vx_windower_samples(c->windower), vx_decoder_rate(dec)};
        while (rc == VX_OK)
            rc = cut_one(c, &shape, sink, err);
        result->domain = vx_domain_end(c->meter);
    }
    if (dec) {
        vx_decoder_info(dec, &result->info);
        vx_decoder_warning(dec, result->warning, sizeof result->warning);
    }
    if (vx_source_changed(source))
        vx_text_join(result->warning, sizeof result->warning, "changed while it was read: scan it again when nobody writes to it");
    vx_decoder_close(&dec);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status cut_picture(struct vx_cutter *c, struct vx_source *source, const struct vx_cut_sink *sink,
                                  struct vx_cut_result *result, struct vx_err *err)
{
    const struct vx_cut_shape shape = {.kind = VX_INPUT_IMAGE};
    const struct vx_window_score score = {0};
    const char *format = "";
    void *room;
    enum vx_status rc;

    if (!vx_image_sniff(source, &format))
        return vx_fail(err, VX_EFORMAT, "neither PNG nor JPEG");
    snprintf(result->info.format, sizeof result->info.format, "%s", format);
    if ((rc = vx_picture_load(c->pictures, source, err)) != VX_OK || (rc = sink->room(sink->user, &shape, &room, err)) != VX_OK)
        return rc;
    vx_picture_fit(c->pictures, room);
    return sink->window(sink->user, &score, err);
}

static enum vx_status cut(struct vx_cutter *c, struct vx_source *source, enum vx_item_kind kind, const struct vx_cut_sink *sink,
                          struct vx_cut_result *result, struct vx_err *err)
{
    return kind == VX_ITEM_IMAGE ? cut_picture(c, source, sink, result, err) : cut_sound(c, source, sink, result, err);
}

/* Decoded to its end, but not read to it. */
static void warn_of_no_hash(const struct vx_cutter *c, struct vx_cut_result *result)
{
    if (c->config.hash.of != VX_HASH_NONE && !*result->hash && !*result->warning)
        snprintf(result->warning, sizeof result->warning, "it could not be read to its end for its hash, and has none");
}

enum vx_status vx_cutter_run(struct vx_cutter *c, const struct vx_item *item, const struct vx_cut_sink *sink,
                             struct vx_cut_result *result, struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    *result = (struct vx_cut_result){0};
    if (item->kind == VX_ITEM_BROKEN)
        return vx_fail(err, VX_EFORMAT, "%s", item->problem ? item->problem : "could not be listed");
    if ((rc = vx_reader_open(c->reader, item, &source, err)) != VX_OK)
        return rc;
    if (c->config.hash_first) {
        bool wanted = true;
        if (vx_content_read(c->content, source, item->kind, result->hash, err) == VX_OK && sink->content &&
            (rc = sink->content(sink->user, result->hash, &wanted, err)) != VX_OK)
            return rc;
        if (!wanted)
            return VX_OK;
        rc = cut(c, source, item->kind, sink, result, err); /* what has no hash mostly cannot be decoded either, which says why */
    } else {
        vx_content_begin(c->content, source, item->kind);
        rc = cut(c, source, item->kind, sink, result, err);
        if (rc != VX_ESTOP)
            vx_content_end(c->content, source, rc == VX_OK, result->hash);
    }
    if (rc == VX_OK)
        warn_of_no_hash(c, result);
    return rc;
}
