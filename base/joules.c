#include "base/joules.h"
#include "base/joules_source.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PERIOD_S 1

struct vx_joules {
    struct vx_rapl rapl;
    struct vx_nvml nvml;
    double period_s;
    pthread_t thread;
    bool running; /* the thread is there to be joined */
    bool stop;    /* under lock, as both sources are */
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void look(struct vx_joules *j)
{
    vx_rapl_look(&j->rapl);
    vx_nvml_look(&j->nvml);
}

static void *look_once_in_a_while(void *arg)
{
    struct vx_joules *j = arg;
    struct timespec until;

    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)j->period_s;
        until.tv_nsec += (long)((j->period_s - (double)(time_t)j->period_s) * 1e9);
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        while (!j->stop && pthread_cond_timedwait(&j->wake, &j->lock, &until) != ETIMEDOUT)
            ;
        look(j);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static void make_lock(struct vx_joules *j)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum vx_status vx_joules_start(struct vx_joules **out, const struct vx_joules_config *config, struct vx_err *err)
{
    struct vx_joules *j = vx_calloc(1, sizeof *j);
    int failed;
    enum vx_status rc = VX_OK;

    *out = NULL;
    if (!j)
        return vx_fail_nomem(err, "an energy meter");
    make_lock(j);
    j->period_s = config->period_s == 0 ? PERIOD_S : config->period_s;
    vx_rapl_open(&j->rapl, config->powercap ? config->powercap : "/sys/class/powercap");
    vx_nvml_open(&j->nvml, config->nvml ? config->nvml : "libnvidia-ml.so.1");
    if (j->period_s > 0 && (vx_rapl_known(&j->rapl) || vx_nvml_known(&j->nvml))) {
        if ((failed = pthread_create(&j->thread, NULL, look_once_in_a_while, j)) == 0)
            j->running = true;
        else
            rc = vx_fail(err, VX_ESYS, "cannot start a thread: %s", strerror(failed));
    }
    if (rc != VX_OK)
        vx_joules_stop(&j);
    *out = j;
    return rc;
}

void vx_joules_read(struct vx_joules *j, struct vx_joules_used *used)
{
    *used = (struct vx_joules_used){0};
    pthread_mutex_lock(&j->lock);
    look(j);
    used->cpu_known = vx_rapl_known(&j->rapl);
    used->gpu_known = vx_nvml_known(&j->nvml);
    used->cpu_j = used->cpu_known ? j->rapl.joules : 0;
    used->gpu_j = used->gpu_known ? j->nvml.joules : 0;
    memcpy(used->cpu_by, j->rapl.by, sizeof used->cpu_by);
    memcpy(used->gpu_by, j->nvml.by, sizeof used->gpu_by);
    pthread_mutex_unlock(&j->lock);
}

void vx_joules_stop(struct vx_joules **joules)
{
    struct vx_joules *j = *joules;

    if (!j)
        return;
    if (j->running) {
        pthread_mutex_lock(&j->lock);
        j->stop = true;
        pthread_cond_signal(&j->wake);
        pthread_mutex_unlock(&j->lock);
        pthread_join(j->thread, NULL);
    }
    vx_rapl_close(&j->rapl);
    vx_nvml_close(&j->nvml);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    free(j);
    *joules = NULL;
}
