/* test_nomem_ffmpeg.c - decoding by FFmpeg with every allocation failing once, its own too, each in a process of its own, since it does
 * not always survive that: a part of a recording is never taken for the whole */
#include "io/ffmpeg_adapter.h"
#include "io/sound.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"
#include "tests/harness/golden.h"
#include "tests/unit/io/memory_source.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20 }; /* for one try */

struct outcome {
    enum vx_status status;
    bool failed; /* an allocation */
    size_t frames;
    double sum; /* of the samples, without sign */
};

static struct outcome decode(struct vx_source source)
{
    struct outcome o = {0};
    struct vx_sound *sound = NULL;
    float block[1024];
    struct vx_err err;
    size_t got;

    if ((o.status = vx_sound_open(&sound, &source, &err)) != VX_OK)
        return o;
    do {
        got = vx_sound_read(sound, block, sizeof block / sizeof *block);
        for (size_t i = 0; i < got; i++)
            o.sum += fabs((double)block[i]);
        o.frames += got;
    } while (got == sizeof block / sizeof *block);
    o.status = vx_sound_complete(sound, &err);
    vx_sound_close(&sound);
    return o;
}

/* The same with allocation k failing. False: that was its end. */
static bool try_without(const struct vx_source *source, long k, struct outcome *o)
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    if ((pid = fork()) == 0) {
        static const int fatal[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL};
        for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
            signal(fatal[i], SIG_DFL);
        alarm(SECONDS);
        failing_alloc_after(k);
        *o = decode(*source);
        o->failed = failing_alloc_failed();
        failing_alloc_after(-1);
        _exit(write(ends[1], o, sizeof *o) == sizeof *o ? 0 : 1);
    }
    close(ends[1]);
    const bool lived = read(ends[0], o, sizeof *o) == sizeof *o;
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return lived;
}

static void test_every_allocation(void **state)
{
    static const struct {
        const char *name, *suffix;
        long step;
        int deaths; /* at most: FFmpeg 5.1 has one, in libswresample */
    } rows[] = {{"wide.g722", "g722", 5, 1}, {"wide.g722", "ulaw", 2, 1}, {"nb.amr", "amr", 23, 10}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_golden_array *file = vx_golden_get(*state, VX_GOLDEN_U8, "%s.file", rows[i].name);
        const struct vx_source source = {.data = file->data, .size = (int64_t)file->count, .suffix = rows[i].suffix};
        const struct outcome whole = decode(source);
        struct outcome o = {.failed = true};
        int deaths = 0;
        long k;

        assert_int_equal(whole.status, VX_OK);
        for (k = 0; o.failed; k += rows[i].step)
            if (!try_without(&source, k, &o)) {
                deaths++;
                o.failed = true;
            } else if (o.status == VX_OK && (o.frames != whole.frames || o.sum != whole.sum)) {
                fail_msg("%s without allocation %ld: %zu frames of %zu", rows[i].name, k, o.frames, whole.frames);
            }
        if (deaths > rows[i].deaths)
            fail_msg("%s: %d deaths", rows[i].suffix, deaths);
        assert_true(k > 100);
    }
}

static int open_golden(void **state)
{
    struct vx_golden *golden;
    const int rc = vx_golden_begin(&golden, "ffmpeg.gold");

    *state = golden;
    return rc;
}

static int close_golden(void **state)
{
    struct vx_golden *golden = *state;

    vx_golden_close(&golden);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};

    if (strcmp(vx_ffmpeg_version(), "none") == 0) {
        printf("SKIP: built without FFmpeg\n");
        return 77;
    }
    return cmocka_run_group_tests_name("FFmpeg without memory", tests, open_golden, close_golden);
}
