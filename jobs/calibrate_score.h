/* calibrate_score.h - the windows of the labelled files, scored with every profile
 * Profiles of one sample rate and window are scored together, so that a file is decoded once for each of these pairs and not
 * for each profile. Windows are cut as scan cuts them; a score does not depend on threads, batches or neighbours. */
#ifndef VX_JOBS_CALIBRATE_SCORE_H
#define VX_JOBS_CALIBRATE_SCORE_H

#include "io/player_process.h"
#include "jobs/calibrate_set.h"
#include "jobs/scanner.h"

struct vx_calibrate_candidate {
    const char *named; /* a built-in's name or a file, as for --profile */
    bool asked;        /* by the user: it must fit the model; others are left out where they do not */
    bool left_out;
    struct vx_profile profile; /* loaded; vx_calibrate_score measures the recordings for it (profile.measured) */
    struct vx_calibrate_windows windows; /* owned, set by vx_calibrate_score: of files that can be read to their end */
    bool trained;                        /* of the model */
};

/* options: all but the profile. reader: who reads the files, as of struct vx_item_windows_config. What cannot be read is said and costs nothing else. VX_EINVAL: no candidate fits the model. */
enum vx_status vx_calibrate_score(struct vx_calibrate_candidate *candidates, size_t n, const struct vx_calibrate_set *set,
                                  const struct vx_scanner_options *options, const struct vx_player_config *reader,
                                  struct vx_log *log, struct vx_err *err) VX_CHECKED;
void vx_calibrate_windows_free(struct vx_calibrate_windows *windows); /* zeroed is fine */

#endif
