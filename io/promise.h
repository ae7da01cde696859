/* promise.h - how much sound a header promises, where libsndfile silently takes what is there
 * libsndfile cuts the length written in WAV, AIFF and AU headers to the size of the file, so that a truncated copy looks
 * like a complete short recording. */
#ifndef VX_IO_PROMISE_H
#define VX_IO_PROMISE_H

#include "io/source.h"

/* Bytes of sound promised for each byte there is: 1 for a complete file, 2 when half of it is missing, 0 when the header
 * makes no promise (another format, or one of the lengths that mean "unknown": 0, 2 GiB or more less 64 KiB, as written by
 * programs that stream to a pipe). Moves the source. */
double vx_promise_ratio(struct vx_source *source);

#endif
