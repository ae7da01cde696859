/* safetensors: what is read and refused, one file and sharded, and what the writer leaves behind. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "model/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* length, header, then n_data bytes 0, 1, 2… */
static void write_raw(const char *folder, const char *name, uint64_t length, const char *header, size_t n_data)
{
    const size_t n_header = strlen(header), size = sizeof length + n_header + n_data;
    unsigned char *bytes = malloc(size);

    assert_non_null(bytes);
    memcpy(bytes, &length, sizeof length);
    memcpy(bytes + sizeof length, header, n_header);
    for (size_t i = 0; i < n_data; i++)
        bytes[sizeof length + n_header + i] = (unsigned char)i;
    folder_write(folder, name, bytes, size);
    free(bytes);
}

static enum vx_status open_file(struct vx_st **st, const char *folder, const char *name, struct vx_err *err)
{
    return vx_st_open(st, folder_path(folder, name), err);
}

static void test_headers(void **state)
{
    static const struct {
        const char *header;
        size_t n_data;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ", 8, NULL},
        {"{\"a\":{\"data_offsets\":[0,8],\"shape\":[],\"dtype\":\"F64\"}}", 8, NULL},
        {"{\"__metadata__\":{\"x\":\"y\"},\"a\":{\"dtype\":\"BOOL\",\"shape\":[1,1,1,1,1,1,1,8],\"data_offsets\":[0,8]}}", 8, NULL},
        {"{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[5,8]},\"a\":{\"dtype\":\"U8\",\"shape\":[5],"
         "\"data_offsets\":[0,5]},\"e\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[5,5]}}", 8, NULL},
        {"", 0, "does not begin with '{'"},
        {"[]", 0, "does not begin with '{'"},
        {" {}", 0, "does not begin with '{'"},
        {"{}", 0, "holds no tensor"},
        {"{\"__metadata__\":{}}", 0, "holds no tensor"},
        {"{\"a\":", 8, "not JSON from byte"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}}", 8, "not JSON from byte"},
        {"{\"\xFF\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not UTF-8"},
        {"{\"\xE2\x82", 8, "not UTF-8"},
        {"{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "NUL"},
        {"{\"a\":3}", 8, "a: expected an object"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "a: expected dtype, shape, data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", 8, "a: expected dtype, shape, data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "key \"dtype\" twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],"
         "\"data_offsets\":[4,8]}}", 8, "key \"a\" twice"},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a: dtype \"F33\" is not known"},
        {"{\"a\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a: expected dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, "a: expected dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "a: shape: expected whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8, "a: shape: expected whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "a: shape: expected whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e30],\"data_offsets\":[0,8]}}", 8, "a: shape: expected whole numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8, "a: more than 8 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,0]}}", 8, "another number"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}}", 8, "a: shape"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952,8],\"data_offsets\":[0,8]}}", 8, "a: shape"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483648,1073741824],\"data_offsets\":[0,0]}}", 8, "another number"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "a: data_offsets span 8 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "a: ends at byte 8 of the data, the file has 7"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "last tensor ends at byte 8 of 9"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "a: data_offsets: expected [begin, end]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "a: data_offsets: expected [begin, end]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0.5,8.5]}}", 8, "a: data_offsets: expected [begin, end]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,16]}}", 8, "a: data_offsets: expected [begin, end]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "a: data_offsets: expected [begin, end]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "a: begins at byte 4 of the data, expected 0: a hole"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],"
         "\"data_offsets\":[4,8]}}", 8, "b: begins at byte 4 of the data, expected 6: it overlaps"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],"
         "\"data_offsets\":[0,8]}}", 8, "expected 8: it overlaps"},
    };
    char *folder = folder_create();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_st *st;
        struct vx_err err = {0};
        write_raw(folder, "m.safetensors", strlen(rows[i].header), rows[i].header, rows[i].n_data);
        const enum vx_status rc = open_file(&st, folder, "m.safetensors", &err);
        if (rows[i].message ? rc != VX_EFORMAT || !strstr(err.text, rows[i].message) ||
                                  !strstr(err.text, folder_path(folder, "m.safetensors"))
                            : rc != VX_OK)
            fail_msg("%s: %s: \"%s\", expected \"%s\"", rows[i].header, vx_status_name(rc), err.text,
                     rows[i].message ? rows[i].message : "ok");
        assert_int_equal(st == NULL, rc != VX_OK);
        vx_st_close(&st);
    }
    folder_remove(&folder);
}

