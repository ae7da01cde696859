/* test_clips.c - stretches cut out of recordings: samples as they were, several clips in one pass, short, broken and changed files */
#include "io/clips.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"
#include "tests/unit/io/tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE 8000
#define SECONDS 10
#define CHANNELS_MAX 10

static char *root;
static struct vx_player *player;
static const struct vx_player_config here = {.max_member_bytes = 64u << 20, .as_scanned = true};

static int setup(void **state)
{
    struct vx_err err;

    (void)state;
    root = tree_create();
    assert_int_equal(vx_player_create(&player, &here, &err), VX_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    failing_alloc_after(-1);
    vx_player_destroy(&player);
    tree_remove(&root);
    return 0;
}

/* What sample i of all channels is, full scale and beyond included: as 16 bits, or as a float with more below them. */
static int16_t sample_16(size_t i)
{
    return i % 1000 == 0 ? INT16_MIN : i % 1000 == 1 ? INT16_MAX : (int16_t)(i * 7919 % 65536 - 32768);
}

static float sample_float(size_t i)
{
    return (float)sample_16(i) / 16384 + 1.0f / 16777216;
}

static void put(unsigned char *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

/* A WAV of RATE with so many frames there, though its header promises SECONDS. */
static void write_wav(const char *name, int channels, int bytes, size_t frames)
{
    const size_t n = frames * (size_t)channels, promised = (size_t)RATE * SECONDS * (size_t)channels * (size_t)bytes;
    unsigned char *const wav = calloc(44 + n * (size_t)bytes, 1);

    assert_non_null(wav);
    memcpy(wav, "RIFF....WAVEfmt ....................data....", 44);
    put(wav + 4, (uint32_t)(36 + promised), 4);
    put(wav + 16, 16, 4);
    put(wav + 20, bytes == 4 ? 3 : 1, 2);
    put(wav + 22, (uint32_t)channels, 2);
    put(wav + 24, RATE, 4);
    put(wav + 28, (uint32_t)(RATE * channels * bytes), 4);
    put(wav + 32, (uint32_t)(channels * bytes), 2);
    put(wav + 34, (uint32_t)(8 * bytes), 2);
    put(wav + 40, (uint32_t)promised, 4);
    for (size_t i = 0; i < n; i++) {
        const float x = sample_float(i);
        uint32_t bits;
        memcpy(&bits, &x, 4);
        put(wav + 44 + i * (size_t)bytes, bytes == 4 ? bits : (uint32_t)(uint16_t)sample_16(i), bytes);
    }
    tree_write(root, name, wav, 44 + n * (size_t)bytes);
    free(wav);
}

static struct vx_item item_of(const char *name)
{
    return (struct vx_item){.path = (char *)(uintptr_t)tree_path(root, name), .ordinal = -1, .offset = -1, .size = -1};
}

/* The clip holds frames from, from + 1 … of the recording, each sample within `off`. */
static void expect_clip(const char *path, int channels, bool deep, size_t from, size_t frames, float off)
{
    const struct vx_item item = {.path = (char *)(uintptr_t)path, .ordinal = -1, .offset = -1, .size = -1};
    float *const got = calloc((frames + 1) * (size_t)channels, sizeof *got);
    struct vx_player *p = NULL;
    struct vx_sound *sound = NULL;
    struct vx_err err;

    assert_non_null(got);
    assert_int_equal(vx_player_create(&p, &here, &err), VX_OK);
    if (vx_player_open(p, &item, &sound, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(vx_sound_rate(sound), RATE);
    assert_int_equal(vx_sound_channels(sound), channels);
    assert_int_equal(vx_sound_read(sound, got, frames + 1), frames);
    for (size_t i = 0; i < frames * (size_t)channels; i++) {
        const size_t at = from * (size_t)channels + i;
        const float wanted = deep ? sample_float(at) : (float)sample_16(at) / 32768;
        const float clipped = off > 0 ? fminf(fmaxf(wanted, -1), 1) : wanted; /* integers end at full scale */
        if (fabsf(got[i] - clipped) > off)
            fail_msg("%s: sample %zu is %.9g, expected %.9g", path, i, (double)got[i], (double)clipped);
    }
    vx_sound_close(&sound);
    vx_player_destroy(&p);
    free(got);
}

static void as_they_were(void **state)
{
    static const struct {
        int channels, bytes;
        enum vx_clip_type type;
        float off;
    } row[] = {
        {1, 2, VX_CLIP_WAV, 0}, {2, 2, VX_CLIP_WAV, 0}, {CHANNELS_MAX, 2, VX_CLIP_WAV, 0}, {1, 2, VX_CLIP_FLAC, 0}, {3, 2, VX_CLIP_FLAC, 0},
        {2, 4, VX_CLIP_WAV, 0}, {2, 4, VX_CLIP_FLAC, 1.01f / 8388608},
    };
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char in[32], out[2][32];
        snprintf(in, sizeof in, "in%zu.wav", i);
        for (int k = 0; k < 2; k++)
            snprintf(out[k], sizeof out[k], "out%zu-%d.%s", i, k, row[i].type == VX_CLIP_FLAC ? "flac" : "wav");
        write_wav(in, row[i].channels, row[i].bytes, (size_t)RATE * SECONDS);
        const struct vx_item item = item_of(in);
        struct vx_clip clips[] = { /* not in order, overlapping, one of a single frame */
            {.start_s = 4, .end_s = 9.5, .path = tree_path(root, out[0])},
            {.start_s = 0.00025, .end_s = 4.5, .path = tree_path(root, out[1])},
            {.start_s = 5, .end_s = 5, .path = tree_path(root, "single")},
        };
        if (vx_clips_cut(player, &item, clips, 3, row[i].type, &err) != VX_OK)
            fail_msg("row %zu: %s", i, err.text);
        expect_clip(clips[0].path, row[i].channels, row[i].bytes == 4, 4 * RATE, (size_t)(5.5 * RATE), row[i].off);
        expect_clip(clips[1].path, row[i].channels, row[i].bytes == 4, 2, (size_t)(4.5 * RATE) - 2, row[i].off);
        expect_clip(clips[2].path, row[i].channels, row[i].bytes == 4, 5 * RATE, 1, row[i].off);
        assert_true(clips[0].written && clips[1].written && clips[2].written);
    }
    assert_int_equal(vx_clips_cut(player, NULL, NULL, 0, VX_CLIP_WAV, &err), VX_OK);
}

/* A recording that ends before its header says: what is there is cut, what is not has the reason. */
static void broken(void **state)
{
    struct vx_item item;
    struct vx_err err;

    (void)state;
    write_wav("short.wav", 1, 2, 6 * RATE);
    item = item_of("short.wav");
    struct vx_clip clips[] = {
        {.start_s = 7, .end_s = 8, .path = tree_path(root, "after.wav")},
        {.start_s = 5, .end_s = 8, .path = tree_path(root, "across.wav")},
        {.start_s = 1, .end_s = 2, .path = tree_path(root, "before.wav")},
    };
    assert_int_equal(vx_clips_cut(player, &item, clips, 3, VX_CLIP_WAV, &err), VX_EFORMAT);
    assert_true(!clips[0].written && clips[1].written && clips[2].written);
    assert_non_null(strstr(clips[0].err.text, "6.00 s"));
    expect_clip(clips[1].path, 1, false, 5 * RATE, RATE, 0);
    expect_clip(clips[2].path, 1, false, RATE, RATE, 0);
    assert_int_not_equal(access(clips[0].path, F_OK), 0);
}

/* Times that make no sense, as of a result that somebody has changed: nothing before the start nor beyond the end is cut. */
static void beyond(void **state)
{
    struct vx_err err;

    (void)state;
    write_wav("ten.wav", 2, 2, (size_t)RATE * SECONDS);
    const struct vx_item item = item_of("ten.wav");
    struct vx_clip clips[] = {
        {.start_s = -3, .end_s = 1, .path = tree_path(root, "before.wav")},
        {.start_s = 9, .end_s = 1e300, .path = tree_path(root, "behind.wav")},
        {.start_s = -INFINITY, .end_s = 0.5, .path = tree_path(root, "endless.wav")},
        {.start_s = 1e300, .end_s = INFINITY, .path = tree_path(root, "nowhere.wav")},
    };
    assert_int_equal(vx_clips_cut(player, &item, clips, 4, VX_CLIP_WAV, &err), VX_EFORMAT);
    assert_true(clips[0].written && clips[1].written && clips[2].written && !clips[3].written);
    expect_clip(clips[0].path, 2, false, 0, RATE, 0);
    expect_clip(clips[1].path, 2, false, 9 * RATE, RATE, 0);
    expect_clip(clips[2].path, 2, false, 0, RATE / 2, 0);
}

static void refused(void **state)
{
    struct vx_err err;
    struct vx_clip clip = {.start_s = 1, .end_s = 2, .path = tree_path(root, "x.flac")};
    struct vx_item item;

    (void)state;
    write_wav("whole.wav", 1, 2, (size_t)RATE * SECONDS);
    write_wav("many.wav", CHANNELS_MAX, 2, (size_t)RATE * SECONDS);
    tree_text(root, "text.wav", "no recording");
    tree_text(root, "folder/x", "");
    item = item_of("whole.wav");
    item.size = 44 + 2 * RATE * SECONDS + 1;
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_FLAC, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "scan it again"));
    assert_true(!clip.written && strcmp(clip.err.text, err.text) == 0);
    item = item_of("many.wav");
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_FLAC, &err), VX_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "10 channels"));
    item = item_of("gone.wav");
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_FLAC, &err), VX_ESYS);
    item = item_of("text.wav");
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_FLAC, &err), VX_EFORMAT);
    item = item_of("whole.wav");
    clip.path = tree_path(root, "folder"); /* where a file cannot get its name */
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_WAV, &err), VX_ESYS);
    clip.path = tree_path(root, "nowhere/x.wav");
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_WAV, &err), VX_ESYS);
    assert_int_not_equal(access(tree_path(root, "x.flac"), F_OK), 0);
    assert_int_not_equal(access(tree_path(root, "folder.part"), F_OK), 0);
    clip = (struct vx_clip){.start_s = 20, .end_s = 21, .path = tree_path(root, "x.flac")};
    assert_int_equal(vx_clips_cut(player, &item, &clip, 1, VX_CLIP_FLAC, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "has it changed"));
}

