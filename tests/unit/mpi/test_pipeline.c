/* test_pipeline.c - windows go to the engine and come back to their own item, whatever the threads do */
#include "tests/harness/cmocka.h"
#include "tests/unit/mpi/recordings.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/decoder_serve.h"

#include <stdlib.h>
#include <string.h>

#define DEADLINE 60 /* seconds: a hang is a failure */

static void submit_items(struct vx_pipeline *p, int64_t lease, struct vx_item *items, size_t n)
{
    struct vx_job *job = NULL;
    struct vx_err err;

    assert_int_equal(vx_job_create(&job, lease, items, n, &err), VX_OK);
    assert_int_equal(vx_pipeline_submit(p, job, &err), VX_OK);
}

static void submit(struct recordings *x, struct vx_pipeline *p, int64_t lease, int first, int n)
{
    struct vx_item *items = recordings_items(x, first, n);

    submit_items(p, lease, items, (size_t)n);
    free(items);
}

/* The next finished job. */
static struct vx_job *collect(struct vx_pipeline *p)
{
    const double until = vx_clock_now() + DEADLINE;
    struct vx_job *job = NULL;
    struct vx_err err;

    while (!job && vx_clock_now() < until)
        assert_int_equal(vx_pipeline_collect(p, &job, 1, &err), VX_OK);
    assert_non_null(job);
    return job;
}

/* Every window of the result against the hash of the samples it was made from. */
static void check(const struct vx_item_result *r)
{
    const int k = (int)r->item.id, n = recordings_samples(k);

    assert_int_equal(r->status, VX_ITEM_SCORED);
    assert_int_equal(r->n_windows, recordings_windows(k, false));
    assert_int_equal(r->aggregate.n_windows, (int)r->n_windows);
    assert_int_equal(r->aggregate.n_scored, recordings_windows(k, true));
    assert_int_equal(r->domain.n_windows, r->aggregate.n_scored);
    assert_true(r->domain.level_dbfs < 0 && r->domain.level_dbfs > -60);
    assert_false(r->domain.compared);
    for (int w = 0; w < (int)r->n_windows; w++) {
        float pcm[WINDOW] = {0}, logits[2];
        assert_int_equal(r->windows[w].index, w);
        assert_int_equal(r->windows[w].start_ms, 250 * w);
        const bool scored = w < recordings_windows(k, true);
        assert_int_equal(r->windows[w].flags & VX_WINDOW_NOT_SCORED ? 0 : 1, scored);
        for (int i = 0; i < WINDOW && w * WINDOW + i < n; i++)
            pcm[i] = (float)recordings_sample(k, w * WINDOW + i) / 32768.0f;
        fake_engine_logits(pcm, sizeof pcm, logits);
        assert_true(!scored || (r->windows[w].real == logits[0] && r->windows[w].fake == logits[1]));
    }
}

static void test_every_shape(void **state)
{
    static const struct {
        int lanes, batch, decoders;
    } rows[] = {{1, 1, 1}, {1, 7, 1}, {3, 4, 2}, {2, FAKE_MAX_BATCH, 3}};
    struct recordings *x = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_pipeline *p = recordings_pipeline(x, rows[i].lanes, rows[i].batch, rows[i].decoders);
        for (int lease = 0; lease < ITEMS / 5; lease++)
            submit(x, p, lease, 5 * lease, 5);
        submit(x, p, 99, 0, 0); /* an empty lease comes back too */
        for (int seen = 0; seen < ITEMS / 5 + 1; seen++) {
            struct vx_job *job = collect(p);
            for (size_t k = 0; k < job->n; k++)
                check(&job->results[k]);
            assert_int_equal(job->n, job->lease == 99 ? 0 : 5);
            vx_job_destroy(&job);
        }
        vx_pipeline_destroy(&p);
    }
}

/* Each result can be taken once, while its job is inside or after, and only when it is final. */
static void test_take(void **state)
{
    struct recordings *x = *state;
    struct vx_pipeline *p = recordings_pipeline(x, 2, 4, 2);
    const struct vx_item_result *results[2 * ITEMS];
    int taken[ITEMS] = {0}, jobs = 0;
    const double until = vx_clock_now() + DEADLINE;

    for (int lease = 0; lease < 3; lease++)
        submit(x, p, lease, lease * ITEMS / 3, ITEMS / 3);
    while (jobs < 3 && vx_clock_now() < until) {
        struct vx_job *job;
        struct vx_err err;
        size_t n = vx_pipeline_take(p, results, 2); /* no more than it is told */
        assert_in_range(n, 0, 2);
        assert_int_equal(vx_pipeline_collect(p, &job, 0.001, &err), VX_OK);
        if (job)
            n += vx_job_take(job, results + n, ITEMS);
        for (size_t i = 0; i < n; i++) {
            check(results[i]);
            taken[results[i]->item.id]++;
        }
        jobs += job != NULL;
        vx_job_destroy(&job);
    }
    assert_int_equal(jobs, 3);
    for (int k = 0; k < ITEMS; k++)
        assert_int_equal(taken[k], 1);
    vx_pipeline_destroy(&p);
}

