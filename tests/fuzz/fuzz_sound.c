/* fuzz_sound.c - a recording of any format, decoded and cut into windows */
#include "io/source_make.h"
#include "io/windows.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

#define MOST_WINDOWS 200 /* of a recording: a few bytes can promise hours */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vx_window_rule rule = {
        .window_seconds = 0.5, .hop_seconds = 0.25, .min_seconds = 0.1, .silence_dbfs = -70};
    static const char *const names[] = {"a.wav", "a.mp3", "a.m4a", "a"};
    struct vx_source source = {.fd = -1};
    struct vx_decoder *dec = NULL;
    struct vx_windower *windower = NULL;
    struct vx_window_score score;
    struct vx_err err;
    const float *pcm;

    if (size == 0)
        return 0;
    vx_source_set_memory(&source, data + 1, size - 1);
    vx_source_set_suffix(&source, names[data[0] % 4]);
    if (vx_decoder_open(&dec, &source, data[0] & 4 ? 0 : 16000, &err) != VX_OK ||
        vx_windower_create(&windower, &rule, &err) != VX_OK || vx_windower_begin(windower, dec, &err) != VX_OK)
        goto done;
    for (int i = 0; i < MOST_WINDOWS && vx_windower_next(windower, &score, &pcm, &err) == VX_OK; i++) {
        FUZZ_CHECK(score.index == i);
        for (int k = 0; k < vx_windower_samples(windower); k++)
            FUZZ_CHECK(isfinite(pcm[k]));
    }
done:
    vx_windower_destroy(&windower);
    vx_decoder_close(&dec);
    return 0;
}
