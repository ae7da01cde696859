/* ffmpeg_none.c - in place of ffmpeg_adapter.c in a build without FFmpeg: everything is declined */
#include "io/ffmpeg_adapter.h"

enum vx_status vx_ffmpeg_open(struct vx_ffmpeg **out, struct vx_source *source, const struct vx_ffmpeg_raw *raw,
                              struct vx_err *err)
{
    (void)source;
    (void)raw;
    *out = NULL;
    return vx_fail(err, VX_EUNSUPPORTED, "other formats, such as m4a, mp4, webm, wma and amr, need a build with FFmpeg");
}

void vx_ffmpeg_close(struct vx_ffmpeg **in)
{
    *in = NULL;
}

/* What follows has no decoder to be called with. */
int vx_ffmpeg_rate(const struct vx_ffmpeg *in)
{
    (void)in;
    return 0;
}

int vx_ffmpeg_channels(const struct vx_ffmpeg *in)
{
    (void)in;
    return 0;
}

void vx_ffmpeg_format(const struct vx_ffmpeg *in, char *out, size_t size)
{
    (void)in;
    if (size > 0)
        *out = '\0';
}

void vx_ffmpeg_decoder(const struct vx_ffmpeg *in, char *out, size_t size)
{
    vx_ffmpeg_format(in, out, size);
}

const char *vx_ffmpeg_version(void)
{
    return "none";
}

size_t vx_ffmpeg_read(struct vx_ffmpeg *in, float *out, size_t n)
{
    (void)in;
    (void)out;
    (void)n;
    return 0;
}

enum vx_status vx_ffmpeg_complete(const struct vx_ffmpeg *in, struct vx_err *err)
{
    (void)in;
    (void)err;
    return VX_OK;
}

void vx_ffmpeg_warning(const struct vx_ffmpeg *in, char *out, size_t size)
{
    vx_ffmpeg_format(in, out, size);
}
