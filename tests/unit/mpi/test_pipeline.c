/* test_pipeline.c - windows go to the engine and come back to their own item, whatever the threads do */
#include "tests/harness/cmocka.h"
#include "tests/harness/fake_engine.h"

#include "base/clock.h"
#include "model/config.h"
#include "mpi/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE 8000
#define ITEMS 30

struct fixture {
    char dir[64];
    struct vx_profile profile;
    struct vx_processor processor;
    signed char sides[2];
    struct vx_label_map labels;
    struct fake_engine fake;
};

static void put16(FILE *f, unsigned v)
{
    fputc((int)(v & 255), f);
    fputc((int)(v >> 8 & 255), f);
}

static void put32(FILE *f, unsigned v)
{
    put16(f, v & 0xFFFF);
    put16(f, v >> 16);
}

/* Sample i of recording k: every recording and window is different from every other. */
static int16_t sample(int k, int i)
{
    return (int16_t)(8000 * sin(0.01 * (k + 3) * i) + (i * 7919 + k * 104729) % 977);
}

/* Recording k has (1 + k % 5) windows of 0.25 s and a remainder that decides whether the last is scored. */
static int samples_of(int k)
{
    return RATE / 4 * (1 + k % 5) + (k % 3) * RATE / 20;
}

static void write_wav(const char *path, int k)
{
    const unsigned n = (unsigned)samples_of(k);
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    fputs("RIFF", f);
    put32(f, 36 + 2 * n);
    fputs("WAVEfmt ", f);
    put32(f, 16);
    put16(f, 1);
    put16(f, 1);
    put32(f, RATE);
    put32(f, 2 * RATE);
    put16(f, 2);
    put16(f, 16);
    fputs("data", f);
    put32(f, 2 * n);
    for (unsigned i = 0; i < n; i++)
        put16(f, (unsigned)(uint16_t)sample(k, (int)i));
    fclose(f);
}

static void item_path(const struct fixture *x, int k, char *path, size_t size)
{
    snprintf(path, size, "%s/%02d.wav", x->dir, k);
}

static int set_up(void **state)
{
    static struct fixture x;
    char path[128];

    x = (struct fixture){.sides = {1, -1}};
    strcpy(x.dir, "/tmp/vx-pipeline-XXXXXX");
    if (!mkdtemp(x.dir))
        return -1;
    for (int k = 0; k < ITEMS; k++) {
        item_path(&x, k, path, sizeof path);
        write_wav(path, k);
    }
    x.profile.sample_rate = RATE;
    x.profile.window_seconds = 0.25;
    x.profile.real_below = x.profile.fake_from = 0.5;
    x.processor = vx_processor_default();
    x.labels = (struct vx_label_map){.n_labels = 2, .side = x.sides};
    *state = &x;
    return 0;
}

static int tear_down(void **state)
{
    const struct fixture *x = *state;
    char path[128];

    for (int k = 0; k < ITEMS; k++) {
        item_path(x, k, path, sizeof path);
        unlink(path);
    }
    return rmdir(x->dir);
}

static struct vx_pipeline *start(struct fixture *x, int lanes, int batch, int decoders)
{
    struct vx_pipeline *p = NULL;
    struct vx_err err;

    fake_engine_init(&x->fake, lanes);
    const struct vx_pipeline_config config = {
        .engine = &x->fake.engine, .profile = &x->profile, .processor = &x->processor, .labels = &x->labels,
        .rule = {0.25, 0.25, 0.06, -90}, .batch = batch, .decoders = decoders, .max_member_bytes = 1 << 20,
    };
    assert_int_equal(vx_pipeline_create(&p, &config, &err), VX_OK);
    return p;
}

static void submit(struct fixture *x, struct vx_pipeline *p, int64_t lease, int first, int n)
{
    struct vx_item *items = calloc((size_t)n + 1, sizeof *items);
    struct vx_job *job = NULL;
    struct vx_err err;
    char path[128];

    for (int i = 0; i < n; i++) {
        item_path(x, first + i, path, sizeof path);
        items[i] = (struct vx_item){.id = first + i, .path = strdup(path), .ordinal = -1, .size = -1};
    }
    assert_int_equal(vx_job_create(&job, lease, items, (size_t)n, &err), VX_OK);
    assert_int_equal(vx_pipeline_submit(p, job, &err), VX_OK);
    free(items);
}