static void every_allocation(void **state)
{
    struct vx_err err;
    long k = 0;

    (void)state;
    write_wav("in.wav", 1, 2, (size_t)RATE * SECONDS);
    const struct vx_item item = item_of("in.wav");
    struct vx_clip clips[] = {{.start_s = 1, .end_s = 2, .path = tree_path(root, "a.wav")}, {.start_s = 3, .end_s = 9, .path = tree_path(root, "b.wav")}};
    do {
        vx_player_destroy(&player);
        assert_int_equal(vx_player_create(&player, &here, &err), VX_OK);
        failing_alloc_after(k++);
        const enum vx_status rc = vx_clips_cut(player, &item, clips, 2, VX_CLIP_WAV, &err);
        failing_alloc_after(-1);
        if (rc != VX_OK && (!failing_alloc_failed() || rc != VX_ENOMEM))
            fail_msg("allocation %ld: status %d: %s", k, (int)rc, err.text);
        for (int i = 0; i < 2; i++)
            assert_true(clips[i].written || clips[i].err.status != VX_OK);
        assert_int_not_equal(access(tree_path(root, "a.wav.part"), F_OK), 0);
    } while (failing_alloc_failed());
    assert_true(k > 5);
    expect_clip(clips[1].path, 1, false, 3 * RATE, 6 * RATE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(broken, setup, teardown),
        cmocka_unit_test_setup_teardown(beyond, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_allocation, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
