/* test_itemlist.c - ids without holes, the same ones when listed again, and what is refused */
#include "db/itemlist.h"
#include "base/clock.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vx_item item(const char *path, const char *member)
{
    return (struct vx_item){.path = strdup(path),
                            .member = member ? strdup(member) : NULL,
                            .ordinal = member ? 3 : -1,
                            .size = 44,
                            .mtime = 1700000000};
}

static void ids_are_stable(void **state)
{
    static const struct {
        const char *path, *member;
        int64_t id;
    } row[] = {
        {"a.wav", NULL, 1}, {"b.tar", "a.wav", 2},   {"b.tar", "b.wav", 3}, {"a.wav", NULL, 1},    {"b.tar", NULL, 4},
        {"a", ".wav", 5},   {"\xff\xfe.wav", NULL, 6}, {"b.tar", "a.wav", 2}, {"\xff\xfe.wav", NULL, 6}, {"A.wav", NULL, 7},
    };
    const char *const path = fixture_path(*state, "list.db");
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};

    for (int round = 0; round < 2; round++) { /* the second one reopens what the first left */
        assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            struct vx_item it = item(row[i].path, row[i].member);
            assert_int_equal(vx_itemlist_add(list, &it, 1, &err), VX_OK);
            assert_int_equal(it.id, row[i].id);
            vx_item_clear(&it);
        }
        assert_int_equal(vx_itemlist_count(list), 7);
        vx_itemlist_close(&list);
        assert_null(list);
    }
}

static void reads_back(void **state)
{
    struct vx_itemlist *list = NULL;
    struct vx_item in[3] = {item("a.wav", NULL), item("b.zip", "x/y.flac"), item("gone.wav", NULL)}, out[3];
    struct vx_err err = {0};
    char *meta[] = {strdup("speaker"), strdup("anna"), strdup("label"), strdup("fake")};

    in[0].n_meta = 2;
    in[0].meta = calloc(4, sizeof *meta);
    memcpy(in[0].meta, meta, sizeof meta);
    in[1].kind = VX_ITEM_IMAGE;
    in[1].offset = (int64_t)1 << 40;
    in[1].bundle = INT64_MAX;
    in[2].kind = VX_ITEM_BROKEN;
    in[2].problem = strdup("permission denied");
    in[2].size = -1;
    const char *const path = fixture_path(*state, "list.db");
    assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
    assert_int_equal(vx_itemlist_read(list, 1, 0, out, &err), VX_OK);
    assert_int_equal(vx_itemlist_add(list, in, 3, &err), VX_OK);
    assert_int_equal(vx_itemlist_read(list, 1, 3, out, &err), VX_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(out[i].id, i + 1);
        assert_int_equal(out[i].kind, in[i].kind);
        assert_string_equal(out[i].path, in[i].path);
        assert_true(in[i].member ? out[i].member && strcmp(in[i].member, out[i].member) == 0 : !out[i].member);
        assert_int_equal(out[i].ordinal, in[i].ordinal);
        assert_int_equal(out[i].offset, in[i].offset);
        assert_int_equal(out[i].bundle, in[i].bundle);
        assert_int_equal(out[i].size, in[i].size);
        assert_int_equal(out[i].mtime, in[i].mtime);
        assert_int_equal(out[i].n_meta, 0);
        vx_item_clear(&out[i]);
    }
    assert_int_equal(vx_itemlist_read(list, 2, 2, out, &err), VX_OK);
    assert_string_equal(out[1].problem, "permission denied");
    vx_item_clear(&out[0]);
    vx_item_clear(&out[1]);
    static const struct {
        int64_t first;
        size_t n;
    } beyond[] = {{0, 1}, {-5, 1}, {1, 4}, {4, 1}, {5, 0}, {2, SIZE_MAX}, {INT64_MAX, 2}};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        assert_int_equal(vx_itemlist_read(list, beyond[i].first, beyond[i].n, out, &err), VX_EINVAL);
    vx_itemlist_close(&list);
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM metadata WHERE item = 1"), 2);
    for (int i = 0; i < 3; i++)
        vx_item_clear(&in[i]);
}

/* A list of a program that knew no places in archives: what it has stays, and it takes new items. */
static void an_older_list_is_brought_up_to_date(void **state)
{
    const char *const path = fixture_path(*state, "list.db");
    struct vx_itemlist *list = NULL;
    struct vx_item in[2] = {item("b.tar", "x.wav"), item("b.tar", "y.wav")}, out[2];
    struct vx_err err = {0};

    in[1].offset = 512;
    in[1].bundle = 7;
    assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
    assert_int_equal(vx_itemlist_add(list, in, 1, &err), VX_OK);
    vx_itemlist_close(&list);
    fixture_exec(path, "ALTER TABLE listed DROP COLUMN place");
    fixture_exec(path, "ALTER TABLE listed DROP COLUMN bundle");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
        assert_int_equal(vx_itemlist_add(list, in, 2, &err), VX_OK);
        assert_int_equal(vx_itemlist_read(list, 1, 2, out, &err), VX_OK);
        for (int i = 0; i < 2; i++) {
            assert_string_equal(out[i].member, in[i].member);
            assert_int_equal(out[i].offset, i ? 512 : -1);
            assert_int_equal(out[i].bundle, i ? 7 : 0);
            vx_item_clear(&out[i]);
        }
        vx_itemlist_close(&list);
    }
    vx_item_clear(&in[0]);
    vx_item_clear(&in[1]);
}

