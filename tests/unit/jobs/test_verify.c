/* Where files are looked for, and what is found there: against a result whose hashes are known. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "db/merge.h"
#include "db/shard.h"
#include "jobs/verify_check.h"
#include "jobs/verify_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_map(void **state)
{
    static const struct {
        const char *roots[3], *path, *mapped;
    } rows[] = {
        {{NULL}, "a/b.wav", "a/b.wav"},
        {{"/old=/new"}, "/old/a.wav", "/new/a.wav"},
        {{"/old/=/new/"}, "/old/a.wav", "/new/a.wav"},
        {{"/old=/new"}, "/older/a.wav", "/older/a.wav"},
        {{"/old=/new"}, "/old", "/new"},
        {{"/=/mnt/disk"}, "/a/b.wav", "/mnt/disk/a/b.wav"},
        {{"/old="}, "/old/a.wav", "a.wav"},
        {{"=/base"}, "a.wav", "/base/a.wav"},
        {{"=/base"}, "/a.wav", "/a.wav"},
        {{"a=b", "=/base"}, "a/c.wav", "b/c.wav"}, /* the first that fits, and no other after it */
        {{"x=y", "=/base"}, "a/c.wav", "/base/a/c.wav"},
        {{"/old=/with=sign"}, "/old/a.wav", "/with=sign/a.wav"},
        {{"/with=sign=/new"}, "/with=sign/a.wav", "/new/a.wav"},
    };
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_opt_list roots = {.n = 0};
        while (roots.n < 3 && rows[i].roots[roots.n]) {
            roots.at[roots.n] = rows[i].roots[roots.n];
            roots.n++;
        }
        assert_int_equal(vx_verify_roots_check(&roots, &err), VX_OK);
        char *const mapped = vx_verify_map(&roots, rows[i].path);
        assert_string_equal(mapped, rows[i].mapped);
        free(mapped);
    }
    assert_int_equal(vx_verify_roots_check(&(struct vx_opt_list){.at = {"/old"}, .n = 1}, &err), VX_EINVAL);
}

enum { FILES = 6 };
/* What becomes of file i after its hash was stored. */
static const enum vx_verified fate[FILES] = {VX_VERIFIED_EQUAL,      VX_VERIFIED_CHANGED,    VX_VERIFIED_MISSING,
                                             VX_VERIFIED_UNREADABLE, VX_VERIFIED_NOT_HASHED, VX_VERIFIED_EQUAL};

