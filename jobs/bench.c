/* bench.c - voxtrawl bench: engine, front end and decoding measured apart, so that one sees which of them limits a scan */
#include "base/clock.h"
#include "base/mem.h"
#include "io/decode.h"
#include "io/image.h"
#include "io/windows.h"
#include "jobs/command.h"
#include "jobs/named_file.h"
#include "jobs/scan_options.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_RATE 44100 /* for a profile that takes each file's own rate */

enum what { NETWORK, FRONT_END, BOTH };

struct lane_job {
    struct vx_engine *engine;
    enum what what;
    struct vx_input input;
    int lane;
    double until;
    int64_t windows;
    uint8_t *images; /* [batch][side][side][3] */
    float *logits;
    struct vx_err err;
    enum vx_status rc;
};

static void *lane_main(void *arg)
{
    struct lane_job *j = arg;

    do {
        if (j->what == FRONT_END)
            j->rc = j->engine->ops->images(j->engine, j->lane, &j->input, j->images, &j->err);
        else
            j->rc = vx_engine_run(j->engine, j->lane, &j->input, j->logits, &j->err);
        j->windows += j->input.n;
    } while (j->rc == VX_OK && vx_clock_now() < j->until);
    return NULL;
}

/* A voice-like test signal: harmonics of a gliding tone, and noise; deterministic. */
static void fill_pcm(float *pcm, int n, int rate)
{
    uint32_t noise = 1;
    double phase = 0;

    for (int i = 0; i < n; i++) {
        const double t = (double)i / rate;
        phase += 2 * M_PI * (120 + 40 * sin(2 * M_PI * 1.3 * t)) / rate;
        noise = noise * 1664525u + 1013904223u;
        double x = 0.02 * ((double)noise / 4294967296.0 - 0.5);
        for (int h = 1; h <= 12; h++)
            x += 0.2 / h * sin(h * phase);
        pcm[i] = (float)x;
    }
}

/* Windows a second over all lanes. */
static enum vx_status measure(const struct vx_scanner *s, enum what what, int lanes, double seconds, double *rate_out,
                              struct vx_err *err)
{
    const size_t side = (size_t)s->engine->image_size, image = side * side * 3;
    const int rate = s->profile.sample_rate ? s->profile.sample_rate : NATIVE_RATE;
    const int samples = vx_profile_samples(&s->profile, rate);
    const size_t batch = (size_t)s->batch;
    struct lane_job *jobs = vx_calloc((size_t)lanes, sizeof *jobs);
    pthread_t *threads = vx_calloc((size_t)lanes, sizeof *threads);
    float *pcm = vx_calloc(batch * (size_t)samples, sizeof *pcm);
    uint8_t *images = vx_calloc(batch * (size_t)lanes, image);
    float *logits = vx_calloc(batch * (size_t)lanes * (size_t)s->engine->n_labels, sizeof *logits);
    enum vx_status rc = VX_OK;
    int64_t windows = 0;
    int started = 0;

    if (!jobs || !threads || !pcm || !images || !logits) {
        rc = vx_fail_nomem(err, "the measurement");
        goto done;
    }
    for (size_t b = 0; b < batch; b++)
        fill_pcm(pcm + b * (size_t)samples, samples, rate);
    for (size_t i = 0; i < batch * image; i++)
        images[i] = (uint8_t)(i * 7 >> 3);
    const double start = vx_clock_now();
    for (int i = 0; i < lanes; i++) {
        jobs[i] = (struct lane_job){
            .engine = s->engine, .what = what, .lane = i, .until = start + seconds,
            .images = images + (size_t)i * batch * image,
            .logits = logits + (size_t)i * batch * (size_t)s->engine->n_labels,
            .input = {.kind = what == NETWORK ? VX_INPUT_IMAGE : VX_INPUT_PCM, .n = (int)batch, .samples = samples,
                      .sample_rate = rate, .data = what == NETWORK ? (const void *)images : pcm},
        };
        if (pthread_create(&threads[i], NULL, lane_main, &jobs[i]) != 0) {
            rc = vx_fail(err, VX_ESYS, "cannot start thread %d", i);
            break;
        }
        started++;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        windows += jobs[i].windows;
        if (jobs[i].rc != VX_OK) {
            rc = jobs[i].rc;
            *err = jobs[i].err;
        }
    }
    *rate_out = (double)windows / (vx_clock_now() - start);
done:
    free(jobs);
    free(threads);
    free(pcm);
    free(images);
    free(logits);
    return rc;
}

