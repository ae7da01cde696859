/* merge_claim.h - the temporary file of a merge: claimed by one process, and what killed ones left is taken over
 * OUT.tmp and, for many shards, its parts OUT.tmp.0, OUT.tmp.0.3 … are the claimant's. The claim is a lock on the open
 * file, so it ends with the process, however that ends. */
#ifndef VX_DB_MERGE_CLAIM_H
#define VX_DB_MERGE_CLAIM_H

#include "base/err.h"

struct vx_claim {
    char *path; /* OUT.tmp; NULL: nothing is claimed */
    int fd;     /* holds the lock, -1: none */
};

/* Makes OUT.tmp ours: an empty file, or what a killed merge left, as it left it. VX_EDB: another process has it, or it
 * cannot be created. On failure *claim holds nothing. */
enum vx_status vx_claim_take(struct vx_claim *claim, const char *out, struct vx_err *err) VX_CHECKED;

/* Removes the parts, makes OUT.tmp durable and renames it to out; the claim is then spent. VX_ESYS: either out is as it was, or, if the text
 * says "is in place", the new file. */
enum vx_status vx_claim_publish(struct vx_claim *claim, const char *out, struct vx_err *err) VX_CHECKED;

/* Removes OUT.tmp and its parts, if it was not published, and ends the claim. One that holds nothing, with fd -1, is fine. */
void vx_claim_drop(struct vx_claim *claim);

#endif
