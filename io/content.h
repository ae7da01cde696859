/* content.h - the hash of an item's content: of its bytes, or of the sound in it
 * Of the bytes by any rule for pictures, and for what is no sound at all. Beside decoding, so that an item is read once, or
 * at once, before anybody has decoded it and for checking. */
#ifndef VX_IO_CONTENT_H
#define VX_IO_CONTENT_H

#include "base/hash.h"
#include "io/decode.h"
#include "io/source.h"

struct vx_content; /* one a decoding thread */

/* rule.of may be NONE: then nothing here does anything, and hashes are "". */
enum vx_status vx_content_create(struct vx_content **out, struct vx_hash_rule rule, struct vx_err *err) VX_CHECKED;
void vx_content_destroy(struct vx_content **content); /* NULL is fine */

/* Beside decoding: the item's source was opened, and nothing read yet; then its decoder, if it is sound; then its end, whole: it
 * was decoded to the end, without an error. "" where there is none: sound that breaks off has no hash of its samples, and what
 * cannot be read has none. */
void vx_content_begin(struct vx_content *content, struct vx_source *source, enum vx_item_kind kind);
void vx_content_sound(struct vx_content *content, struct vx_decoder *decoder);
void vx_content_end(struct vx_content *content, struct vx_source *source, bool whole, char text[VX_HASH_TEXT]);

/* All at once; the source is at its start again then. VX_ESYS, VX_EFORMAT and the like: it cannot be read; decoded, for a hash of
 * samples. No message names the file. */
enum vx_status vx_content_read(struct vx_content *content, struct vx_source *source, enum vx_item_kind kind,
                               char text[VX_HASH_TEXT], struct vx_err *err) VX_CHECKED;

#endif
