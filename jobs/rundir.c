#include "jobs/rundir.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/rundir_claim.h"
#include "jobs/spent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_FILE "lock"
#define STATUS_FILE "exit-status"
#define LIST_FILE "items.db"

/* "shard-A-R.db", of ranks with --scratch "shard-A-R-N.db" too (db/pieces.h). Returns the length of that, 0: another name.
 * *piece: N, else 0. */
static int shard_name(const char *name, int *attempt, int *rank, int *piece)
{
    int end = 0;

    *piece = 0;
    if (sscanf(name, "shard-%d-%d.db%n", attempt, rank, &end) == 2 && end > 0)
        return end;
    return sscanf(name, "shard-%d-%d-%d.db%n", attempt, rank, piece, &end) == 3 ? end : 0;
}

static int is_shard(const struct dirent *entry)
{
    int attempt, rank, piece;
    const int end = shard_name(entry->d_name, &attempt, &rank, &piece);

    return end > 0 && entry->d_name[end] == '\0';
}

/* A shard, or what is beside one: SQLite's journal, what a killed rank was copying, what was copied of a held one. */
static int is_of_shard(const struct dirent *entry)
{
    static const char *const beside[] = {"", "-journal", ".held", ".copy", ".copy-journal"};
    int attempt, rank, piece, pid, last = 0;
    const int end = shard_name(entry->d_name, &attempt, &rank, &piece);
    const char *const rest = entry->d_name + end;

    for (size_t i = 0; end > 0 && i < sizeof beside / sizeof *beside; i++)
        if (strcmp(rest, beside[i]) == 0)
            return 1;
    return end > 0 && sscanf(rest, ".tmp.%d%n", &pid, &last) == 1 && last > 0 && rest[last] == '\0';
}

static int is_hand(const struct dirent *entry)
{
    int attempt, rank, end = 0;

    return sscanf(entry->d_name, "hand-%d-%d%n", &attempt, &rank, &end) == 2 && end > 0 && entry->d_name[end] == '\0';
}

char *vx_rundir_shard(const char *path, int attempt, int rank)
{
    char name[64];

    snprintf(name, sizeof name, "shard-%03d-%05d.db", attempt, rank);
    return vx_file_join(path, name);
}

char *vx_rundir_hand(const char *path, int attempt, int rank)
{
    char name[64];

    snprintf(name, sizeof name, "hand-%03d-%05d", attempt, rank);
    return vx_file_join(path, name);
}

static void free_shards(struct vx_rundir *dir)
{
    for (size_t i = 0; i < dir->n_hands; i++)
        free(dir->hands[i].path);
    free(dir->hands);
    dir->hands = NULL;
    dir->n_hands = 0;
    for (size_t i = 0; i < dir->n_shards; i++)
        free(dir->shards[i]);
    free(dir->shards);
    dir->shards = NULL;
    dir->n_shards = 0;
}

static enum vx_status find_hands(struct vx_rundir *dir, struct vx_err *err)
{
    struct dirent **names;
    enum vx_status rc = VX_OK;
    const int n = scandir(dir->path, &names, is_hand, alphasort);

    if (n < 0)
        return vx_fail_sys(err, "read folder %s", dir->path);
    dir->hands = vx_calloc((size_t)n, sizeof *dir->hands);
    for (int i = 0; i < n; i++) {
        struct vx_rundir_hand hand = {.path = dir->hands ? vx_file_join(dir->path, names[i]->d_name) : NULL};
        (void)!sscanf(names[i]->d_name, "hand-%d-%d", &hand.attempt, &hand.rank);
        if (hand.path)
            dir->hands[dir->n_hands++] = hand;
        else
            rc = vx_fail_nomem(err, "the list of ranks");
        free(names[i]);
    }
    free(names);
    return rc;
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
    return rc == VX_OK ? find_hands(dir, err) : rc;
}

