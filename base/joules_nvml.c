/* joules_nvml.c - GPUs: NVIDIA's management library, found at run time
 * Its few functions are declared here as its manual has them, so that nothing of NVIDIA's is needed to build. */
#include "base/clock.h"
#include "base/joules_source.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vx_nvml_calls { /* all return 0 for success */
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *n);
    int (*handle)(unsigned index, void **device);
    int (*energy)(void *device, unsigned long long *mj);
    int (*power)(void *device, unsigned *mw);
};

/* dlsym gives data pointers, and C has no cast from those to functions. */
static bool find(void *library, const char *name, void *call, size_t size)
{
    void *const symbol = dlsym(library, name);

    memcpy(call, &symbol, size);
    return symbol != NULL;
}
#define FIND(v, name, member) find((v)->library, name, &(v)->calls->member, sizeof (v)->calls->member)

static bool load(struct vx_nvml *v, const char *library)
{
    if (!(v->library = dlopen(library, RTLD_NOW | RTLD_LOCAL)) || !(v->calls = vx_calloc(1, sizeof *v->calls)))
        return false;
    if (!FIND(v, "nvmlInit_v2", init) || !FIND(v, "nvmlShutdown", shutdown) || !FIND(v, "nvmlDeviceGetCount_v2", count) ||
        !FIND(v, "nvmlDeviceGetHandleByIndex_v2", handle) || !FIND(v, "nvmlDeviceGetPowerUsage", power))
        return false;
    (void)FIND(v, "nvmlDeviceGetTotalEnergyConsumption", energy); /* not in those of before 2018 */
    return true;
}

static void give_up(struct vx_nvml *v, const char *what, int code)
{
    v->failed = true;
    snprintf(v->by, sizeof v->by, "NVML: %s failed with error %d", what, code);
}

/* GPU i's counter or power for the first time. */
static bool begin(struct vx_nvml *v, unsigned i)
{
    unsigned long long mj;
    unsigned mw;
    int code = v->calls->handle(i, &v->gpu[i].device);

    if (code != 0) {
        give_up(v, "nvmlDeviceGetHandleByIndex", code);
        return false;
    }
    v->gpu[i].total = v->calls->energy && v->calls->energy(v->gpu[i].device, &mj) == 0;
    if (v->gpu[i].total) {
        v->gpu[i].last_mj = mj;
        return true;
    }
    if ((code = v->calls->power(v->gpu[i].device, &mw)) != 0) {
        give_up(v, "nvmlDeviceGetPowerUsage", code);
        return false;
    }
    v->gpu[i].last_w = mw * 1e-3;
    v->gpu[i].at = vx_clock_now();
    return true;
}

void vx_nvml_open(struct vx_nvml *v, const char *library)
{
    unsigned n = 0;
    int code;

    *v = (struct vx_nvml){.by = "no NVML"};
    if (!load(v, library)) {
        v->failed = true;
        free(v->calls); /* not begun: there is nothing to shut down */
        v->calls = NULL;
        return;
    }
    if ((code = v->calls->init()) != 0) {
        give_up(v, "nvmlInit", code);
        free(v->calls);
        v->calls = NULL;
        return;
    }
    if ((code = v->calls->count(&n)) != 0)
        give_up(v, "nvmlDeviceGetCount", code);
    if (n > VX_JOULES_MAX)
        n = VX_JOULES_MAX;
    while (v->n < n && !v->failed && begin(v, (unsigned)v->n))
        v->n++;
    if (vx_nvml_known(v))
        snprintf(v->by, sizeof v->by, "NVML, %zu GPU%s%s", v->n, v->n == 1 ? "" : "s",
                 v->gpu[0].total ? "" : ", from their power");
}

void vx_nvml_look(struct vx_nvml *v)
{
    unsigned long long mj;
    unsigned mw;
    int code;

    for (size_t i = 0; i < v->n && !v->failed; i++) {
        if (v->gpu[i].total) {
            if ((code = v->calls->energy(v->gpu[i].device, &mj)) != 0 || mj < v->gpu[i].last_mj) { /* a driver was loaded anew */
                give_up(v, "nvmlDeviceGetTotalEnergyConsumption", code);
                return;
            }
            v->joules += (double)(mj - v->gpu[i].last_mj) * 1e-3;
            v->gpu[i].last_mj = mj;
        } else {
            if ((code = v->calls->power(v->gpu[i].device, &mw)) != 0) {
                give_up(v, "nvmlDeviceGetPowerUsage", code);
                return;
            }
            const double now = vx_clock_now(), w = mw * 1e-3;
            v->joules += (v->gpu[i].last_w + w) / 2 * (now - v->gpu[i].at);
            v->gpu[i].last_w = w;
            v->gpu[i].at = now;
        }
    }
}

bool vx_nvml_known(const struct vx_nvml *v)
{
    return v->n > 0 && !v->failed;
}

void vx_nvml_close(struct vx_nvml *v)
{
    if (v->calls)
        v->calls->shutdown();
    free(v->calls);
    if (v->library)
        dlclose(v->library);
    *v = (struct vx_nvml){0};
}
