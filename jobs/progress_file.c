#include "jobs/progress_file.h"
#include "base/buf.h"
#include "base/file.h"
#include "jobs/rundir_claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES 4096
#define FORMAT                                                                                                             \
    "voxtrawl progress 1\nupdated %" PRId64 "\nattempt %d\npid %d\nhost %s\nitems %" PRId64 "\ndone %" PRId64              \
    "\nfailed %" PRId64 "\nbefore %" PRId64 "\nlisting %d\nwindows_per_s %.3f\nitems_per_s %.3f\neta_s %.0f\nworkers %d\n"  \
    "lost %d\nstopping %d\n"
#define SCAN                                                                                                               \
    "voxtrawl progress 1\nupdated %" SCNd64 "\nattempt %d\npid %d\nhost %255s\nitems %" SCNd64 "\ndone %" SCNd64           \
    "\nfailed %" SCNd64 "\nbefore %" SCNd64 "\nlisting %d\nwindows_per_s %lf\nitems_per_s %lf\neta_s %lf\nworkers %d\n"     \
    "lost %d\nstopping %d\n"

void vx_progress_note_write(const char *work, const struct vx_progress_note *note)
{
    const struct vx_progress *const p = &note->state.progress;
    char *path = vx_file_join(work, VX_PROGRESS_FILE), *tmp = vx_file_join(work, VX_PROGRESS_FILE ".tmp");
    FILE *f = path && tmp ? fopen(tmp, "we") : NULL;

    if (f) { /* no sync: the next one comes soon */
        fprintf(f, FORMAT, note->updated, note->attempt, note->pid, note->host, p->items, p->done, p->failed, p->before,
                p->listing, p->windows_per_s, note->state.items_per_s, p->eta_s, note->state.workers, note->state.lost,
                note->state.stopping);
        if (fclose(f) != 0 || rename(tmp, path) != 0)
            unlink(tmp);
    }
    free(tmp);
    free(path);
}

enum vx_status vx_progress_note_read(struct vx_progress_note *n, const char *work, struct vx_err *err)
{
    struct vx_progress *const p = &n->state.progress;
    char *path = vx_file_join(work, VX_PROGRESS_FILE), *text = NULL;
    enum vx_status rc;
    int listing = 0, stopping = 0;
    size_t len;

    *n = (struct vx_progress_note){0};
    if (!path)
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_file_read(path, MAX_BYTES, &text, &len, err)) == VX_OK &&
        sscanf(text, SCAN, &n->updated, &n->attempt, &n->pid, n->host, &p->items, &p->done, &p->failed, &p->before, &listing,
               &p->windows_per_s, &n->state.items_per_s, &p->eta_s, &n->state.workers, &n->state.lost, &stopping) != 15)
        rc = vx_fail(err, VX_EFORMAT, "%s: not written by this version", path);
    p->listing = listing != 0;
    n->state.stopping = stopping != 0;
    free(text);
    free(path);
    return rc;
}
