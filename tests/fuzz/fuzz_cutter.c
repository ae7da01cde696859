/* fuzz_cutter.c - windows of a recording whose every sample is known: the first bytes choose rate, lengths and rule, the
 * others the sound. Windows must lie at multiples of the hop, hold those samples and zeros behind, and reach the end. */
#include "io/source_make.h"
#include "io/windows.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

#define MOST_SAMPLES 4000
#define HEADER 58

static void put(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* A WAV of floats, mono. */
static size_t make_wav(uint8_t *wav, const float *samples, uint32_t n, uint32_t rate)
{
    memcpy(wav, "RIFF....WAVEfmt \x12\0\0\0\3\0\1\0", 24);
    put(wav + 4, HEADER - 8 + 4 * n, 4);
    put(wav + 24, rate, 4);
    put(wav + 28, 4 * rate, 4);
    memcpy(wav + 32, "\4\0\x20\0\0\0fact\4\0\0\0", 14);
    put(wav + 46, n, 4);
    memcpy(wav + 50, "data", 4);
    put(wav + 54, 4 * n, 4);
    memcpy(wav + HEADER, samples, 4 * (size_t)n);
    return HEADER + 4 * (size_t)n;
}

static float sample(uint8_t byte)
{
    switch (byte) {
    case 0xff:
        return NAN;
    case 0xfe:
        return INFINITY;
    case 0xfd:
        return 1e30f;
    default:
        return ((float)byte - 126) / 126;
    }
}

static void check(const struct vx_windower *w, const struct vx_window_score *score, const float *pcm, const float *samples, uint32_t n,
                  uint32_t hop)
{
    const uint32_t length = (uint32_t)vx_windower_samples(w), begin = (uint32_t)score->index * hop;

    FUZZ_CHECK(begin < n);
    for (uint32_t k = 0; k < length; k++) {
        const float in = begin + k < n ? samples[begin + k] : 0, clean = isfinite(in) && fabsf(in) < 1e10f ? in : 0;
        FUZZ_CHECK(pcm[k] == clean);
    }
    FUZZ_CHECK(vx_windower_sound(w) == (int)(n - begin < length ? n - begin : length));
    FUZZ_CHECK(!(score->flags & VX_WINDOW_PADDED) == (n - begin >= length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float samples[MOST_SAMPLES];
    static uint8_t wav[HEADER + 4 * MOST_SAMPLES];
    struct fuzz_bytes in = {data, size};
    const uint32_t rate = 1000 + fuzz_below(&in, 4000), window = rate / 10 + 1 + fuzz_below(&in, 1500), /* what rules may say */
                   hop = rate / 100 + 1 + fuzz_below(&in, 4000), n = fuzz_below(&in, MOST_SAMPLES + 1);
    const struct vx_window_rule rule = {.window_seconds = window / (double)rate, .hop_seconds = hop / (double)rate,
                                        .min_seconds = (1 + fuzz_below(&in, window)) / (double)rate, .silence_dbfs = -70};
    struct vx_source source = {.fd = -1};
    struct vx_decoder *dec = NULL;
    struct vx_windower *windower = NULL;
    struct vx_window_score score;
    struct vx_err err;
    const float *pcm;
    int32_t next = 0;
    enum vx_status rc;

    for (uint32_t i = 0; i < n; i++) /* the bytes again and again, each time another sound */
        samples[i] = in.size ? sample((uint8_t)(in.data[i % in.size] + i / in.size)) : 0;
    vx_source_set_memory(&source, wav, make_wav(wav, samples, n, rate));
    vx_source_set_suffix(&source, "a.wav");
    FUZZ_CHECK(vx_decoder_open(&dec, &source, 0, &err) == VX_OK && vx_windower_create(&windower, &rule, &err) == VX_OK);
    if ((rc = vx_windower_begin(windower, dec, &err)) == VX_OK) {
        FUZZ_CHECK((uint32_t)vx_windower_samples(windower) == window);
        for (; (rc = vx_windower_next(windower, &score, &pcm, &err)) == VX_OK; next++) {
            FUZZ_CHECK(score.index == next);
            check(windower, &score, pcm, samples, n, hop);
        }
        FUZZ_CHECK(rc == VX_DONE && (n == 0) == (next == 0));
        FUZZ_CHECK(n == 0 || (uint32_t)(next - 1) * hop + window >= n || (uint32_t)next * hop >= n);
    }
    vx_windower_destroy(&windower);
    vx_decoder_close(&dec);
    return 0;
}
