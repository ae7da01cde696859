/* bench_decode.c - how fast recordings become windows: bench_decode RATE FILE...
 * Two second windows side by side, one thread; times real time by processor time, reading included. First libsndfile by itself, which is
 * what this processor allows, then decoding and cutting alone, then all that a decoder does (io/cutter.h): level and bandwidth, the hash
 * of the bytes. */
#include "base/clock.h"
#include "io/cutter.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

static void bench_libsndfile(const char *path) /* says nothing of a file that libsndfile cannot read by itself */
{
    static float block[1 << 13]; /* stays in the cache */
    const double start = vx_clock_cpu();
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    sf_count_t frames = 0, most;

    if (!file)
        return;
    most = (sf_count_t)(sizeof(block) / sizeof(block[0])) / info.channels;
    for (sf_count_t n; (n = sf_readf_float(file, block, most)) > 0; frames += n)
        ;
    printf("libsndfile by itself %61.0f times real time\n",
           (double)frames / info.samplerate / (vx_clock_cpu() - start));
    sf_close(file);
}

static enum vx_status cut(struct vx_windower *w, struct vx_decoder *dec, int *n, struct vx_err *err)
{
    struct vx_window_score score;
    const float *pcm;
    enum vx_status rc;

    if ((rc = vx_windower_begin(w, dec, err)) != VX_OK)
        return rc;
    for (*n = 0; (rc = vx_windower_next(w, &score, &pcm, err)) == VX_OK; (*n)++)
        ;
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status bench(struct vx_reader *reader, struct vx_windower *w, char *path, int rate,
                            struct vx_err *err)
{
    const struct vx_item item = {.path = path, .ordinal = -1, .size = -1};
    const double start = vx_clock_cpu();
    struct vx_source *source;
    struct vx_decoder *dec = NULL;
    struct vx_audio_info info;
    enum vx_status rc;
    double cpu;
    int n;

    if ((rc = vx_reader_open(reader, &item, &source, err)) != VX_OK ||
        (rc = vx_decoder_open(&dec, source, rate, err)) != VX_OK || (rc = cut(w, dec, &n, err)) != VX_OK)
        goto done;
    cpu = vx_clock_cpu() - start;
    vx_decoder_info(dec, &info);
    printf("%-32s %6d Hz %4d ch %9.1f s %6d windows %8.0f times real time, peak memory %.1f MB\n",
           info.format, info.sample_rate, info.channels, info.duration_s, n, info.duration_s / cpu,
           vx_clock_peak_rss() / 1e6);
done:
    vx_decoder_close(&dec);
    return rc == VX_OK ? VX_OK : vx_err_prefix(err, "%s", path);
}

#define ROOMS 24 /* windows go to one after the other, as those do that are handed on: no cache holds all of them */
#define MOST (2 * 768000) /* samples of a window at the highest rate */

struct rooms {
    float *at; /* [ROOMS * MOST] */
    int next;
};

static enum vx_status lend(void *user, const struct vx_cut_shape *shape, void **out, struct vx_err *err)
{
    struct rooms *rooms = user;

    (void)err;
    *out = rooms->at + (size_t)(rooms->next++ % ROOMS) * (size_t)shape->samples;
    return VX_OK;
}

static enum vx_status drop(void *user, const struct vx_window_score *score, struct vx_err *err)
{
    (void)user;
    (void)score;
    (void)err;
    return VX_OK;
}

static enum vx_status bench_cutter(struct vx_cutter *cutter, char *path, struct rooms *rooms, struct vx_err *err)
{
    const struct vx_item item = {.path = path, .ordinal = -1, .offset = -1, .size = -1};
    const struct vx_cut_sink sink = {.room = lend, .window = drop, .user = rooms};
    const double start = vx_clock_cpu();
    struct vx_cut_result result;
    const enum vx_status rc = vx_cutter_run(cutter, &item, &sink, &result, err);

    if (rc == VX_OK)
        printf("  as a decoder does it %61.0f times real time\n", result.info.duration_s / (vx_clock_cpu() - start));
    return rc;
}

int main(int argc, char **argv)
{
    const struct vx_window_rule rule = {2, 2, 0.5, -70};
    static float memory[ROOMS * MOST];
    struct rooms rooms = {.at = memory};
    struct vx_cutter *cutter = NULL;
    struct vx_reader *reader = NULL;
    struct vx_windower *w = NULL;
    struct vx_err err;
    int failed = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: bench_decode RATE FILE...\n");
        return 2;
    }
    const struct vx_cut_config config = {.sample_rate = atoi(argv[1]), .rule = rule, .image_size = 224, .max_member_bytes = 1u << 30,
                                         .hash = {.of = VX_HASH_BYTES}};
    if (vx_reader_create(&reader, 1u << 30, &err) != VX_OK || vx_windower_create(&w, &rule, &err) != VX_OK ||
        vx_cutter_create(&cutter, &config, &(struct vx_opener){0}, &err) != VX_OK) {
        fprintf(stderr, "%s\n", err.text);
        failed = 1;
    }
    for (int i = 2; i < argc && cutter; i++) {
        bench_libsndfile(argv[i]);
        if (bench(reader, w, argv[i], atoi(argv[1]), &err) != VX_OK || bench_cutter(cutter, argv[i], &rooms, &err) != VX_OK) {
            fprintf(stderr, "%s\n", err.text);
            failed = 1;
        }
    }
    vx_cutter_destroy(&cutter);
    vx_windower_destroy(&w);
    vx_reader_destroy(&reader);
    return failed;
}
