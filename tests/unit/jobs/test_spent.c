/* test_spent.c - energy over the attempts of a run, and in words */
#include "jobs/spent.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void attempts(void **state)
{
    const struct vx_energy both = {true, true, 10, 100}, cpu = {.cpu_known = true, .cpu_j = 5};
    char *folder = folder_create();
    struct vx_energy whole;
    size_t len;
    char *text;

    (void)state;
    vx_spent_add(folder, 1, &both, &whole);
    assert_true(whole.cpu_known && whole.gpu_known && whole.cpu_j == 10 && whole.gpu_j == 100);
    vx_spent_add(folder, 2, &both, &whole);
    assert_true(whole.cpu_known && whole.gpu_known && whole.cpu_j == 20 && whole.gpu_j == 200);
    vx_spent_add(folder, 3, &cpu, &whole);
    assert_true(whole.cpu_known && !whole.gpu_known && whole.cpu_j == 25 && whole.gpu_j == 0);
    vx_spent_add(folder, 5, &both, &whole); /* the fourth was killed */
    assert_true(!whole.cpu_known && !whole.gpu_known && whole.cpu_j == 0 && whole.gpu_j == 0);
    assert_non_null(text = folder_read(folder, VX_SPENT_FILE, &len));
    assert_non_null(strstr(text, "attempt 5 cpu_known 1 cpu_j 10.000 gpu_known 1 gpu_j 100.000\n"));
    free(text);
    folder_write(folder, VX_SPENT_FILE, "something else", 14);
    vx_spent_add(folder, 2, &both, &whole);
    assert_false(whole.cpu_known || whole.gpu_known);
    vx_spent_add("/nowhere", 1, &both, &whole); /* costs nothing but later attempts' sum */
    assert_true(whole.cpu_known && whole.cpu_j == 10);
    folder_remove(&folder);
}

static void words(void **state)
{
    const struct vx_joules_used by = {true, true, 0, 0, "RAPL, 2 packages", "NVML, 1 GPU"}, none = {.cpu_by = "no RAPL", .gpu_by = "no NVML"};
    static const struct {
        struct vx_energy energy;
        bool measured;
        double seconds, g_per_kwh;
        const char *words;
    } row[] = {
        {{false, false, 0, 0}, false, 100, 300, "processors unknown (no RAPL), GPUs unknown (no NVML)"},
        {{false, true, 0, 7200}, true, 0, 0, "processors unknown (not all of it was measured), GPUs 2 Wh (NVML, 1 GPU)"
                                             "; of whole machines, others' work on them included"},
        {{true, true, 3600, 7200}, true, 36, 250, "processors 1 Wh (RAPL, 2 packages), GPUs 2 Wh (NVML, 1 GPU); 300 W over 0.01 h"
                                                  "; 0.75 g of CO2 at 250 g/kWh; of whole machines, others' work on them included"},
    };
    char text[VX_SPENT_WORDS];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_string_equal(vx_spent_words(&row[i].energy, row[i].measured ? &by : &none, row[i].seconds, row[i].g_per_kwh, text), row[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
