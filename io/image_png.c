#include "io/image.h"
#include "io/image_codec.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHUNK_BYTES = 8 << 20 }; /* of the chunks libpng keeps in memory, unpacked */

/* Everything that outlives a jump is in here, so no local variable has to survive one. */
struct reader {
    struct vx_source *source; /* borrowed */
    png_structp png;
    png_infop info;
    jmp_buf on_error;
    enum vx_status status; /* of the failure, and its text in *err */
    struct vx_err *err;
    bool no_memory; /* libpng has asked for some and got none */
    png_uint_32 w, h;
    int depth, color;
    size_t row_bytes;
    uint8_t *pixels; /* owned [h][row_bytes], as libpng gives them */
    uint8_t *rgb;    /* owned [h][w][3] until it is the caller's */
};

/* libpng's own allocations: to its errors no memory is a word like others. */
static png_voidp allocate(png_structp png, png_alloc_size_t n)
{
    struct reader *r = png_get_mem_ptr(png);
    void *const p = malloc(n);

    r->no_memory = r->no_memory || !p;
    return p;
}

static void release(png_structp png, png_voidp p)
{
    (void)png;
    free(p);
}

static _Noreturn void fail_read(png_structp png, png_const_charp text)
{
    struct reader *r = png_get_error_ptr(png);

    if (r->no_memory)
        r->status = vx_fail_nomem(r->err, "a PNG");
    else if (vx_source_errno(r->source) != 0)
        r->status = vx_fail(r->err, VX_ESYS, "reading a PNG: %s", strerror(vx_source_errno(r->source)));
    else
        r->status = vx_fail(r->err, VX_EFORMAT, "broken PNG: %s", text);
    longjmp(r->on_error, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    struct reader *r = png_get_io_ptr(png);

    if (vx_source_read(r->source, out, n) != n)
        png_error(png, "it ends too early");
}

/* Up to the last row, in 8 bits a sample except where Pillow keeps 16. Errors jump. */
static void read_pixels(struct reader *r)
{
    static const png_byte unread[] = "iCCP\0tEXt\0zTXt\0iTXt\0eXIf"; /* four letters and a NUL each */
    int passes;

    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, VX_IMAGE_MAX_PIXELS, VX_IMAGE_MAX_PIXELS);
    png_set_chunk_malloc_max(r->png, MAX_CHUNK_BYTES);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, unread, (int)(sizeof unread / 5));
    png_read_info(r->png, r->info);
    png_get_IHDR(r->png, r->info, &r->w, &r->h, &r->depth, &r->color, NULL, NULL, NULL);
    if ((r->status = vx_image_alloc(&r->rgb, r->w, r->h, r->err)) != VX_OK)
        return;
    png_set_packing(r->png);
    if (r->color == PNG_COLOR_TYPE_GRAY && r->depth < 8)
        png_set_expand_gray_1_2_4_to_8(r->png);
    if (r->color != PNG_COLOR_TYPE_GRAY)
        png_set_strip_16(r->png); /* Pillow takes the high byte too */
    passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    r->row_bytes = png_get_rowbytes(r->png, r->info);
    if (!(r->pixels = vx_calloc(r->h, r->row_bytes))) {
        r->status = vx_fail_nomem(r->err, "a picture");
        return;
    }
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < r->h; y++)
            png_read_row(r->png, r->pixels + y * r->row_bytes, NULL);
    /* What follows the last row, end marker included, is left unread: without it a picture is complete. */
}

static void put_grey(uint8_t *rgb, uint8_t v)
{
    rgb[0] = rgb[1] = rgb[2] = v;
}

static void put_color(uint8_t *rgb, png_color color)
{
    rgb[0] = color.red;
    rgb[1] = color.green;
    rgb[2] = color.blue;
}

/* As Pillow's convert("RGB"): alpha and transparent colours are dropped, 16 bit grey is cut off at 255 (not
 * divided), and an index outside of the palette is black. */
