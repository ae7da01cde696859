/* playing.h - how commands other than scan read recordings and pictures: through decoder processes, as scan does, so that a file
 * that was made to break what reads it costs its own row, picture or clip */
#ifndef VX_JOBS_PLAYING_H
#define VX_JOBS_PLAYING_H

#include "base/err.h"
#include "base/log.h"
#include "base/opts.h"
#include "io/player.h"
#include "jobs/sandbox_option.h"

struct vx_playing_options { /* as scan's of these names, whose defaults are vx_playing_defaults */
    const char *sandbox;
    double decode_timeout; /* seconds */
    long max_member_mib;
};
extern const struct vx_playing_options vx_playing_defaults;
/* Rows of a command's table for the first two. what: "", or what they are for, "clips: ". */
#define VX_PLAYING_OPTIONS(options, what) \
    {"sandbox", 0, VX_OPT_STRING, &(options).sandbox, "auto|on|off", what VX_SANDBOX_OPTION_DOC, 0, 0}, \
    {"decode-timeout", 0, VX_OPT_REAL, &(options).decode_timeout, "SECONDS", \
     what "a decoder process that gives no sound for so long is killed, its file cannot be read (default 60)", 1, 86400}

struct vx_playing { /* zero-initialise */
    struct vx_nursery *nursery;
    struct vx_player_config player; /* for players to be made, by any thread: all but as_scanned, kept and what pictures need */
};

/* Before the command has threads. VX_EINVAL, VX_EUNSUPPORTED: as of jobs/sandbox_option.h. */
enum vx_status vx_playing_begin(struct vx_playing *p, const struct vx_playing_options *o, struct vx_log *log, struct vx_err *err) VX_CHECKED;
void vx_playing_end(struct vx_playing *p); /* after its players */

#endif
