/* sndfile_formats.h - what the libsndfile that is loaded can read */
#ifndef VX_IO_SNDFILE_FORMATS_H
#define VX_IO_SNDFILE_FORMATS_H

#include <stdbool.h>

struct vx_sndfile_formats {
    int n;                        /* containers that it knows */
    bool flac, vorbis, opus, mp3; /* each left out of some builds */
};

struct vx_sndfile_formats vx_sndfile_formats(void);

#endif
