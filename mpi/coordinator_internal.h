/* coordinator_internal.h - the coordinator's table of workers, shared by its loop, its losses and what it tells people */
#ifndef VX_MPI_COORDINATOR_INTERNAL_H
#define VX_MPI_COORDINATOR_INTERNAL_H

#include "mpi/coordinator.h"

enum vx_presence {
    EXPECTED, /* no HELLO yet */
    WORKING,
    GONE, /* said BYE */
    LOST,
};

struct vx_seat {
    enum vx_presence presence;
    bool greeted, told; /* HELLO came; FINISH was sent */
    int held;           /* leases */
    double last_heard;  /* or when it was told, if that was later */
    int64_t windows;    /* scored since its start */
    struct vx_energy energy; /* as its BYE said */
    struct vx_msg_hello hello;
};

struct vx_coordinator {
    const struct vx_coordinator_config *config;
    struct vx_coordinator_result *result;
    struct vx_seat *workers; /* [n_workers] */
    int n_workers, n_present; /* all; EXPECTED or WORKING */
    struct vx_buf message;
    struct vx_err first_loss;  /* why the first worker was lost */
    enum vx_status job_status; /* an error of the whole run, with job_err; the workers are let go first */
    struct vx_err job_err;
    bool stopping; /* by *stop or a job error */
    bool all_told; /* FINISH was sent to all */
    int asking;    /* the worker heard last, which may want a lease; -1: nobody */
    int64_t left;  /* items pending after the last round of feeding: with more there is something for those who got none */
    int64_t windows; /* scored by all workers */
    struct vx_rate rate;
    double last_line, last_beat, last_alive, last_look;
};

/* "rank 3 on host", or "rank 3" before its HELLO. */
struct vx_seat_name {
    char text[300];
};
struct vx_seat_name vx_seat_name(const struct vx_coordinator *c, int i);

/* The run as a whole fails; the first such reason is kept and the workers are let go. */
void vx_coordinator_fail(struct vx_coordinator *c, enum vx_status status, const struct vx_err *err);
/* Worker i is out; its leases go back. blame: they may be why, see lease.h. */
void vx_coordinator_lose(struct vx_coordinator *c, int i, const char *why, bool blame);

void vx_coordinator_report(struct vx_coordinator *c, double now); /* progress line and beat, where they are due */
void vx_coordinator_energy(const struct vx_coordinator *c, struct vx_energy *sum);
void vx_coordinator_hosts(const struct vx_coordinator *c, struct vx_buf *json);

#endif
