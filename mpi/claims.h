/* claims.h - which item is scored for each content: a pure state machine, no MPI
 * With --dedupe a worker claims an item's content (its hash) before it decodes it. The first item to claim a content is scored
 * for it, and stays so whoever works on it and however often; the others are done once their hash is stored. Which of several
 * is the first depends on chance; what a merge makes of them does not (db/merge_same.h).
 *
 * An item whose content is another one by now (its file changed) claims that one and leaves the old: whoever relied on it is
 * an orphan, and has to be worked on again. Memory: 16 to 32 bytes an item, and 11 to 21 a content. */
#ifndef VX_MPI_CLAIMS_H
#define VX_MPI_CLAIMS_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"

#include <stdbool.h>
#include <stdint.h>

struct vx_claims;

enum vx_status vx_claims_create(struct vx_claims **out, struct vx_err *err) VX_CHECKED;
void vx_claims_destroy(struct vx_claims **claims); /* NULL is fine */

/* What stands for a content. Equal bytes are not the same where they are read in another way, as sound and as a picture, or by
 * another extension (G.711 has no header); equal samples are, whatever holds them. db/merge_same.c draws the same lines. name: of
 * the member or file. */
struct vx_hash_key vx_claims_key(enum vx_item_kind kind, const char *name, const char *hash);

/* item, from 1 up, has this content. *scored: the item that is scored for it, item itself for the first. VX_ENOMEM: nothing
 * has changed. */
enum vx_status vx_claims_make(struct vx_claims *claims, int64_t item, struct vx_hash_key key, int64_t *scored,
                              struct vx_err *err) VX_CHECKED;
/* item is done without any content known, and stays what it is: nobody can rely on it. */
enum vx_status vx_claims_unknown(struct vx_claims *claims, int64_t item, struct vx_err *err) VX_CHECKED;
/* What item is is not known any more. */
void vx_claims_forget(struct vx_claims *claims, int64_t item);

bool vx_claims_knows(const struct vx_claims *claims, int64_t item);                  /* it has claimed something, or is unknown */
int64_t vx_claims_scored(const struct vx_claims *claims, struct vx_hash_key key);    /* the item scored for key; 0: none */

/* The first item after `after` that relies on one that is not scored for its content any more; 0: none. */
int64_t vx_claims_orphan(const struct vx_claims *claims, int64_t after);

#endif
