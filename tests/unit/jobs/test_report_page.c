/* test_report_page.c - the page of a report: a title that is text, a policy that forbids the network; and its spectrograms */
#include "jobs/report_page.h"
#include "jobs/report_spectrogram.h"
#include "tests/harness/cmocka.h"

#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *page(const char *title)
{
    struct vx_err err = {0};
    char *text = NULL;
    size_t len;
    FILE *const to = open_memstream(&text, &len);

    if (vx_report_page_begin(to, title, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_report_page_end(to);
    fclose(to);
    return text;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void title_is_text(void **state)
{
    char *const text = page("a</title><script>alert('1')</script>&\"");

    (void)state;
    assert_non_null(strstr(text, "<title>Voxtrawl: a&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;</title>"));
    assert_int_equal(count(text, "<script"), 2); /* data, and what shows it */
    free(text);
}

/* Nothing but this page's own script and style may run, and nothing may be loaded or sent. */
static void nothing_is_loaded(void **state)
{
    char *const text = page("r.db");
    const char *const policy = strstr(text, "http-equiv=\"Content-Security-Policy\" content=\"");

    (void)state;
    assert_non_null(policy);
    assert_true(policy < strstr(text, "<style>"));
    assert_non_null(strstr(policy, "default-src 'none'; base-uri 'none'; form-action 'none'; media-src data:; style-src 'sha256-"));
    assert_null(strstr(text, "unsafe"));
    assert_int_equal(count(text, "src=\""), 0);
    assert_int_equal(count(text, "href=\""), 0);
    assert_int_equal(count(text, "innerHTML") + count(text, "insertAdjacentHTML") + count(text, "document.write") + count(text, "eval("), 0);
    assert_int_equal(count(text, "://"), 1); /* the name of SVG's elements */
    free(text);
}

/* Two seconds at 8 kHz: a tone (0: none), then nothing. */
static void write_tone(const char *path, double hz)
{
    SF_INFO info = {.samplerate = 8000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *const file = sf_open(path, SFM_WRITE, &info);
    float samples[16000] = {0};

    assert_non_null(file);
    for (int i = 0; i < 8000; i++)
        samples[i] = (float)(0.5 * sin(2 * M_PI * hz * i / 8000));
    assert_int_equal(sf_writef_float(file, samples, 16000), 16000);
    sf_close(file);
}

static int level(const uint8_t *levels, int row, int column)
{
    const int at = row * VX_REPORT_COLUMNS + column;

    return at % 2 ? levels[at / 2] & 15 : levels[at / 2] >> 4;
}

static void tone_is_where_it_sounds(void **state)
{
    char path[] = "/tmp/voxtrawl-test-XXXXXX.wav";
    uint8_t levels[VX_REPORT_LEVELS];
    struct vx_report_spectrogram *s = NULL;
    const struct vx_player_config here = {.max_member_bytes = 1 << 20, .as_scanned = true};
    struct vx_player *player = NULL;
    struct vx_item item = {.path = path, .ordinal = -1, .offset = -1, .size = 32044};
    struct vx_err err = {0};
    const int fd = mkstemps(path, 4);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(vx_report_spectrogram_create(&s, &err), VX_OK);
    assert_int_equal(vx_player_create(&player, &here, &err), VX_OK);
    for (int i = 0; i < 3; i++) {
        const double hz = 500 << i, most = 2595 * log10(1 + 8000 / 700.0);
        const int row = VX_REPORT_ROWS - (int)lround(2595 * log10(1 + hz / 700) / most * (VX_REPORT_ROWS + 1));
        write_tone(path, hz);
        if (vx_report_spectrogram_make(s, player, &item, 2, levels, &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_true(level(levels, row, 100) >= 14);
        assert_int_equal(level(levels, 1, 100), 0);   /* near 8 kHz */
        assert_int_equal(level(levels, row, 300), 0); /* after its end */
    }
    write_tone(path, 0);
    assert_int_equal(vx_report_spectrogram_make(s, player, &item, 2, levels, &err), VX_OK);
    for (size_t i = 0; i < sizeof levels; i++)
        assert_int_equal(levels[i], 0);
    const double lengths[] = {-1e6, 0, NAN, INFINITY, 1e300}; /* of a hostile database */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        assert_int_equal(vx_report_spectrogram_make(s, player, &item, lengths[i], levels, &err), VX_EFORMAT);
    item.size = 99; /* another file by now */
    assert_int_equal(vx_report_spectrogram_make(s, player, &item, 2, levels, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "had 99 when it was scanned"));
    unlink(path);
    item.size = -1;
    vx_player_destroy(&player);
    assert_int_equal(vx_player_create(&player, &here, &err), VX_OK);
    assert_int_not_equal(vx_report_spectrogram_make(s, player, &item, 2, levels, &err), VX_OK);
    vx_player_destroy(&player);
    vx_report_spectrogram_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(title_is_text),
        cmocka_unit_test(nothing_is_loaded),
        cmocka_unit_test(tone_is_where_it_sounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
