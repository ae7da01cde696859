/* test_resume.c - what earlier attempts have left: who is done, who is to blame, what has changed; and folders that cannot be */
#include "db/itemlist.h"
#include "jobs/resume.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/jobs/work_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN 10 /* items of the list, unless told otherwise */

static int set_up(void **state)
{
    *state = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove((char **)state);
    return 0;
}

/* An attempt at its start. */
struct attempt {
    struct vx_rundir dir;
    struct vx_itemlist *list;
    struct vx_leases *leases;
    struct vx_log *log;
    struct vx_resume resume;
};

static enum vx_status begin(struct attempt *a, const char *folder, int number, bool retry, struct vx_err *err)
{
    *a = (struct attempt){.dir = work_folder_open(folder, number)};
    assert_int_equal(vx_itemlist_open(&a->list, a->dir.items_path, err), VX_OK);
    assert_int_equal(vx_leases_create(&a->leases, 64, err), VX_OK);
    assert_int_equal(vx_log_open(&a->log, NULL, VX_LOG_ERROR, err), VX_OK);
    return vx_resume_open(&a->resume, &a->dir, a->list, a->leases, retry, a->log, err);
}

static void finish(struct attempt *a)
{
    vx_resume_close(&a->resume);
    vx_log_close(&a->log);
    vx_leases_destroy(&a->leases);
    vx_itemlist_close(&a->list);
    vx_rundir_close(&a->dir);
}

struct text {
    char data[512];
    size_t len;
};

static void add_word(struct text *t, int64_t item, const char *mark)
{
    t->len += (size_t)snprintf(t->data + t->len, sizeof t->data - t->len, "%s%lld%s", t->len ? " " : "", (long long)item, mark);
    assert_true(t->len < sizeof t->data);
}

static struct text done_of(const struct attempt *a)
{
    struct text t = {0};

    for (int64_t id = 1; id <= a->resume.known; id++)
        if (vx_leases_is_done(a->leases, id))
            add_word(&t, id, "");
    return t;
}

static void add_blamed(void *ctx, int64_t item, bool gave_up)
{
    add_word(ctx, item, gave_up ? "!" : "");
}

static struct text blamed_of(const struct attempt *a)
{
    struct text t = {0};
    struct vx_err err;

    assert_int_equal(vx_itemlist_blamed(a->list, add_blamed, &t, &err), VX_OK);
    return t;
}

/* Everything that can be handed out now, ascending; it is then done. */
static struct text granted(struct attempt *a)
{
    bool got[64] = {false};
    struct vx_lease lease;
    struct vx_err err;
    struct text t = {0};

    while (vx_leases_grant(a->leases, 0, 1, 0, &lease, &err) == VX_OK) {
        for (int64_t i = 0; i < lease.count; i++) {
            assert_in_range(lease.first + i, 1, 63);
            assert_false(got[lease.first + i]);
            got[lease.first + i] = true;
        }
        assert_int_equal(vx_leases_complete(a->leases, 0, lease.id, &err), VX_OK);
    }
    for (int64_t id = 1; id < 64; id++)
        if (got[id])
            add_word(&t, id, "");
    return t;
}

/* What earlier attempts have left: shards with items first…last, every third of them failed; what ranks had in hand. */
struct left {
    const char *name;   /* of the row */
    struct {
        const char *name;
        int first, last;
    } shard[4];
    struct {
        const char *name, *text;
    } hand[4];
    int attempt;        /* that begins now */
    bool retry;
    const char *done, *blamed; /* "!": given up */
};

