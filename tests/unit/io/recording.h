/* recording.h - recordings in memory, and decoding them whole */
#ifndef VX_TESTS_RECORDING_H
#define VX_TESTS_RECORDING_H

#include "io/decode.h"

#include <stdint.h>

/* Bytes of a file. */
struct recording {
    unsigned char *bytes; /* owned */
    size_t size;
};

/* A WAV file of 32 bit floats; samples [frames][channels]. 44 bytes of header, the length at 40. */
struct recording recording_wav(const float *samples, size_t frames, int channels, int rate);
/* A copy of the bytes. */
struct recording recording_copy(const void *bytes, size_t size);
void recording_free(struct recording *r);

/* What the decoder gave. */
struct decoded {
    float *samples; /* owned [n] */
    unsigned char *flags; /* owned [n] */
    size_t n;
    enum vx_status opened, ended; /* VX_OK and VX_OK: to the end */
    struct vx_err err;            /* of the one that failed */
    struct vx_audio_info info;
};

/* rate as for vx_decoder_open; reads of `ask` samples. After an end that is an error, asks once more and expects the same. */
struct decoded recording_decode(const struct recording *r, int rate, size_t ask);
/* The same from a source whose reads fail from offset fail_at on. */
struct decoded recording_decode_failing(const struct recording *r, int rate, size_t ask, int64_t fail_at);
struct decoded recording_decode_source(struct vx_source *source, int rate, size_t ask);
void decoded_free(struct decoded *d);

#endif
