/* clips.h - stretches of a recording cut out into files of their own, at its own rate and with all its channels
 * One pass over the recording however many clips there are, up to the end of the last one. Samples of 8 or 16 bits come out as
 * they were; deeper, floating and lossily packed ones with 24 bits (WAV: as float32). Each file appears under its name only
 * when it is complete; that all of them are on disk is the caller's to see to. */
#ifndef VX_IO_CLIPS_H
#define VX_IO_CLIPS_H

#include "base/err.h"
#include "base/item.h"
#include "io/player.h"

#include <stdbool.h>
#include <stddef.h>

enum vx_clip_type { VX_CLIP_FLAC, VX_CLIP_WAV };

struct vx_clip {
    double start_s, end_s; /* of the recording: frames round(start·rate) to before round(end·rate), one at least, fewer where it begins or ends */
    const char *path;      /* of the file to write; one that is there is replaced */
    bool written;          /* filled in */
    struct vx_err err;     /* filled in: why it was not written */
};

/* clips [n] in any order; they may overlap. The item's size, where it is known (not -1), must be what it was. VX_OK: all are
 * written; else the first failure, and each clip says for itself. VX_ENOMEM and VX_ESYS too fail only the clips at hand; VX_ELOST: as
 * of vx_player_open(). No message names the clip's file but those of the operating system. */
enum vx_status vx_clips_cut(struct vx_player *player, const struct vx_item *item, struct vx_clip *clips, size_t n,
                            enum vx_clip_type type, struct vx_err *err) VX_CHECKED;

#endif