/* Every window of the result against the hash of the samples it was made from. */
static void check(const struct vx_item_result *r)
{
    const int k = (int)r->item.id, window = RATE / 4, n = samples_of(k), whole = n / window, rest = n % window;

    assert_int_equal(r->status, VX_ITEM_SCORED);
    assert_int_equal(r->n_windows, whole + (rest > 0));
    for (size_t w = 0; w < r->n_windows; w++) {
        float pcm[RATE / 4] = {0}, logits[2];
        assert_int_equal(r->windows[w].index, (int)w);
        assert_int_equal(r->windows[w].start_ms, 250 * (int)w);
        for (int i = 0; i < window && (int)w * window + i < n; i++)
            pcm[i] = (float)sample(k, (int)w * window + i) / 32768.0f;
        const bool short_rest = (int)w == whole && rest < RATE * 6 / 100;
        assert_int_equal(r->windows[w].flags & VX_WINDOW_NOT_SCORED ? 1 : 0, short_rest);
        if (short_rest)
            continue;
        fake_engine_logits(pcm, sizeof pcm, logits);
        assert_true(r->windows[w].real == logits[0] && r->windows[w].fake == logits[1]);
    }
    assert_int_equal(r->aggregate.n_windows, (int)r->n_windows);
}

static void test_every_shape(void **state)
{
    static const struct {
        int lanes, batch, decoders;
    } rows[] = {{1, 1, 1}, {1, 7, 1}, {3, 4, 2}, {2, FAKE_MAX_BATCH, 3}};
    struct fixture *x = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_pipeline *p = start(x, rows[i].lanes, rows[i].batch, rows[i].decoders);
        const double deadline = vx_clock_now() + 60;
        int seen = 0;
        for (int lease = 0; lease < ITEMS / 5; lease++)
            submit(x, p, lease, 5 * lease, 5);
        submit(x, p, 99, 0, 0); /* an empty lease comes back too */
        while (seen < ITEMS / 5 + 1 && vx_clock_now() < deadline) {
            struct vx_job *job;
            struct vx_err err;
            assert_int_equal(vx_pipeline_collect(p, &job, 1, &err), VX_OK);
            if (!job)
                continue;
            for (size_t k = 0; k < job->n; k++)
                check(&job->results[k]);
            assert_int_equal(job->n, job->lease == 99 ? 0 : 5);
            vx_job_destroy(&job);
            seen++;
        }
        assert_int_equal(seen, ITEMS / 5 + 1);
        vx_pipeline_destroy(&p);
    }
}

static void test_bad_items(void **state)
{
    struct fixture *x = *state;
    struct vx_item items[4] = {
        {.id = 1, .path = strdup("/nonexistent/a.wav"), .ordinal = -1},
        {.id = 2, .kind = VX_ITEM_BROKEN, .path = strdup("b"), .problem = strdup("the listing said no"), .ordinal = -1},
        {.id = 3, .kind = VX_ITEM_IMAGE, .ordinal = -1},
        {.id = 4, .path = strdup(x->dir), .ordinal = -1},
    };
    struct vx_pipeline *p = start(x, 1, 4, 1);
    struct vx_job *job = NULL;
    struct vx_err err;
    char path[128];

    item_path(x, 0, path, sizeof path);
    items[2].path = strdup(path); /* a recording that was listed as a picture */
    assert_int_equal(vx_job_create(&job, 1, items, 4, &err), VX_OK);
    assert_int_equal(vx_pipeline_submit(p, job, &err), VX_OK);
    assert_int_equal(vx_pipeline_collect(p, &job, 30, &err), VX_OK);
    assert_non_null(job);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(job->results[i].status, VX_ITEM_FAILED);
        assert_true(strlen(job->results[i].error) > 5);
    }
    assert_string_equal(job->results[1].error, "the listing said no");
    vx_job_destroy(&job);
    vx_pipeline_destroy(&p);
}

static void test_engine_failure(void **state)
{
    struct fixture *x = *state;
    struct vx_pipeline *p = start(x, 2, 4, 2);
    struct vx_job *job;
    struct vx_err err = {0};
    enum vx_status rc = VX_OK;

    x->fake.fail_after = 10;
    submit(x, p, 1, 0, ITEMS);
    for (int i = 0; i < 100 && rc == VX_OK; i++) {
        rc = vx_pipeline_collect(p, &job, 0.5, &err);
        assert_null(job);
    }
    assert_int_equal(rc, VX_EUNSUPPORTED);
    assert_string_equal(err.text, "the fake engine was told to fail");
    vx_pipeline_destroy(&p); /* with its job inside */
}

static void test_refused(void **state)
{
    struct fixture *x = *state;
    struct vx_pipeline *p = NULL;
    struct vx_err err;
    static const int rows[][2] = {{0, 1}, {FAKE_MAX_BATCH + 1, 1}, {1, 0}}; /* batch, decoders */

    fake_engine_init(&x->fake, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_pipeline_config config = {.engine = &x->fake.engine, .profile = &x->profile,
                                                  .processor = &x->processor, .labels = &x->labels,
                                                  .rule = {0.25, 0.25, 0.06, -90}, .batch = rows[i][0],
                                                  .decoders = rows[i][1]};
        assert_int_equal(vx_pipeline_create(&p, &config, &err), VX_EINVAL);
        assert_null(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shape),
        cmocka_unit_test(test_bad_items),
        cmocka_unit_test(test_engine_failure),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("pipeline", tests, set_up, tear_down);
}