static void write_text(const char *path, const char *text)
{
    FILE *const f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A result of files 0 … FILES-1, "a" and so on, with their hashes. */
static void make_result(const char *dir, const char *db)
{
    const struct vx_run run = {.uuid = "0123456789abcdef0123456789abcdef", .fingerprint = "f", .state = "running"};
    char *const shard_path = strdup(folder_path(dir, "shard.db"));
    const char *const shards[] = {shard_path};
    struct vx_shard *shard = NULL;
    struct vx_hash *hash;
    struct vx_err err;
    char text[2] = "a";

    assert_int_equal(vx_shard_open(&shard, shard_path, &run, &err), VX_OK);
    assert_int_equal(vx_hash_create(&hash, (struct vx_hash_rule){.of = VX_HASH_BYTES, .sha256 = true}, &err), VX_OK);
    for (int i = 0; i < FILES; i++, text[0]++) {
        const char *const path = folder_path(dir, text);
        struct vx_item_result r = {.item = {.id = i + 1, .path = (char *)(uintptr_t)path}, .status = VX_ITEM_NOT_SCORED};
        const struct vx_item_result *const one = &r;
        write_text(path, text);
        vx_hash_add(hash, text, 1);
        vx_hash_end(hash, r.hash);
        if (fate[i] == VX_VERIFIED_NOT_HASHED)
            r.hash[0] = '\0';
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
        if (fate[i] == VX_VERIFIED_CHANGED)
            write_text(path, "A");
        if (fate[i] == VX_VERIFIED_MISSING || fate[i] == VX_VERIFIED_UNREADABLE)
            assert_int_equal(unlink(path), 0);
        if (fate[i] == VX_VERIFIED_UNREADABLE) /* root may read what has no permission, but no folder */
            assert_int_equal(mkdir(path, 0700), 0);
    }
    vx_hash_destroy(&hash);
    vx_shard_close(&shard);
    assert_int_equal(vx_merge(db, shards, 1, NULL, NULL, NULL, &err), VX_OK);
    free(shard_path);
}

static enum vx_status note(void *user, const struct vx_finding *f, struct vx_err *err)
{
    enum vx_verified *const seen = user;

    (void)err;
    assert_in_range(f->item->id, 1, FILES);
    seen[f->item->id - 1] = f->what;
    assert_int_equal(f->why != NULL, f->what == VX_VERIFIED_MISSING || f->what == VX_VERIFIED_UNREADABLE);
    return VX_OK;
}

static enum vx_status refuse(void *user, const struct vx_finding *f, struct vx_err *err)
{
    (void)user;
    (void)f;
    return vx_fail(err, VX_ESYS, "nobody reads this");
}

static void test_check(void **state)
{
    char *dir = folder_create(), *const db = strdup(folder_path(dir, "result.db"));
    struct vx_err err;

    (void)state;
    make_result(dir, db);
    for (int threads = 1; threads <= 3; threads++) {
        enum vx_verified seen[FILES] = {VX_VERIFIED_EQUAL};
        struct vx_verify_progress progress = {0};
        struct vx_verify_config config = {.db = db, .threads = threads, .player = {.max_member_bytes = 1 << 20}, .report = note, .user = seen};
        assert_int_equal(vx_verify_check(&config, &progress, &err), VX_OK);
        assert_memory_equal(seen, fate, sizeof seen);
        assert_int_equal(atomic_load(&progress.items), FILES);
        assert_int_equal(atomic_load(&progress.counts[VX_VERIFIED_EQUAL]), 2);
        assert_true(atomic_load(&progress.done));
        config.report = refuse;
        assert_int_equal(vx_verify_check(&config, &progress, &err), VX_ESYS);
    }
    for (int i = 0; i < FILES; i++) /* the folder among them */
        if (fate[i] == VX_VERIFIED_UNREADABLE)
            assert_int_equal(rmdir(folder_path(dir, (char[]){(char)('a' + i), '\0'})), 0);
    free(db);
    folder_remove(&dir);
}

/* Names with whatever a file name may hold come out as valid CSV and JSON, and on one line of text. */
static void test_report(void **state)
{
    static const char *const expected[] = {
        [VX_VERIFY_TEXT] = "changed     a,\"b\\n\\xFF: new, was old\n",
        [VX_VERIFY_CSV] = "7,changed,\"a,\"\"b\n\\xFF\",,old,new,\n",
        [VX_VERIFY_JSON] = "\n  {\"item\": 7, \"result\": \"changed\", \"path\": \"a,\\\"b\\n\\\\xFF\", \"member\": null, "
                           "\"stored\": \"old\", \"found\": \"new\", \"why\": null}",
    };
    const struct vx_item item = {.id = 7};
    const struct vx_finding finding = {
        .what = VX_VERIFIED_CHANGED, .item = &item, .path = "a,\"b\n\xFF", .stored = "old", .found = "new"};
    struct vx_err err;

    (void)state;
    for (int format = VX_VERIFY_TEXT; format <= VX_VERIFY_JSON; format++) {
        char *out = NULL;
        size_t n;
        struct vx_verify_report report = {.to = open_memstream(&out, &n), .format = (enum vx_verify_format)format};
        assert_int_equal(vx_verify_report_finding(&report, &finding, &err), VX_OK);
        assert_int_equal(fclose(report.to), 0);
        assert_string_equal(out, expected[format]);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
