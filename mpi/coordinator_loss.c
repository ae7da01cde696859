/* coordinator_loss.c - what becomes of a worker that is lost, and of the items that may have killed it
 * Only a worker that fell silent may have been killed by its items; one that could say why is not. What is blamed goes to the
 * run's list at once, so that it is known even if this rank is the next to die. */
#include "base/mem.h"
#include "base/text.h"
#include "mpi/coordinator_internal.h"

#include <stdio.h>
#include <stdlib.h>

void vx_coordinator_fail(struct vx_coordinator *c, enum vx_status status, const struct vx_err *err)
{
    if (c->job_status != VX_OK)
        return;
    c->job_status = status;
    c->job_err = *err;
    c->stopping = true;
    vx_log_say(c->config->log, VX_LOG_INFO, "stopping: the scan cannot go on"); /* the caller says why */
}

/* The item is done for: recorded as failed in the list, counted as such. */
static enum vx_status give_up(struct vx_coordinator *c, int64_t id, struct vx_err *err)
{
    struct vx_item item = {0};
    const enum vx_status rc = vx_itemlist_read(c->config->list, id, 1, &item, err);

    if (rc != VX_OK)
        return rc;
    char *const name = vx_text_printable(item.member ? item.member : item.path);
    vx_log_say(c->config->log, VX_LOG_ERROR, "%s killed its worker twice and is given up: a failed item", name ? name : "?");
    free(name);
    vx_item_clear(&item);
    c->result->given_up++;
    c->result->tally.items++;
    c->result->tally.failed++;
    return VX_OK;
}

/* Takes the leases of worker i back and blames their items. Returns how many there were. */
static int blame_items(struct vx_coordinator *c, int i, const char *why)
{
    struct vx_lease *held = NULL;
    struct vx_err err = {0};
    char reason[640];
    size_t n;
    enum vx_status rc;

    snprintf(reason, sizeof reason, "%s: %s", vx_seat_name(c, i).text, why);
    rc = vx_leases_blame_worker(c->config->leases, i, &held, &n, &err);
    for (size_t k = 0; rc == VX_OK && k < n; k++) {
        rc = vx_itemlist_blame(c->config->list, c->config->attempt, i, held[k].first, held[k].count, reason, &err);
        if (rc == VX_OK && held[k].alone)
            rc = give_up(c, held[k].first, &err);
    }
    if (rc != VX_OK)
        vx_coordinator_fail(c, rc, &err);
    free(held);
    return (int)n;
}

void vx_coordinator_lose(struct vx_coordinator *c, int i, const char *why, bool blame)
{
    struct vx_seat *w = &c->workers[i];
    char *printable = vx_text_printable(why);
    const int leases = blame ? blame_items(c, i, printable ? printable : "?") : vx_leases_lose_worker(c->config->leases, i);

    w->presence = LOST;
    w->held = 0;
    c->n_present--;
    c->result->workers_lost++;
    if (c->n_workers > 1) /* the loss of a single one is the run's failure, and said once */
        vx_log_say(c->config->log, VX_LOG_ERROR, "%s is lost: %s (%d lease%s back)", vx_seat_name(c, i).text,
                   printable ? printable : "?", leases, leases == 1 ? " goes" : "s go");
    if (c->first_loss.status == VX_OK && c->n_workers > 1)
        vx_fail(&c->first_loss, VX_EMPI, "%s: %s", vx_seat_name(c, i).text, printable ? printable : "?");
    else if (c->first_loss.status == VX_OK)
        vx_fail(&c->first_loss, VX_EMPI, "%s", printable ? printable : "?");
    free(printable);
}

