#include "io/player.h"

#include "base/hash.h"
#include "base/mem.h"
#include "io/decode.h"
#include "io/picture.h"

#include <stdlib.h>

#define READ_SAMPLES 65536

struct vx_player {
    struct vx_player_process *process; /* NULL: all is done here */
    struct vx_reader *reader;
    struct vx_picture_fitter *pictures; /* NULL beside a process */
    struct vx_hash *hashes[2][2]; /* by what is hashed and by SHA-256 or not; made when first needed */
    float *samples; /* [READ_SAMPLES], likewise */
    bool as_scanned;
};

enum vx_status vx_player_create(struct vx_player **out, const struct vx_player_config *config, struct vx_err *err)
{
    struct vx_player *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *out = NULL;
    if (!p)
        return vx_fail_nomem(err, "a player of recordings");
    p->as_scanned = config->as_scanned;
    if ((rc = vx_reader_create(&p->reader, config->max_member_bytes, err)) != VX_OK)
        ;
    else if (config->nursery)
        rc = vx_player_process_create(&p->process, config, err);
    else
        rc = vx_picture_fitter_create(&p->pictures, &config->processor, config->image_size, err);
    if (rc == VX_OK) {
        *out = p;
        p = NULL;
    }
    vx_player_destroy(&p);
    return rc;
}

void vx_player_destroy(struct vx_player **player)
{
    if (!*player)
        return;
    vx_player_process_destroy(&(*player)->process);
    vx_reader_destroy(&(*player)->reader);
    vx_picture_fitter_destroy(&(*player)->pictures);
    for (int i = 0; i < 4; i++)
        vx_hash_destroy(&(*player)->hashes[i / 2][i % 2]);
    free((*player)->samples);
    free(*player);
    *player = NULL;
}

static enum vx_status check_size(const struct vx_player *p, const struct vx_item *item, int64_t size, struct vx_err *err)
{
    if (p->as_scanned && item->size >= 0 && size != item->size)
        return vx_fail(err, VX_EFORMAT, "has %lld bytes, and had %lld when it was scanned: scan it again", (long long)size,
                       (long long)item->size);
    return VX_OK;
}

/* *size: the item's, bytes; untouched on failure. */
static enum vx_status open_sound(struct vx_player *p, const struct vx_item *item, struct vx_sound **out, int64_t *size, struct vx_err *err)
{
    struct vx_source *source = NULL;
    enum vx_status rc;

    *out = NULL;
    rc = p->process ? vx_player_process_open(p->process, item, err) : vx_reader_open(p->reader, item, &source, err);
    if (rc != VX_OK)
        return rc;
    const int64_t bytes = p->process ? vx_player_process_size(p->process) : vx_source_size(source);
    if ((rc = check_size(p, item, bytes, err)) != VX_OK ||
        (rc = p->process ? vx_sound_played(out, p->process, err) : vx_sound_open(out, source, err)) != VX_OK)
        return rc;
    *size = bytes;
    return VX_OK;
}

enum vx_status vx_player_open(struct vx_player *p, const struct vx_item *item, struct vx_sound **out, struct vx_err *err)
{
    int64_t size;

    return open_sound(p, item, out, &size, err);
}

enum vx_status vx_player_picture(struct vx_player *p, const struct vx_item *item, uint8_t *out, struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    if (p->process)
        return vx_player_process_picture(p->process, item, out, err);
    if ((rc = vx_reader_open(p->reader, item, &source, err)) != VX_OK || (rc = vx_picture_load(p->pictures, source, err)) != VX_OK)
        return rc;
    vx_picture_fit(p->pictures, out);
    return VX_OK;
}

static enum vx_status hash_bytes(struct vx_player *p, const struct vx_item *item, struct vx_hash *hash, int64_t *size, struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    if (p->process && item->member) {
        rc = vx_player_process_hash(p->process, item, hash, err);
        *size = vx_player_process_size(p->process);
        return rc;
    }
    if ((rc = vx_reader_open(p->reader, item, &source, err)) != VX_OK)
        return rc;
    *size = vx_source_size(source);
    vx_source_hash(source, hash);
    return vx_source_hash_end(source, err);
}

static enum vx_status hash_samples(struct vx_player *p, const struct vx_item *item, struct vx_hash *hash, int64_t *size, struct vx_err *err)
{
    struct vx_decoder *dec = NULL;
    struct vx_sound *sound;
    size_t got = 1;
    enum vx_status rc;

    if (!p->samples && !(p->samples = vx_calloc(READ_SAMPLES, sizeof *p->samples)))
        return vx_fail_nomem(err, "samples");
    if ((rc = open_sound(p, item, &sound, size, err)) != VX_OK || (rc = vx_decoder_open_sound(&dec, sound, 0, err)) != VX_OK)
        return rc;
    vx_decoder_hash(dec, hash);
    while (rc == VX_OK && got > 0)
        rc = vx_decoder_read(dec, p->samples, READ_SAMPLES, &got, err);
    vx_decoder_close(&dec);
    return rc;
}

enum vx_status vx_player_hash(struct vx_player *p, const struct vx_item *item, struct vx_hash_rule rule, int64_t *size,
                              char text[VX_HASH_TEXT], struct vx_err *err)
{
    struct vx_hash **const hash = &p->hashes[rule.of == VX_HASH_PCM][rule.sha256];
    enum vx_status rc = VX_OK;

    text[0] = '\0';
    *size = 0;
    if (!*hash && (rc = vx_hash_create(hash, rule, err)) != VX_OK)
        return rc;
    vx_hash_begin(*hash);
    rc = rule.of == VX_HASH_PCM ? hash_samples(p, item, *hash, size, err) : hash_bytes(p, item, *hash, size, err);
    if (rc != VX_OK)
        return rc;
    vx_hash_end(*hash, text);
    return *text ? VX_OK : vx_fail_nomem(err, "a hash");
}
