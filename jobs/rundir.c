#include "jobs/rundir.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

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
#define STATUS_FILE "exit-status"
#define RUN_MAX ((size_t)256 << 20) /* bytes of run.txt: millions of inputs */
#define HEADER "voxtrawl run 1\nuuid %32[0-9a-f]\nstarted %24s\nfingerprint %64[0-9a-f]\n"
#define FOLDER "folder " /* then the working directory */
#define INPUT "input "   /* then an input as named on the command line */

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

/* The inputs of this command, as run.txt has them; sorted to be found in. */
struct inputs {
    char **line; /* owned [n] */
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void free_inputs(struct inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->line[i]);
    free(in->line);
}

static enum vx_status sort_inputs(struct inputs *in, const char *const *inputs, size_t n, struct vx_err *err)
{
    *in = (struct inputs){.line = vx_calloc(n, sizeof *in->line)};
    if (!in->line)
        return vx_fail_nomem(err, "the inputs");
    for (; in->n < n; in->n++)
        if (!(in->line[in->n] = vx_text_printable(inputs[in->n])))
            return vx_fail_nomem(err, "the inputs");
    qsort(in->line, n, sizeof *in->line, by_text);
    return VX_OK;
}

static enum vx_status not_ours(const struct vx_rundir *dir, struct vx_err *err)
{
    return vx_fail(err, VX_EFORMAT, "%s/" RUN_FILE ": not a run this version wrote; move the folder away", dir->path);
}

/* The items that an unfinished scan has listed must be part of what is asked for now. text: run.txt behind its header, cut
 * into lines here. */
static enum vx_status check_inputs(const struct vx_rundir *dir, char *text, const char *cwd, const struct inputs *now,
                                   struct vx_err *err)
{
    const char *begun_in = NULL;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *input = line + strlen(INPUT);
        if (!begun_in && strncmp(line, FOLDER, strlen(FOLDER)) == 0) {
            begun_in = line + strlen(FOLDER);
            continue;
        }
        if (strncmp(line, INPUT, strlen(INPUT)) != 0 || !begun_in)
            return not_ours(dir, err);
        if (!bsearch(&input, now->line, now->n, sizeof *now->line, by_text))
            return vx_fail(err, VX_EINVAL,
                           "%s holds an unfinished scan of %s too, which is not among the inputs now; finish it with the same "
                           "inputs (more may be added), remove the folder, or give --work another one",
                           dir->path, input);
        if (input[0] != '/' && strcmp(begun_in, cwd) != 0)
            return vx_fail(err, VX_EINVAL,
                           "%s holds an unfinished scan of %s as seen from %s; go on from there, remove the folder, or give "
                           "--work another one",
                           dir->path, input, begun_in);
    }
    return VX_OK;
}

/* run.txt of an earlier attempt: must be of the same configuration and corpus. */
static enum vx_status take_up(struct vx_rundir *dir, char *text, struct vx_scan_record *record, const char *cwd,
                              const struct inputs *now, struct vx_err *err)
{
    char uuid[33], started[25], fingerprint[VX_SHA256_HEX];
    enum vx_status rc;
    int end = 0;

    if (sscanf(text, HEADER "%n", uuid, started, fingerprint, &end) != 3 || end == 0)
        return not_ours(dir, err);
    if (strcmp(fingerprint, record->fingerprint) != 0)
        return vx_fail(err, VX_EINVAL,
                       "%s holds an unfinished scan with another model, profile, window, precision or decoder version "
                       "(its %.12s, now %.12s); finish it with the same options, remove the folder, or give --work "
                       "another one",
                       dir->path, fingerprint, record->fingerprint);
    if ((rc = check_inputs(dir, text + end, cwd, now, err)) != VX_OK)
        return rc;
    memcpy(record->uuid, uuid, sizeof uuid);
    memcpy(record->started, started, sizeof started);
    dir->resumed = true;
    return VX_OK;
}

