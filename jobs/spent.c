#include "jobs/spent.h"
#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1 << 20)
#define LINE "attempt %d cpu_known %d cpu_j %.3f gpu_known %d gpu_j %.3f\n"
#define SCAN " attempt %d cpu_known %d cpu_j %lf gpu_known %d gpu_j %lf%n"

/* Adds those of attempts before this one that the text holds, each once; how many. */
static int add_earlier(const char *text, int attempt, struct vx_energy *whole)
{
    int n = 0, number, cpu, gpu, len;
    double cpu_j, gpu_j;

    for (; sscanf(text, SCAN, &number, &cpu, &cpu_j, &gpu, &gpu_j, &len) == 5; text += len) {
        if (number != n + 1 || number >= attempt)
            continue;
        n++;
        whole->cpu_known &= cpu != 0;
        whole->gpu_known &= gpu != 0;
        whole->cpu_j += cpu_j;
        whole->gpu_j += gpu_j;
    }
    return n;
}

void vx_spent_add(const char *work, int attempt, const struct vx_energy *energy, struct vx_energy *whole)
{
    char *path = vx_file_join(work, VX_SPENT_FILE), *text = NULL;
    struct vx_buf b = {0};
    struct vx_err none;
    size_t len;
    int earlier = 0;

    *whole = *energy;
    if (path && vx_file_read(path, MAX_BYTES, &text, &len, &none) == VX_OK) {
        earlier = add_earlier(text, attempt, whole);
        vx_buf_add(&b, text, len);
    }
    if (earlier != attempt - 1)
        whole->cpu_known = whole->gpu_known = false;
    if (!whole->cpu_known)
        whole->cpu_j = 0;
    if (!whole->gpu_known)
        whole->gpu_j = 0;
    vx_buf_fmt(&b, LINE, attempt, energy->cpu_known, energy->cpu_j, energy->gpu_known, energy->gpu_j);
    if (path && !b.failed)
        (void)!vx_file_write(path, b.data, b.len, &none);
    vx_buf_free(&b);
    free(text);
    free(path);
}

static void add_part(struct vx_buf *b, const char *what, bool known, double joules, const char *by)
{
    if (known)
        vx_buf_fmt(b, "%s %.4g Wh (%s)", what, joules / VX_J_PER_WH, by);
    else
        vx_buf_fmt(b, "%s unknown (%s)", what, by);
}

const char *vx_spent_words(const struct vx_energy *e, const struct vx_joules_used *by, double seconds, double g_per_kwh,
                           char out[VX_SPENT_WORDS])
{
    const double joules = e->cpu_j + e->gpu_j;
    struct vx_buf b = {0};

    /* where this host knows what is not known of all of them, another host or an earlier attempt did not */
    add_part(&b, "processors", e->cpu_known, e->cpu_j, !e->cpu_known && by->cpu_known ? "not all of it was measured" : by->cpu_by);
    add_part(&b, ", GPUs", e->gpu_known, e->gpu_j, !e->gpu_known && by->gpu_known ? "not all of it was measured" : by->gpu_by);
    if (e->cpu_known || e->gpu_known) {
        if (seconds > 0)
            vx_buf_fmt(&b, "; %.4g W over %.4g h", joules / seconds, seconds / 3600);
        if (g_per_kwh > 0)
            vx_buf_fmt(&b, "; %.4g g of CO2 at %g g/kWh", joules / VX_J_PER_WH / 1000 * g_per_kwh, g_per_kwh);
        vx_buf_str(&b, "; of whole machines, others' work on them included");
    }
    snprintf(out, VX_SPENT_WORDS, "%s", b.failed ? "" : b.data);
    vx_buf_free(&b);
    return out;
}
