/* joules_rapl.c - processors: the package domains of RAPL as the kernel's powercap shows them (Intel, and AMD under the same name)
 * Domains within a package (cores, graphics) are in its figure, "psys" is the platform around it: neither is counted again. */
#include "base/joules_source.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* folder/name as a number; false with errno. */
static bool read_number(const char *folder, const char *name, uint64_t *out)
{
    char path[4096];
    unsigned long long value;
    FILE *f;
    int got;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!(f = fopen(path, "re")))
        return false;
    errno = EIO;
    got = fscanf(f, "%llu", &value);
    fclose(f);
    *out = value;
    return got == 1;
}

static bool is_package(const char *folder)
{
    char path[4096], name[32] = "";
    FILE *f;

    snprintf(path, sizeof path, "%s/name", folder);
    if (!(f = fopen(path, "re")))
        return false;
    const bool read = fgets(name, sizeof name, f) != NULL;
    fclose(f);
    return read && strncmp(name, "package", strlen("package")) == 0;
}

/* "intel-rapl:0", and not what lies below it, "intel-rapl:0:0"; "intel-rapl-mmio:0" is the same package again. */
static bool is_domain(const char *name)
{
    static const char front[] = "intel-rapl:";

    if (strncmp(name, front, strlen(front)) != 0 || !isdigit((unsigned char)name[strlen(front)]))
        return false;
    return strspn(name + strlen(front), "0123456789") == strlen(name + strlen(front));
}

static void give_up(struct vx_rapl *r)
{
    r->failed = true;
    snprintf(r->by, sizeof r->by, "RAPL: %s", strerror(errno));
}

void vx_rapl_open(struct vx_rapl *r, const char *powercap)
{
    DIR *d = opendir(powercap);
    struct dirent *e;
    char *folder;

    *r = (struct vx_rapl){.by = "no RAPL"};
    while (d && !r->failed && (e = readdir(d))) {
        if (!is_domain(e->d_name) || r->n == VX_JOULES_MAX)
            continue;
        if (asprintf(&folder, "%s/%s", powercap, e->d_name) < 0) {
            errno = ENOMEM;
            give_up(r);
        } else if (!is_package(folder)) {
            free(folder);
        } else {
            r->folder[r->n] = folder;
            if (!read_number(folder, "energy_uj", &r->last[r->n]) ||
                !read_number(folder, "max_energy_range_uj", &r->range[r->n]))
                give_up(r);
            r->n++;
        }
    }
    if (d)
        closedir(d);
    if (vx_rapl_known(r))
        snprintf(r->by, sizeof r->by, "RAPL, %zu package%s", r->n, r->n == 1 ? "" : "s");
}

void vx_rapl_look(struct vx_rapl *r)
{
    uint64_t now;

    for (size_t i = 0; i < r->n && !r->failed; i++) {
        if (!read_number(r->folder[i], "energy_uj", &now)) {
            give_up(r);
            return;
        }
        const uint64_t since = now >= r->last[i] ? now - r->last[i] : r->range[i] - r->last[i] + now;
        r->joules += (double)since * 1e-6;
        r->last[i] = now;
    }
}

bool vx_rapl_known(const struct vx_rapl *r)
{
    return r->n > 0 && !r->failed;
}

void vx_rapl_close(struct vx_rapl *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->folder[i]);
    *r = (struct vx_rapl){0};
}
