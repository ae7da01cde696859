/* playing.h - how a command other than scan hears recordings: through decoder processes, as scan does, so that a file that
 * was made to break what reads it costs its own picture or clip */
#ifndef VX_JOBS_PLAYING_H
#define VX_JOBS_PLAYING_H

#include "base/err.h"
#include "base/log.h"
#include "io/player.h"

struct vx_playing { /* zero-initialise */
    struct vx_nursery *nursery;
    struct vx_player *player; /* to hear with */
};

struct vx_playing_options { /* as scan's of these names, whose defaults are vx_playing_defaults */
    const char *sandbox;
    double decode_timeout; /* seconds */
    long max_member_mib;
};
extern const struct vx_playing_options vx_playing_defaults;
#define VX_PLAYING_TIMEOUT_DOC "a decoder process that gives no sound for so long is killed, its recording cannot be read (default 60)"

/* Before the command has threads. VX_EINVAL, VX_EUNSUPPORTED: as of jobs/sandbox_option.h. */
enum vx_status vx_playing_begin(struct vx_playing *p, const struct vx_playing_options *o, struct vx_log *log, struct vx_err *err) VX_CHECKED;
void vx_playing_end(struct vx_playing *p);

#endif