static void test_lengths(void **state)
{
    static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    const uint64_t rows[] = {0, 1, sizeof header - 2, sizeof header, 100000001, INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
    char *folder = folder_create();
    struct vx_st *st;
    struct vx_err err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_raw(folder, "m.safetensors", rows[i], header, 8);
        assert_int_equal(open_file(&st, folder, "m.safetensors", &err), VX_EFORMAT);
    }
    for (size_t size = 0; size <= 8; size++) {
        folder_write(folder, "m.safetensors", "\1\0\0\0\0\0\0\0", size);
        assert_int_equal(open_file(&st, folder, "m.safetensors", &err), VX_EFORMAT);
    }
    assert_int_equal(open_file(&st, folder, "none.safetensors", &err), VX_ESYS);
    assert_int_equal(vx_st_open(&st, folder, &err), VX_EFORMAT); /* a directory */
    assert_int_equal(vx_st_open_dir(&st, folder, &err), VX_ESYS);
    assert_non_null(strstr(err.text, "model.safetensors.index.json"));
    folder_remove(&folder);
}

static const float values[] = {1.5F, -0.1F, 0, 0x1p-24F, 0x1.8p-20F, 65504, -3.14159265F, 0x1p-14F};
#define N_VALUES (sizeof values / sizeof *values)

static const struct vx_st_tensor sample[] = {
    {.name = "z", .n_dims = 2, .shape = {2, 4}, .data = values},
    {.name = "a\"\\\n\xC3\xBC", .n_dims = 1, .shape = {3}, .data = values + 1},
    {.name = "scalar", .n_dims = 0, .data = values + 6},
    {.name = "none", .n_dims = 2, .shape = {0, 5}, .data = values},
};

static void test_write(void **state)
{
    static const struct {
        enum vx_st_dtype dtype;
        double precision; /* relative, of normal numbers: half of the last place */
    } rows[] = {{VX_ST_F32, 0}, {VX_ST_F16, 0x1p-11}, {VX_ST_BF16, 0x1p-8}};
    char *folder = folder_create(), *bytes;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sha[VX_SHA256_HEX], file_sha[VX_SHA256_HEX], want_sha[VX_SHA256_HEX];
        struct vx_st *st;
        struct vx_err err;
        float out[N_VALUES];
        uint64_t header;
        size_t len;
        assert_int_equal(vx_st_write(folder_path(folder, "w.safetensors"), sample, 4, rows[i].dtype, &err), VX_OK);
        assert_int_equal(open_file(&st, folder, "w.safetensors", &err), VX_OK);
        assert_int_equal(vx_st_count(st), 4);
        assert_string_equal(vx_st_at(st, 0)->name, "a\"\\\n\xC3\xBC"); /* sorted by name */
        assert_string_equal(vx_st_at(st, 3)->name, "z");
        assert_null(vx_st_find(st, "y"));
        const struct vx_st_tensor *z = vx_st_find(st, "z");
        assert_true(z->dtype == rows[i].dtype && z->n_dims == 2 && z->shape[0] == 2 && z->shape[1] == 4 && z->count == 8);
        assert_string_equal(vx_st_path(st, z), folder_path(folder, "w.safetensors"));
        assert_int_equal(vx_st_read(st, z, out, &err), VX_OK);
        for (size_t k = 0; k < N_VALUES; k++) /* the subnormals of F16 here are exact */
            assert_true(fabs((double)out[k] - (double)values[k]) <= rows[i].precision * fabs((double)values[k]));
        assert_int_equal(vx_st_read(st, vx_st_find(st, "scalar"), out, &err), VX_OK);
        assert_true(vx_st_find(st, "scalar")->count == 1 && fabsf(out[0] + 3.14159265F) < 0.01F);
        assert_int_equal(vx_st_read(st, vx_st_find(st, "none"), out, &err), VX_OK);
        assert_int_equal(vx_st_find(st, "none")->count, 0);
        assert_int_equal(vx_st_sha256(st, sha, &err), VX_OK);
        assert_int_equal(vx_sha256_file(folder_path(folder, "w.safetensors"), file_sha, &err), VX_OK);
        assert_int_equal(vx_st_write_sha256(want_sha, sample, 4, rows[i].dtype, &err), VX_OK);
        assert_string_equal(sha, file_sha);
        assert_string_equal(sha, want_sha);
        vx_st_close(&st);
        bytes = folder_read(folder, "w.safetensors", &len);
        memcpy(&header, bytes, sizeof header);
        assert_int_equal(header % 8, 0);
        free(bytes);
    }
    folder_remove(&folder); /* fails were a temporary file left in a folder of its own */
}