static const struct left rows[] = {
    {.name = "nothing", .attempt = 1, .done = "", .blamed = ""},
    {"one shard", {{"shard-001-00000.db", 1, 4}}, {{0}}, 2, false, "1 2 3 4", ""},
    {"attempts overlap", {{"shard-001-00000.db", 1, 4}, {"shard-002-00000.db", 3, 5}, {"shard-002-00007.db", 9, 10}}, {{0}}, 3, false,
     "1 2 3 4 5 9 10", ""},
    {"failed ones again", {{"shard-001-00000.db", 1, 4}, {"shard-001-00001.db", 6, 7}}, {{0}}, 2, true, "1 2 4 7", ""},
    {"pieces", {{"shard-001-00000.db", 1, 2}, {"shard-001-00000-0001.db", 3, 5}, {"shard-001-00000-0002.db", 6, 6}}, {{0}}, 2, false,
     "1 2 3 4 5 6", ""},
    {"an empty shard", {{"shard-001-00000.db", 1, 0}}, {{0}}, 2, false, "", ""},
    {"killed alone", {{"shard-001-00000.db", 1, 4}}, {{"hand-001-00000", "host n\ntake 1 1 4\ndone 1\ntake 2 5 2\n"}}, 2, false,
     "1 2 3 4", "5 6"},
    {"what it had committed of a lease is not to blame", {{"shard-001-00000.db", 1, 4}}, {{"hand-001-00000", "take 1 3 4\n"}}, 2,
     false, "1 2 3 4", "5 6"},
    {"with a gap", {{"shard-001-00000.db", 4, 4}}, {{"hand-001-00000", "take 1 3 3\n"}}, 2, false, "4", "3 5"},
    {"a signal had told it", {{"shard-001-00000.db", 1, 4}}, {{"hand-001-00000", "take 2 5 2\ntold\n"}}, 2, false, "1 2 3 4", ""},
    {"all ranks at once", {{"shard-001-00000.db", 1, 2}, {"shard-001-00001.db", 3, 4}},
     {{"hand-001-00000", "take 1 5 2\n"}, {"hand-001-00001", "take 2 7 2\n"}}, 2, false, "1 2 3 4", ""},
    {"all ranks at once, one of several pieces", {{"shard-001-00000.db", 1, 2}, {"shard-001-00000-0001.db", 9, 9}, {"shard-001-00001.db", 3, 4}},
     {{"hand-001-00000", "take 1 5 2\n"}, {"hand-001-00001", "take 2 7 2\n"}}, 2, false, "1 2 3 4 9", ""},
    {"two of three ranks", {{"shard-001-00000.db", 1, 2}, {"shard-001-00001.db", 3, 4}, {"shard-001-00002.db", 10, 10}},
     {{"hand-001-00000", "take 1 5 1\n"}, {"hand-001-00001", "take 2 7 2\n"}}, 2, false, "1 2 3 4 10", "5 7 8"},
    {"twice", {{"shard-001-00000.db", 1, 2}, {"shard-002-00000.db", 4, 4}},
     {{"hand-001-00000", "take 1 5 2\n"}, {"hand-002-00000", "take 1 6 1\n"}}, 3, false, "1 2 4 6", "5 6!"},
    {"twice, and again", {{"shard-001-00000.db", 1, 3}, {"shard-002-00000.db", 4, 4}},
     {{"hand-001-00000", "take 1 5 2\n"}, {"hand-002-00000", "take 1 6 1\n"}}, 3, true, "1 2 4", "5"},
    {"items that were never listed", {{0}}, {{"hand-001-00000", "take 1 9 20\n"}}, 2, false, "", "9 10"},
    {"all of it beyond the list", {{0}}, {{"hand-001-00000", "take 1 11 20\n"}}, 2, false, "", ""},
    {"rubbish in hand", {{0}}, {{"hand-001-00000", "take\xff\n\ntake 1 0 4\n"}}, 2, false, "", ""},
};

static void test_opened(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *folder = folder_create();
        const struct left *const row = &rows[i];
        struct attempt a;
        struct vx_err err = {0};
        work_folder_list(folder, KNOWN);
        for (size_t k = 0; k < 4; k++) {
            if (row->shard[k].name)
                work_folder_shard(folder, row->shard[k].name, row->shard[k].first, row->shard[k].last, true);
            if (row->hand[k].name)
                folder_write(folder, row->hand[k].name, row->hand[k].text, strlen(row->hand[k].text));
        }
        if (begin(&a, folder, row->attempt, row->retry, &err) != VX_OK)
            fail_msg("%s: %s", row->name, err.text);
        const struct text done = done_of(&a), blamed = blamed_of(&a);
        if (strcmp(done.data, row->done) != 0 || strcmp(blamed.data, row->blamed) != 0)
            fail_msg("%s: done \"%s\", expected \"%s\"; blamed \"%s\", expected \"%s\"", row->name, done.data, row->done, blamed.data,
                     row->blamed);
        assert_string_equal(granted(&a).data, ""); /* held until the listing has met them */
        assert_int_equal(vx_rundir_rescan(&a.dir, &err), VX_OK);
        assert_int_equal(a.dir.n_hands, 0); /* the list knows now */
        finish(&a);
        folder_remove(&folder);
    }
    (void)state;
}

