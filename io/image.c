#include "io/image.h"

#include "io/image_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vx_image_sniff(struct vx_source *source, const char **format)
{
    static const unsigned char png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const unsigned char jpeg[3] = {0xff, 0xd8, 0xff};
    unsigned char head[sizeof png];
    size_t n = 0;

    *format = NULL;
    if (vx_source_seek(source, 0, SEEK_SET) == 0)
        n = vx_source_read(source, head, sizeof head);
    if (n >= sizeof png && memcmp(head, png, sizeof png) == 0)
        *format = "PNG";
    else if (n >= sizeof jpeg && memcmp(head, jpeg, sizeof jpeg) == 0)
        *format = "JPEG";
    return vx_source_seek(source, 0, SEEK_SET) == 0 && *format != NULL;
}

enum vx_status vx_image_alloc(uint8_t **rgb, uint64_t w, uint64_t h, struct vx_err *err)
{
    *rgb = NULL;
    if (w == 0 || h == 0)
        return vx_fail(err, VX_EFORMAT, "%llu x %llu pixels", (unsigned long long)w, (unsigned long long)h);
    if (w > VX_IMAGE_MAX_PIXELS || h > VX_IMAGE_MAX_PIXELS / w)
        return vx_fail(err, VX_ELIMIT, "%llu x %llu pixels; %u in all are possible", (unsigned long long)w,
                       (unsigned long long)h, VX_IMAGE_MAX_PIXELS);
    if (!(*rgb = malloc((size_t)w * (size_t)h * 3)))
        return vx_fail_nomem(err, "a picture");
    return VX_OK;
}

enum vx_status vx_image_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err)
{
    const char *format;

    *rgb = NULL;
    if (!vx_image_sniff(source, &format)) {
        if (vx_source_errno(source) != 0)
            return vx_fail(err, VX_ESYS, "reading its start: %s", strerror(vx_source_errno(source)));
        return vx_fail(err, VX_EFORMAT, "%s",
                       vx_source_size(source) == 0 ? "empty, 0 bytes" : "neither PNG nor JPEG");
    }
    return *format == 'P' ? vx_png_read(source, rgb, w, h, err) : vx_jpeg_read(source, rgb, w, h, err);
}