static void test_write_rejected(void **state)
{
    static const float infinite[] = {1, INFINITY}, nan[] = {NAN, 1}, large[] = {1, 65520}, largest[] = {3.4e38F, 1};
    static const struct {
        const char *name;
        const float *data;
        enum vx_st_dtype dtype;
        enum vx_status rc;
    } rows[] = {
        {"a", infinite, VX_ST_F32, VX_ELIMIT},   {"a", nan, VX_ST_F32, VX_ELIMIT},     {"a", infinite, VX_ST_F16, VX_ELIMIT},
        {"a", nan, VX_ST_BF16, VX_ELIMIT},       {"a", large, VX_ST_F16, VX_ELIMIT},   {"a", large, VX_ST_BF16, VX_OK},
        {"a", largest, VX_ST_BF16, VX_ELIMIT},   {"a", largest, VX_ST_F32, VX_OK},     {"a", large, VX_ST_F64, VX_EINVAL},
        {"a", large, VX_ST_I64, VX_EINVAL},      {"\xFF", large, VX_ST_F32, VX_EINVAL},
    };
    char *folder = folder_create();
    struct vx_err err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_st_tensor t = {.name = rows[i].name, .n_dims = 1, .shape = {2}, .data = rows[i].data};
        const char *path = folder_path(folder, "w.safetensors");
        const enum vx_status rc = vx_st_write(path, &t, 1, rows[i].dtype, &err);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %s, expected %s", i, vx_status_name(rc), vx_status_name(rows[i].rc));
        assert_int_equal(access(path, F_OK) == 0, rc == VX_OK);
        if (rc == VX_OK)
            unlink(path);
        assert_int_equal(rmdir(folder), 0); /* nothing is left beside it */
        free(folder);
        folder = folder_create();
    }
    assert_int_equal(vx_st_write("/nonexistent/w.safetensors", sample, 1, VX_ST_F32, &err), VX_ESYS);
    folder_remove(&folder);
}

/* One tensor of 2 elements with these bytes; the file's data is at an odd offset. */
static enum vx_status read_bytes(const char *folder, const char *dtype, const void *data, size_t n_data, float out[2],
                                 struct vx_err *err)
{
    char header[128];
    struct vx_st *st;
    enum vx_status rc;
    int n = snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%zu]}}", dtype, n_data);
    const uint64_t length = (uint64_t)(n | 1);
    unsigned char bytes[256] = {0};

    header[n] = ' ';
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, (size_t)length);
    memcpy(bytes + 8 + length, data, n_data);
    folder_write(folder, "v.safetensors", bytes, 8 + (size_t)length + n_data);
    assert_int_equal(open_file(&st, folder, "v.safetensors", err), VX_OK);
    rc = vx_st_read(st, vx_st_find(st, "a"), out, err);
    vx_st_close(&st);
    return rc;
}

static void test_read(void **state)
{
    const double wide[] = {1.25, -0x1p-140}, huge[] = {1, 1e300};
    const float nan[] = {1, NAN}, infinite[] = {1, -INFINITY}, fine[] = {-0.0F, 0x1p-149F};
    const uint16_t f16[] = {0x0001, 0xC000}, f16_nan[] = {0x3C00, 0x7E00}, bf16[] = {0x0001, 0xC000}, bf16_inf[] = {0, 0x7F80};
    const int64_t whole[] = {1, 2};
    const struct {
        const char *dtype;
        const void *data;
        size_t n_data;
        float want[2];
        const char *message; /* NULL: accepted */
    } rows[] = {
        {"F64", wide, 16, {1.25F, -0x1p-140F}, NULL},
        {"F32", fine, 8, {-0.0F, 0x1p-149F}, NULL},
        {"F16", f16, 4, {0x1p-24F, -2}, NULL},
        {"BF16", bf16, 4, {0x1p-133F, -2}, NULL},
        {"F64", huge, 16, {0}, "a: element 1 is inf"},
        {"F32", nan, 8, {0}, "a: element 1 is nan"},
        {"F32", infinite, 8, {0}, "a: element 1 is -inf"},
        {"F16", f16_nan, 4, {0}, "a: element 1 is nan"},
        {"BF16", bf16_inf, 4, {0}, "a: element 1 is inf"},
        {"I64", whole, 16, {0}, "a: its dtype is no float"},
        {"I32", fine, 8, {0}, "a: its dtype is no float"},
        {"BOOL", "\1", 2, {0}, "a: its dtype is no float"},
    };
    char *folder = folder_create();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float out[2];
        struct vx_err err = {0};
        const enum vx_status rc = read_bytes(folder, rows[i].dtype, rows[i].data, rows[i].n_data, out, &err);
        if (rc != (rows[i].message ? VX_EFORMAT : VX_OK) || (rows[i].message && !strstr(err.text, rows[i].message)))
            fail_msg("row %zu: %s: \"%s\"", i, vx_status_name(rc), err.text);
        if (rc == VX_OK)
            assert_memory_equal(out, rows[i].want, sizeof out);
    }
    folder_remove(&folder);
}

