/* report_sound.h - what a report shows of the recordings themselves: spectrograms and clips, heard by player from where they were
 * scanned, or where roots say that they are now (as of jobs/verify_check.h); with n = 0 no player is needed */
#ifndef VX_JOBS_REPORT_SOUND_H
#define VX_JOBS_REPORT_SOUND_H

#include "base/log.h"
#include "base/opts.h"
#include "db/report.h"
#include "io/player.h"

/* `"pictures":{…}` of the first n listed recordings: levels (jobs/report_spectrogram.h) as base64, or why there are none. */
enum vx_status vx_report_put_pictures(struct vx_report_db *db, int64_t n, const struct vx_opt_list *roots, struct vx_player *player, FILE *to,
                                      struct vx_log *log, struct vx_err *err) VX_CHECKED;

/* `"clips":[…]` of the n most suspicious stretches of the result at path, as FLAC in data URIs, at most VX_REPORT_CLIP_S seconds
 * each, about their most suspicious window. One that cannot be cut is said on the log, and left out. */
#define VX_REPORT_CLIP_S 10
enum vx_status vx_report_put_clips(const char *path, size_t n, const struct vx_opt_list *roots, struct vx_player *player, FILE *to,
                                   struct vx_log *log, struct vx_err *err) VX_CHECKED;

#endif
