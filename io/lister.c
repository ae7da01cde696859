#include "io/lister.h"

#include "base/mem.h"
#include "base/text.h"
#include "io/archive.h"
#include "io/decoder_wire.h"
#include "io/lister_serve.h"
#include "io/nursery.h"
#include "io/path.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICE_SECONDS 0.1 /* of waiting, between looks at whether it reads on */

struct vx_lister {
    struct vx_nursling at;
    int fd;          /* owned: the archive; the process has it too */
    off_t read_to;   /* how far it was seen to have read */
    double timeout_s;
    int64_t listed, skipped, max_entries;
    size_t len, done; /* of message: bytes, and those read */
    uint32_t left;    /* records in it */
    bool ended;       /* nothing comes after it */
    _Alignas(max_align_t) unsigned char message[VX_LISTER_MESSAGE];
};

enum vx_status vx_lister_open(struct vx_lister **out, const char *path, const struct vx_corpus_limits *limits, struct vx_err *err)
{
    struct vx_lister_config config = {.life = VX_LIFE_LISTER, .depth = limits->depth, .max_bytes = limits->max_bytes,
                                      .max_entries = limits->max_entries, .data_bytes = limits->data_bytes,
                                      .sandbox = limits->sandbox};
    struct vx_lister *l = vx_calloc(1, sizeof *l);
    enum vx_status rc;

    *out = NULL;
    if (!l)
        return vx_fail_nomem(err, "an archive's listing");
    l->at = (struct vx_nursling){-1, -1};
    l->timeout_s = limits->timeout_s;
    l->max_entries = limits->max_entries > 0 ? limits->max_entries : VX_ARCHIVE_MAX_ENTRIES;
    snprintf(config.path, sizeof config.path, "%s", path);
    if ((l->fd = vx_path_open(path, 0)) < 0)
        rc = vx_fail_sys(err, "cannot open");
    else
        rc = vx_nursery_spawn(&l->at, limits->nursery, l->fd, &config, sizeof config, err);
    if (rc == VX_OK) {
        *out = l;
        l = NULL;
    }
    vx_lister_close(&l);
    return rc;
}

void vx_lister_close(struct vx_lister **lister)
{
    struct vx_lister *l = *lister;
    struct vx_nursery_end end;
    struct vx_err unheard;

    if (!l)
        return;
    if (l->at.sock >= 0)
        (void)!vx_nursling_end(&l->at, &end, &unheard);
    if (l->fd >= 0)
        close(l->fd);
    free(l);
    *lister = NULL;
}

/* The process is gone, or is to go, because of rc; why. */
static enum vx_status bury(struct vx_lister *l, enum vx_status rc, struct vx_err *err)
{
    const struct vx_err said = *err;
    struct vx_nursery_end end;

    l->ended = true;
    if (vx_nursling_end(&l->at, &end, err) != VX_OK || rc != VX_ESYS)
        return rc == VX_ESYS ? VX_ESYS : vx_fail(err, rc, "%s", said.text);
    if (end.fork_error)
        return vx_fail(err, VX_ESYS, "cannot fork a process to list it: %s", strerror(end.fork_error));
    if (WIFSIGNALED(end.status)) {
        const char *name = sigabbrev_np(WTERMSIG(end.status));
        return vx_fail(err, VX_EFORMAT, "listing it was killed by SIG%s: what lies behind the last member listed is not known",
                       name ? name : "?");
    }
    return vx_fail(err, VX_ESYS, "listing it ended with status %d: what lies behind the last member listed is not known",
                   WEXITSTATUS(end.status));
}

/* Both ends share the file's offset: unpacking is seen there. */
static bool reads_on(struct vx_lister *l)
{
    const off_t at = lseek(l->fd, 0, SEEK_CUR);
    const bool on = at > l->read_to;

    l->read_to = on ? at : l->read_to;
    return on;
}

/* The next message. VX_ESYS: it is gone. VX_ELIMIT: it took too long. VX_EFORMAT: nonsense. */
static enum vx_status hear(struct vx_lister *l, struct vx_err *err)
{
    struct pollfd at = {.fd = l->at.sock, .events = POLLIN};
    struct vx_lister_head head;
    double silent = 0;
    enum vx_status rc;

