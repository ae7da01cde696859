/* test_view.c - what a header promises, and what libsndfile is shown in its place */
#include "io/view.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/memory_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1

/* A file: some bytes, then zeros up to its size. */
struct file {
    const char *what;
    const char *bytes;
    size_t n;
    int64_t size;
};

static struct vx_source source_of(const struct file *f)
{
    return (struct vx_source){
        .data = (const unsigned char *)f->bytes, .size = f->size, .held = (int64_t)f->n};
}

#define WAV(data_length) "RIFF\0\0\0\0WAVEfmt \4\0\0\0....data" data_length
enum { WAV_HEAD = 32 };

#define GIB (INT64_C(1) << 30)

static void promises(void **state)
{
    static const struct {
        struct file file;
        double promised;
        int64_t beyond;
    } table[] = {
        {{"complete", BYTES(WAV("\xe8\3\0\0")), WAV_HEAD + 1000}, 1, 0},
        {{"half of it", BYTES(WAV("\xe8\3\0\0")), WAV_HEAD + 500}, 2, 0},
        {{"another chunk follows", BYTES(WAV("\xe8\3\0\0")), WAV_HEAD + 5000}, 1, 0},
        {{"nothing of it", BYTES(WAV("\xe8\3\0\0")), WAV_HEAD}, 0, 0},
        {{"unknown, ffmpeg", BYTES(WAV("\xff\xff\xff\xff")), WAV_HEAD + 500}, 0, 0},
        {{"unknown, sox", BYTES(WAV("\0\xf0\xff\x7f")), WAV_HEAD + 500}, 0, 0},
        {{"3 GiB, complete", BYTES(WAV("\0\0\0\xc0")), WAV_HEAD + 3 * GIB}, 0, 0},
        {{"3 GiB and a chunk", BYTES(WAV("\0\0\0\xc0")), WAV_HEAD + 3 * GIB + 9999}, 0, 0},
        {{"unknown and too long", BYTES(WAV("\xff\xff\xff\xff")), WAV_HEAD + 5 * GIB}, 0, GIB + 1},
        {{"sox's unknown and too long", BYTES(WAV("\0\xf0\xff\x7f")), WAV_HEAD + 3 * GIB}, 0, GIB + 4096},
        {{"5 GiB, wrapped to 1", BYTES(WAV("\0\0\0\x40")), WAV_HEAD + 5 * GIB}, 1, 4 * GIB},
        {{"5 GiB, wrapped, and a chunk", BYTES(WAV("\0\0\0\x40")), WAV_HEAD + 5 * GIB + 99}, 1, 4 * GIB + 99},
        {{"big-endian WAV", BYTES("RIFX\0\0\0\0WAVEdata\0\0\3\xe8"), 20 + 500}, 2, 0},
        {{"odd chunks are padded", BYTES("RIFF\0\0\0\0WAVEnote\3\0\0\0abc\0data\xe8\3\0\0"), 32 + 500}, 2, 0},
        {{"a chunk past the end", BYTES("RIFF\0\0\0\0WAVEnote\xff\xff\xff\x7f"), 1000}, 0, 0},
        {{"empty chunks only", BYTES("RIFF\0\0\0\0WAVE"), 100000}, 0, 0},
        {{"RF64",
          BYTES("RF64\xff\xff\xff\xff"
                "WAVEds64\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0data\xff\xff\xff\xff"),
          44 + 4 * GIB},
         2,
         0},
        {{"RF64 without its lengths",
          BYTES("RF64\xff\xff\xff\xff"
                "WAVEdata\xff\xff\xff\xff"),
          1000},
         0,
         0},
        {{"AIFF", BYTES("FORM\0\0\0\0AIFFSSND\0\0\3\xf0\0\0\0\0\0\0\0\0"), 28 + 500}, 2, 0},
        {{"AIFF-C", BYTES("FORM\0\0\0\0AIFCSSND\0\0\3\xf0\0\0\0\0\0\0\0\0"), 28 + 1000}, 1, 0},
        {{"AU", BYTES(".snd\0\0\0\x18\0\0\3\xe8"), 24 + 500}, 2, 0},
        {{"AU of unknown length", BYTES(".snd\0\0\0\x18\xff\xff\xff\xff"), 24 + 500}, 0, 0},
        {{"AU, header past the end", BYTES(".snd\xff\xff\xff\xff\0\0\3\xe8"), 500}, 0, 0},
        {{"something else", BYTES("fLaC\0\0\0\x22"), 500}, 0, 0},
        {{"hardly anything", BYTES("RIFF"), 4}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct vx_source source = source_of(&table[i].file);
        struct vx_view view;

        vx_view_open(&view, &source, 0);
        if (fabs(view.promised - table[i].promised) > 1e-9 || view.beyond != table[i].beyond)
            fail_msg("%s: promised %g, beyond %lld", table[i].file.what, view.promised,
                     (long long)view.beyond);
        assert_int_equal(view.size, source.size);
    }
}

/* A WAV length of 0 is shown as 0xffffffff, however its bytes are read; nothing else is touched. */
static void patched(void **state)
{
    static const struct {
        struct file file;
        int at;
    } table[] = {
        {{"length 0, sound follows", BYTES(WAV("\0\0\0\0")), 100}, 28},
        {{"length 0, nothing follows", BYTES(WAV("\0\0\0\0")), WAV_HEAD}, -1},
        {{"length 0, a chunk follows", BYTES(WAV("\0\0\0\0") "LIST\4\0\0\0"), 100}, -1},
        {{"length 0, what follows is no chunk: too long", BYTES(WAV("\0\0\0\0") "LIST\0\0\1\0"), 100}, 28},
        {{"length 0, what follows is no chunk: no name", BYTES(WAV("\0\0\0\0") "\1IST\4\0\0\0"), 100}, 28},
        {{"length 4", BYTES(WAV("\4\0\0\0")), 100}, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t step = 1; step <= 100; step += 3) {
            struct vx_source source = source_of(&table[i].file);
            struct vx_view view;
            unsigned char got[200] = {0}, want[200] = {0};
            size_t n = 0, more;

            memcpy(want, table[i].file.bytes, table[i].file.n);
            if (table[i].at >= 0)
                memset(want + table[i].at, 0xff, 4);
            vx_view_open(&view, &source, 0);
            while ((more = vx_view_read(&view, got + n, n + step > 150 ? 150 - n : step)) > 0)
                n += more;
            assert_int_equal(n, table[i].file.size);
            if (memcmp(got, want, sizeof got) != 0)
                fail_msg("%s: read by %zu bytes it differs", table[i].file.what, step);
            assert_int_equal(vx_view_seek(&view, -1, SEEK_SET), -1);
            assert_int_equal(vx_view_seek(&view, INT64_MAX, SEEK_END), -1);
            assert_int_equal(vx_view_seek(&view, -4, SEEK_END), table[i].file.size - 4);
            assert_int_equal(vx_view_seek(&view, 2, SEEK_CUR), table[i].file.size - 2);
            assert_int_equal(vx_view_read(&view, got, 10), 2);
        }
}

/* A file with holes may have any size. */
static void of_any_size(void **state)
{
    static const struct file largest = {"an MP3", BYTES("\xff\xfb\x90\xc0"), INT64_MAX - 1};
    struct vx_source source = source_of(&largest);
    struct vx_view view;

    (void)state;
    vx_view_open(&view, &source, 0);
    assert_true(view.size >= source.size);
    source.size = INT64_MAX / 50;
    vx_view_open(&view, &source, 0);
    assert_true(view.size >= source.size);
}

/* MPEG files whose number of frames would be guessed are shown larger, with nothing in them but at the very
 * end. */
static void stretched(void **state)
{
#define MONO "\xff\xfb\x90\xc0" /* MPEG-1, layer 3 */
#define SIDE17 "................."
    static const struct {
        struct file file;
        bool stretched;
    } table[] = {
        {{"no header", BYTES(MONO), 5000}, true},
        {{"Xing", BYTES(MONO SIDE17 "Xing\0\0\0\1"), 5000}, false},
        {{"Info", BYTES(MONO SIDE17 "Info\0\0\0\xf"), 5000}, false},
        {{"Xing without a number of frames", BYTES(MONO SIDE17 "Xing\0\0\0\2"), 5000}, true},
        {{"Xing in stereo",
          BYTES(MONO SIDE17 "..............."
                            "Xing\0\0\0\1"),
          5000},
         false},
        {{"Xing, MPEG-2 mono",
          BYTES("\xff\xf3\x90\xc0"
                "........."
                "Xing\0\0\0\1"),
          5000},
         false},
        {{"Xing after a checksum",
          BYTES("\xff\xfa\x90\xc0"
                ".." SIDE17 "Xing\0\0\0\1"),
          5000},
         false},
        {{"VBRI",
          BYTES(MONO SIDE17 "..............."
                            "VBRI"),
          5000},
         false},
        {{"ID3, then no header", BYTES("ID3\3\0\0\0\0\0\2.." MONO), 5000}, true},
        {{"ID3, then Info", BYTES("ID3\3\0\0\0\0\0\2.." MONO SIDE17 "Info\0\0\0\1"), 5000}, false},
        {{"ID3 twice, then no header", BYTES("ID3\3\0\0\0\0\0\2..ID3\3\0\0\0\0\0\0" MONO), 5000}, true},
        {{"ID3, then something else", BYTES("ID3\3\0\0\0\0\0\2..fLaC"), 5000}, false},
        {{"no frame", BYTES("\xff\1\2\3"), 5000}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct vx_source source = source_of(&table[i].file);
        struct vx_view view;
        unsigned char got[200];

        vx_view_open(&view, &source, 0);
        if ((view.size > source.size) != table[i].stretched)
            fail_msg("%s: shown %lld bytes of %lld", table[i].file.what, (long long)view.size,
                     (long long)source.size);
        if (!table[i].stretched)
            continue;
        assert_true(view.size >= 72 * source.size);
        assert_int_equal(vx_view_seek(&view, source.size - 10, SEEK_SET), source.size - 10);
        assert_int_equal(vx_view_read(&view, got, sizeof got), 10); /* the sound ends where it ends */
        assert_int_equal(vx_view_read(&view, got, sizeof got), 0);
        memset(got, 1, sizeof got);
        assert_int_equal(vx_view_seek(&view, -128, SEEK_END), view.size - 128);
        assert_int_equal(vx_view_read(&view, got, sizeof got), 128); /* no tag there */
        for (size_t j = 0; j < 128; j++)
            assert_int_equal(got[j], 0);
        assert_int_equal(vx_view_read(&view, got, sizeof got), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises),
        cmocka_unit_test(patched),
        cmocka_unit_test(of_any_size), cmocka_unit_test(stretched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
