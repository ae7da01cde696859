/* rundir_claim.c - run.txt: whose a work folder is */
#include "jobs/rundir_claim.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_MAX ((size_t)256 << 20) /* bytes of run.txt: millions of inputs */
#define HEADER "voxtrawl run 2\nuuid %32[0-9a-f]\nstarted %24s\nfingerprint %64[0-9a-f]\n"
#define DECISIVE "decisive " /* then what the fingerprint was taken of */
#define FOLDER "folder "     /* then the working directory */
#define CONTENT "content "   /* then what items are hashed by; of runs that hash */
#define INPUT "input "       /* then an input as named on the command line */

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
    return vx_fail(err, VX_EFORMAT, "%s/" VX_RUN_FILE ": not a run this version wrote; move the folder away", dir->path);
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
        if (strncmp(line, CONTENT, strlen(CONTENT)) == 0)
            continue;
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

/* The rest of a line that begins with word, cut off from what follows; NULL: it does not. */
static char *take_line(char *text, const char *word, char **rest)
{
    char *const end = strchr(text, '\n');

    if (!end || strncmp(text, word, strlen(word)) != 0)
        return NULL;
    *end = '\0';
    *rest = end + 1;
    return text + strlen(word);
}

static enum vx_status refuse_other(const struct vx_rundir *dir, const char *decisive, const struct vx_scan_record *record,
                                   struct vx_err *err)
{
    char differences[512];

    if (!vx_scan_record_differences(decisive, record->decisive.data ? record->decisive.data : "", differences,
                                    sizeof differences))
        snprintf(differences, sizeof differences, "fingerprint %.12s", record->fingerprint);
    return vx_fail(err, VX_EINVAL,
                   "%s holds an unfinished scan that would score differently: %s; give the old values to finish it, or --fresh to "
                   "delete what it has done and start over (or --work another folder)",
                   dir->path, differences);
}

/* All items of a run are hashed alike, or they could not be compared, and one with --custody would not be of SHA-256 alone. */
static enum vx_status check_content(const struct vx_rundir *dir, const char *text, const char *now, struct vx_err *err)
{
    const char *const line = strstr(text, "\n" CONTENT);
    char before[16];

    if (!line || !now || sscanf(line, "\n" CONTENT "%15s", before) != 1 || strcmp(before, now) == 0)
        return VX_OK;
    return vx_fail(err, VX_EINVAL,
                   "%s holds an unfinished scan whose hashes are %s, not %s: give the same --hash and --custody to finish it, or --fresh "
                   "to delete what it has done and start over (or --work another folder)",
                   dir->path, before, now);
}

/* run.txt of an earlier attempt: must be of the same configuration and corpus. */
static enum vx_status take_up(struct vx_rundir *dir, char *text, struct vx_scan_record *record, const char *cwd,
                              const struct inputs *now, struct vx_err *err)
{
    char uuid[33], started[25], fingerprint[VX_SHA256_HEX];
    const char *decisive;
    char *rest;
    enum vx_status rc;
    int end = 0;

    if (sscanf(text, HEADER "%n", uuid, started, fingerprint, &end) != 3 || end == 0)
        return not_ours(dir, err);
    if ((decisive = take_line(text + end, DECISIVE, &rest)) == NULL)
        return not_ours(dir, err);
    if (strcmp(fingerprint, record->fingerprint) != 0)
        return refuse_other(dir, decisive, record, err);
    if ((rc = check_content(dir, rest, record->content, err)) != VX_OK || (rc = check_inputs(dir, rest, cwd, now, err)) != VX_OK)
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

    vx_buf_fmt(&b, "voxtrawl run 2\nuuid %s\nstarted %s\nfingerprint %s\n" DECISIVE "%s\n" FOLDER "%s\n", record->uuid,
               record->started, record->fingerprint, record->decisive.data ? record->decisive.data : "", cwd);
    if (record->content)
        vx_buf_fmt(&b, CONTENT "%s\n", record->content);
    for (size_t i = 0; i < now->n; i++)
        vx_buf_fmt(&b, INPUT "%s\n", now->line[i]);
    rc = b.failed ? vx_fail_nomem(err, "the inputs") : vx_file_write(path, b.data, b.len, err);
    vx_buf_free(&b);
    return rc;
}

/* Says in run.txt whose the folder is, if what it says already agrees. */
enum vx_status vx_rundir_claim(struct vx_rundir *dir, struct vx_scan_record *record, const char *const *inputs, size_t n_inputs,
                            struct vx_err *err)
{
    char *path = vx_file_join(dir->path, VX_RUN_FILE), *folder = getcwd(NULL, 0);
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
        rc = vx_fail(err, VX_EFORMAT, "%s holds results, but no " VX_RUN_FILE " that says of which scan; move the folder away, or "
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

/* Before anything is deleted: run.txt must say that it is a scan of ours, of these inputs. */
enum vx_status vx_rundir_may_clear(const struct vx_rundir *dir, const char *const *inputs, size_t n_inputs, struct vx_err *err)
{
    char *path = vx_file_join(dir->path, VX_RUN_FILE), *folder = getcwd(NULL, 0), *text = NULL, *rest = NULL;
    char *cwd = folder ? vx_text_printable(folder) : NULL, uuid[33], started[25], fingerprint[VX_SHA256_HEX];
    struct inputs now = {0};
    struct stat sb;
    enum vx_status rc = VX_OK;
    size_t len;
    int end = 0;

    if (!path || !cwd)
        rc = vx_fail_nomem(err, "a path");
    else if (stat(path, &sb) != 0) /* nothing of ours there; vx_rundir_claim() refuses what is not */
        goto done;
    else if (sb.st_uid != geteuid())
        rc = vx_fail(err, VX_EINVAL, "%s belongs to another user, --fresh would delete their scan; give --work another folder",
                     path);
    else if ((rc = sort_inputs(&now, inputs, n_inputs, err)) == VX_OK &&
             (rc = vx_file_read(path, RUN_MAX, &text, &len, err)) == VX_OK) {
        if (sscanf(text, HEADER "%n", uuid, started, fingerprint, &end) != 3 || end == 0 ||
            !take_line(text + end, DECISIVE, &rest))
            rc = not_ours(dir, err);
        else
            rc = check_inputs(dir, rest, cwd, &now, err);
    }
done:
    free_inputs(&now);
    free(text);
    free(cwd);
    free(folder);
    free(path);
    return rc;
}

enum vx_status vx_rundir_check(const char *path, const char *uuid, const char *host, struct vx_err *err)
{
    char *run = vx_file_join(path, VX_RUN_FILE), *text = NULL, found[33], started[25], fingerprint[VX_SHA256_HEX];
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

enum vx_status vx_rundir_started(const char *path, char started[25], struct vx_err *err)
{
    char *run = vx_file_join(path, VX_RUN_FILE), *text = NULL, uuid[33], fingerprint[VX_SHA256_HEX];
    enum vx_status rc;
    size_t len;

    if (!run)
        return vx_fail_nomem(err, "a path");
    rc = vx_file_read(run, RUN_MAX, &text, &len, err);
    if (rc == VX_OK && sscanf(text, HEADER, uuid, started, fingerprint) != 3)
        rc = vx_fail(err, VX_EINVAL, "%s: not a run this version wrote", run);
    else if (rc == VX_ESYS)
        rc = vx_fail(err, VX_EINVAL, "%s is no work folder of a scan (no " VX_RUN_FILE " in it): a finished scan removes its own", path);
    free(text);
    free(run);
    return rc;
}
