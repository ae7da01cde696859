#include "io/content.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define READ_SAMPLES 65536

struct vx_content {
    struct vx_hash_rule rule;
    struct vx_hash *hash;  /* by rule; NULL: none */
    struct vx_hash *bytes; /* of bytes, where the rule is one of samples; else NULL */
    float *samples;        /* [READ_SAMPLES], made when first needed */
    bool of_samples;       /* of the item that was begun */
};

enum vx_status vx_content_create(struct vx_content **out, struct vx_hash_rule rule, struct vx_err *err)
{
    const struct vx_hash_rule of_bytes = {.of = VX_HASH_BYTES, .sha256 = rule.sha256};
    struct vx_content *c = vx_calloc(1, sizeof *c);
    enum vx_status rc = VX_OK;

    *out = NULL;
    if (!c)
        return vx_fail_nomem(err, "a hash");
    c->rule = rule;
    if ((rule.of != VX_HASH_NONE && (rc = vx_hash_create(&c->hash, rule, err)) != VX_OK) ||
        (rule.of == VX_HASH_PCM && (rc = vx_hash_create(&c->bytes, of_bytes, err)) != VX_OK)) {
        vx_content_destroy(&c);
        return rc;
    }
    *out = c;
    return VX_OK;
}

void vx_content_destroy(struct vx_content **content)
{
    if (!*content)
        return;
    vx_hash_destroy(&(*content)->hash);
    vx_hash_destroy(&(*content)->bytes);
    free((*content)->samples);
    free(*content);
    *content = NULL;
}

/* What takes the item's bytes, where they are what is hashed. */
static struct vx_hash *hash_of_bytes(const struct vx_content *c)
{
    return c->of_samples ? NULL : c->bytes ? c->bytes : c->hash;
}

void vx_content_begin(struct vx_content *c, struct vx_source *source, enum vx_item_kind kind)
{
    c->of_samples = c->rule.of == VX_HASH_PCM && kind == VX_ITEM_AUDIO;
    if (c->hash)
        vx_hash_begin(c->hash);
    if (hash_of_bytes(c)) {
        vx_hash_begin(hash_of_bytes(c));
        vx_source_hash(source, hash_of_bytes(c));
    }
}

void vx_content_sound(struct vx_content *c, struct vx_decoder *decoder)
{
    if (c->of_samples)
        vx_decoder_hash(decoder, c->hash);
}

void vx_content_end(struct vx_content *c, struct vx_source *source, bool whole, char text[VX_HASH_TEXT])
{
    struct vx_err ignored; /* whoever decodes it says why */

    text[0] = '\0';
    if (c->of_samples && whole)
        vx_hash_end(c->hash, text);
    else if (hash_of_bytes(c) && vx_source_hash_end(source, &ignored) == VX_OK)
        vx_hash_end(hash_of_bytes(c), text);
}

static enum vx_status decode_all(struct vx_content *c, struct vx_source *source, struct vx_err *err)
{
    struct vx_decoder *dec = NULL;
    size_t got = 1;
    enum vx_status rc;

    if (!c->samples && !(c->samples = vx_calloc(READ_SAMPLES, sizeof *c->samples)))
        return vx_fail_nomem(err, "samples");
    if ((rc = vx_decoder_open(&dec, source, 0, err)) == VX_OK)
        vx_content_sound(c, dec);
    while (rc == VX_OK && got > 0)
        rc = vx_decoder_read(dec, c->samples, READ_SAMPLES, &got, err);
    vx_decoder_close(&dec);
    return rc;
}

enum vx_status vx_content_read(struct vx_content *c, struct vx_source *source, enum vx_item_kind kind,
                               char text[VX_HASH_TEXT], struct vx_err *err)
{
    struct vx_hash *bytes;
    enum vx_status rc = VX_OK;

    text[0] = '\0';
    vx_content_begin(c, source, kind);
    bytes = hash_of_bytes(c);
    if (c->of_samples)
        rc = decode_all(c, source, err);
    else if (bytes)
        rc = vx_source_hash_end(source, err);
    if (rc == VX_OK && (c->of_samples || bytes)) {
        vx_hash_end(c->of_samples ? c->hash : bytes, text);
        if (!*text)
            rc = vx_fail_nomem(err, "a hash");
    }
    (void)vx_source_seek(source, 0, SEEK_SET);
    return rc;
}
