/* cgroup.c - of v2 the files memory.max and cpu.max, of v1 those of the controllers memory and cpu; both from the process's group
 * up to the top, since a limit anywhere on the way holds */
#include "jobs/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define V1_NO_LIMIT 1e18 /* v1 says "none" as the largest number of pages */

static bool read_line(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "re");
    const bool ok = f && fgets(out, (int)size, f);

    if (f)
        fclose(f);
    return ok;
}

static void tighten(double *limit, double to)
{
    if (to > 0 && to < V1_NO_LIMIT && (*limit == 0 || to < *limit))
        *limit = to;
}

static void read_v2(const char *folder, struct vx_cgroup *c)
{
    char path[PATH_MAX], line[128];
    double value, period;

    if ((size_t)snprintf(path, sizeof path, "%s/memory.max", folder) < sizeof path && read_line(path, line, sizeof line) &&
        sscanf(line, "%lf", &value) == 1)
        tighten(&c->memory, value);
    if ((size_t)snprintf(path, sizeof path, "%s/cpu.max", folder) < sizeof path && read_line(path, line, sizeof line) &&
        sscanf(line, "%lf %lf", &value, &period) == 2 && period > 0)
        tighten(&c->processors, value / period);
}

static void read_v1(const char *folder, struct vx_cgroup *c)
{
    char path[PATH_MAX], line[128];
    double quota, period, value;

    if ((size_t)snprintf(path, sizeof path, "%s/memory.limit_in_bytes", folder) < sizeof path &&
        read_line(path, line, sizeof line) && sscanf(line, "%lf", &value) == 1)
        tighten(&c->memory, value);
    if ((size_t)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder) >= sizeof path || !read_line(path, line, sizeof line) ||
        sscanf(line, "%lf", &quota) != 1)
        return;
    if ((size_t)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) < sizeof path && read_line(path, line, sizeof line) &&
        sscanf(line, "%lf", &period) == 1 && period > 0)
        tighten(&c->processors, quota / period);
}

/* From top/group up to top. Where the group is not there, as in a container that sees its own group as the top, top alone. */
static void climb(const char *top, const char *group, void (*read)(const char *, struct vx_cgroup *), struct vx_cgroup *c)
{
    char folder[PATH_MAX];
    char *slash;

    if ((size_t)snprintf(folder, sizeof folder, "%s%s", top, group) >= sizeof folder)
        return;
    for (;;) {
        read(folder, c);
        if (strlen(folder) <= strlen(top) || !(slash = strrchr(folder, '/')))
            return;
        *slash = '\0';
    }
}

/* Is `name` among the comma-separated words of list? */
static bool lists(const char *list, const char *name)
{
    const size_t len = strlen(name);

    for (const char *at = list; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
        if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
            return true;
    }
    return false;
}

struct vx_cgroup vx_cgroup_read(const char *root)
{
    char path[PATH_MAX], line[PATH_MAX], top[PATH_MAX / 2];
    struct vx_cgroup c = {0};
    FILE *f;

    if ((size_t)snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= sizeof path || !(f = fopen(path, "re")))
        return c;
    while (fgets(line, sizeof line, f)) { /* HIERARCHY:CONTROLLERS:GROUP */
        char *const controllers = strchr(line, ':'), *const group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        line[strcspn(line, "\n")] = '\0';
        *group = '\0';
        const char *const names = controllers + 1;
        const int n = snprintf(top, sizeof top, "%s/sys/fs/cgroup%s%s", root, *names ? "/" : "", names);
        if (n < 0 || (size_t)n >= sizeof top)
            continue;
        if (!*names)
            climb(top, group + 1, read_v2, &c);
        else if (lists(names, "memory") || lists(names, "cpu"))
            climb(top, group + 1, read_v1, &c);
    }
    fclose(f);
    return c;
}
