/* player_serve.h - the life of a player process, and what it says
 * It is handed an item's file and decodes the recording, block by block and as it is, into places in memory that both share; or the
 * picture, fitted to the network; or hands over the item's bytes, got out of an archive. It opens nothing (io/sandbox.h). What it is
 * told are decoders' orders (io/decoder_wire.h), over a SOCK_SEQPACKET socket; plain structs, since both ends are one program:
 *
 *     user                                  player
 *     ITEM, BYTES (name, descriptor) ►
 *                                  ◄──      OPEN, where it does not have the item's file (any more)
 *     FILE (descriptor)            ──►
 *                                  ◄──      OPENED (rate, channels; or why not); of a picture: that it is there now
 *     ROOM (a place)               ──►
 *                                  ◄──      SOUND (frames, or bytes, that are in that place now; at the end, whether all has come)
 *
 * ROOM is said as often as there are places free, so that it decodes while its user listens. */
#ifndef VX_IO_PLAYER_SERVE_H
#define VX_IO_PLAYER_SERVE_H

#include "base/item.h"
#include "io/decoder_serve.h"
#include "model/processor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_PLAYER_PLACES 2
#define VX_PLAYER_SAMPLES ((size_t)1 << 16) /* float32, of all channels, that a place has room for */
#define VX_PLAYER_PLACE (VX_PLAYER_SAMPLES * sizeof(float)) /* bytes */
#define VX_PLAYER_BYTES (VX_PLAYER_PLACES * VX_PLAYER_PLACE)
#define VX_PLAYER_MAX_CHANNELS 1024

struct vx_player_life { /* plain values, as the nursery passes them on */
    enum vx_life life;  /* VX_LIFE_PLAYER */
    uint64_t max_member_bytes;
    uint64_t data_bytes; /* of its own at most; 0: no limit */
    bool sandbox;
    struct vx_processor processor; /* for pictures */
    int image_size;
    uint64_t memory_bytes; /* of what is shared: VX_PLAYER_BYTES, or more for a picture, [image_size][image_size][3] from its start */
};

enum vx_player_says { VX_PLAYER_OPEN, VX_PLAYER_OPENED, VX_PLAYER_SOUND };

struct vx_player_note {
    uint32_t says;   /* enum vx_player_says */
    int32_t status;  /* enum vx_status. OPENED: of that. SOUND: VX_OK, or why what comes after these frames is missing */
    uint32_t place, frames; /* SOUND: fewer than a place has room for only at the end; or bytes, likewise */
    int64_t size;    /* OPENED: of the item, bytes */
    struct vx_audio_info info; /* OPENED: rate, channels, format and decoder; of a picture, or for bytes, nothing */
    char warning[256]; /* SOUND, at the end: what people should know of it, "" for nothing */
    char text[1024]; /* of a failure */
};

/* Serves until its user closes the socket; the exit status, VX_DECODER_EXIT_…. `before` as vx_decoder_serve()'s. */
int vx_player_serve(int sock, int memory, const struct vx_player_life *life, void (*before)(const struct vx_item *item));

#endif
