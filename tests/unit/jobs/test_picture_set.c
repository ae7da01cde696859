/* test_picture_set.c - the folder of pictures: its table, what it refuses, and that it is whole or not there */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "base/sha256.h"
#include "jobs/picture_set.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE 4

static char label[] = "label", window_key[] = "window", path_key[] = "path", *columns[] = {label, window_key, path_key};
static struct vx_buf facts = {.data = (char[]){"  \"hop\": 2"}, .len = 10};

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

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static struct vx_picture_set_config config_of(const char *dir)
{
    return (struct vx_picture_set_config){.dir = dir, .size = SIZE, .channels = 1, .columns = columns, .n_columns = 3};
}

static int count_files(const char *dir)
{
    DIR *d = opendir(dir);
    int n = -2;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void test_whole(void **state)
{
    static const char expected[] =
        "index,path,member,window,start_ms,label,manifest_window,manifest_path\n"
        "0,\"a,b\",,0,0,,\"7 \"\"x\"\"\",\n"
        "1,\"a,b\",,3,1500,,\"7 \"\"x\"\"\",\n"
        "2,bad\\xFF,\"x\ny\",0,-1,real,,\n";
    struct vx_picture_set_config config = config_of(*state);
    char path1[] = "a,b", path2[] = "bad\xff", member[] = "x\ny", value1[] = "7 \"x\"", value2[] = "real", hex[VX_SHA256_HEX];
    char *meta1[] = {window_key, value1}, *meta2[] = {label, value2};
    const struct vx_item one = {.path = path1, .n_meta = 1, .meta = meta1};
    const struct vx_item two = {.path = path2, .member = member, .n_meta = 1, .meta = meta2};
    const struct vx_window_score first[2] = {{.index = 0}, {.index = 3, .start_ms = 1500}}, second = {.start_ms = -1};
    uint8_t pixels[3 * SIZE * SIZE];
    struct vx_picture_set *set;
    struct vx_err err;
    size_t len;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 5);
    must(vx_picture_set_create(&set, &config, &err), &err);
    must(vx_picture_set_add(set, &one, first, 2, pixels, &err), &err);
    must(vx_picture_set_add(set, &one, first, 0, pixels, &err), &err);
    must(vx_picture_set_add(set, &two, &second, 1, pixels + 2 * SIZE * SIZE, &err), &err);
    assert_int_equal(vx_picture_set_count(set), 3);
    assert_int_not_equal(access(folder_path(*state, "pictures.u8"), F_OK), 0); /* not before it is whole */
    must(vx_picture_set_finish(set, &facts, &err), &err);
    vx_picture_set_destroy(&set);
    assert_int_equal(count_files(*state), 3);

    char *table = folder_read(*state, "windows.csv", &len), *bytes = folder_read(*state, "pictures.u8", &len);
    assert_string_equal(table, expected);
    assert_int_equal(len, sizeof pixels);
    assert_memory_equal(bytes, pixels, len);
    char *json = folder_read(*state, "pictures.json", &len);
    must(vx_sha256_bytes(pixels, sizeof pixels, hex, &err), &err);
    assert_non_null(strstr(json, hex));
    assert_non_null(strstr(json, "\"n\": 3,"));
    assert_non_null(strstr(json, "\"hop\": 2"));
    free(table);
    free(bytes);
    free(json);

    /* a second one only by overwriting, and until it is whole the first one stands */
    assert_int_equal(vx_picture_set_create(&set, &config, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "--overwrite"));
    config.overwrite = true;
    must(vx_picture_set_create(&set, &config, &err), &err);
    must(vx_picture_set_add(set, &one, first, 1, pixels, &err), &err);
    vx_picture_set_destroy(&set);
    assert_int_equal(count_files(*state), 3);
    bytes = folder_read(*state, "pictures.u8", &len);
    assert_int_equal(len, sizeof pixels);
    free(bytes);
    must(vx_picture_set_create(&set, &config, &err), &err);
    must(vx_picture_set_finish(set, &facts, &err), &err);
    vx_picture_set_destroy(&set);
    bytes = folder_read(*state, "pictures.u8", &len);
    assert_int_equal(len, 0);
    free(bytes);
}

static void test_refused(void **state)
{
    const struct vx_picture_set_config config = config_of(*state);
    struct vx_picture_set_config png = config, nowhere = config;
    char path[] = "a", key[] = "speaker", value[] = "", *meta[] = {key, value};
    const struct vx_item item = {.path = path, .n_meta = 1, .meta = meta};
    const struct vx_window_score window = {0};
    const uint8_t pixels[SIZE * SIZE] = {0};
    struct vx_picture_set *set, *other;
    struct vx_err err;

    must(vx_picture_set_create(&set, &config, &err), &err);
    assert_int_equal(vx_picture_set_create(&other, &config, &err), VX_EINVAL); /* two writers */
    assert_non_null(strstr(err.text, "another process"));
    assert_null(other);
    assert_int_equal(vx_picture_set_add(set, &item, &window, 1, pixels, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "speaker"));
    vx_picture_set_destroy(&set);
    vx_picture_set_destroy(&set);
    assert_int_equal(count_files(*state), 0);

    folder_write(*state, "png", "", 0); /* PNGs of another set */
    png.overwrite = true;
    assert_int_equal(vx_picture_set_create(&set, &png, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "remove it first"));
    nowhere.dir = folder_path(*state, "png/inside");
    assert_int_equal(vx_picture_set_create(&set, &nowhere, &err), VX_ESYS);
    assert_int_equal(count_files(*state), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down)};

    return cmocka_run_group_tests_name("picture_set", tests, NULL, NULL);
}
