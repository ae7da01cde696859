#include "jobs/verify_check.h"
#include "base/mem.h"
#include "db/contents.h"
#include "io/archive.h"
#include "io/path.h"
#include "jobs/item_windows.h"
#include "jobs/verify_archive.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shared {
    const struct vx_verify_config *config;
    struct vx_verify_progress *progress;
    pthread_mutex_t lock; /* over report and failure */
    struct vx_err failure;
    atomic_bool failed;
};

struct checker { /* one a thread */
    struct shared *shared;
    int number;
    pthread_t thread;
    struct vx_contents *contents;
    struct vx_player *player;
    struct vx_archive_members members; /* of one archive, gathered */
};

const char *vx_verified_name(enum vx_verified what)
{
    static const char *const names[] = {"equal", "changed", "missing", "unreadable", "not hashed"};

    return names[what];
}

enum vx_status vx_verify_roots_check(const struct vx_opt_list *roots, struct vx_err *err)
{
    for (size_t i = 0; i < roots->n; i++)
        if (!strchr(roots->at[i], '='))
            return vx_fail(err, VX_EINVAL, "--root %s: expected OLD=NEW: the folder that paths in the result begin with, and the one "
                           "that is in its place", roots->at[i]);
    return VX_OK;
}

/* What follows the folder old [n] in path; NULL: it is not below it. Nothing at all is the folder of relative paths. */
static const char *below(const char *path, const char *old, size_t n)
{
    if (n == 0)
        return *path == '/' ? NULL : path;
    while (n > 1 && old[n - 1] == '/')
        n--;
    if (strncmp(path, old, n) != 0 || (path[n] != '/' && path[n] != '\0' && old[n - 1] != '/'))
        return NULL;
    path += n;
    return path + strspn(path, "/");
}

char *vx_verify_map(const struct vx_opt_list *roots, const char *path)
{
    for (size_t i = 0; i < roots->n; i++) {
        const char *const root = roots->at[i];
        for (const char *equals = strchr(root, '='); equals; equals = strchr(equals + 1, '=')) { /* folders may have one in their names */
            const char *const new = equals + 1, *const rest = below(path, root, (size_t)(equals - root));
            char *mapped;
            if (!rest)
                continue;
            if (asprintf(&mapped, "%s%s%s", new, *new && new[strlen(new) - 1] != '/' && *rest ? "/" : "", rest) < 0)
                return NULL;
            return mapped;
        }
    }
    return strdup(path);
}