static void a_refused_batch_leaves_nothing(void **state)
{
    struct vx_itemlist *list = NULL;
    struct vx_item in[2] = {item("a.wav", NULL), {.ordinal = -1}};
    struct vx_err err = {0};

    assert_int_equal(vx_itemlist_open(&list, fixture_path(*state, "list.db"), &err), VX_OK);
    assert_int_equal(vx_itemlist_add(list, in, 2, &err), VX_EINVAL); /* the second has no path */
    assert_int_equal(vx_itemlist_count(list), 0);
    assert_int_equal(in[0].id, 0);
    assert_int_equal(vx_itemlist_add(list, in, 1, &err), VX_OK);
    assert_int_equal(in[0].id, 1);
    vx_itemlist_close(&list);
    vx_item_clear(&in[0]);
}

static void foreign_files_are_refused(void **state)
{
    const char *const text = fixture_path(*state, "text"), *const other = fixture_path(*state, "other.db");
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};
    FILE *f = fopen(text, "w");

    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    assert_int_equal(vx_itemlist_open(&list, text, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, text));
    sqlite3 *db = NULL;
    sqlite3_open(other, &db);
    sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_int_equal(vx_itemlist_open(&list, other, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "not one of Voxtrawl's"));
    assert_int_equal(vx_itemlist_open(&list, fixture_path(*state, "no/such/folder.db"), &err), VX_EDB);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(vx_itemlist_open(&list, "", &err), VX_EINVAL);
    assert_null(list);
}

struct adder {
    struct vx_itemlist *list;
    int which;
    bool ok;
};

static void *add_many(void *arg)
{
    struct adder *const a = arg;
    struct vx_err err;
    char name[32];

    a->ok = true;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "%d.wav", i % 2 ? i : 1000 * a->which + i); /* half of them shared */
        struct vx_item it = item(name, NULL);
        a->ok = a->ok && vx_itemlist_add(a->list, &it, 1, &err) == VX_OK && it.id >= 1 &&
                it.id <= vx_itemlist_count(a->list);
        vx_item_clear(&it);
    }
    return NULL;
}

static void threads_take_turns(void **state)
{
    struct vx_itemlist *list = NULL;
    struct adder a[4];
    pthread_t thread[4];
    struct vx_err err = {0};

    assert_int_equal(vx_itemlist_open(&list, fixture_path(*state, "list.db"), &err), VX_OK);
    for (int i = 0; i < 4; i++) {
        a[i] = (struct adder){.list = list, .which = i + 1};
        assert_int_equal(pthread_create(&thread[i], NULL, add_many, &a[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_true(a[i].ok);
    }
    assert_int_equal(vx_itemlist_count(list), 100 + 4 * 100);
    vx_itemlist_close(&list);
}

static int bench(void)
{
    enum { BATCH = 1000, BATCHES = 500 };
    static struct vx_item items[BATCH];
    struct vx_itemlist *list = NULL;
    struct vx_err err;
    void *state;
    char name[80];

    if (fixture_setup(&state) != 0 || vx_itemlist_open(&list, fixture_path(state, "list.db"), &err) != VX_OK)
        return 1;
    double spent = 0;
    for (int b = 0; b < BATCHES; b++) {
        for (int i = 0; i < BATCH; i++) {
            snprintf(name, sizeof name, "/archive/broadcast/2024/%03d/recording-%06d.flac", b, i);
            items[i] = item(name, NULL);
        }
        const double start = vx_clock_now();
        if (vx_itemlist_add(list, items, BATCH, &err) != VX_OK)
            return 1;
        spent += vx_clock_now() - start;
        for (int i = 0; i < BATCH; i++)
            vx_item_clear(&items[i]);
    }
    printf("add: %.0f items/s in batches of %d\n", BATCH * BATCHES / spent, BATCH);
    const double start = vx_clock_now();
    for (int b = 0; b < BATCHES; b++) {
        if (vx_itemlist_read(list, 1 + (int64_t)b * BATCH, BATCH, items, &err) != VX_OK)
            return 1;
        for (int i = 0; i < BATCH; i++)
            vx_item_clear(&items[i]);
    }
    printf("read: %.0f items/s in ranges of %d\n", BATCH * BATCHES / (vx_clock_now() - start), BATCH);
    vx_itemlist_close(&list);
    return fixture_teardown(&state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_stable, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reads_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_older_list_is_brought_up_to_date, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_refused_batch_leaves_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(foreign_files_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(threads_take_turns, fixture_setup, fixture_teardown),
    };

    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
