/* fuzz_image.c - a PNG or JPEG. A PNG's checksums are mended after each mutation, else nothing would get past them; and most are
 * kept small, for a picture of 64 million pixels takes a tenth of a second. */
#include "io/image.h"
#include "io/source_make.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Chunks: length, type, data, CRC of type and data. */
static void mend_png(uint8_t *data, size_t size)
{
    size_t at = 8;

    if (size < 8 || memcmp(data, "\x89PNG", 4) != 0)
        return;
    while (size - at >= 12 && big_endian(data + at) <= size - at - 12) {
        const size_t n = big_endian(data + at);
        const uint32_t crc = (uint32_t)crc32(0, data + at + 4, (uInt)n + 4);
        for (int i = 0; i < 4; i++)
            data[at + 8 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + n;
    }
}

/* At most 255 pixels a side: the high bytes of IHDR's two, and of those of a JPEG's first frame header. */
static void make_small(uint8_t *data, size_t size)
{
    if (size >= 24 && memcmp(data, "\x89PNG", 4) == 0) {
        memset(data + 16, 0, 3);
        memset(data + 20, 0, 3);
    }
    for (size_t i = 2; i + 9 < size && data[0] == 0xff && data[1] == 0xd8; i++) {
        if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xc2) {
            data[i + 5] = data[i + 7] = 0;
            break;
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 64)
        make_small(data, size);
    if (seed % 8)
        mend_png(data, size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vx_source source = {.fd = -1};
    const char *format = NULL;
    uint8_t *rgb = NULL;
    struct vx_err err;
    int w, h;

    vx_source_set_memory(&source, data, size);
    (void)vx_image_sniff(&source, &format);
    FUZZ_CHECK(vx_source_tell(&source) == 0);
    if (vx_image_read(&source, &rgb, &w, &h, &err) == VX_OK) {
        volatile uint8_t last;
        FUZZ_CHECK(w > 0 && h > 0 && (uint64_t)w * (uint64_t)h <= VX_IMAGE_MAX_PIXELS);
        last = rgb[3 * (size_t)w * (size_t)h - 1]; /* the sanitizer looks whether it is there */
        (void)last;
    } else {
        FUZZ_CHECK(*err.text);
    }
    free(rgb);
    return 0;
}
