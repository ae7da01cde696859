#include "jobs/resume_content.h"
#include "db/shard.h"

struct reading {
    struct vx_claims *claims;
    struct vx_leases *leases;
    bool final; /* those with a result of their own, first; then those that rely on them */
    enum vx_status rc;
    struct vx_err *err;
};

/* It relies on an item that was given up since it killed its workers: done, but in no shard. */
static bool is_given_up(const struct reading *r, int64_t item)
{
    return item > 0 && !vx_claims_knows(r->claims, item) && vx_leases_is_done(r->leases, item) &&
           item <= vx_leases_counts(r->leases).items;
}

static void take(void *ctx, const struct vx_shard_content *content)
{
    struct reading *const r = ctx;
    int64_t scored;

    if (r->rc != VX_OK || (content->same_as == 0) != r->final)
        return;
    if (!content->hash) { /* it failed before it was read, say */
        r->rc = vx_claims_unknown(r->claims, content->item, r->err);
        return;
    }
    const struct vx_hash_key key = vx_claims_key(content->kind, content->name, content->hash);
    if (r->final) {
        r->rc = vx_claims_make(r->claims, content->item, key, &scored, r->err);
        return;
    }
    if (vx_claims_knows(r->claims, content->item)) /* another rank has scored it after all */
        return;
    if (vx_claims_scored(r->claims, key) == 0 && !is_given_up(r, content->same_as))
        return;
    if (vx_claims_scored(r->claims, key) == 0)
        r->rc = vx_claims_make(r->claims, content->same_as, key, &scored, r->err);
    if (r->rc == VX_OK && (r->rc = vx_claims_make(r->claims, content->item, key, &scored, r->err)) == VX_OK)
        r->rc = vx_leases_mark_done(r->leases, content->item, r->err);
}

enum vx_status vx_resume_content(const struct vx_rundir *rundir, struct vx_claims *claims, struct vx_leases *leases,
                                 struct vx_err *err)
{
    struct reading r = {.claims = claims, .leases = leases, .err = err};
    enum vx_status rc = VX_OK;

    for (int round = 0; round < 2; round++) {
        r.final = round == 0;
        for (size_t i = 0; rc == VX_OK && i < rundir->n_shards; i++)
            rc = vx_shard_contents(rundir->shards[i], take, &r, err) == VX_OK ? r.rc : err->status;
    }
    return rc;
}
