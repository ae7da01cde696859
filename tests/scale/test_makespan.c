/* The longest recording does not hold the others up: within 3 % of what no schedule can beat, however many workers. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "tests/scale/sim.h"
#include "tests/scale/skewed.h"

#include <stdlib.h>

enum { ITEMS = 10000 };
static const double LIMIT = 1.03;

struct scene {
    char *folder;
    struct vx_itemlist *list;
};

static int set_scene(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    struct vx_err err;

    assert_non_null(s);
    s->folder = folder_create();
    assert_int_equal(skewed_list(&s->list, folder_path(s->folder, "items.db"), ITEMS, &err), VX_OK);
    *state = s;
    return 0;
}

static int clear_scene(void **state)
{
    struct scene *s = *state;

    vx_itemlist_close(&s->list);
    folder_remove(&s->folder);
    free(s);
    return 0;
}

static struct sim_outcome run(const struct scene *s, int n_workers, const struct skewed *corpus, bool weights, double listed_per_s)
{
    const struct sim sim = {.n_workers = n_workers, .list = s->list, .item_s = corpus->item_s, .n_items = corpus->n,
                            .weight = weights ? corpus->weight : NULL, .max_items = 256, .latency_s = 0.002,
                            .listed_per_s = listed_per_s};
    struct sim_outcome out;
    struct vx_err err = {0};

    if (sim_run(&sim, &out, &err) != VX_OK)
        fail_msg("%s", err.text);
    return out;
}

static void test_skewed(void **state)
{
    static const struct {
        enum skewed_rest rest;
        int64_t ten_hours;
        double listed_per_s;
    } rows[] = {{SKEWED_SHORT, ITEMS, 0}, {SKEWED_SHORT, 1, 0}, {SKEWED_SHORT, ITEMS, 20000}, {SKEWED_MINUTES, 7777, 0}, {SKEWED_TAIL, 5000, 0}};
    struct skewed corpus;
    struct vx_err err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(skewed_create(&corpus, ITEMS, rows[i].ten_hours, rows[i].rest, 100, 1, &err), VX_OK);
        for (int n = 2; n <= 4096; n *= 2) {
            const struct sim_outcome out = run(*state, n, &corpus, true, rows[i].listed_per_s);
            if (out.makespan_s > LIMIT * out.ideal_s)
                fail_msg("corpus %zu, %d workers: %.2f s, ideal %.2f", i, n, out.makespan_s, out.ideal_s);
        }
        skewed_free(&corpus);
    }
}

/* Where nothing is known of sizes the bound cannot hold: the test above can fail. */
static void test_unknown(void **state)
{
    struct skewed corpus;
    struct vx_err err;

    assert_int_equal(skewed_create(&corpus, ITEMS, ITEMS, SKEWED_SHORT, 100, 1, &err), VX_OK);
    const struct sim_outcome out = run(*state, 8, &corpus, false, 0);
    assert_true(out.makespan_s > LIMIT * out.ideal_s);
    skewed_free(&corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_skewed), cmocka_unit_test(test_unknown)};
    return cmocka_run_group_tests(tests, set_scene, clear_scene);
}
