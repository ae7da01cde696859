/* cgroup.h - what the system allows this process: a container's or a batch job's share of the machine */
#ifndef VX_JOBS_CGROUP_H
#define VX_JOBS_CGROUP_H

struct vx_cgroup {
    double memory;     /* bytes; 0: no limit */
    double processors; /* processors' worth of time; 0: no limit */
};

/* The tightest limits of the process's control group and those around it, of cgroup v2 or v1. root: "" for this system; else a
 * folder that holds proc/self/cgroup and sys/fs/cgroup, for tests. What cannot be read is no limit. */
struct vx_cgroup vx_cgroup_read(const char *root);

#endif