/* Decoding, resampling and cutting into windows of one file on one thread. */
static enum vx_status measure_decode(const struct vx_scanner *s, const char *path, double *audio_s, double *wall_s,
                                     struct vx_err *err)
{
    const struct vx_scan_options defaults = vx_scan_options_default();
    const struct vx_window_rule rule = vx_scan_rule(&defaults, &s->profile);
    struct vx_named_file file = {0};
    struct vx_audio_info info = {0};
    struct vx_decoder *dec = NULL;
    struct vx_windower *windower = NULL;
    struct vx_window_score score;
    const char *format;
    const float *pcm;
    const double start = vx_clock_now();
    enum vx_status rc = vx_named_file_open(&file, path, err);

    if (rc != VX_OK)
        return rc;
    if (vx_image_sniff(file.source, &format))
        rc = vx_fail(err, VX_EINVAL, "a picture (%s); bench decodes recordings", format);
    else if ((rc = vx_decoder_open(&dec, file.source, s->profile.sample_rate, err)) == VX_OK &&
        (rc = vx_windower_create(&windower, &rule, err)) == VX_OK)
        rc = vx_windower_begin(windower, dec, err);
    while (rc == VX_OK)
        rc = vx_windower_next(windower, &score, &pcm, err);
    if (dec)
        vx_decoder_info(dec, &info);
    *audio_s = info.duration_s;
    *wall_s = vx_clock_now() - start;
    vx_windower_destroy(&windower);
    vx_decoder_close(&dec);
    vx_named_file_close(&file);
    return rc == VX_DONE ? VX_OK : vx_err_prefix(err, "%s", path);
}

static enum vx_status run(const struct vx_scanner *s, double seconds, char **files, int n_files, struct vx_err *err)
{
    /* where lanes are processors the front end's one costs the same on each; elsewhere all share one device */
    const int lanes = s->engine->lanes, front_lanes = s->engine->ops->default_lanes > 0 ? lanes : 1;
    double network = 0, front = 0, both = 0, audio = 0, wall = 0;
    enum vx_status rc;

    printf("engine      %s, %d thread%s, batch %d\n", s->engine->description, lanes, lanes == 1 ? "" : "s", s->batch);
    for (int i = 0; i < n_files; i++) { /* first: of a misspelt name one hears at once */
        if ((rc = measure_decode(s, files[i], &audio, &wall, err)) != VX_OK)
            return rc;
        printf("decode      %s: %.1f s of sound in %.4f s, %.0f times real time on one thread\n", files[i], audio, wall,
               wall > 0 ? audio / wall : 0);
    }
    if (n_files == 0)
        printf("decode      not measured: name recordings to decode\n");
    if ((rc = measure(s, NETWORK, lanes, seconds, &network, err)) != VX_OK)
        return rc;
    printf("network     %.1f windows/s on all threads, %.1f GFLOP/s\n", network, network * 2 * s->macs / 1e9);
    if ((rc = measure(s, FRONT_END, front_lanes, seconds, &front, err)) != VX_OK)
        return rc;
    printf("front end   %.0f windows/s on %s (%s), %.3f ms a window\n", front, front_lanes == 1 ? "one thread" : "all threads",
           s->profile.name, 1e3 / front);
    if ((rc = measure(s, BOTH, lanes, seconds, &both, err)) != VX_OK)
        return rc;
    printf("together    %.1f windows/s on all threads: the front end takes %.1f %% of a window's time\n", both,
           100 * both * front_lanes / (front * lanes));
    return VX_OK;
}

int vx_cmd_bench(const struct vx_command *self, int argc, char **argv)
{
    struct vx_scanner_options o = {.device = "auto", .precision = "auto", .threshold = -1, .any_labels = true};
    struct vx_scanner scanner = {0};
    double seconds = 3;
    long threads = 0;
    const struct vx_opt table[] = {
        {"model", 'm', VX_OPT_STRING, &o.model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &o.profile, "NAME|FILE", "front end, as for scan", 0, 0},
        {"device", 0, VX_OPT_STRING, &o.device, "auto|cpu|cuda", "engine", 0, 0},
        {"precision", 0, VX_OPT_STRING, &o.precision, VX_PRECISION_WORDS, "arithmetic", 0, 0},
        {"threads", 't', VX_OPT_INT, &threads, "N", "engine threads (default: all processors; 3 on a GPU)", 1, 1024},
        {"batch", 0, VX_OPT_INT, &o.batch, "N", "windows an engine call", 1, 4096},
        {"seconds", 's', VX_OPT_REAL, &seconds, "S", "for each measurement (default 3)", 0.01, 600},
        {0},
    };
    struct vx_log *log = NULL;
    struct vx_err err;
    enum vx_status rc;
    cpu_set_t set;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    o.lanes = (int)threads;
    o.processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    if ((rc = vx_log_open(&log, NULL, VX_LOG_INFO, &err)) == VX_OK &&
        (rc = vx_scanner_open(&scanner, &o, log, &err)) == VX_OK)
        rc = run(&scanner, seconds, argv + 1, n, &err);
    vx_scanner_close(&scanner);
    vx_log_close(&log);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
