#include "tests/unit/mpi/recordings.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORTEST (RATE * 6 / 100) /* samples that the last window needs */

static void put16(unsigned char *at, unsigned v)
{
    at[0] = (unsigned char)v;
    at[1] = (unsigned char)(v >> 8);
}

static void put32(unsigned char *at, unsigned v)
{
    put16(at, v & 0xFFFF);
    put16(at + 2, v >> 16);
}

/* The 44 bytes before n samples of 16 bits. */
static void put_header(unsigned char *at, unsigned n, unsigned rate)
{
    memcpy(at, "RIFF....WAVEfmt ....", 20);
    put32(at + 4, 36 + 2 * n);
    put32(at + 16, 16);
    put16(at + 20, 1);
    put16(at + 22, 1);
    put32(at + 24, rate);
    put32(at + 28, 2 * rate);
    put16(at + 32, 2);
    put16(at + 34, 16);
    memcpy(at + 36, "data", 4);
    put32(at + 40, 2 * n);
}

int16_t recordings_sample(int k, int i)
{
    return (int16_t)(8000 * sin(0.01 * (k + 3) * i) + (i * 7919 + k * 104729) % 977);
}

int recordings_samples(int k)
{
    return WINDOW * (1 + k % 5) + (k % 3) * RATE / 20;
}

int recordings_windows(int k, bool scored)
{
    const int n = recordings_samples(k), rest = n % WINDOW;

    return n / WINDOW + (scored ? rest >= SHORTEST : rest > 0);
}

static const char *name_of(int k)
{
    static char name[16];

    snprintf(name, sizeof name, "%d.wav", k);
    return name;
}

const char *recordings_path(const struct recordings *x, int k)
{
    return folder_path(x->dir, name_of(k));
}

static void write_wav(const struct recordings *x, int k)
{
    const unsigned n = (unsigned)recordings_samples(k);
    unsigned char *file = malloc(44 + 2 * (size_t)n);

    assert_non_null(file);
    put_header(file, n, RATE);
    for (unsigned i = 0; i < n; i++)
        put16(file + 44 + 2 * i, (unsigned)(uint16_t)recordings_sample(k, (int)i));
    folder_write(x->dir, name_of(k), file, 44 + 2 * (size_t)n);
    free(file);
}

const char *recordings_endless(const struct recordings *x)
{
    const unsigned samples = 1u << 30; /* twelve days */
    unsigned char header[44];
    const char *path = folder_path(x->dir, "endless.wav");

    put_header(header, samples, 1000);
    folder_write(x->dir, "endless.wav", header, sizeof header);
    assert_int_equal(truncate(path, 44 + 2 * (off_t)samples), 0);
    return path;
}

int recordings_setup(void **state)
{
    static struct recordings x;

    x = (struct recordings){.sides = {1, -1}, .dir = folder_create(), .decode_timeout_s = 60};
    for (int k = 0; k < ITEMS; k++)
        write_wav(&x, k);
    x.profile.sample_rate = RATE;
    x.profile.window_seconds = (double)WINDOW / RATE;
    x.profile.calibration_scale = 1;
    x.profile.real_below = x.profile.fake_from = 0.5;
    x.processor = vx_processor_default();
    x.labels = (struct vx_label_map){.n_labels = 2, .side = x.sides};
    *state = &x;
    return 0;
}

int recordings_teardown(void **state)
{
    struct recordings *x = *state;

    folder_remove(&x->dir);
    return 0;
}

struct vx_item *recordings_items(const struct recordings *x, int first, int n)
{
    struct vx_item *items = calloc((size_t)n + 1, sizeof *items);

    assert_non_null(items);
    for (int i = 0; i < n; i++) {
        items[i] = (struct vx_item){
            .id = first + i, .path = strdup(recordings_path(x, first + i)), .ordinal = -1, .size = -1};
        assert_non_null(items[i].path);
    }
    return items;
}

struct vx_pipeline *recordings_pipeline(struct recordings *x, int lanes, int batch, int decoders)
{
    const double window = (double)WINDOW / RATE;
    struct vx_pipeline *p = NULL;
    struct vx_err err;

    fake_engine_init(&x->fake, lanes);
    const struct vx_pipeline_config config = {
        .engine = &x->fake.engine, .profile = &x->profile, .processor = &x->processor, .labels = &x->labels,
        .rule = {window, window, (double)SHORTEST / RATE, -90}, .batch = batch, .decoders = decoders,
        .max_member_bytes = 1 << 20, .nursery = x->nursery, .decode_timeout_s = x->decode_timeout_s,
        .channels = x->channels, .claimer = x->claimer, .hash = {.of = x->claimer ? VX_HASH_BYTES : VX_HASH_NONE},
    };
    if (vx_pipeline_create(&p, &config, &err) != VX_OK)
        fail_msg("%s", err.text);
    return p;
}
