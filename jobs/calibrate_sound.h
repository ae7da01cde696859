/* calibrate_sound.h - what the recordings sound like that a calibration was fitted on: "measured" of its profile
 * Ranges over windows that were scored, as io/domain.h measures each alone. */
#ifndef VX_JOBS_CALIBRATE_SOUND_H
#define VX_JOBS_CALIBRATE_SOUND_H

#include "base/err.h"
#include "model/engine.h"
#include "model/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_calibrate_sound; /* one a thread */

enum vx_status vx_calibrate_sound_create(struct vx_calibrate_sound **out, struct vx_err *err) VX_CHECKED;
void vx_calibrate_sound_destroy(struct vx_calibrate_sound **sound); /* NULL is fine */

/* One window of a file; a picture's is passed over. Zeros at its end are padding, or might as well be. VX_ENOMEM */
enum vx_status vx_calibrate_sound_add(struct vx_calibrate_sound *sound, uint32_t file, const struct vx_input *window,
                                      struct vx_err *err) VX_CHECKED;

/* 1st to 99th percentile over all windows that sounds[n] were given, but those of files left out; 0, 0 where none has a
 * value. left_out: by file. VX_ENOMEM */
enum vx_status vx_calibrate_sound_ranges(struct vx_domain *out, struct vx_calibrate_sound *const *sounds, int n,
                                         const bool *left_out, struct vx_err *err) VX_CHECKED;

#endif
