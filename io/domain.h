/* domain.h - what a recording sounds like: level, bandwidth and activity of its windows
 * A model's error rates hold for sound like that on which they were measured. These three numbers tell telephone from
 * studio, faint from loud, speech from hum; they are no judgement of speech, and music with beats passes for it.
 * The same samples give the same numbers, whatever was measured before.
 *
 * A window's spectrum is taken in frames of 24 to 48 ms (a power of two samples), Hann, side by side or, where more than 32
 * would fit, 32 spread evenly; its power in bands of 250 Hz from 250 Hz to at most 24 kHz. In each band `loud` is the level
 * that a twentieth of the frames exceed, `quiet` the one that a tenth of them stay below. Speech comes and goes, noise,
 * dither and hum stay: what rises is sound.
 *
 *   level_dbfs    RMS about the average, 0 dB for a square wave of full scale (a sine: −3.01)
 *   bandwidth_hz  upper edge of the highest band that rises, loud ≥ quiet + 12 dB (steady noise: 6 dB, seldom 10), and
 *                 whose loud is within 60 dB of the loudest band's. NaN: no band rises, active_share is 0, or there are
 *                 fewer than 12 frames
 *   active_share  share of the frames that rise in 250…3500 Hz: ≥ quiet + 6 dB and within 30 dB of loud there. Of steady
 *                 noise, tones and hum it is 0. NaN: fewer than 12 frames
 *
 * Power up to a share of the total (a "roll-off") will not do for the bandwidth: most of speech's power lies below 1 kHz
 * whatever the channel is. Comparing each band with the loudest and with a floor is what codecs' bandwidth detectors do
 * (Opus, src/analysis.c; 3GPP TS 26.445, 5.1.6); the floor is the band's own here, since noise of a recording is not
 * quantisation alone. 60 dB leave out what rounding to 16 bits adds to speech. README.md: what it reads of recordings. */
#ifndef VX_IO_DOMAIN_H
#define VX_IO_DOMAIN_H

#include "base/err.h"
#include "base/item.h"

struct vx_domain_meter; /* reusable for many recordings; buffers are kept; for one thread */

enum vx_status vx_domain_create(struct vx_domain_meter **out, struct vx_err *err) VX_CHECKED;
void vx_domain_destroy(struct vx_domain_meter **meter); /* NULL is fine */

/* Begin a new recording of rate Hz. VX_EINVAL: a rate below 1 Hz or above 16 MHz. */
enum vx_status vx_domain_begin(struct vx_domain_meter *meter, int rate, struct vx_err *err) VX_CHECKED;

/* One window of it: pcm [n], n ≥ 1, its sound without padding. VX_ENOMEM is the only failure. */
enum vx_status vx_domain_add(struct vx_domain_meter *meter, const float *pcm, size_t n, struct vx_err *err) VX_CHECKED;

/* The medians over the windows since begin(), for each over those that have it; NaN where none has. Nothing is compared:
 * `compared` and `outside` are zero. May be called once a recording. */
struct vx_item_domain vx_domain_end(struct vx_domain_meter *meter);

#endif
