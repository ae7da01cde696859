#include "io/promise.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* sox, ffmpeg, arecord and others write a length from here up when they cannot know it. */
static const uint32_t unknown_from = 0x7fff0000u;

enum { MAX_CHUNKS = 1000 }; /* more than any real file has before its sound */

static uint32_t number(const unsigned char b[4], bool big_endian)
{
    return big_endian ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
                      : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static double ratio(int64_t promised, int64_t there)
{
    if (promised <= 0 || promised >= unknown_from || there <= 0)
        return 0;
    return promised > there ? (double)promised / (double)there : 1;
}

/* Chunks of {id, length, bytes padded to even}, from offset 12: find the one with the sound. */
static double in_chunks(struct vx_source *source, const char *id, int64_t head, bool big_endian)
{
    const int64_t size = vx_source_size(source);
    unsigned char b[8];
    int64_t at = 12;

    for (int i = 0; i < MAX_CHUNKS; i++) {
        uint32_t len;
        if (vx_source_seek(source, at, SEEK_SET) != at || vx_source_read(source, b, sizeof b) != sizeof b)
            return 0;
        len = number(b + 4, big_endian);
        at += 8;
        if (memcmp(b, id, 4) == 0)
            return ratio((int64_t)len - head, size - at - head);
        at += (int64_t)len + (len & 1);
    }
    return 0;
}

double vx_promise_ratio(struct vx_source *source)
{
    unsigned char b[12];

    if (vx_source_seek(source, 0, SEEK_SET) != 0 || vx_source_read(source, b, sizeof b) != sizeof b)
        return 0;
    if ((memcmp(b, "RIFF", 4) == 0 || memcmp(b, "RIFX", 4) == 0) && memcmp(b + 8, "WAVE", 4) == 0)
        return in_chunks(source, "data", 0, b[3] == 'X');
    if (memcmp(b, "FORM", 4) == 0 && (memcmp(b + 8, "AIFF", 4) == 0 || memcmp(b + 8, "AIFC", 4) == 0))
        return in_chunks(source, "SSND", 8, true); /* an offset and a block size come before the samples */
    if (memcmp(b, ".snd", 4) == 0)
        return ratio(number(b + 8, true), vx_source_size(source) - number(b + 4, true));
    return 0;
}
