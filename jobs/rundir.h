/* rundir.h - the work folder of a scan: run.txt, items.db, one shard a rank and attempt, what killed ranks had in hand
 * run.txt says whose folder it is (uuid, start, fingerprint) and what was scanned; a folder of another fingerprint, or that
 * has begun with inputs that are not asked for now, is refused, else it is continued. A lock keeps two scans out of one
 * folder. */
#ifndef VX_JOBS_RUNDIR_H
#define VX_JOBS_RUNDIR_H

#include "base/err.h"
#include "jobs/scan_record.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_rundir {
    char *path;       /* owned */
    char *items_path; /* owned: the run's item list */
    char **shards;    /* owned [n_shards]: those of earlier attempts, then after vx_rundir_rescan() all */
    size_t n_shards;
    struct vx_rundir_hand {
        char *path; /* owned */
        int attempt, rank;
    } *hands;         /* owned [n_hands]: of ranks of earlier attempts that did not end in order (mpi/hand.h) */
    size_t n_hands;
    int attempt;      /* 1, 2, … */
    bool resumed;
    int lock; /* file descriptor */
};

/* Rank 0. Creates DIR or takes up what it holds: then record->uuid and ->started become those of its first attempt.
 * inputs [n_inputs] as named on the command line: those of earlier attempts must be among them, and where one is relative,
 * so must be the working directory. fresh: what an earlier scan of these inputs has left is deleted first, whatever its
 * configuration. VX_EINVAL: another configuration (names each difference) or corpus, with the remedies. VX_ESYS: cannot create, or locked by another scan. */
enum vx_status vx_rundir_open(struct vx_rundir *dir, const char *path, struct vx_scan_record *record,
                              const char *const *inputs, size_t n_inputs, bool fresh, struct vx_err *err) VX_CHECKED;
void vx_rundir_close(struct vx_rundir *dir); /* zeroed is fine */

/* For looking only: shards, the latest attempt (0: none), when the first began, rank 0's exit status (-1: none was left), and
 * whether a scan holds the lock. Changes nothing. VX_EINVAL: no work folder. */
enum vx_status vx_rundir_look(struct vx_rundir *dir, const char *path, char started[25], int *exit_status, bool *locked,
                              struct vx_err *err) VX_CHECKED;

/* Any rank: is the folder at path, as seen from this host, the one of run uuid? VX_EINVAL: no (says that hosts must share it). */
enum vx_status vx_rundir_check(const char *path, const char *uuid, const char *host, struct vx_err *err) VX_CHECKED;

/* Rank 0, as the last thing before MPI ends: the process's exit status into the folder's file exit-status, one line with the
 * number, for slurm/launch.sh, since mpirun tells nobody. Not where the folder is gone: then the scan is complete and no job
 * has left its script there. A failure to write is not told either: the job then fails. */
void vx_rundir_leave_status(const char *path, int status);

/* The shard of a rank in an attempt; the caller's to free, NULL: no memory. Any rank. */
char *vx_rundir_shard(const char *path, int attempt, int rank);

char *vx_rundir_hand(const char *path, int attempt, int rank); /* the same of what it has in hand */
size_t vx_rundir_ranks(const struct vx_rundir *dir, int attempt); /* that have left a shard, as last scanned */

enum vx_status vx_rundir_rescan(struct vx_rundir *dir, struct vx_err *err) VX_CHECKED; /* finds all shards anew */
/* Shards that a lost or earlier rank still has locked, so many seconds from now, are replaced by copies of what they hold
 * (rundir_held.c); *n: how many. VX_EDB: one is still being written. */
enum vx_status vx_rundir_free_held(const struct vx_rundir *dir, double patience_s, int64_t *n, struct vx_err *err) VX_CHECKED;
void vx_rundir_remove(struct vx_rundir *dir); /* deletes what this file knows of, and the folder if that leaves it empty */

#endif
