/* player.h - the sound of items, and pictures, decoded by processes of their own or here
 * For commands that take what a file holds as it is; members of one archive in its order cost one pass over it. With a nursery
 * whatever a file does to the libraries that read it costs that file alone (io/player_process.h). */
#ifndef VX_IO_PLAYER_H
#define VX_IO_PLAYER_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "io/player_process.h"
#include "io/sound.h"

struct vx_player; /* used by one thread */

/* config->nursery NULL: this process decodes, without limits but max_member_bytes. */
enum vx_status vx_player_create(struct vx_player **out, const struct vx_player_config *config, struct vx_err *err) VX_CHECKED;
void vx_player_destroy(struct vx_player **player);

/* The item's recording from its start, to be closed by vx_sound_close() before the next one is opened. Errors as of vx_reader_open()
 * and vx_sound_open(); a decoder that dies, hangs or talks nonsense: VX_EFORMAT or VX_ELIMIT; that there can be none: VX_ELOST, which
 * is no fault of the item. VX_EFORMAT also where with as_scanned the item's size is not what it was. */
enum vx_status vx_player_open(struct vx_player *player, const struct vx_item *item, struct vx_sound **out, struct vx_err *err) VX_CHECKED;

/* The hash of an item's content, as a scan takes it (io/content.h): of its bytes, or of the samples in it. A file's own bytes are read
 * here, since nothing makes sense of them; bytes of members and samples come through the process, and are hashed here. *size: the
 * item's, bytes, 0 where it cannot be opened. Errors as of open, or of what follows; text is "" then. */
enum vx_status vx_player_hash(struct vx_player *player, const struct vx_item *item, struct vx_hash_rule rule, int64_t *size,
                              char text[VX_HASH_TEXT], struct vx_err *err) VX_CHECKED;

/* The item, a picture, fitted to the network: out [image_size][image_size][3]. Errors likewise. */
enum vx_status vx_player_picture(struct vx_player *player, const struct vx_item *item, uint8_t *out, struct vx_err *err) VX_CHECKED;

#endif
