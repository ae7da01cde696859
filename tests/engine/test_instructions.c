/* How many instructions a window takes, held against limits: speed that rots shows here, on a busy machine as on an idle one.
 * A child process is single-stepped through one window; what it counts is the same on every run. The network is small but of real
 * widths. Limits are what was counted when they were last set and a tenth more, for other compilers and libraries; where a change
 * means to take more, or takes fewer for good, set them to what this prints. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "cpu/engine.h"
#include "cpu/images.h"
#include "cpu/isa.h"
#include "cpu/network.h"
#include "model/processor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 32
#define RATE 16000
#define SAMPLES 2000 /* an eighth of a second */
#define MARGIN 1.1

/* Counted with GCC 12 and oneDNN 2.6.3. */
static const struct limit {
    const char *path;
    double counted;
} limits[] = {
    {"network, fp32, AVX2", 636056},
    {"network, fp32, AVX-512", 268812},
    {"network, bf16, AVX-512", 187732},
    {"front end, AVX-512", 99201},
};

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
static const struct vx_config config = {.image_size = SIZE,
                                        .patch_size = 4,
                                        .num_channels = 3,
                                        .n_stages = 2,
                                        .depths = {1, 1},
                                        .hidden_sizes = {32, 64},
                                        .layer_norm_eps = 1e-12F,
                                        .n_labels = 2,
                                        .labels = labels};

struct work {
    struct vx_network *network;
    struct vx_network_lane *lane;
    struct vx_images *images;
    float table[3][256], logits[2];
    uint8_t image[SIZE * SIZE * 3];
    float pcm[SAMPLES];
};

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static enum vx_status one(struct work *w)
{
    struct vx_err err;

    if (w->network)
        return vx_network_forward(w->lane, w->image, (const float(*)[256])w->table, w->logits, &err);
    return vx_images_run(w->images, 0, w->pcm, SAMPLES, RATE, w->image, &err);
}

/* In the child: stops where counting begins and where it ends. */
static void run_traced(struct work *w)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(errno == EPERM ? 77 : 1);
    raise(SIGSTOP);
    if (one(w) != VX_OK)
        _exit(1);
    raise(SIGSTOP);
    _exit(0);
}

/* Instructions of a window; < 0: this machine lets no process trace another. */
static long count(struct work *w)
{
    long steps = 0;
    int status;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        run_traced(w);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return -1;
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    do {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        steps++;
    } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
        fail_msg("the window ended with status %#x after %ld instructions", (unsigned)status, steps);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return steps;
}

static double counted(const char *path)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(limits[i].path, path) == 0)
            return limits[i].counted;
    fail_msg("no limit for %s", path);
    return 0;
}

/* The first run resolves symbols; a limit that twice the work would keep is none. */
static void hold(struct work *w, const char *path)
{
    const double most = MARGIN * counted(path);
    struct vx_err err = {.text = "the window failed"};

    must(one(w), &err);
    const long steps = count(w);
    if (steps < 0) {
        print_message("SKIP: no process may trace another here (ptrace)\n");
        skip();
    }
    print_message("%s: %ld instructions, %.1f %% of the limit\n", path, steps, 100 * (double)steps / most);
    if (2 * (double)steps <= most)
        fail_msg("%s: %ld instructions a window, not half of the limit, %.0f: it would not notice; set it anew", path, steps, most);
    if ((double)steps > most)
        fail_msg("%s: %ld instructions a window, the limit is %.0f: what made it slower? If it is meant to, set the limit anew", path,
                 steps, most);
}

static void hold_network(enum vx_type type, const struct vx_isa *isa, bool able, const char *path)
{
    const struct vx_processor processor = vx_processor_default();
    struct work *w = calloc(1, sizeof *w);
    struct vx_convnext *net;
    struct vx_err err;

    assert_non_null(w);
    if (!able) {
        free(w);
        print_message("SKIP: %s: not on this processor\n", path);
        skip();
    }
    vx_processor_table(&processor, w->table);
    for (int i = 0; i < SIZE * SIZE * 3; i++)
        w->image[i] = (uint8_t)(i * 7 >> 3);
    must(vx_convnext_generate(&net, &config, 5, &err), &err);
    must(vx_network_create(&w->network, net, type, isa, &err), &err);
    must(vx_network_lane_create(&w->lane, w->network, &err), &err);
    hold(w, path);
    vx_network_lane_destroy(&w->lane);
    vx_network_destroy(&w->network);
    vx_convnext_destroy(&net);
    free(w);
}

static void network_avx2(void **state)
{
    const struct vx_isa all = vx_isa_detect(), isa = {.avx2 = true};

    (void)state; /* the products are oneDNN's, and it takes AVX-512 where it can */
    hold_network(VX_TYPE_F32, &isa, all.avx2 && !all.avx512, "network, fp32, AVX2");
}

static void network_avx512(void **state)
{
    const struct vx_isa all = vx_isa_detect(), isa = {.avx2 = all.avx2, .avx512 = all.avx512};

    (void)state;
    hold_network(VX_TYPE_F32, &isa, all.avx512, "network, fp32, AVX-512");
}

static void network_bf16(void **state)
{
    struct vx_isa isa = vx_isa_detect();
    const bool able = isa.avx512_bf16;

    (void)state;
    isa.amx_bf16 = false; /* then oneDNN's */
    hold_network(VX_TYPE_BF16, &isa, able, "network, bf16, AVX-512");
}

static void front_end(void **state)
{
    struct vx_processor processor = vx_processor_default();
    struct work *w = calloc(1, sizeof *w);
    struct vx_profile profile;
    struct vx_err err;

    (void)state;
    if (!vx_isa_detect().avx512) {
        free(w);
        print_message("SKIP: front end, AVX-512: not on this processor\n");
        skip();
    }
    assert_non_null(w);
    processor.shortest_edge = SIZE;
    must(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), &err);
    profile.sample_rate = 0;
    profile.image_width = profile.image_height = 0; /* none but the processor resizes */
    for (int i = 0; i < SAMPLES; i++)
        w->pcm[i] = (float)(i * i % 1009) / 1009 - 0.5F;
    must(vx_images_create(&w->images, &profile, &processor, SIZE, 1, &err), &err);
    hold(w, "front end, AVX-512");
    vx_images_destroy(&w->images);
    free(w);
}

/* Parent and child take turns: on one processor that is several times faster. */
static int stay(void **state)
{
    const int cpu = sched_getcpu();
    cpu_set_t set;

    (void)state;
    CPU_ZERO(&set);
    CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &set);
    sched_setaffinity(0, sizeof set, &set); /* if it may not, it takes longer */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_avx2),
        cmocka_unit_test(network_avx512),
        cmocka_unit_test(network_bf16),
        cmocka_unit_test(front_end),
    };

#if !defined(VX_OPTIMISED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__)
    printf("SKIP: limits are of the release build on x86-64\n");
    return 77;
#endif
    return cmocka_run_group_tests(tests, stay, NULL);
}
