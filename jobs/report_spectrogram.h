/* report_spectrogram.h - a small spectrogram of a whole recording, for a report
 * VX_REPORT_COLUMNS moments of the recording, each the mean power of a few frames of 32 ms spread over its share of the time, on
 * VX_REPORT_ROWS mel bands up to 8 kHz; decibels in 16 levels below the loudest place. */
#ifndef VX_JOBS_REPORT_SPECTROGRAM_H
#define VX_JOBS_REPORT_SPECTROGRAM_H

#include "base/err.h"
#include "base/item.h"
#include "io/player.h"

#include <stdint.h>

#define VX_REPORT_COLUMNS 400
#define VX_REPORT_ROWS 48
#define VX_REPORT_LEVELS (VX_REPORT_COLUMNS * VX_REPORT_ROWS / 2) /* bytes: two places a byte, the first in the high half */

struct vx_report_spectrogram; /* tables and buffers, used again for each recording */
enum vx_status vx_report_spectrogram_create(struct vx_report_spectrogram **out, struct vx_err *err) VX_CHECKED;
void vx_report_spectrogram_destroy(struct vx_report_spectrogram **s);

/* levels [VX_REPORT_ROWS][VX_REPORT_COLUMNS / 2], the highest band first. duration_s: as the scan found it. Errors name no file:
 * it cannot be read (any more). */
enum vx_status vx_report_spectrogram_make(struct vx_report_spectrogram *s, struct vx_player *player, const struct vx_item *item,
                                          double duration_s, uint8_t levels[VX_REPORT_LEVELS], struct vx_err *err) VX_CHECKED;

#endif
