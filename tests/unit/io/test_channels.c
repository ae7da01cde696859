/* test_channels.c - channels on their own: each one's windows are those of a mono recording of it, bit for bit, in order of time; the
 * first alone; and how many there may be */
#include "io/windows.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MAX_WINDOWS = 200, SOURCE_RATE = 11025, FRAMES = 70000 };

/* All windows of a recording. */
struct cut {
    size_t n;
    int samples, tracks;
    struct vx_window_score score[MAX_WINDOWS];
    float *pcm[MAX_WINDOWS]; /* owned */
    enum vx_status end;
    struct vx_err err;
};

static void cut(struct cut *c, struct vx_windower *w, const struct recording *r, int rate, enum vx_channels channels, bool lent)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_decoder *dec = NULL;
    const float *pcm;

    *c = (struct cut){0};
    if ((c->end = vx_decoder_open_channels(&dec, &source, rate, channels, &c->err)) != VX_OK)
        return;
    assert_int_equal(vx_windower_begin(w, dec, &c->err), VX_OK);
    c->samples = vx_windower_samples(w);
    c->tracks = vx_decoder_tracks(dec);
    for (;;) {
        float *room = malloc((size_t)c->samples * sizeof *room);

        assert_non_null(room);
        if (lent)
            vx_windower_into(w, room);
        assert_true(c->n < MAX_WINDOWS);
        if ((c->end = vx_windower_next(w, &c->score[c->n], &pcm, &c->err)) != VX_OK) {
            free(room);
            break;
        }
        if (!lent)
            memcpy(room, pcm, (size_t)c->samples * sizeof *room);
        c->pcm[c->n++] = room;
    }
    vx_decoder_close(&dec);
}

static void cut_free(struct cut *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->pcm[i]);
}

/* Unlike channels; in channel 2 of four stretches of silence, in 3 a sample that is none, in 4 clipping. */
static float sample(int channel, size_t i)
{
    const float x = 0.4f * sinf((float)i * 0.01f * (float)(channel + 1)) + 0.001f * (float)(i * (size_t)(channel + 7) % 101);

    if (channel == 1 && i / 11025 % 3 == 1)
        return 0;
    if (channel == 2 && i == 30000)
        return NAN;
    return channel == 3 && i / 2000 == 11 ? (i % 2 ? 1.0f : -1.0f) : x;
}

static struct recording record(int first, int channels, size_t frames)
{
    float *x = malloc((frames * (size_t)channels + 1) * sizeof *x);
    struct recording r;

    assert_non_null(x);
    for (size_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++)
            x[i * (size_t)channels + (size_t)c] = sample(first + c, i);
    r = recording_wav(x, frames, channels, SOURCE_RATE);
    free(x);
    return r;
}

/* The windows of channel `channel` (from 1 on) of c are those of `mono`. */
static void compare(const struct cut *c, const struct cut *mono, int channel, bool named)
{
    assert_int_equal(c->n, mono->n * (size_t)c->tracks);
    assert_int_equal(c->samples, mono->samples);
    for (size_t k = 0; k < mono->n; k++) {
        const size_t i = k * (size_t)c->tracks + (size_t)(c->tracks > 1 ? channel - 1 : 0);

        assert_int_equal(c->score[i].index, i);
        assert_int_equal(c->score[i].channel, named ? channel : 0);
        assert_int_equal(c->score[i].start_ms, mono->score[k].start_ms);
        if (c->score[i].flags != mono->score[k].flags)
            fail_msg("window %zu of channel %d has flags %u, on its own %u", k, channel, c->score[i].flags, mono->score[k].flags);
        assert_memory_equal(c->pcm[i], mono->pcm[k], (size_t)c->samples * sizeof(float));
    }
}