/* The listing meets item id again as it was, or with another size. */
static void meet(struct attempt *a, int64_t id, bool changed)
{
    enum vx_met met = changed ? VX_MET_CHANGED : id > a->resume.known ? VX_MET_NEW : VX_MET_SAME;
    struct vx_err err = {0};
    char path[32];

    snprintf(path, sizeof path, "/a/%lld.wav", (long long)id);
    struct vx_item item = {.id = id, .path = strdup(path), .ordinal = -1, .size = changed ? 7 : 1000 + id, .mtime = id};
    assert_int_equal(vx_resume_meet(&a->resume, &item, &met, 1, &err), VX_OK);
    vx_item_clear(&item);
}

static void test_met_again(void **state)
{
    struct attempt a;
    struct vx_err err = {0};

    work_folder_list(*state, KNOWN);
    work_folder_shard(*state, "shard-001-00000.db", 1, 4, false);
    work_folder_shard(*state, "shard-002-00000.db", 2, 3, false);
    assert_int_equal(begin(&a, *state, 3, false, &err), VX_OK);
    for (int64_t id = 3; id <= 6; id++)
        meet(&a, id, false);
    meet(&a, 4, true); /* named twice: the first time counts */
    assert_string_equal(granted(&a).data, "");
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_string_equal(granted(&a).data, "5 6");
    meet(&a, 2, true);
    meet(&a, 8, true);
    meet(&a, KNOWN + 1, false); /* new: the listing's business */
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_string_equal(granted(&a).data, ""); /* changes are taken back together, at the latest at the end */
    assert_int_equal(vx_resume_end(&a.resume, &err), VX_OK);
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_string_equal(granted(&a).data, "2 7 8 9 10"); /* 7, 9 and 10 are gone: whoever gets them finds out */
    assert_string_equal(work_folder_items(folder_path(*state, "shard-001-00000.db")), "1 3 4");
    assert_string_equal(work_folder_items(folder_path(*state, "shard-002-00000.db")), "3");
    struct vx_item item;
    assert_int_equal(vx_itemlist_read(a.list, 8, 1, &item, &err), VX_OK);
    assert_int_equal(item.size, 7);
    vx_item_clear(&item);
    finish(&a);
}

/* Items first … last of one packed archive are met; new ones come into the list as the listing thread would do it. */
static void meet_bundle(struct attempt *a, int64_t first, int64_t last, int64_t bundle)
{
    struct vx_err err = {0};

    for (int64_t id = first; id <= last; id++) {
        enum vx_met met = id > a->resume.known ? VX_MET_NEW : VX_MET_SAME;
        struct vx_item item = {.id = id, .path = strdup("/a.tar.gz"), .ordinal = id, .size = 64000, .bundle = bundle};
        assert_int_equal(vx_resume_meet(&a->resume, &item, &met, 1, &err), VX_OK);
        vx_item_clear(&item);
    }
}

/* Members of a packed archive are handed out when all of them are known, together; those of an earlier attempt too. */
static void test_bundles(void **state)
{
    struct attempt a;
    struct vx_lease lease;
    struct vx_err err = {0};

    work_folder_list(*state, KNOWN);
    work_folder_shard(*state, "shard-001-00000.db", 1, 4, false);
    assert_int_equal(begin(&a, *state, 2, false, &err), VX_OK);
    meet(&a, 1, false);
    meet_bundle(&a, 2, 7, 77);
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_string_equal(granted(&a).data, ""); /* there may be more of it */
    meet_bundle(&a, 8, 9, 78);
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_int_equal(vx_leases_grant(a.leases, 0, 1, 0, &lease, &err), VX_OK);
    assert_true(lease.first == 5 && lease.count == 3);
    assert_int_equal(vx_leases_complete(a.leases, 0, lease.id, &err), VX_OK);
    meet(&a, 10, false);
    assert_int_equal(vx_resume_listed(&a.resume, 10), 10);
    meet_bundle(&a, 11, 40, 79);
    assert_int_equal(vx_resume_listed(&a.resume, 40), 10);
    meet_bundle(&a, 41, 41, 80);
    assert_int_equal(vx_resume_listed(&a.resume, 41), 40);
    assert_int_equal(vx_resume_end(&a.resume, &err), VX_OK);
    assert_int_equal(vx_resume_listed(&a.resume, 41), 41);
    assert_int_equal(vx_leases_extend(a.leases, 41, &err), VX_OK);
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_int_equal(vx_leases_grant(a.leases, 0, 3, 0, &lease, &err), VX_OK);
    assert_true(lease.first == 11 && lease.count == 30); /* the heaviest */
    assert_string_equal(granted(&a).data, "8 9 10 41");
    finish(&a);
}

