#include "jobs/rundir.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RUN_FILE "run.txt"
#define LOCK_FILE "lock"

static int is_shard(const struct dirent *entry)
{
    int attempt, rank, end = 0;

    return sscanf(entry->d_name, "shard-%d-%d.db%n", &attempt, &rank, &end) == 2 && end > 0 &&
           entry->d_name[end] == '\0';
}

char *vx_rundir_shard(const char *path, int attempt, int rank)
{
    char name[64];

    snprintf(name, sizeof name, "shard-%03d-%05d.db", attempt, rank);
    return vx_file_join(path, name);
}

static void free_shards(struct vx_rundir *dir)
{
    for (size_t i = 0; i < dir->n_shards; i++)
        free(dir->shards[i]);
    free(dir->shards);
    dir->shards = NULL;
    dir->n_shards = 0;
}

enum vx_status vx_rundir_rescan(struct vx_rundir *dir, struct vx_err *err)
{
    struct dirent **names;
    enum vx_status rc = VX_OK;
    const int n = scandir(dir->path, &names, is_shard, alphasort);

    free_shards(dir);
    if (n < 0)
        return vx_fail_sys(err, "read folder %s", dir->path);
    dir->shards = vx_calloc((size_t)n, sizeof *dir->shards);
    for (int i = 0; i < n; i++) {
        char *shard = dir->shards ? vx_file_join(dir->path, names[i]->d_name) : NULL;
        if (shard)
            dir->shards[dir->n_shards++] = shard;
        else
            rc = vx_fail_nomem(err, "the list of shards");
        free(names[i]);
    }
    free(names);
    return rc;
}

static enum vx_status lock(struct vx_rundir *dir, struct vx_err *err)
{
    char *path = vx_file_join(dir->path, LOCK_FILE);
    enum vx_status rc = VX_OK;

    if (!path)
        return vx_fail_nomem(err, "a path");
    if ((dir->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        rc = vx_fail_sys(err, "create %s", path);
    else if (flock(dir->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        rc = vx_fail(err, VX_ESYS, "%s: another scan is working in this folder; wait for it, or give --work another one",
                     dir->path);
    /* a file system without flock: go on, SQLite's own locks still guard each shard */
    free(path);
    return rc;
}

/* run.txt of an earlier attempt: must be of the same configuration. */
static enum vx_status take_up(struct vx_rundir *dir, const char *text, struct vx_scan_record *record, struct vx_err *err)
{
    char uuid[33], started[25], fingerprint[VX_SHA256_HEX];

    if (sscanf(text, "voxtrawl run 1\nuuid %32[0-9a-f]\nstarted %24s\nfingerprint %64[0-9a-f]\n", uuid, started,
               fingerprint) != 3)
        return vx_fail(err, VX_EFORMAT, "%s/" RUN_FILE ": not a run this version wrote; move the folder away", dir->path);
    if (strcmp(fingerprint, record->fingerprint) != 0)
        return vx_fail(err, VX_EINVAL,
                       "%s holds an unfinished scan with another model, profile, window, precision or decoder version "
                       "(its %.12s, now %.12s); finish it with the same options, remove the folder, or give --work "
                       "another one",
                       dir->path, fingerprint, record->fingerprint);
    memcpy(record->uuid, uuid, sizeof uuid);
    memcpy(record->started, started, sizeof started);
    dir->resumed = true;
    return VX_OK;
}

static enum vx_status claim(struct vx_rundir *dir, struct vx_scan_record *record, struct vx_err *err)
{
    char *path = vx_file_join(dir->path, RUN_FILE), *text = NULL, fresh[256];
    enum vx_status rc;
    size_t len;

    if (!path)
        return vx_fail_nomem(err, "a path");
    if (access(path, F_OK) == 0) {
        rc = vx_file_read(path, 4096, &text, &len, err);
        if (rc == VX_OK)
            rc = take_up(dir, text, record, err);
    } else {
        const int n = snprintf(fresh, sizeof fresh, "voxtrawl run 1\nuuid %s\nstarted %s\nfingerprint %s\n",
                               record->uuid, record->started, record->fingerprint);
        rc = vx_file_write(path, fresh, (size_t)n, err);
    }
    free(text);
    free(path);
    return rc;
}

/* One more than the largest attempt that has left a shard. */
static int next_attempt(const struct vx_rundir *dir)
{
    int last = 0;

    for (size_t i = 0; i < dir->n_shards; i++) {
        int attempt, rank;
        if (sscanf(strrchr(dir->shards[i], '/') + 1, "shard-%d-%d.db", &attempt, &rank) == 2 && attempt > last)
            last = attempt;
    }
    return last + 1;
}

enum vx_status vx_rundir_open(struct vx_rundir *dir, const char *path, struct vx_scan_record *record, struct vx_err *err)
{
    enum vx_status rc;

    *dir = (struct vx_rundir){.lock = -1};
    dir->path = strdup(path);
    dir->items_path = vx_file_join(path, "items.db");
    if (!dir->path || !dir->items_path)
        rc = vx_fail_nomem(err, "a path");
    else if ((rc = vx_file_mkdirs(path, err)) == VX_OK && (rc = lock(dir, err)) == VX_OK &&
             (rc = claim(dir, record, err)) == VX_OK)
        rc = vx_rundir_rescan(dir, err);
    if (rc == VX_OK)
        dir->attempt = next_attempt(dir);
    else
        vx_rundir_close(dir);
    return rc;
}

void vx_rundir_close(struct vx_rundir *dir)
{
    if (dir->path && dir->lock >= 0)
        close(dir->lock);
    free_shards(dir);
    free(dir->path);
    free(dir->items_path);
    *dir = (struct vx_rundir){.lock = -1};
}

/* A database and the journal that SQLite leaves beside it. */
static void remove_database(const char *path)
{
    char journal[4200];

    unlink(path);
    if (snprintf(journal, sizeof journal, "%s-journal", path) < (int)sizeof journal)
        unlink(journal);
}

static void remove_file(const char *folder, const char *name)
{
    char *path = vx_file_join(folder, name);

    if (path)
        unlink(path);
    free(path);
}

void vx_rundir_remove(struct vx_rundir *dir)
{
    for (size_t i = 0; i < dir->n_shards; i++)
        remove_database(dir->shards[i]);
    remove_database(dir->items_path);
    remove_file(dir->path, RUN_FILE);
    remove_file(dir->path, LOCK_FILE);
    rmdir(dir->path);
}
