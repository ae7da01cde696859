/* What earlier attempts have left to other items with the same content: done if those are, else to be worked on again. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "db/shard.h"
#include "jobs/resume_content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 8, GIVEN_UP = 8 };

struct row {
    int item;
    char content;  /* 0: not known */
    int same_as;   /* 0: it has a result of its own */
};

static const struct vx_run run = {.uuid = "0123456789abcdef0123456789abcdef", .fingerprint = "f", .state = "running"};

static void write_shard(const char *path, const struct row *rows)
{
    struct vx_shard *shard = NULL;
    struct vx_err err;

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    for (; rows->item; rows++) {
        char name[16];
        struct vx_item_result r = {.item = {.id = rows->item, .path = name},
                                   .status = rows->same_as ? VX_ITEM_SAME : VX_ITEM_NOT_SCORED, .same_as = rows->same_as};
        const struct vx_item_result *const one = &r;
        snprintf(name, sizeof name, "%d.wav", rows->item);
        if (rows->content)
            snprintf(r.hash, sizeof r.hash, "xxh3:%032d", rows->content);
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
    }
    vx_shard_close(&shard);
}

static void test_attempts(void **state)
{
    static const struct {
        struct row shard[2][ITEMS + 1];
        const char *done; /* items that need not be worked on */
    } rows[] = {
        {{{{1, 'a', 0}, {2, 'a', 1}}, {{3, 'b', 0}, {4, 'b', 3}}}, "12348"},
        {{{{2, 'a', 1}, {4, 'b', 3}}, {{3, 'b', 0}}}, "348"},                 /* 1 was in hand when its rank died */
        {{{{2, 'a', 1}, {5, 'a', 1}}, {{0}}}, "8"},                            /* and nobody else has its content */
        {{{{2, 'a', 1}}, {{7, 'a', 0}}}, "278"},                               /* another one has */
        {{{{1, 'b', 0}, {2, 'a', 1}}, {{0}}}, "18"},                           /* 1 is another file by now */
        {{{{1, 0, 0}, {2, 'a', 1}}, {{0}}}, "18"},                             /* and one that cannot be read */
        {{{{2, 'a', 1}}, {{2, 'a', 0}}}, "28"},                                /* scored by another rank after all */
        {{{{2, 'a', GIVEN_UP}, {3, 'a', GIVEN_UP}}, {{0}}}, "238"},            /* what killed its workers does so in every copy */
    };
    char *dir = folder_create();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *paths[2] = {strdup(folder_path(dir, "a.db")), strdup(folder_path(dir, "b.db"))}, done[ITEMS + 1] = "";
        const struct vx_rundir rundir = {.shards = paths, .n_shards = 2};
        struct vx_claims *claims = NULL;
        struct vx_leases *leases = NULL;
        struct vx_err err;
        size_t n = 0;

        assert_int_equal(vx_leases_create(&leases, 4, &err), VX_OK);
        assert_int_equal(vx_leases_extend(leases, ITEMS, &err), VX_OK);
        assert_int_equal(vx_claims_create(&claims, &err), VX_OK);
        assert_int_equal(vx_leases_mark_done(leases, GIVEN_UP, &err), VX_OK);
        for (int s = 0; s < 2; s++) {
            write_shard(paths[s], rows[i].shard[s]);
            for (const struct row *r = rows[i].shard[s]; r->item; r++)
                if (!r->same_as)
                    assert_int_equal(vx_leases_mark_done(leases, r->item, &err), VX_OK); /* as vx_resume_open() has */
        }
        assert_int_equal(vx_resume_content(&rundir, claims, leases, &err), VX_OK);
        for (int item = 1; item <= ITEMS; item++)
            if (vx_leases_is_done(leases, item))
                done[n++] = (char)('0' + item);
        assert_string_equal(done, rows[i].done);
        assert_int_equal(vx_claims_orphan(claims, 0), 0);
        vx_claims_destroy(&claims);
        vx_leases_destroy(&leases);
        for (int s = 0; s < 2; s++) {
            assert_int_equal(remove(paths[s]), 0);
            free(paths[s]);
        }
    }
    folder_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attempts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