static void test_shards(void **state)
{
    static const struct {
        const char *index, *message; /* NULL: accepted */
    } rows[] = {
        {"{\"metadata\":{},\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\",\"c\":\"1.safetensors\"}}", NULL},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}}", "does not name c of"},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\",\"c\":\"2.safetensors\"}}",
         "c is in 1.safetensors, not in 2.safetensors"},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"1.safetensors\",\"d\":\"1.safetensors\"}}", "d is not in 1.safetensors"},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\",\"c\":\"3.safetensors\"}}", "3.safetensors"},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"1.safetensors\",\"b\":\"twice.safetensors\"}}", "a is in both"},
        {"{\"weight_map\":{\"a\":\"../1.safetensors\"}}", "expected a file beside the index, not \"../1.safetensors\""},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "beside the index"},
        {"{\"weight_map\":{\"a\":\"..\"}}", "beside the index"},
        {"{\"weight_map\":{\"a\":\"\"}}", "beside the index"},
        {"{\"weight_map\":{\"a\":1}}", "beside the index"},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"a\":\"2.safetensors\"}}", "key \"a\" twice"},
        {"{\"weight_map\":{}}", "weight_map is empty"},
        {"{\"weight_map\":[]}", "weight_map: expected an object"},
        {"{}", "weight_map: expected an object"},
        {"", "not JSON"},
    };
    static const char index[] = "model.safetensors.index.json";
    const struct vx_st_tensor one[] = {{.name = "c", .n_dims = 1, .shape = {3}, .data = values},
                                       {.name = "a", .n_dims = 1, .shape = {2}, .data = values}};
    const struct vx_st_tensor two[] = {{.name = "b", .n_dims = 1, .shape = {4}, .data = values},
                                       {.name = "a", .n_dims = 1, .shape = {2}, .data = values}};
    char *folder = folder_create(), sha[VX_SHA256_HEX], digests[2 * VX_SHA256_HEX], want[VX_SHA256_HEX];
    struct vx_st *st;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_st_write(folder_path(folder, "1.safetensors"), one, 2, VX_ST_F32, &err), VX_OK);
    assert_int_equal(vx_st_write(folder_path(folder, "2.safetensors"), two, 1, VX_ST_F16, &err), VX_OK);
    assert_int_equal(vx_st_write(folder_path(folder, "twice.safetensors"), two, 2, VX_ST_F16, &err), VX_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        folder_write(folder, index, rows[i].index, strlen(rows[i].index));
        err.text[0] = '\0';
        const enum vx_status rc = vx_st_open_dir(&st, folder, &err);
        if (rows[i].message ? rc == VX_OK || !strstr(err.text, rows[i].message) : rc != VX_OK)
            fail_msg("%s: %s: \"%s\"", rows[i].index, vx_status_name(rc), err.text);
        vx_st_close(&st);
    }
    folder_write(folder, index, rows[0].index, strlen(rows[0].index));
    assert_int_equal(vx_st_open_dir(&st, folder, &err), VX_OK);
    assert_int_equal(vx_st_count(st), 3);
    assert_string_equal(vx_st_path(st, vx_st_find(st, "b")), folder_path(folder, "2.safetensors"));
    assert_int_equal(vx_sha256_file(folder_path(folder, "1.safetensors"), digests, &err), VX_OK);
    assert_int_equal(vx_sha256_file(folder_path(folder, "2.safetensors"), digests + 64, &err), VX_OK);
    assert_int_equal(vx_sha256_bytes(digests, 128, want, &err), VX_OK);
    assert_int_equal(vx_st_sha256(st, sha, &err), VX_OK);
    assert_string_equal(sha, want);
    vx_st_close(&st);
    assert_int_equal(vx_st_write(folder_path(folder, "model.safetensors"), one, 1, VX_ST_F32, &err), VX_OK);
    assert_int_equal(vx_st_open_dir(&st, folder, &err), VX_OK); /* one file goes before an index */
    assert_int_equal(vx_st_count(st), 1);
    vx_st_close(&st);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_lengths), cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_rejected), cmocka_unit_test(test_read), cmocka_unit_test(test_shards),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
