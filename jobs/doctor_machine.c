#include "base/joules.h"
#include "base/text.h"
#include "cpu/isa.h"
#include "io/sandbox.h"
#include "jobs/cgroup.h"
#include "jobs/doctor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB 1048576.0
#define MEMORY_WANTED (1024 * MIB) /* weights, windows and decoders of a rank or two stay far below */
#define FILES_WANTED 256           /* shards of a merge, archives, decoders' ends */

/* The value behind "KEY:" in a file of such lines, without the blanks around it; false: it is not there. */
static bool read_value(const char *path, const char *key, char *out, size_t size)
{
    const size_t len = strlen(key);
    char line[512];
    bool found = false;
    FILE *f = fopen(path, "re");

    while (f && !found && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, len) != 0 || strspn(line + len, " \t") != (size_t)(colon - line) - len)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

static void look_at_processor(struct vx_doctor *d)
{
    const struct vx_isa isa = vx_isa_detect();
    const char *const most = getenv("VOXTRAWL_MAX_ISA");
    char name[128] = "unknown model";

    (void)read_value("/proc/cpuinfo", "model name", name, sizeof name);
    if (!isa.avx2) {
        vx_found(&d->found, "processor", VX_LEVEL_NOTE, "%s, kernels for any processor: a scan on it is slow", name);
        vx_found_remedy(&d->found, "take a machine whose processor has AVX2 (since about 2013) or, better, AVX-512");
    } else {
        vx_found(&d->found, "processor", VX_LEVEL_OK, "%s, kernels for %s%s", name, vx_isa_name(&isa),
                 isa.amx_bf16 ? ", AMX" : "");
    }
    if (most && *most) {
        vx_found(&d->found, "processor", VX_LEVEL_NOTE, "VOXTRAWL_MAX_ISA=%s leaves out faster kernels", most);
        vx_found_remedy(&d->found, "unset VOXTRAWL_MAX_ISA");
    }
}

static void look_at_processors(struct vx_doctor *d, const struct vx_cgroup *group)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const int lanes = d->scanner.lanes > 0 ? d->scanner.lanes : d->processors;
    const int worth = group->processors > 1 ? (int)lround(group->processors) : 1;

    if (group->processors > 0 && worth < lanes) {
        vx_found(&d->found, "processors", VX_LEVEL_NOTE, "%d may be used, but only %.1f processors' worth of time is allowed (a "
                 "container's or job's limit): %d threads would be held up by it", d->processors, group->processors, lanes);
        vx_found_remedy(&d->found, "scan with --threads %d, or have the limit raised", worth);
    } else {
        vx_found(&d->found, "processors", VX_LEVEL_OK, "%d of this machine's %ld may be used%s", d->processors, online,
                 d->world.size > 1 ? " by this rank" : "");
    }
}

static void look_at_memory(struct vx_doctor *d, const struct vx_cgroup *group)
{
    char all[64], free_now[64], limit[64], value[64];
    double total = 0, available = 0;

    if (read_value("/proc/meminfo", "MemTotal", value, sizeof value))
        total = 1024 * strtod(value, NULL);
    if (read_value("/proc/meminfo", "MemAvailable", value, sizeof value))
        available = 1024 * strtod(value, NULL);
    const bool limited = group->memory > 0 && group->memory < total;
    const bool small = (available > 0 && available < MEMORY_WANTED) || (limited && group->memory < MEMORY_WANTED);
    vx_text_bytes(total, all, sizeof all);
    vx_text_bytes(available, free_now, sizeof free_now);
    vx_text_bytes(group->memory, limit, sizeof limit);
    vx_found(&d->found, "memory", small ? VX_LEVEL_NOTE : VX_LEVEL_OK, "%s, %s of it free%s%s", all, free_now,
             limited ? "; this process and those with it may take " : "", limited ? limit : "");
    if (small)
        vx_found_remedy(&d->found, "run fewer ranks and threads; with large models have 1 GB a rank or more");
}

static const char *limit_text(rlim_t value, double unit, char *out, size_t size)
{
    if (value == RLIM_INFINITY)
        snprintf(out, size, "unlimited");
    else if (unit == 1)
        snprintf(out, size, "%llu", (unsigned long long)value);
    else
        vx_text_bytes((double)value, out, size);
    return out;
}

