#include "io/sndfile_formats.h"

#include <sndfile.h>

/* What libsndfile could write it can read. */
static bool knows(int format)
{
    const SF_INFO info = {.samplerate = 16000, .channels = 1, .format = format};

    return sf_format_check(&info);
}

struct vx_sndfile_formats vx_sndfile_formats(void)
{
    struct vx_sndfile_formats f = {
        .flac = knows(SF_FORMAT_FLAC | SF_FORMAT_PCM_16),
        .vorbis = knows(SF_FORMAT_OGG | SF_FORMAT_VORBIS),
        .opus = knows(SF_FORMAT_OGG | SF_FORMAT_OPUS),
        .mp3 = knows(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III),
    };

    sf_command(NULL, SFC_GET_FORMAT_MAJOR_COUNT, &f.n, sizeof f.n);
    return f;
}