static void test_bad_items(void **state)
{
    struct recordings *x = *state;
    struct vx_item items[4] = {
        {.id = 1, .path = strdup("/nonexistent/a.wav"), .ordinal = -1},
        {.id = 2, .kind = VX_ITEM_BROKEN, .path = strdup("b"), .problem = strdup("the listing said no"), .ordinal = -1},
        {.id = 3, .kind = VX_ITEM_IMAGE, .path = strdup(recordings_path(x, 0)), .ordinal = -1}, /* listed as a picture */
        {.id = 4, .path = strdup(x->dir), .ordinal = -1},
    };
    struct vx_pipeline *p = recordings_pipeline(x, 1, 4, 1);

    submit_items(p, 1, items, 4);
    struct vx_job *job = collect(p);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(job->results[i].status, VX_ITEM_FAILED);
        assert_true(strlen(job->results[i].error) > 5);
    }
    assert_string_equal(job->results[1].error, "the listing said no");
    vx_job_destroy(&job);
    vx_pipeline_destroy(&p);
}

/* The engine fails: no job comes out, complete or not, and the reason does; with more items waiting than any queue holds. */
static void test_engine_failure(void **state)
{
    enum { MANY = 200000 };
    struct recordings *x = *state;
    struct vx_pipeline *p = recordings_pipeline(x, 2, 4, 2);
    struct vx_item *items = recordings_items(x, 0, ITEMS), *many = vx_calloc(MANY, sizeof *many);
    struct vx_job *job;
    struct vx_err err = {0};
    enum vx_status rc = VX_OK;

    assert_non_null(many);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(vx_item_copy(&many[i], &items[i % ITEMS]), 0);
    x->fake.fail_after = 10;
    submit_items(p, 1, many, MANY);
    for (int i = 0; i < DEADLINE && rc == VX_OK; i++) {
        rc = vx_pipeline_collect(p, &job, 1, &err);
        assert_null(job);
    }
    assert_int_equal(rc, VX_EUNSUPPORTED);
    assert_string_equal(err.text, "the fake engine was told to fail");
    vx_pipeline_destroy(&p); /* with its job inside */
    for (int i = 0; i < ITEMS; i++)
        vx_item_clear(&items[i]);
    free(items);
    free(many);
}

/* Whoever wants to end need not wait for what is begun, nor for what is queued. */
static void test_destroyed_at_work(void **state)
{
    struct recordings *x = *state;
    struct vx_pipeline *p = recordings_pipeline(x, 1, 4, 2);
    struct vx_item items[ITEMS] = {{0}};
    const char *path = recordings_endless(x);

    for (int i = 0; i < ITEMS; i++) {
        items[i] = (struct vx_item){.id = i, .path = strdup(path), .ordinal = -1};
        assert_non_null(items[i].path);
    }
    submit_items(p, 1, items, ITEMS);
    vx_clock_sleep(0.05);
    const double start = vx_clock_now();
    vx_pipeline_destroy(&p);
    assert_true(vx_clock_now() - start < 5);
}

static void test_refused(void **state)
{
    struct recordings *x = *state;
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

static struct vx_nursery *nursery; /* forked before the first thread */

static int setup_processes(void **state)
{
    const int rc = recordings_setup(state);
    struct recordings *x = *state;

    x->nursery = nursery;
    return rc;
}

static int serve(int sock, int memory, const void *config)
{
    return vx_decoder_serve(sock, memory, config, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_shape),    cmocka_unit_test(test_take),
        cmocka_unit_test(test_bad_items),      cmocka_unit_test(test_engine_failure),
        cmocka_unit_test(test_destroyed_at_work), cmocka_unit_test(test_refused),
    };
    struct vx_err err;
    int failed;

    if (vx_nursery_open(&nursery, serve, &err) != VX_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    failed = cmocka_run_group_tests_name("pipeline, decoding in threads", tests, recordings_setup, recordings_teardown);
    failed += cmocka_run_group_tests_name("pipeline, decoding in processes", tests, setup_processes, recordings_teardown);
    vx_nursery_close(&nursery);
    return failed;
}