size_t vx_rundir_ranks(const struct vx_rundir *dir, int attempt)
{
    size_t n = 0;

    for (size_t i = 0; i < dir->n_shards; i++) {
        int of, rank, piece;
        n += shard_name(strrchr(dir->shards[i], '/') + 1, &of, &rank, &piece) > 0 && of == attempt && piece == 0;
    }
    return n;
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

/* One more than the largest attempt that has left a shard. */
static int next_attempt(const struct vx_rundir *dir)
{
    int last = 0;

    for (size_t i = 0; i < dir->n_shards; i++) {
        int attempt, rank, piece;
        if (shard_name(strrchr(dir->shards[i], '/') + 1, &attempt, &rank, &piece) > 0 && attempt > last)
            last = attempt;
    }
    for (size_t i = 0; i < dir->n_hands; i++)
        last = dir->hands[i].attempt > last ? dir->hands[i].attempt : last;
    return last + 1;
}

/* Somebody else's lock. A file system without locks says nothing. */
static bool is_locked(const char *folder)
{
    char *path = vx_file_join(folder, LOCK_FILE);
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    const bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

    if (fd >= 0)
        close(fd);
    free(path);
    return locked;
}

static int read_status(const char *folder)
{
    char *path = vx_file_join(folder, STATUS_FILE), *text = NULL;
    struct vx_err none;
    size_t len;
    int status = -1;

    if (path && vx_file_read(path, 64, &text, &len, &none) == VX_OK && sscanf(text, "%d", &status) != 1)
        status = -1;
    free(text);
    free(path);
    return status;
}

enum vx_status vx_rundir_look(struct vx_rundir *dir, const char *path, char started[25], int *exit_status, bool *locked,
                              struct vx_err *err)
{
    enum vx_status rc;

    *dir = (struct vx_rundir){.lock = -1};
    dir->path = strdup(path);
    dir->items_path = vx_file_join(path, LIST_FILE);
    if (!dir->path || !dir->items_path)
        rc = vx_fail_nomem(err, "a path");
    else if ((rc = vx_rundir_started(path, started, err)) == VX_OK)
        rc = vx_rundir_rescan(dir, err);
    if (rc == VX_OK) {
        *exit_status = read_status(path);
        *locked = is_locked(path);
        dir->attempt = next_attempt(dir) - 1;
    } else {
        vx_rundir_close(dir);
    }
    return rc;
}

static void remove_file(const char *folder, const char *name)
{
    char *path = vx_file_join(folder, name);

    if (path)
        unlink(path);
    free(path);
}

/* All that a scan leaves there, but not the lock. */
static void remove_run(struct vx_rundir *dir)
{
    struct dirent **names;
    const int n = scandir(dir->path, &names, is_of_shard, NULL);

    for (int i = 0; i < n; i++) {
        remove_file(dir->path, names[i]->d_name);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    for (size_t i = 0; i < dir->n_hands; i++)
        unlink(dir->hands[i].path);
    remove_file(dir->path, LIST_FILE);
    remove_file(dir->path, LIST_FILE "-journal");
    remove_file(dir->path, VX_PROGRESS_FILE);
    remove_file(dir->path, STATUS_FILE);
    remove_file(dir->path, VX_SPENT_FILE);
    remove_file(dir->path, VX_RUN_FILE);
}

enum vx_status vx_rundir_open(struct vx_rundir *dir, const char *path, struct vx_scan_record *record,
                              const char *const *inputs, size_t n_inputs, bool fresh, struct vx_err *err)
{
    enum vx_status rc;

    *dir = (struct vx_rundir){.lock = -1};
    dir->path = strdup(path);
    dir->items_path = vx_file_join(path, LIST_FILE);
    if (!dir->path || !dir->items_path)
        rc = vx_fail_nomem(err, "a path");
    else if ((rc = vx_file_mkdirs(path, err)) == VX_OK && (rc = lock(dir, err)) == VX_OK &&
             (rc = vx_rundir_rescan(dir, err)) == VX_OK &&
             (!fresh || (rc = vx_rundir_may_clear(dir, inputs, n_inputs, err)) == VX_OK)) {
        if (fresh) {
            remove_run(dir);
            rc = vx_rundir_rescan(dir, err);
        }
        if (rc == VX_OK)
            rc = vx_rundir_claim(dir, record, inputs, n_inputs, err);
    }
    if (rc == VX_OK) {
        dir->attempt = next_attempt(dir);
        remove_file(dir->path, STATUS_FILE); /* of an earlier attempt */
    } else {
        vx_rundir_close(dir);
    }
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

void vx_rundir_leave_status(const char *path, int status)
{
    char text[16], *file = access(path, F_OK) == 0 ? vx_file_join(path, STATUS_FILE) : NULL;

    snprintf(text, sizeof text, "%d\n", status);
    if (file)
        (void)!vx_file_write(file, text, strlen(text), NULL);
    free(file);
}

void vx_rundir_remove(struct vx_rundir *dir)
{
    remove_run(dir);
    remove_file(dir->path, LOCK_FILE);
    rmdir(dir->path);
}
