#include "tests/unit/io/recording.h"

#include "base/mem.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/memory_source.h"

#include <stdlib.h>
#include <string.h>

static void put(unsigned char *at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

struct recording recording_wav(const float *samples, size_t frames, int channels, int rate)
{
    const size_t data = frames * (size_t)channels * sizeof(float);
    struct recording r = {malloc(44 + data), 44 + data};

    assert_non_null(r.bytes);
    memcpy(r.bytes, "RIFF....WAVEfmt ", 16);
    put(r.bytes + 4, (uint32_t)(36 + data), 4);
    put(r.bytes + 16, 16, 4);
    put(r.bytes + 20, 3, 2); /* floats */
    put(r.bytes + 22, (uint32_t)channels, 2);
    put(r.bytes + 24, (uint32_t)rate, 4);
    put(r.bytes + 28, (uint32_t)(rate * channels * 4), 4);
    put(r.bytes + 32, (uint32_t)(channels * 4), 2);
    put(r.bytes + 34, 32, 2);
    memcpy(r.bytes + 36, "data", 4);
    put(r.bytes + 40, (uint32_t)data, 4);
    if (data > 0)
        memcpy(r.bytes + 44, samples, data);
    return r;
}

struct recording recording_copy(const void *bytes, size_t size)
{
    struct recording r = {malloc(size + 1), size};

    assert_non_null(r.bytes);
    memcpy(r.bytes, bytes, size);
    return r;
}

void recording_free(struct recording *r)
{
    free(r->bytes);
    *r = (struct recording){0};
}

static void read_all(struct decoded *d, struct vx_decoder *dec, size_t ask)
{
    size_t cap_samples = 0, cap_flags = 0, got;
    struct vx_err again;

    do {
        assert_int_equal(vx_grow((void **)&d->samples, &cap_samples, d->n + ask, sizeof *d->samples), 0);
        assert_int_equal(vx_grow((void **)&d->flags, &cap_flags, d->n + ask, 1), 0);
        d->ended = vx_decoder_read(dec, d->samples + d->n, ask, &got, &d->err);
        if (d->ended != VX_OK)
            assert_int_equal(got, 0);
        assert_true(got <= ask);
        if (got > 0)
            memset(d->flags + d->n, (int)vx_decoder_flags(dec), got);
        d->n += got;
    } while (got > 0);
    assert_int_equal(vx_decoder_read(dec, d->samples, 1, &got, &again), d->ended);
    assert_int_equal(got, 0);
}

struct decoded recording_decode_source(struct vx_source *source, int rate, size_t ask)
{
    struct vx_decoder *dec = NULL;
    struct decoded d = {0};

    d.opened = vx_decoder_open(&dec, source, rate, &d.err);
    if (d.opened == VX_OK) {
        assert_non_null(dec);
        read_all(&d, dec, ask);
        vx_decoder_info(dec, &d.info);
    } else {
        assert_null(dec);
    }
    vx_decoder_close(&dec);
    return d;
}

struct decoded recording_decode_failing(const struct recording *r, int rate, size_t ask, int64_t fail_at)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size, .fail_at = fail_at};

    return recording_decode_source(&source, rate, ask);
}

struct decoded recording_decode(const struct recording *r, int rate, size_t ask)
{
    return recording_decode_failing(r, rate, ask, 0);
}

void decoded_free(struct decoded *d)
{
    free(d->samples);
    free(d->flags);
    *d = (struct decoded){0};
}
