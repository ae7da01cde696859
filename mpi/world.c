#include "mpi/world.h"
#include "base/mem.h"
#include "mpi/cpushare.h"
#include "mpi/launcher.h"

#include <limits.h>
#include <mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BROADCAST (1 << 30) /* bytes; MPI counts in int */

static enum vx_status fail_mpi(struct vx_err *err, int code, const char *what)
{
    char why[MPI_MAX_ERROR_STRING];
    int len = 0;

    MPI_Error_string(code, why, &len);
    return vx_fail(err, VX_EMPI, "%s: %.*s", what, len, why);
}

/* The ranks of this host as a communicator, to be freed. */
static enum vx_status split_by_host(MPI_Comm *node, struct vx_err *err)
{
    const int code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, node);

    return code == MPI_SUCCESS ? VX_OK : fail_mpi(err, code, "ranks of one host");
}

static enum vx_status start_mpi(struct vx_world *world, const struct vx_launcher *launcher, int *argc, char ***argv,
                                struct vx_err *err)
{
    MPI_Comm node;
    enum vx_status rc;
    int provided = 0, code;

    if ((code = MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided)) != MPI_SUCCESS)
        return fail_mpi(err, code, "MPI_Init_thread");
    world->started = 1;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (provided < MPI_THREAD_FUNNELED)
        return vx_fail(err, VX_EMPI, "%s cannot run in a program with threads", vx_world_mpi_version());
    MPI_Comm_rank(MPI_COMM_WORLD, &world->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &world->size);
    if (launcher->size > 1 && world->size == 1)
        return vx_fail(err, VX_EMPI, "%s has started %d ranks, but %s, which voxtrawl was built with, sees one: start it "
                       "with the mpirun of that", launcher->name, launcher->size, vx_world_mpi_version());
    if ((rc = split_by_host(&node, err)) != VX_OK)
        return rc;
    MPI_Comm_rank(node, &world->local_rank);
    MPI_Comm_size(node, &world->local_size);
    MPI_Comm_free(&node);
    return VX_OK;
}

enum vx_status vx_world_open(struct vx_world *world, int *argc, char ***argv, struct vx_err *err)
{
    struct vx_launcher launcher;
    enum vx_status rc;

    *world = (struct vx_world){.size = 1, .local_size = 1};
    if (gethostname(world->host, sizeof world->host - 1) != 0)
        return vx_fail_sys(err, "name of this host");
    signal(SIGPIPE, SIG_IGN); /* the TCP connection to a rank that died would kill this one */
    if ((rc = vx_launcher_find(&launcher, environ, err)) != VX_OK || !launcher.name)
        return rc;
    if ((rc = start_mpi(world, &launcher, argc, argv, err)) != VX_OK)
        vx_world_close(world);
    return rc;
}

void vx_world_close(struct vx_world *world)
{
    if (!world->started)
        return;
    world->started = 0;
    MPI_Finalize();
}

void vx_world_leave(struct vx_world *world, int status)
{
    if (!world->started)
        return;
    fflush(NULL);
    _exit(status);
}

void vx_world_abort(struct vx_world *world, int status)
{
    if (world->started)
        MPI_Abort(MPI_COMM_WORLD, status);
    _exit(status); /* alone; or MPI_Abort came back, as it may where ranks are allowed to die */
}

/* True on every rank when `ok` is on every rank. */
static bool all_agree(bool ok)
{
    int mine = ok, all = 0;

    return MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD) == MPI_SUCCESS && all;
}

enum vx_status vx_world_broadcast(struct vx_world *world, struct vx_buf *bytes, struct vx_err *err)
{
    const bool root = world->rank == 0;
    long long len = root ? (long long)bytes->len : 0;
    char *data = NULL;
    enum vx_status rc = VX_OK;
    int code;

    if (root && bytes->failed)
        rc = vx_fail_nomem(err, "what rank 0 tells the others");
    else if (root && len > MAX_BROADCAST)
        rc = vx_fail(err, VX_ELIMIT, "%lld bytes to tell every rank, at most %d", len, MAX_BROADCAST);
    if (!world->started)
        return rc;
    if ((code = MPI_Bcast(&len, 1, MPI_LONG_LONG, 0, MPI_COMM_WORLD)) != MPI_SUCCESS)
        return fail_mpi(err, code, "broadcast");
    if (!root && rc == VX_OK && !(data = malloc((size_t)len + 1)))
        rc = vx_fail_nomem(err, "what rank 0 tells");
    if (!all_agree(rc == VX_OK)) { /* so that no rank is left waiting for one that gave up */
        if (rc == VX_OK)
            rc = vx_fail(err, VX_EMPI, "another rank could not take part in the broadcast");
        goto done;
    }
    if ((code = MPI_Bcast(root ? bytes->data : data, (int)len, MPI_BYTE, 0, MPI_COMM_WORLD)) != MPI_SUCCESS) {
        rc = fail_mpi(err, code, "broadcast");
        goto done;
    }
    if (!root) {
        vx_buf_reset(bytes);
        vx_buf_add(bytes, data, (size_t)len);
        rc = bytes->failed ? vx_fail_nomem(err, "what rank 0 tells") : VX_OK;
    }
done:
    free(data);
    return rc;
}

/* The masks of all ranks of this host by local rank, the caller's to free. */
static enum vx_status gather_masks(const struct vx_world *world, const struct vx_cpumask *mine, struct vx_cpumask **out,
                                   struct vx_err *err)
{
    MPI_Comm node;
    struct vx_cpumask *masks;
    enum vx_status rc;
    int code;

    *out = NULL;
    masks = vx_calloc((size_t)world->local_size, sizeof *masks);
    if (!all_agree(masks != NULL)) {
        free(masks);
        return vx_fail_nomem(err, "the affinity masks of this host");
    }
    if ((rc = split_by_host(&node, err)) != VX_OK) {
        free(masks);
        return rc;
    }
    code = MPI_Allgather(mine, sizeof *mine, MPI_BYTE, masks, sizeof *mine, MPI_BYTE, node);
    MPI_Comm_free(&node);
    if (code != MPI_SUCCESS) {
        free(masks);
        return fail_mpi(err, code, "affinity masks of this host");
    }
    *out = masks;
    return VX_OK;
}

enum vx_status vx_world_cpus(struct vx_world *world, int *cpus, int max, int *n, struct vx_err *err)
{
    struct vx_cpumask mine = {0}, *masks = NULL;
    enum vx_status rc;

    *n = 0;
    /* a failure leaves the mask empty, which is found below, after the gathering that all take part in */
    (void)sched_getaffinity(0, sizeof mine, (cpu_set_t *)(void *)mine.bits);
    if (!world->started)
        return vx_cpus_share(&mine, 1, 0, cpus, max, n, err);
    if ((rc = gather_masks(world, &mine, &masks, err)) == VX_OK)
        rc = vx_cpus_share(masks, world->local_size, world->local_rank, cpus, max, n, err);
    free(masks);
    return rc;
}

static char library_version[MPI_MAX_LIBRARY_VERSION_STRING]; /* written once, constant from then on */

/* "Open MPI v4.1.4, package: …" and "MPICH Version:\t4.0.2\nMPICH Release date…" down to name and number. */
static void read_library_version(void)
{
    int len = 0;

    MPI_Get_library_version(library_version, &len);
    library_version[strcspn(library_version, ",\n")] = '\0';
    for (char *p = library_version; *p; p++)
        if (*p == '\t')
            *p = ' ';
}

const char *vx_world_mpi_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_library_version);
    return library_version;
}
