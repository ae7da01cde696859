/* windows.h - a recording's tracks cut into windows
 * Window k of each track starts at k·hop samples; the last one is the first that reaches the end of the sound. It is zero-padded; with
 * less than min_seconds of sound it is not scored. Of several tracks the windows come by time, all tracks' first ones first: window k
 * of track t of n has index k·n + t. */
#ifndef VX_IO_WINDOWS_H
#define VX_IO_WINDOWS_H

#include "base/err.h"
#include "base/item.h"
#include "io/decode.h"

struct vx_window_rule {
    double window_seconds, hop_seconds; /* 2, 2 */
    double min_seconds;                 /* 0.5: sound the last window needs to be scored */
    double silence_dbfs;                /* −70: windows whose RMS is under this are not scored; digital silence never is */
};

struct vx_windower; /* reusable for many recordings; buffers are kept */
enum vx_status vx_windower_create(struct vx_windower **out, const struct vx_window_rule *rule, struct vx_err *err) VX_CHECKED;
void vx_windower_destroy(struct vx_windower **w);

/* Begin a new recording, of all tracks that the decoder has. The decoder is borrowed until the last next(). */
enum vx_status vx_windower_begin(struct vx_windower *w, struct vx_decoder *dec, struct vx_err *err) VX_CHECKED;
int vx_windower_samples(const struct vx_windower *w); /* a window's length at the decoder's rate */
int vx_windower_sound(const struct vx_windower *w);   /* samples of sound in the last window given; what follows is padding */

/* The next window goes to room [vx_windower_samples], which is borrowed until it has been given; NULL (as after begin): to the
 * windower's own memory. */
void vx_windower_into(struct vx_windower *w, float *room);
/* The next window: *score gets index, start_ms, channel and flags; *pcm points to its samples [vx_windower_samples] until the
 * next call. VX_DONE at the end. Another status: the stream broke; windows given so far stand. */
enum vx_status vx_windower_next(struct vx_windower *w, struct vx_window_score *score, const float **pcm,
                                struct vx_err *err) VX_CHECKED;

#endif