/* A bundle has its bounds: a worker must hold the results of all of it. */
static void test_bundle_bounds(void **state)
{
    struct attempt a;
    struct vx_lease lease;
    struct vx_err err = {0};

    work_folder_list(*state, 1);
    assert_int_equal(begin(&a, *state, 2, false, &err), VX_OK);
    meet_bundle(&a, 2, VX_BUNDLE_ITEMS + 101, 77);
    assert_int_equal(vx_resume_end(&a.resume, &err), VX_OK);
    assert_int_equal(vx_leases_extend(a.leases, VX_BUNDLE_ITEMS + 101, &err), VX_OK);
    assert_int_equal(vx_resume_release(&a.resume, a.leases, &err), VX_OK);
    assert_int_equal(vx_leases_grant(a.leases, 0, 2, 0, &lease, &err), VX_OK);
    assert_true(lease.first == 2 && lease.count <= VX_BUNDLE_ITEMS && lease.count * 2000 <= VX_BUNDLE_MS);
    assert_true((lease.count + 1) * 2000 > VX_BUNDLE_MS || lease.count == VX_BUNDLE_ITEMS);
    finish(&a);

    char *name = calloc(VX_BUNDLE_BYTES / 4 + 1, 1); /* four of them with their paths are too much for a message */
    assert_int_equal(begin(&a, *state, 3, false, &err), VX_OK);
    memset(name, 'n', VX_BUNDLE_BYTES / 4);
    for (int64_t id = 2; id <= 10; id++) {
        enum vx_met met = VX_MET_NEW;
        struct vx_item item = {.id = id, .path = strdup("/a.tar.gz"), .member = strdup(name), .bundle = 77};
        assert_int_equal(vx_resume_meet(&a.resume, &item, &met, 1, &err), VX_OK);
        vx_item_clear(&item);
    }
    assert_int_equal(vx_resume_listed(&a.resume, 10), 7); /* 2 to 4, 5 to 7, and one that may go on */
    free(name);
    finish(&a);
}

/* Folders that no scan has left: the error names the file, and nothing is marked by halves for good. */
static void test_refused(void **state)
{
    static const char text[] = "this is no database, though it is long enough for the head of one, which takes a hundred bytes or so";
    static const struct {
        const char *shard; /* a shard's items last one, or text in its place */
        int last;
        bool retry;
        enum vx_status status;
        const char *says;
    } bad[] = {
        {"shard-001-00000.db", KNOWN + 1, false, VX_EINVAL, "do not belong together"},
        {"shard-001-00000.db", KNOWN + 1, true, VX_EINVAL, "do not belong together"},
        {"shard-001-00000.db", 0, false, VX_EFORMAT, "no SQLite database"},
        {"shard-001-00000-0003.db", 0, true, VX_EFORMAT, "shard-001-00000-0003.db"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *folder = folder_create();
        struct attempt a;
        struct vx_err err = {0};
        work_folder_list(folder, KNOWN);
        if (bad[i].last)
            work_folder_shard(folder, bad[i].shard, 1, bad[i].last, false);
        else
            folder_write(folder, bad[i].shard, text, sizeof text);
        folder_write(folder, "hand-001-00000", "take 1 10 1\n", 12);
        assert_int_equal(begin(&a, folder, 2, bad[i].retry, &err), bad[i].status);
        if (!strstr(err.text, bad[i].says) || !strstr(err.text, bad[i].shard))
            fail_msg("\"%s\" does not say \"%s\" of %s", err.text, bad[i].says, bad[i].shard);
        assert_string_equal(blamed_of(&a).data, "");
        assert_int_equal(a.dir.n_hands, 1); /* for when it is put right */
        finish(&a);
        folder_remove(&folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened),
        cmocka_unit_test_setup_teardown(test_met_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bundles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bundle_bounds, set_up, tear_down),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