/* The file itself: whatever else is wrong, and however long its name. */
static bool is_gone(const char *path)
{
    struct stat sb;

    return vx_path_stat(path, &sb) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* item: with the path at which its file is looked for. VX_ENOMEM and VX_ELOST alone are returned; all else is a finding. */
static enum vx_status compare(struct checker *c, const struct vx_item *item, const char *stored, struct vx_finding *finding,
                              char found[VX_HASH_TEXT], struct vx_err *why)
{
    struct vx_hash_rule rule;
    int64_t bytes;
    enum vx_status rc = vx_hash_rule_of(stored, &rule, why);

    if (rc != VX_OK) {
        finding->what = VX_VERIFIED_NOT_HASHED;
        finding->why = why->text;
        return VX_OK;
    }
    rc = vx_player_hash(c->player, item, rule, &bytes, found, why);
    atomic_fetch_add(&c->shared->progress->bytes, bytes);
    if (rc == VX_ENOMEM || rc == VX_ELOST)
        return rc;
    if (rc != VX_OK) {
        finding->what = is_gone(item->path) ? VX_VERIFIED_MISSING : VX_VERIFIED_UNREADABLE;
        finding->why = why->text;
        return VX_OK;
    }
    finding->found = found;
    finding->what = strcmp(found, stored) == 0 ? VX_VERIFIED_EQUAL : VX_VERIFIED_CHANGED;
    return VX_OK;
}

static enum vx_status tell(struct shared *s, const struct vx_finding *finding, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    atomic_fetch_add(&s->progress->counts[finding->what], 1);
    atomic_fetch_add(&s->progress->items, 1);
    if (finding->what == VX_VERIFIED_EQUAL)
        return VX_OK;
    pthread_mutex_lock(&s->lock);
    rc = s->config->report(s->config->user, finding, err);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* item: as in the result, but for where in its archive it lies; path: where its file is. */
static enum vx_status check_item(struct checker *c, const struct vx_item *item, const char *path, const char *hash, struct vx_err *err)
{
    struct vx_finding finding = {.what = VX_VERIFIED_NOT_HASHED, .item = item, .path = path, .stored = hash};
    struct vx_item there = *item;
    char found[VX_HASH_TEXT];
    struct vx_err why;
    enum vx_status rc = VX_OK;

    there.path = (char *)(uintptr_t)path;
    if (hash && (rc = compare(c, &there, hash, &finding, found, &why)) != VX_OK)
        *err = why;
    return rc == VX_OK ? tell(c->shared, &finding, err) : rc;
}

static enum vx_status check_file(struct checker *c, const struct vx_contents_item *row, struct vx_err *err)
{
    char *const path = vx_verify_map(&c->shared->config->roots, row->item.path);
    const enum vx_status rc = path ? check_item(c, &row->item, path, row->hash, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

static enum vx_status check_member(struct checker *c, const struct vx_archive_member *m, const char *path, struct vx_err *err)
{
    struct vx_finding finding = {.item = &m->item, .path = path, .stored = m->hash};

    if (m->state == VX_MEMBER_UNKNOWN || m->state == VX_MEMBER_LISTED)
        return check_item(c, &m->item, path, m->hash, err);
    finding.what = m->state == VX_MEMBER_GONE ? VX_VERIFIED_MISSING : VX_VERIFIED_UNREADABLE;
    finding.why = m->state == VX_MEMBER_GONE ? "no such member" : m->why;
    return tell(c->shared, &finding, err);
}

/* Those of one archive that were gathered. */
static enum vx_status check_members(struct checker *c, struct vx_err *err)
{
    struct vx_corpus_limits limits = vx_item_windows_limits(&c->shared->config->player);
    char *path = NULL;
    enum vx_status rc = VX_OK;

    if (c->members.n == 0)
        return VX_OK;
    limits.depth = VX_ARCHIVE_MAX_DEPTH; /* whatever the scan had */
    if (!(path = vx_verify_map(&c->shared->config->roots, c->members.at[0].item.path)))
        rc = vx_fail_nomem(err, "a path");
    else
        rc = vx_archive_members_place(&c->members, path, &limits, err);
    for (size_t i = 0; rc == VX_OK && i < c->members.n && !atomic_load(&c->shared->failed); i++)
        rc = check_member(c, &c->members.at[i], path, err);
    vx_archive_members_clear(&c->members);
    free(path);
    return rc;
}

static enum vx_status check_row(struct checker *c, const struct vx_contents_item *row, struct vx_err *err)
{
    const bool goes_on = c->members.n > 0 && c->members.n < VX_ARCHIVE_MEMBERS && strcmp(c->members.at[0].item.path, row->item.path) == 0;
    struct vx_hash_rule rule;
    struct vx_err why;
    enum vx_status rc;

    if (!goes_on && (rc = check_members(c, err)) != VX_OK)
        return rc;
    if (row->promised && (!row->hash || vx_hash_rule_of(row->hash, &rule, &why) != VX_OK || rule.of != VX_HASH_BYTES || !rule.sha256))
        return tell(c->shared, &(struct vx_finding){.what = VX_VERIFIED_CHANGED, .item = &row->item, .path = row->item.path, .stored = row->hash,
                                                    .why = "was scanned with --custody, and has no SHA-256 in the database"}, err);
    return row->item.member && row->hash ? vx_archive_members_add(&c->members, &row->item, row->hash, err) : check_file(c, row, err);
}

/* FNV-1a: the thread that a path is of. */
static unsigned share_of(const char *path)
{
    unsigned h = 2166136261u;

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h ^ h >> 16;
}

static enum vx_status check_share(struct checker *c, struct vx_err *err)
{
    const struct vx_verify_config *const config = c->shared->config;
    struct vx_contents_item row;
    enum vx_status rc;

    if ((rc = vx_contents_open(&c->contents, config->db, err)) != VX_OK ||
        (rc = vx_player_create(&c->player, &config->player, err)) != VX_OK)
        return rc;
    while (!atomic_load(&c->shared->failed) && (rc = vx_contents_next(c->contents, &row, err)) == VX_OK)
        if (share_of(row.item.path) % (unsigned)config->threads == (unsigned)c->number && (rc = check_row(c, &row, err)) != VX_OK)
            return rc;
    return rc == VX_DONE ? check_members(c, err) : rc;
}

static void *checker_main(void *arg)
{
    struct checker *const c = arg;
    struct shared *const s = c->shared;
    struct vx_err err;

    if (check_share(c, &err) != VX_OK) {
        pthread_mutex_lock(&s->lock);
        if (s->failure.status == VX_OK)
            s->failure = err;
        pthread_mutex_unlock(&s->lock);
        atomic_store(&s->failed, true);
    }
    vx_archive_members_free(&c->members);
    vx_player_destroy(&c->player);
    vx_contents_close(&c->contents);
    return NULL;
}

enum vx_status vx_verify_check(const struct vx_verify_config *config, struct vx_verify_progress *progress, struct vx_err *err)
{
    struct shared shared = {.config = config, .progress = progress};
    struct checker *checkers = vx_calloc((size_t)config->threads, sizeof *checkers);
    int n = 0;

    pthread_mutex_init(&shared.lock, NULL);
    if (!checkers)
        (void)vx_fail_nomem(&shared.failure, "threads");
    for (; checkers && n < config->threads; n++) {
        checkers[n] = (struct checker){.shared = &shared, .number = n};
        const int failed = pthread_create(&checkers[n].thread, NULL, checker_main, &checkers[n]);
        if (failed) {
            pthread_mutex_lock(&shared.lock);
            (void)vx_fail(&shared.failure, VX_ESYS, "cannot start thread %d of %d: %s", n + 1, config->threads, strerror(failed));
            pthread_mutex_unlock(&shared.lock);
            atomic_store(&shared.failed, true);
            break;
        }
    }
    for (int i = 0; i < n; i++)
        pthread_join(checkers[i].thread, NULL);
    free(checkers);
    pthread_mutex_destroy(&shared.lock);
    atomic_store(&progress->done, true);
    if (shared.failure.status != VX_OK)
        *err = shared.failure;
    return shared.failure.status;
}