static void look_at_limits(struct vx_doctor *d)
{
    struct rlimit files = {RLIM_INFINITY, RLIM_INFINITY}, locked = files, size = files, space = files;
    char a[64], b[64];

    (void)!getrlimit(RLIMIT_NOFILE, &files);
    (void)!getrlimit(RLIMIT_MEMLOCK, &locked);
    (void)!getrlimit(RLIMIT_FSIZE, &size);
    (void)!getrlimit(RLIMIT_AS, &space);
    if (files.rlim_cur < FILES_WANTED) {
        vx_found(&d->found, "limits", VX_LEVEL_NOTE, "at most %llu files open at a time", (unsigned long long)files.rlim_cur);
        vx_found_remedy(&d->found, "ulimit -n %llu", (unsigned long long)(files.rlim_max < 1024 ? files.rlim_max : 1024));
    }
    if (size.rlim_cur != RLIM_INFINITY) {
        vx_found(&d->found, "limits", VX_LEVEL_NOTE, "no file may grow beyond %s: a larger result would fail",
                 limit_text(size.rlim_cur, 0, a, sizeof a));
        vx_found_remedy(&d->found, "ulimit -f unlimited");
    }
    if (space.rlim_cur != RLIM_INFINITY) {
        vx_found(&d->found, "limits", VX_LEVEL_NOTE, "address space is limited to %s, which libraries take much of without using it",
                 limit_text(space.rlim_cur, 0, a, sizeof a));
        vx_found_remedy(&d->found, "ulimit -v unlimited");
    }
    vx_found(&d->found, "limits", VX_LEVEL_OK, "open files %s, locked memory %s", limit_text(files.rlim_cur, 1, a, sizeof a),
             limit_text(locked.rlim_cur, 0, b, sizeof b));
}

static void look_at_sandbox(struct vx_doctor *d)
{
    struct vx_err why;

    if (vx_sandbox_available(&why) == VX_OK) {
        vx_found(&d->found, "sandbox", VX_LEVEL_OK, "decoders are processes of their own, confined by the kernel (seccomp)");
        return;
    }
    vx_found(&d->found, "sandbox", VX_LEVEL_NOTE, "%s: a hostile file that takes over its decoder is not confined", why.text);
    vx_found_remedy(&d->found, "scan files of unknown origin on a machine whose kernel, or in a container that, has seccomp");
}

static void look_at_locale(struct vx_doctor *d)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL;

    for (size_t i = 0; i < sizeof variables / sizeof *variables && !(value && *value); i++)
        value = getenv(variables[i]);
    vx_found(&d->found, "locale", VX_LEVEL_OK, "%s: names and numbers are read and written the same in any", value && *value ? value : "POSIX");
}

/* What the energy of a scan could be read from; without it a scan says "unknown". */
static void look_at_energy(struct vx_doctor *d)
{
    const struct vx_joules_config once = {.powercap = getenv("VOXTRAWL_POWERCAP"), .nvml = getenv("VOXTRAWL_NVML"), .period_s = -1};
    struct vx_joules_used used;
    struct vx_joules *joules;
    struct vx_err err;

    if (vx_joules_start(&joules, &once, &err) != VX_OK) {
        vx_found(&d->found, "energy", VX_LEVEL_NOTE, "%s", err.text);
        return;
    }
    vx_joules_read(joules, &used);
    vx_joules_stop(&joules);
    vx_found(&d->found, "energy", VX_LEVEL_OK, "of processors %s (%s), of GPUs %s (%s)", used.cpu_known ? "measured" : "unknown",
             used.cpu_by, used.gpu_known ? "measured" : "unknown", used.gpu_by);
}

void vx_doctor_machine(struct vx_doctor *d)
{
    const struct vx_cgroup group = vx_cgroup_read("");

    look_at_processor(d);
    look_at_processors(d, &group);
    look_at_memory(d, &group);
    look_at_limits(d);
    look_at_sandbox(d);
    look_at_energy(d);
    look_at_locale(d);
}
