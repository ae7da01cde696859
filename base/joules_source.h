/* joules_source.h - the two sources of joules.h: counters that are looked at again and again
 * Once a source has failed it stays unknown: a sum with a hole in it would be wrong. */
#ifndef VX_BASE_JOULES_SOURCE_H
#define VX_BASE_JOULES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_JOULES_MAX 64 /* packages, GPUs of a machine */

struct vx_rapl {
    char *folder[VX_JOULES_MAX]; /* owned [n]: of each package's domain */
    uint64_t last[VX_JOULES_MAX], range[VX_JOULES_MAX]; /* µJ; the counter goes from range to 0 */
    size_t n;
    double joules; /* of all of them since the start */
    bool failed;
    char by[80]; /* see struct vx_joules_used */
};
void vx_rapl_open(struct vx_rapl *r, const char *powercap);
void vx_rapl_look(struct vx_rapl *r);
bool vx_rapl_known(const struct vx_rapl *r);
void vx_rapl_close(struct vx_rapl *r);

struct vx_nvml_calls;
struct vx_nvml {
    void *library;               /* dlopen's */
    struct vx_nvml_calls *calls; /* owned */
    struct {
        void *device;
        bool total;       /* counts energy itself (Volta and newer); else power is summed over time */
        uint64_t last_mj; /* of such a counter */
        double last_w, at; /* of one without: W, and when, vx_clock_now() */
    } gpu[VX_JOULES_MAX];
    size_t n;
    double joules;
    bool failed;
    char by[80];
};
void vx_nvml_open(struct vx_nvml *v, const char *library);
void vx_nvml_look(struct vx_nvml *v);
bool vx_nvml_known(const struct vx_nvml *v);
void vx_nvml_close(struct vx_nvml *v);

#endif
