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

#define MAX_ITEMS 64

void work_folder_list(const char *folder, int64_t n)
{
    struct vx_itemlist *list = NULL;
    struct vx_item items[MAX_ITEMS];
    struct vx_err err = {0};

    assert_in_range(n, 1, MAX_ITEMS);
    for (int64_t i = 0; i < n; i++) {
        char path[32];
        snprintf(path, sizeof path, "/a/%lld.wav", (long long)i + 1);
        items[i] = (struct vx_item){.path = strdup(path), .ordinal = -1, .size = 1001 + i, .mtime = i + 1};
    }
    assert_int_equal(vx_itemlist_open(&list, folder_path(folder, "items.db"), &err), VX_OK);
    assert_int_equal(vx_itemlist_add(list, items, (size_t)n, &err), VX_OK);
    assert_int_equal(items[n - 1].id, n);
    vx_itemlist_close(&list);
    for (int64_t i = 0; i < n; i++)
        vx_item_clear(&items[i]);
}

void work_folder_shard(const char *folder, const char *name, int64_t first, int64_t last, bool failing)
{
    const struct vx_run run = fixture_run(0);
    const struct vx_item_result *lease[MAX_ITEMS];
    struct vx_item_result results[MAX_ITEMS];
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};
    size_t n = 0;

    assert_true(last - first < MAX_ITEMS);
    if (vx_shard_open(&shard, folder_path(folder, name), &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    for (int64_t id = first; id <= last; id++, n++) {
        results[n] = fixture_result(id, 2);
        if (failing && id % 3 == 0)
            fixture_fail(&results[n], "breaks off");
        lease[n] = &results[n];
    }
    assert_int_equal(vx_shard_commit(shard, lease, n, &err), VX_OK);
    while (n > 0)
        vx_item_result_clear(&results[--n]);
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
