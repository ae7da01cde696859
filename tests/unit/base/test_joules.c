/* test_joules.c - energy from a powercap tree and a management library of the test's own: sums, counters that start over, what fails */
#include "base/clock.h"
#include "base/file.h"
#include "base/joules.h"
#include "tests/harness/cmocka.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

/* In one step, as the kernel's files change. */
static void put(const char *domain, const char *name, const char *text)
{
    char path[256];
    struct vx_err err;

    snprintf(path, sizeof path, "%s/%s", root, domain);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, domain, name);
    if (vx_file_write(path, text, strlen(text), &err) != VX_OK)
        fail_msg("%s", err.text);
}

static void put_domain(const char *domain, const char *name, const char *energy)
{
    put(domain, "name", name);
    put(domain, "energy_uj", energy);
    put(domain, "max_energy_range_uj", "262143328850\n");
}

static int setup(void **state)
{
    (void)state;
    strcpy(root, "/tmp/vx-joules-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    put_domain("intel-rapl:0", "package-0\n", "1000000\n");
    put_domain("intel-rapl:1", "package-1\n", "262143328849\n");
    put_domain("intel-rapl:0:0", "core\n", "7\n");
    put_domain("intel-rapl:2", "psys\n", "7\n");
    put_domain("intel-rapl-mmio:0", "package-0\n", "7\n");
    put_domain("dtpm", "package-9\n", "7\n");
    return 0;
}

static int teardown(void **state)
{
    static const char *const domains[] = {"intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0", "intel-rapl:2", "intel-rapl-mmio:0", "dtpm"};
    static const char *const files[] = {"name", "energy_uj", "max_energy_range_uj", ""};
    char path[256];

    (void)state;
    for (size_t d = 0; d < sizeof domains / sizeof *domains; d++)
        for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
            snprintf(path, sizeof path, "%s/%s/%s", root, domains[d], files[f]);
            (void)remove(path);
        }
    return rmdir(root);
}

static struct vx_joules *start(const char *nvml, double period_s)
{
    const struct vx_joules_config config = {.powercap = root, .nvml = nvml, .period_s = period_s};
    struct vx_joules *j = NULL;
    struct vx_err err;

    if (vx_joules_start(&j, &config, &err) != VX_OK)
        fail_msg("%s", err.text);
    return j;
}

/* Two packages, one of which starts over; domains in them and around them count for nothing. */
static void processors(void **state)
{
    struct vx_joules *j = start("no-such-library.so", -1);
    struct vx_joules_used used;

    (void)state;
    vx_joules_read(j, &used);
    assert_true(used.cpu_known && used.cpu_j == 0 && !used.gpu_known && used.gpu_j == 0);
    assert_string_equal(used.cpu_by, "RAPL, 2 packages");
    assert_string_equal(used.gpu_by, "no NVML");
    put("intel-rapl:0", "energy_uj", "3500000\n");
    put("intel-rapl:1", "energy_uj", "1999999\n");
    put("intel-rapl:0:0", "energy_uj", "70000000\n");
    put("intel-rapl:2", "energy_uj", "70000000\n");
    vx_joules_read(j, &used);
    assert_true(fabs(used.cpu_j - 4.5) < 1e-9);
    put("intel-rapl:0", "energy_uj", "0\n"); /* over: 262143328850 - 3500000 */
    vx_joules_read(j, &used);
    assert_true(fabs(used.cpu_j - (4.5 + 262139.82885)) < 1e-6);
    put("intel-rapl:0", "energy_uj", "not a number\n");
    vx_joules_read(j, &used);
    assert_true(!used.cpu_known && used.cpu_j == 0);
    put("intel-rapl:0", "energy_uj", "1\n"); /* what is missing stays missing */
    vx_joules_read(j, &used);
    assert_false(used.cpu_known);
    assert_non_null(strstr(used.cpu_by, "RAPL: "));
    vx_joules_stop(&j);
    assert_null(j);
    vx_joules_stop(&j);
}

