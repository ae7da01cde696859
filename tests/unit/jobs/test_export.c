/* test_export.c - names of an export's files and its rows, of recordings whose names are anything */
#include "jobs/export_datasette.h"
#include "jobs/export_name.h"
#include "jobs/export_rows.h"
#include "jobs/export_set.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/harness/failing_alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vx_stretch_place place = {.stretch = {.start_s = 2, .end_s = 6.5, .clip_start_s = 3723.4996, .clip_end_s = 7, .n_windows = 3,
                                                    .n_over = 2, .mean_fake = 0.75, .max_fake = 0.9, .peak_s = 4}};

static struct vx_stretches_item item_of(const char *path, const char *member)
{
    return (struct vx_stretches_item){.item = 7, .path = path, .member = member, .path_text = path, .member_text = member, .status = "failed",
                                      .verdict = "", .format = "WAV", .hash = "", .model = "tiny", .duration_s = 9, .mean_fake = NAN,
                                      .threshold = 0.6, .size = -1, .at = &place, .n = 1};
}

static void names(void **state)
{
    static const struct {
        const char *path, *member, *name;
    } row[] = {
        {"a/interview.wav", NULL, "000007-interview"},
        {"all.tar", "x/two parts.mp3", "000007-two_parts"},
        {"..", NULL, "000007"},
        {"x/", NULL, "000007"},
        {"", NULL, "000007"},
        {".wav", NULL, "000007-wav"},
        {"a.b.wav", NULL, "000007-a_b"},
        {"a.tar", "../../etc/passwd", "000007-passwd"},
        {"-rf", NULL, "000007--rf"},
        {"a/\xff\xfe\n\x1b[2J.wav", NULL, "000007-2J"},
        {"a/M\xc3\xbcnchen.wav", NULL, "000007-M_nchen"},
        {"$(reboot);`x`|y&.wav", NULL, "000007-reboot_x_y"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789.wav", NULL,
         "000007-012345678901234567890123456789012345678901234567890123456789"},
    };
    char name[VX_EXPORT_NAME];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct vx_stretches_item item = item_of(row[i].path, row[i].member);
        vx_export_name(name, &item);
        assert_string_equal(name, row[i].name);
    }
    struct vx_stretches_item item = item_of("0123456789012345678901234567890123456789012345678901234567890123456789", NULL);
    struct vx_stretch_place last = place;
    item.item = INT64_MAX;
    last.rank = SIZE_MAX;
    last.channel = 1024;
    vx_export_clip_name(name, &item, &last, "flac");
    assert_string_equal(name, "18446744073709551615-9223372036854775807-012345678901234567890123456789012345678901234567890123456789"
                              "-ch1024-01h02m03.500s.flac");
}

static void rows(void **state)
{
    const struct vx_stretches_item item = item_of("=1+1,\"x\".wav", "-2\n");
    const struct vx_export_row row = {.item = &item, .place = &place, .error = "gone"};
    struct vx_buf b = {0};

    (void)state;
    vx_export_csv_row(&b, &row);
    assert_string_equal(b.data, "7,\"'=1+1,\"\"x\"\".wav\",\"'-2\n\",,2.000,6.500,0.750000,0.900000,4.000,3,2,0.600000,,,failed,,9.000,WAV,,,,0,tiny,"
                                "3723.500,7.000,,,gone\n");
    vx_buf_reset(&b);
    vx_export_json_row(&b, &row);
    assert_non_null(strstr(b.data, "{\"item\":7,\"path\":\"=1+1,\\\"x\\\".wav\",\"member\":\"-2\\n\",\"channel\":null,\"start_s\":2.000,"));
    assert_non_null(strstr(b.data, "\"file_mean_fake\":null,"));
    assert_non_null(strstr(b.data, "\"error\":\"gone\"}\n"));
    vx_buf_reset(&b);
    vx_export_label(&b, &row);
    assert_string_equal(b.data, "2.000000\t6.500000\tmean 0.750, max 0.900\n");
    vx_buf_reset(&b);
    vx_export_csv_header(&b);
    assert_non_null(strstr(b.data, "item,path,member,channel,start_s,"));
    vx_buf_free(&b);
}

static void formats(void **state)
{
    static const struct {
        const char *words;
        unsigned formats; /* 0: refused */
    } row[] = {
        {"csv", VX_EXPORT_CSV}, {"jsonl,audacity", VX_EXPORT_JSONL | VX_EXPORT_AUDACITY}, {"csv,csv", VX_EXPORT_CSV},
        {"datasette,audacity,jsonl,csv", VX_EXPORT_ALL}, {"", 0}, {"csv,", 0}, {",csv", 0}, {"cs", 0}, {"csvs", 0}, {"csv jsonl", 0},
    };
    struct vx_err err;
    unsigned got;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const enum vx_status rc = vx_export_formats_parse(&got, row[i].words, &err);
        if (rc != (row[i].formats ? VX_OK : VX_EINVAL) || (row[i].formats && got != row[i].formats))
            fail_msg("\"%s\": status %d, formats %u", row[i].words, (int)rc, got);
    }
}

static enum vx_status export_two(const char *dir, struct vx_export_counts *counts, struct vx_err *err)
{
    const struct vx_player_config here = {.max_member_bytes = 1 << 20, .as_scanned = true};
    struct vx_export_config config = {.dir = dir, .formats = VX_EXPORT_ALL, .clips = true, .overwrite = true};
    const struct vx_stretches_item items[] = {item_of("nowhere.wav", NULL), item_of("nowhere.tar", "x.wav")};
    struct vx_export_set *set = NULL;
    enum vx_status rc = vx_player_create(&config.player, &here, err);

    if (rc == VX_OK)
        rc = vx_export_set_open(&set, &config, err);
    for (int i = 0; rc == VX_OK && i < 2; i++)
        rc = vx_export_set_add(set, &items[i], err);
    if (rc == VX_OK && (rc = vx_export_datasette(dir, "some/result.db", err)) == VX_OK)
        rc = vx_export_set_commit(set, err);
    if (rc == VX_OK)
        *counts = *vx_export_set_counts(set);
    vx_export_set_close(&set);
    vx_player_destroy(&config.player);
    return rc;
}

static void remove_in(const char *dir, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(remove(path), 0);
}

/* Every allocation of an export fails once: its error comes back, no table has its name, and the next attempt works. */
static void every_allocation(void **state)
{
    char *dir = folder_create();
    struct vx_export_counts counts = {0};
    struct vx_err err;
    long k = 0;

    (void)state;
    do {
        (void)unlink(folder_path(dir, "stretches.csv")); /* some can be done without */
        failing_alloc_after(k++);
        const enum vx_status rc = export_two(dir, &counts, &err);
        failing_alloc_after(-1);
        if (rc != VX_OK && (!failing_alloc_failed() || rc != VX_ENOMEM))
            fail_msg("allocation %ld: status %d: %s", k, (int)rc, err.text);
        if (rc != VX_OK)
            assert_int_not_equal(access(folder_path(dir, "stretches.csv"), F_OK), 0);
    } while (failing_alloc_failed() && k < 100000);
    assert_true(k > 50 && counts.recordings == 2 && counts.stretches == 2 && counts.clips == 0 && counts.failed == 2 && counts.seconds == 9);
    remove_in(dir, "labels/000007-nowhere.txt");
    remove_in(dir, "labels/000007-x.txt");
    remove_in(dir, "plugins/voxtrawl_functions.py");
    remove_in(dir, "labels");
    remove_in(dir, "plugins");
    remove_in(dir, "clips");
    folder_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(rows),
        cmocka_unit_test(formats),
        cmocka_unit_test(every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
