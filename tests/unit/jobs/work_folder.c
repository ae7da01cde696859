#include "tests/unit/jobs/work_folder.h"
#include "base/file.h"
#include "db/itemlist.h"
#include "db/shard.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void work_folder_list(const char *folder, int64_t n)
{
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_itemlist_open(&list, folder_path(folder, "items.db"), &err), VX_OK);
    for (int64_t id = 1; id <= n; id++) {
        char path[32];
        snprintf(path, sizeof path, "/a/%lld.wav", (long long)id);
        struct vx_item item = {.path = strdup(path), .ordinal = -1, .size = 1000 + id, .mtime = id};
        assert_int_equal(vx_itemlist_add(list, &item, 1, &err), VX_OK);
        assert_int_equal(item.id, id);
        vx_item_clear(&item);
    }
    vx_itemlist_close(&list);
}

void work_folder_shard(const char *folder, const char *name, int64_t first, int64_t last, bool failing)
{
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    if (vx_shard_open(&shard, folder_path(folder, name), &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    for (int64_t id = first; id <= last; id++) {
        struct vx_item_result r = fixture_result(id, 2);
        const struct vx_item_result *one = &r;
        if (failing && id % 3 == 0)
            fixture_fail(&r, "breaks off");
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    vx_shard_close(&shard);
}

void work_folder_claim(const char *folder)
{
    static const char *const inputs[] = {"/a"};
    struct vx_scan_record record = {.started = "2026-01-01T00:00:00Z", .uuid = "0123456789abcdef0123456789abcdef",
                                    .fingerprint = "abc"};
    struct vx_rundir dir;
    struct vx_err err = {0};

    if (vx_rundir_open(&dir, folder, &record, inputs, 1, false, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_rundir_close(&dir);
}

struct vx_rundir work_folder_open(const char *folder, int attempt)
{
    struct vx_rundir dir = {.path = strdup(folder), .items_path = vx_file_join(folder, "items.db"), .attempt = attempt, .lock = -1};
    struct vx_err err = {0};

    if (vx_rundir_rescan(&dir, &err) != VX_OK)
        fail_msg("%s", err.text);
    return dir;
}

struct text {
    char data[1024];
    size_t len;
};

static void add_item(void *ctx, int64_t item)
{
    struct text *t = ctx;

    t->len += (size_t)snprintf(t->data + t->len, sizeof t->data - t->len, "%s%lld", t->len ? " " : "", (long long)item);
    assert_true(t->len < sizeof t->data);
}

const char *work_folder_items(const char *path)
{
    static struct text t;
    struct vx_err err = {0};

    t = (struct text){0};
    if (vx_shard_items(path, add_item, &t, &err) != VX_OK)
        fail_msg("%s", err.text);
    return t.data;
}