static void to_rgb(struct reader *r)
{
    png_colorp palette = NULL;
    int n_palette = 0;

    if (r->color == PNG_COLOR_TYPE_PALETTE)
        png_get_PLTE(r->png, r->info, &palette, &n_palette);
    for (size_t y = 0; y < r->h; y++) {
        const uint8_t *in = r->pixels + y * r->row_bytes;
        uint8_t *out = r->rgb + y * r->w * 3;
        for (size_t x = 0; x < r->w; x++, out += 3)
            switch (r->color) {
            case PNG_COLOR_TYPE_GRAY:
                put_grey(out, r->depth < 16 ? in[x] : in[2 * x] == 0 ? in[2 * x + 1] : 255);
                break;
            case PNG_COLOR_TYPE_GRAY_ALPHA:
                put_grey(out, in[2 * x]);
                break;
            case PNG_COLOR_TYPE_PALETTE:
                put_color(out, in[x] < n_palette ? palette[in[x]] : (png_color){0, 0, 0});
                break;
            default: /* RGB, RGBA: libpng has refused anything else */
                memcpy(out, in + x * (r->color == PNG_COLOR_TYPE_RGB ? 3 : 4), 3);
            }
    }
}

enum vx_status vx_png_read(struct vx_source *source, uint8_t **rgb, int *w, int *h, struct vx_err *err)
{
    struct reader *r = vx_calloc(1, sizeof *r);
    enum vx_status rc;

    *rgb = NULL;
    if (!r)
        return vx_fail_nomem(err, "a PNG reader");
    r->source = source;
    r->err = err;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, fail_read, ignore, r, allocate, release);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info)
        r->status = vx_fail_nomem(err, "a PNG reader");
    else if (setjmp(r->on_error) == 0)
        read_pixels(r);
    if (r->status == VX_OK) {
        to_rgb(r);
        *rgb = r->rgb;
        *w = (int)r->w;
        *h = (int)r->h;
        r->rgb = NULL;
    }
    rc = r->status;
    png_destroy_read_struct(&r->png, &r->info, NULL);
    free(r->pixels);
    free(r->rgb);
    free(r);
    return rc;
}

struct writer {
    png_structp png;
    png_infop info;
    jmp_buf on_error;
    struct vx_buf bytes;
    struct vx_err *err;
    enum vx_status status;
};

static _Noreturn void fail_write(png_structp png, png_const_charp text)
{
    struct writer *wr = png_get_error_ptr(png);

    wr->status = vx_fail(wr->err, VX_EINVAL, "writing a PNG: %s", text);
    longjmp(wr->on_error, 1);
}

static void write_bytes(png_structp png, png_bytep data, size_t n)
{
    struct writer *wr = png_get_io_ptr(png);

    vx_buf_add(&wr->bytes, data, n);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* Errors jump. */
static void write_pixels(struct writer *wr, const uint8_t *rgb, int w, int h)
{
    png_set_write_fn(wr->png, wr, write_bytes, flush_nothing);
    png_set_IHDR(wr->png, wr->info, (png_uint_32)w, (png_uint_32)h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(wr->png, wr->info);
    for (int y = 0; y < h; y++)
        png_write_row(wr->png, rgb + (size_t)y * (size_t)w * 3);
    png_write_end(wr->png, wr->info);
}

enum vx_status vx_image_write_png(const char *path, const uint8_t *rgb, int w, int h, struct vx_err *err)
{
    struct writer *wr;
    enum vx_status rc;

    if (w <= 0 || h <= 0)
        return vx_fail(err, VX_EINVAL, "%s: a picture of %d x %d pixels", path, w, h);
    if (!(wr = vx_calloc(1, sizeof *wr)))
        return vx_fail_nomem(err, "a PNG writer");
    wr->err = err;
    wr->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, wr, fail_write, ignore);
    wr->info = wr->png ? png_create_info_struct(wr->png) : NULL;
    if (!wr->info)
        wr->status = vx_fail_nomem(err, "a PNG writer");
    else if (setjmp(wr->on_error) == 0)
        write_pixels(wr, rgb, w, h);
    if (wr->status == VX_OK && wr->bytes.failed)
        wr->status = vx_fail_nomem(err, "a PNG");
    if (wr->status == VX_OK)
        wr->status = vx_file_write(path, wr->bytes.data, wr->bytes.len, err);
    rc = wr->status;
    png_destroy_write_struct(&wr->png, &wr->info);
    vx_buf_free(&wr->bytes);
    free(wr);
    return rc;
}