static void not_readable(void **state)
{
    char path[256];
    struct vx_joules *j;
    struct vx_joules_used used;

    (void)state;
    snprintf(path, sizeof path, "%s/intel-rapl:1/energy_uj", root);
    assert_int_equal(remove(path), 0);
    j = start("no-such-library.so", 0);
    vx_joules_read(j, &used);
    assert_false(used.cpu_known);
    assert_string_equal(used.cpu_by, "RAPL: No such file or directory");
    vx_joules_stop(&j);
    strcat(root, "/none");
    j = start("no-such-library.so", -1);
    root[strlen(root) - strlen("/none")] = '\0';
    vx_joules_read(j, &used);
    assert_string_equal(used.cpu_by, "no RAPL");
    vx_joules_stop(&j);
}

/* One GPU that counts, one that tells its power; and the library's end. */
static void gpus(void **state)
{
    void *const library = dlopen(FAKE_NVML, RTLD_NOW);
    void (*set)(unsigned long long, unsigned, int);
    int (*begun)(void);
    struct vx_joules_used used;
    void *symbol;

    (void)state;
    assert_non_null(library);
    assert_non_null(symbol = dlsym(library, "fake_nvml_set"));
    memcpy(&set, &symbol, sizeof set);
    assert_non_null(symbol = dlsym(library, "fake_nvml_begun"));
    memcpy(&begun, &symbol, sizeof begun);
    set(5000, 0, 0);
    struct vx_joules *j = start(FAKE_NVML, -1);
    assert_int_equal(begun(), 1);
    set(12500, 0, 0);
    vx_joules_read(j, &used);
    assert_true(used.gpu_known && fabs(used.gpu_j - 7.5) < 1e-9);
    assert_string_equal(used.gpu_by, "NVML, 2 GPUs");
    set(12500, 200000, 0);
    vx_joules_read(j, &used); /* half of the 200 W so far, whatever time has passed */
    const double before = used.gpu_j, from = vx_clock_now();
    usleep(20000);
    vx_joules_read(j, &used);
    const double took = vx_clock_now() - from;
    if (used.gpu_j - before < 200 * 0.02 || used.gpu_j - before > 200 * (took + 0.01))
        fail_msg("%g J in at most %g s", used.gpu_j - before, took);
    set(100, 0, 0); /* a counter does not go back */
    vx_joules_read(j, &used);
    assert_true(!used.gpu_known && used.gpu_j == 0);
    vx_joules_stop(&j);
    assert_int_equal(begun(), 0);

    set(100, 0, 15); /* NVML_ERROR_GPU_IS_LOST */
    j = start(FAKE_NVML, -1);
    vx_joules_read(j, &used);
    assert_false(used.gpu_known);
    assert_string_equal(used.gpu_by, "NVML: nvmlDeviceGetPowerUsage failed with error 15");
    vx_joules_stop(&j);
    set(0, 0, 9);
    j = start(FAKE_NVML, -1);
    vx_joules_read(j, &used);
    assert_string_equal(used.gpu_by, "NVML: nvmlInit failed with error 9");
    vx_joules_stop(&j);
    dlclose(library);
}

/* Until the meter's thread has looked at everything that is there now. */
static void wait_for_a_look(int (*looks)(void))
{
    const int before = looks();
    const double from = vx_clock_now();

    while (looks() < before + 2) { /* one may be under way */
        assert_true(vx_clock_now() - from < 60);
        usleep(1000);
    }
}

/* The thread looks while nobody reads: a counter that starts over twice is counted twice. */
static void thread(void **state)
{
    void *const library = dlopen(FAKE_NVML, RTLD_NOW), *const symbol = library ? dlsym(library, "fake_nvml_looks") : NULL;
    int (*looks)(void);
    struct vx_joules *j = start(FAKE_NVML, 0.005);
    struct vx_joules_used used;

    (void)state;
    assert_non_null(symbol);
    memcpy(&looks, &symbol, sizeof looks);
    for (int i = 0; i < 2; i++) {
        put("intel-rapl:0", "energy_uj", "262143328850\n");
        wait_for_a_look(looks);
        put("intel-rapl:0", "energy_uj", "1000000\n");
        wait_for_a_look(looks);
    }
    vx_joules_read(j, &used);
    if (!used.cpu_known || fabs(used.cpu_j - 2 * 262143.32885) > 1e-3)
        fail_msg("%s, %.6f J", used.cpu_by, used.cpu_j);
    vx_joules_stop(&j);
    dlclose(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(processors, setup, teardown),
        cmocka_unit_test_setup_teardown(not_readable, setup, teardown),
        cmocka_unit_test_setup_teardown(gpus, setup, teardown),
        cmocka_unit_test_setup_teardown(thread, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
