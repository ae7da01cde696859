#include "io/versions.h"

#include "io/ffmpeg_adapter.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <jpeglib.h>
#include <png.h>
#include <sndfile.h>
#include <soxr.h>
#include <zlib.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

static void put(struct vx_io_version *v, const char *name, const char *version)
{
    v->name = name;
    snprintf(v->version, sizeof v->version, "%s", version);
    /* some say their own name first: "libsndfile-1.2.0", "libarchive 3.6.2", "libsoxr-0.1.3" */
    const size_t n = strlen(name);
    if (strncmp(v->version, name, n) == 0 && (v->version[n] == '-' || v->version[n] == ' '))
        memmove(v->version, v->version + n + 1, strlen(v->version + n + 1) + 1);
}

void vx_io_versions(struct vx_io_version out[VX_IO_VERSIONS])
{
    put(&out[0], "libsndfile", sf_version_string());
    put(&out[1], "libsoxr", soxr_version());
    put(&out[2], "libarchive", archive_version_string());
    put(&out[3], "zlib", zlibVersion());
    put(&out[4], "libpng", png_get_libpng_ver(NULL));
    /* libjpeg has no call for it; the ABI number it was compiled against is all there is */
#ifdef LIBJPEG_TURBO_VERSION
    put(&out[5], "libjpeg", "turbo " TEXT(LIBJPEG_TURBO_VERSION));
#else
    put(&out[5], "libjpeg", TEXT(JPEG_LIB_VERSION));
#endif
    put(&out[6], "FFmpeg", vx_ffmpeg_version());
}
