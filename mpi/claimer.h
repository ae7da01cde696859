/* claimer.h - a rank's decoders ask whether an item's content is scored already (mpi/claims.h)
 * They wait for the answer; the worker's loop, which alone talks to the coordinator, takes the questions and brings the answers. */
#ifndef VX_MPI_CLAIMER_H
#define VX_MPI_CLAIMER_H

#include "base/err.h"
#include "mpi/wire.h"

#include <stddef.h>
#include <stdint.h>

struct vx_claimer;

enum vx_status vx_claimer_create(struct vx_claimer **out, struct vx_err *err) VX_CHECKED;
void vx_claimer_destroy(struct vx_claimer **claimer); /* NULL is fine; nobody may be asking */
/* Nobody brings answers any more: those who wait and those who will ask get VX_ESTOP. */
void vx_claimer_close(struct vx_claimer *claimer);

/* A decoder: *scored is the item that is scored for this content, item's own id if that is to be scored. */
enum vx_status vx_claimer_ask(struct vx_claimer *claimer, const struct vx_item *item, const char *hash, int64_t *scored,
                              struct vx_err *err) VX_CHECKED;

/* The worker's loop: questions that were not taken before, at most max; how many. */
size_t vx_claimer_take(struct vx_claimer *claimer, struct vx_claim *out, size_t max);
void vx_claimer_answer(struct vx_claimer *claimer, int64_t item, int64_t scored); /* to nobody is fine */

#endif
