/* rundir_held.c - shards that a lost rank still holds
 * A process that is stopped or hangs keeps the lock on its shard, though nobody waits for it any more. What it has committed is
 * read from a copy: the file moves aside, where that process may go on writing if it ever wakes, and the copy takes its name. */
#include "base/clock.h"
#include "base/file.h"
#include "db/shard.h"
#include "jobs/rundir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_SECONDS 0.05 /* between looks at whether a shard is free */
#define TICK_SECONDS 0.02 /* longer than that between two times that a file system can tell apart: the kernel's tick */

static void pass_over(void *ctx, int64_t item)
{
    (void)ctx;
    (void)item;
}

/* What tells that a shard is written to: it and its journal, one of which every transaction changes first. */
struct state {
    struct stat shard, journal; /* zero: there is none */
};

static enum vx_status look(struct state *s, const char *shard, const char *journal, struct vx_err *err)
{
    *s = (struct state){0};
    if (stat(shard, &s->shard) != 0)
        return vx_fail_sys(err, "%s", shard);
    if (stat(journal, &s->journal) != 0 && errno != ENOENT)
        return vx_fail_sys(err, "%s", journal);
    return VX_OK;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum vx_status copy(const char *from, const char *to, struct vx_err *err)
{
    char *data = NULL;
    size_t len;
    enum vx_status rc = vx_file_read(from, (size_t)1 << 40, &data, &len, err);

    if (rc == VX_OK)
        rc = vx_file_write(to, data, len, err);
    free(data);
    return rc;
}

static enum vx_status fail_written(const char *shard, struct vx_err *err)
{
    return vx_fail(err, VX_EDB, "%s is still being written by a rank of before; wait for it or end it, then run the same command again",
                   shard);
}

/* Both as they are at one time, at which nobody writes. */
static enum vx_status copy_both(const char *shard, const char *journal, const char *copied, const char *copied_journal,
                                struct vx_err *err)
{
    struct state before, after;
    enum vx_status rc;

    if ((rc = look(&before, shard, journal, err)) != VX_OK)
        return rc;
    vx_clock_sleep(TICK_SECONDS); /* what is written from now on has another time */
    if (before.journal.st_ino && (rc = copy(journal, copied_journal, err)) != VX_OK)
        return access(journal, F_OK) != 0 ? fail_written(shard, err) : rc; /* gone: a transaction has ended */
    if ((rc = copy(shard, copied, err)) != VX_OK || (rc = look(&after, shard, journal, err)) != VX_OK)
        return rc;
    if (!same_file(&before.shard, &after.shard) || !same_file(&before.journal, &after.journal))
        return fail_written(shard, err);
    return VX_OK;
}

static enum vx_status free_one(const char *shard, struct vx_err *err)
{
    char *journal = NULL, *held = NULL, *copied = NULL, *copied_journal = NULL;
    enum vx_status rc = VX_OK;

    if (asprintf(&journal, "%s-journal", shard) < 0 || asprintf(&held, "%s.held", shard) < 0 ||
        asprintf(&copied, "%s.copy", shard) < 0 || asprintf(&copied_journal, "%s.copy-journal", shard) < 0)
        rc = vx_fail_nomem(err, "a path");
    if (rc == VX_OK && (rc = copy_both(shard, journal, copied, copied_journal, err)) == VX_OK) {
        /* under its new name the copy is opened first, so that an unfinished transaction is rolled back with its journal */
        struct vx_err late;
        if (vx_shard_items(copied, pass_over, NULL, &late) != VX_OK)
            rc = vx_fail(err, late.status, "%s", late.text);
        else if (rename(shard, held) != 0 || rename(copied, shard) != 0)
            rc = vx_fail_sys(err, "rename %s", shard);
    }
    if (rc == VX_OK)
        unlink(journal);
    if (copied)
        unlink(copied);
    if (copied_journal)
        unlink(copied_journal);
    free(journal);
    free(held);
    free(copied);
    free(copied_journal);
    return rc;
}

static bool stays_locked(const char *shard, double until)
{
    bool locked;

    while ((locked = vx_shard_is_locked(shard)) && vx_clock_now() < until)
        vx_clock_sleep(LOOK_SECONDS);
    return locked;
}

enum vx_status vx_rundir_free_held(const struct vx_rundir *dir, double patience_s, int64_t *n, struct vx_err *err)
{
    const double until = vx_clock_now() + patience_s;
    enum vx_status rc = VX_OK;

    *n = 0;
    for (size_t i = 0; rc == VX_OK && i < dir->n_shards; i++)
        if (stays_locked(dir->shards[i], until)) {
            rc = free_one(dir->shards[i], err);
            *n += rc == VX_OK;
        }
    return rc;
}