static void each_as_alone(void **state)
{
    static const struct {
        struct vx_window_rule rule;
        int channels, rate;
        size_t frames;
    } table[] = {
        {{2, 2, 0.5, -70}, 4, 16000, FRAMES},     {{2, 0.7, 0.5, -70}, 4, 8000, FRAMES}, {{1, 3, 0.5, -70}, 4, 16000, FRAMES},
        {{2, 2, 0.5, -70}, 2, 0, FRAMES},         {{0.5, 0.5, 0.1, -70}, 1, 16000, FRAMES}, {{2, 2, 0.5, -70}, 3, 16000, 7},
        {{2, 2, 0.5, -70}, 64, 16000, 5 * 11025},
    };

    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        struct vx_windower *w = NULL;
        struct recording all = record(0, table[t].channels, table[t].frames);
        struct cut each, again, first, mono;

        assert_int_equal(vx_windower_create(&w, &table[t].rule, &each.err), VX_OK);
        cut(&each, w, &all, table[t].rate, VX_CHANNELS_EACH, false);
        cut(&again, w, &all, table[t].rate, VX_CHANNELS_EACH, true); /* over what was left, in memory that is lent */
        cut(&first, w, &all, table[t].rate, VX_CHANNELS_FIRST, false);
        assert_int_equal(each.end, VX_DONE);
        assert_int_equal(each.tracks, table[t].channels);
        assert_int_equal(first.tracks, 1);
        for (int c = 1; c <= table[t].channels; c++) {
            struct recording one = record(c - 1, 1, table[t].frames);

            cut(&mono, w, &one, table[t].rate, VX_CHANNELS_MIX, false);
            assert_true(mono.n > 0);
            compare(&each, &mono, c, true);
            compare(&again, &mono, c, true);
            if (c == 1)
                compare(&first, &mono, 1, false);
            cut_free(&mono);
            recording_free(&one);
        }
        cut_free(&each);
        cut_free(&again);
        cut_free(&first);
        vx_windower_destroy(&w);
        recording_free(&all);
    }
}

/* What comes before a stream breaks is there of every channel, then the reason comes. */
static void broken(void **state)
{
    const struct vx_window_rule rule = {2, 2, 0.5, -70};
    struct recording r = record(0, 3, FRAMES);
    struct vx_windower *w = NULL;
    struct cut c;

    (void)state;
    r.size = r.size * 2 / 3;
    assert_int_equal(vx_windower_create(&w, &rule, &c.err), VX_OK);
    cut(&c, w, &r, 16000, VX_CHANNELS_EACH, false);
    assert_int_equal(c.end, VX_EFORMAT);
    assert_non_null(strstr(c.err.text, "its header promises"));
    assert_int_equal(c.n, 3 * 3); /* of 4.2 s */
    cut_free(&c);
    vx_windower_destroy(&w);
    recording_free(&r);
}

static void how_many(void **state)
{
    const struct vx_window_rule rule = {2, 2, 0.5, -70};
    static const int channels[] = {65, 1024};
    struct vx_windower *w = NULL;
    struct cut c;

    (void)state;
    assert_int_equal(vx_windower_create(&w, &rule, &c.err), VX_OK);
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        struct recording r = record(0, channels[i], 1000);

        cut(&c, w, &r, 16000, VX_CHANNELS_EACH, false);
        assert_int_equal(c.end, VX_ELIMIT);
        if (!strstr(c.err.text, "up to 64") || !strstr(c.err.text, "--channels mix"))
            fail_msg("%s", c.err.text);
        cut(&c, w, &r, 16000, VX_CHANNELS_FIRST, false);
        assert_int_equal(c.end, VX_DONE);
        cut_free(&c);
        recording_free(&r);
    }
    vx_windower_destroy(&w);
}

static long peak_kib(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* What lies between windows is passed over in all channels side by side, not kept in those that come later. Before the others, whose
 * peak would hide this one's. */
static void far_apart(void **state)
{
    enum { LOW = 1000, SECONDS = 160, HIGH = 48000, KIB = SECONDS * HIGH / 256 };
    const struct vx_window_rule rule = {0.05, SECONDS - 1, 0, -70};
    float *x = calloc((size_t)LOW * SECONDS * 2, sizeof *x);
    struct vx_windower *w = NULL;
    struct recording r;
    struct cut c;

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < (size_t)LOW * SECONDS * 2; i++)
        x[i] = 0.3f * sinf((float)(i / 2 * (i % 2 + 1)) * 0.1f);
    r = recording_wav(x, (size_t)LOW * SECONDS, 2, LOW);
    free(x);
    assert_int_equal(vx_windower_create(&w, &rule, &c.err), VX_OK);
    const long before = peak_kib();
    cut(&c, w, &r, HIGH, VX_CHANNELS_EACH, false);
    if (peak_kib() - before > KIB / 2)
        fail_msg("%ld KiB for a gap of %d", peak_kib() - before, KIB);
    assert_int_equal(c.end, VX_DONE);
    assert_int_equal(c.n, 4);
    cut_free(&c);
    vx_windower_destroy(&w);
    recording_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_apart),
        cmocka_unit_test(each_as_alone),
        cmocka_unit_test(broken),
        cmocka_unit_test(how_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