    while (poll(&at, 1, (int)(SLICE_SECONDS * 1000)) <= 0) {
        silent = reads_on(l) ? 0 : silent + SLICE_SECONDS;
        if (l->timeout_s > 0 && silent >= l->timeout_s)
            return vx_fail(err, VX_ELIMIT, "listing it came to nothing for %g s: what lies behind the last member listed is not known",
                           l->timeout_s);
    }
    if ((rc = vx_dec_receive(l->at.sock, l->message, sizeof l->message, &l->len, NULL, err)) == VX_DONE)
        return vx_fail(err, VX_ESYS, "it is gone");
    if (rc != VX_OK)
        return rc;
    if (l->len < sizeof head)
        return vx_fail(err, VX_EFORMAT, "listing it gave a message of %zu bytes", l->len);
    memcpy(&head, l->message, sizeof head);
    l->done = sizeof head;
    l->left = head.n;
    if ((head.status != VX_OK && head.status != VX_DONE && head.status != VX_ENOMEM) || head.skipped < l->skipped ||
        (head.status == VX_OK && head.n == 0 && head.skipped == l->skipped))
        return vx_fail(err, VX_EFORMAT, "listing it gave a message that makes no sense");
    l->listed += head.n;
    l->skipped = head.skipped;
    /* An archive within is an entry, and may be an item more: what is wrong at its end. */
    if (l->skipped > l->max_entries || l->listed / 2 > l->max_entries)
        return vx_fail(err, VX_EFORMAT, "listing it gave more than %lld entries", (long long)l->max_entries);
    l->ended = head.status != VX_OK;
    return head.status == VX_ENOMEM ? vx_fail(err, VX_ELIMIT, "listing it needs more memory than a decoder may have (--decode-memory)")
                                    : VX_OK;
}

/* A text of len bytes with its NUL, which are there; len 0: NULL. */
static enum vx_status get_text(struct vx_lister *l, uint32_t len, char **out, struct vx_err *err)
{
    const char *const text = (const char *)l->message + l->done;

    *out = NULL;
    if (len == 0)
        return VX_OK;
    if (len > l->len - l->done || strnlen(text, len) != len - 1)
        return vx_fail(err, VX_EFORMAT, "listing it gave a name without an end");
    l->done += len;
    return (*out = strdup(text)) ? VX_OK : vx_fail_nomem(err, "an item");
}

static enum vx_status get_item(struct vx_lister *l, struct vx_item *item, struct vx_err *err)
{
    struct vx_lister_record r;
    char *problem = NULL;
    enum vx_status rc;

    if (l->len - l->done < sizeof r)
        return vx_fail(err, VX_EFORMAT, "listing it gave a message that ends early");
    memcpy(&r, l->message + l->done, sizeof r);
    l->done += sizeof r;
    l->left--;
    if (r.kind < VX_ITEM_AUDIO || r.kind > VX_ITEM_BROKEN || (r.problem_len > 0) != (r.kind == VX_ITEM_BROKEN) ||
        (r.member_len == 0 && r.kind != VX_ITEM_BROKEN) || r.ordinal < -1 || r.offset < -1 || r.size < -1 || r.bundle < 0)
        return vx_fail(err, VX_EFORMAT, "listing it gave an item that makes no sense");
    *item = (struct vx_item){.kind = (enum vx_item_kind)r.kind, .ordinal = r.ordinal, .offset = r.offset, .bundle = r.bundle,
                             .size = r.size, .mtime = r.mtime};
    if ((rc = get_text(l, r.member_len, &item->member, err)) == VX_OK && (rc = get_text(l, r.problem_len, &problem, err)) == VX_OK &&
        problem && !(item->problem = vx_text_printable(problem)))
        rc = vx_fail_nomem(err, "an item");
    free(problem);
    if (rc != VX_OK)
        vx_item_clear(item);
    return rc;
}

enum vx_status vx_lister_next(struct vx_lister *l, struct vx_item *item, int64_t *skipped, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    while (rc == VX_OK && l->left == 0 && !l->ended)
        rc = hear(l, err);
    if (rc == VX_OK && l->left > 0)
        rc = get_item(l, item, err);
    else if (rc == VX_OK)
        rc = VX_DONE;
    *skipped = l->skipped;
    if (rc == VX_OK || rc == VX_DONE || rc == VX_ENOMEM)
        return rc;
    l->left = 0;
    return bury(l, rc, err);
}