static enum vx_status write_run(const char *path, const struct vx_scan_record *record, const char *cwd,
                                const struct inputs *now, struct vx_err *err)
{
    struct vx_buf b = {0};
    enum vx_status rc;

    vx_buf_fmt(&b, "voxtrawl run 1\nuuid %s\nstarted %s\nfingerprint %s\n" FOLDER "%s\n", record->uuid, record->started,
               record->fingerprint, cwd);
    for (size_t i = 0; i < now->n; i++)
        vx_buf_fmt(&b, INPUT "%s\n", now->line[i]);
    rc = b.failed ? vx_fail_nomem(err, "the inputs") : vx_file_write(path, b.data, b.len, err);
    vx_buf_free(&b);
    return rc;
}

/* Says in run.txt whose the folder is, if what it says already agrees. */
static enum vx_status claim(struct vx_rundir *dir, struct vx_scan_record *record, const char *const *inputs, size_t n_inputs,
                            struct vx_err *err)
{
    char *path = vx_file_join(dir->path, RUN_FILE), *folder = getcwd(NULL, 0);
    char *cwd = folder ? vx_text_printable(folder) : NULL, *text = NULL;
    struct inputs now = {0};
    enum vx_status rc;
    size_t len;

    if (!folder)
        rc = vx_fail_sys(err, "name of the working directory");
    else if (!path || !cwd)
        rc = vx_fail_nomem(err, "a path");
    else
        rc = sort_inputs(&now, inputs, n_inputs, err);
    if (rc == VX_OK && access(path, F_OK) == 0) {
        if ((rc = vx_file_read(path, RUN_MAX, &text, &len, err)) == VX_OK)
            rc = take_up(dir, text, record, cwd, &now, err);
    } else if (rc == VX_OK && (dir->n_shards > 0 || access(dir->items_path, F_OK) == 0)) {
        rc = vx_fail(err, VX_EFORMAT, "%s holds results, but no " RUN_FILE " that says of which scan; move the folder away, or "
                     "give --work another one", dir->path);
    }
    if (rc == VX_OK)
        rc = write_run(path, record, cwd, &now, err);
    free_inputs(&now);
    free(text);
    free(cwd);
    free(folder);
    free(path);
    return rc;
}

enum vx_status vx_rundir_check(const char *path, const char *uuid, const char *host, struct vx_err *err)
{
    char *run = vx_file_join(path, RUN_FILE), *text = NULL, found[33], started[25], fingerprint[VX_SHA256_HEX];
    struct vx_err unread;
    size_t len;
    bool same;

    if (!run)
        return vx_fail_nomem(err, "a path");
    same = vx_file_read(run, RUN_MAX, &text, &len, &unread) == VX_OK &&
           sscanf(text, HEADER, found, started, fingerprint) == 3 && strcmp(found, uuid) == 0;
    free(text);
    free(run);
    return same ? VX_OK
                : vx_fail(err, VX_EINVAL,
                          "%s on %s is not the work folder that rank 0 uses; it must be on a file system that all hosts share: "
                          "give --work such a folder",
                          path, host);
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

enum vx_status vx_rundir_open(struct vx_rundir *dir, const char *path, struct vx_scan_record *record,
                              const char *const *inputs, size_t n_inputs, struct vx_err *err)
{
    enum vx_status rc;

    *dir = (struct vx_rundir){.lock = -1};
    dir->path = strdup(path);
    dir->items_path = vx_file_join(path, "items.db");
    if (!dir->path || !dir->items_path)
        rc = vx_fail_nomem(err, "a path");
    else if ((rc = vx_file_mkdirs(path, err)) == VX_OK && (rc = lock(dir, err)) == VX_OK &&
             (rc = vx_rundir_rescan(dir, err)) == VX_OK)
        rc = claim(dir, record, inputs, n_inputs, err);
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

void vx_rundir_leave_status(const char *path, int status)
{
    char text[16], *file = access(path, F_OK) == 0 ? vx_file_join(path, STATUS_FILE) : NULL;

    snprintf(text, sizeof text, "%d\n", status);
    if (file)
        (void)!vx_file_write(file, text, strlen(text), NULL);
    free(file);
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
    remove_file(dir->path, STATUS_FILE);
    remove_file(dir->path, LOCK_FILE);
    rmdir(dir->path);
}
