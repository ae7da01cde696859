#include "io/image_codec.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h> /* jpeglib.h needs it before */
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

enum {
    IN_BYTES = 4096,
    /* A progressive picture needs about ten passes; each costs the time of the whole picture, and a file may
     * hold hundreds of thousands. */
    MAX_SCANS = 500,
    CMYK = 4, /* samples a pixel, the most there are */
};

/* Everything that outlives a jump is in here, so no local variable has to survive one. */
struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr bytes;
    struct jpeg_progress_mgr progress;
    struct vx_source *source; /* borrowed */
    jmp_buf on_error;
    enum vx_status status; /* of the failure, and its text in *err */
    struct vx_err *err;
    uint8_t *row; /* owned [w][components] */
    uint8_t *rgb; /* owned [h][w][3] until it is the caller's */
    unsigned char in[IN_BYTES];
};

static _Noreturn void fail(struct reader *r, enum vx_status status, const char *text)
{
    r->status = status == VX_ENOMEM ? vx_fail_nomem(r->err, "a JPEG") : vx_fail(r->err, status, "broken JPEG: %s", text);
    longjmp(r->on_error, 1);
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, text);
    fail(jpeg->client_data, jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? VX_ENOMEM : VX_EFORMAT, text);
}

static void ignore_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void output_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    struct reader *r = jpeg->client_data;

    if (r->jpeg.input_scan_number > MAX_SCANS)
        fail(r, VX_ELIMIT, "more than 500 scans");
}

static void nothing_to_do(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean fill_input(j_decompress_ptr jpeg)
{
    struct reader *r = jpeg->client_data;
    const size_t n = vx_source_read(r->source, r->in, sizeof r->in);

    if (vx_source_errno(r->source) != 0)
        fail(r, VX_ESYS, strerror(vx_source_errno(r->source)));
    if (n == 0)
        fail(r, VX_EFORMAT, "it ends too early"); /* libjpeg alone would paint the rest grey */
    r->bytes.next_input_byte = r->in;
    r->bytes.bytes_in_buffer = n;
    return TRUE;
}

static void skip_input(j_decompress_ptr jpeg, long n)
{
    struct reader *r = jpeg->client_data;

    while (n > (long)r->bytes.bytes_in_buffer) {
        n -= (long)r->bytes.bytes_in_buffer;
        fill_input(jpeg);
    }
    if (n > 0) {
        r->bytes.next_input_byte += n;
        r->bytes.bytes_in_buffer -= (size_t)n;
    }
}

/* a·b/255, rounded as Pillow does it */
static int mul_div_255(int a, int b)
{
    const int t = a * b + 128;

    return ((t >> 8) + t) >> 8;
}

/* One row as Pillow's convert("RGB"), which takes CMYK to be stored inverted, Adobe's way. */
static void to_rgb(uint8_t *rgb, const uint8_t *row, size_t w, J_COLOR_SPACE space)
{
    if (space == JCS_RGB) {
        memcpy(rgb, row, w * 3);
        return;
    }
    for (size_t x = 0; x < w; x++)
        for (size_t c = 0; c < 3; c++)
            if (space == JCS_CMYK) {
                const int k = row[4 * x + 3];
                rgb[3 * x + c] = (uint8_t)(k - mul_div_255(255 - row[4 * x + c], k));
            } else {
                rgb[3 * x + c] = row[x];
            }
}

/* The defaults of libjpeg, as Pillow leaves them: slow integer DCT, fancy upsampling. Errors jump. */
static void read_pixels(struct reader *r)
{
    struct jpeg_decompress_struct *const jpeg = &r->jpeg;
    size_t w;

    jpeg_create_decompress(jpeg);
    jpeg->client_data = r;
    r->bytes = (struct jpeg_source_mgr){.init_source = nothing_to_do,
                                        .fill_input_buffer = fill_input,
                                        .skip_input_data = skip_input,
                                        .resync_to_restart = jpeg_resync_to_restart,
                                        .term_source = nothing_to_do};
    jpeg->src = &r->bytes;
    r->progress.progress_monitor = on_progress;
    jpeg->progress = &r->progress;
    jpeg_read_header(jpeg, TRUE);
    switch (jpeg->num_components) {
    case 1:
        jpeg->out_color_space = JCS_GRAYSCALE;
        break;
    case 3:
        jpeg->out_color_space = JCS_RGB;
        break;
    case CMYK:
        jpeg->out_color_space = JCS_CMYK;
        break;
    default:
        fail(r, VX_EFORMAT, "neither 1, 3 nor 4 components");
    }
    w = jpeg->image_width;
    if ((r->status = vx_image_alloc(&r->rgb, w, jpeg->image_height, r->err)) != VX_OK)
        return;
    if (!(r->row = vx_calloc(w, CMYK))) {
        r->status = vx_fail_nomem(r->err, "a row of pixels");
        return;
    }
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        const size_t y = jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &r->row, 1);
        to_rgb(r->rgb + y * w * 3, r->row, w, jpeg->out_color_space);
    }
    /* No jpeg_finish_decompress: a picture whose rows are all there is complete without its end marker. */
}

enum vx_status vx_jpeg_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err)
{
    struct reader *r = vx_calloc(1, sizeof *r);
    enum vx_status rc;

    *rgb = NULL;
    if (!r)
        return vx_fail_nomem(err, "a JPEG reader");
    r->source = source;
    r->err = err;
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->errors.error_exit = on_error;
    r->errors.emit_message = ignore_message;
    r->errors.output_message = output_nothing;
    r->jpeg.client_data = r; /* jpeg_create_decompress keeps it and the error handlers */
    if (setjmp(r->on_error) == 0)
        read_pixels(r);
    if (r->status == VX_OK) {
        *rgb = r->rgb;
        *w = (int)r->jpeg.image_width;
        *h = (int)r->jpeg.image_height;
        r->rgb = NULL;
    }
    rc = r->status;
    jpeg_destroy_decompress(&r->jpeg);
    free(r->row);
    free(r->rgb);
    free(r);
    return rc;
}
