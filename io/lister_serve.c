#include "io/lister_serve.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/archive.h"
#include "io/decoder_wire.h"
#include "io/found.h"
#include "io/members.h"
#include "io/sandbox.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_SECONDS 0.2 /* what was found is told so often, though there may be room for more */

struct serve {
    int sock;
    struct vx_members *members;
    double told;
    struct vx_lister_head head;
    size_t len; /* of more */
    unsigned char more[VX_LISTER_MESSAGE - sizeof(struct vx_lister_head)];
};

static enum vx_status tell(struct serve *s, enum vx_status status, struct vx_err *err)
{
    s->head.status = (int32_t)status;
    s->head.skipped = vx_members_skipped(s->members);
    const enum vx_status rc = vx_dec_send(s->sock, &s->head, sizeof s->head, s->more, s->len, -1, err);
    s->head.n = 0;
    s->len = 0;
    s->told = vx_clock_now();
    return rc;
}

static void append(struct serve *s, const void *data, size_t n)
{
    if (n > 0)
        memcpy(s->more + s->len, data, n);
    s->len += n;
}

static enum vx_status add(struct serve *s, const struct vx_item *item, struct vx_err *err)
{
    const size_t member = item->member ? strlen(item->member) + 1 : 0, problem = item->problem ? strlen(item->problem) + 1 : 0;
    const struct vx_lister_record record = {.kind = (int32_t)item->kind, .member_len = (uint32_t)member, .problem_len = (uint32_t)problem,
                                            .ordinal = item->ordinal, .offset = item->offset, .bundle = item->bundle,
                                            .size = item->size, .mtime = item->mtime};
    enum vx_status rc = VX_OK;

    if (s->len + sizeof record + member + problem > sizeof s->more && (rc = tell(s, VX_OK, err)) != VX_OK)
        return rc;
    append(s, &record, sizeof record);
    append(s, item->member, member);
    append(s, item->problem, problem);
    s->head.n++;
    return vx_clock_now() - s->told > TELL_SECONDS ? tell(s, VX_OK, err) : VX_OK;
}

/* A name that no message holds is told by its number. */
static enum vx_status shorten(struct vx_item *item, struct vx_err *err)
{
    struct vx_item told = {0};
    char place[40];

    if (!item->member || strlen(item->member) < VX_LISTER_MESSAGE / 2)
        return VX_OK;
    snprintf(place, sizeof place, "entry %lld", (long long)item->ordinal);
    if (vx_found_broken(&told, "", place, err, "its name has %zu bytes: too long", strlen(item->member)) != VX_OK)
        return err->status;
    told.ordinal = item->ordinal;
    vx_item_clear(item);
    *item = told;
    return VX_OK;
}

static enum vx_status list(struct serve *s, struct vx_err *err)
{
    struct vx_item item = {0};
    enum vx_status rc;

    while ((rc = vx_members_next(s->members, &item, err)) == VX_OK) {
        if ((rc = shorten(&item, err)) == VX_OK)
            rc = add(s, &item, err);
        vx_item_clear(&item);
        if (rc != VX_OK)
            break;
    }
    if (rc == VX_DONE || rc == VX_ENOMEM)
        rc = tell(s, rc, err);
    return rc;
}

int vx_lister_serve(int sock, int archive, const struct vx_lister_config *config)
{
    const struct vx_corpus_limits limits = {.depth = config->depth, .max_bytes = (size_t)config->max_bytes,
                                            .max_entries = config->max_entries};
    struct serve *s = vx_calloc(1, sizeof *s);
    locale_t names = (locale_t)0;
    int status = VX_DECODER_EXIT_START;
    struct vx_item origin = {0};
    struct vx_err err;

    if (!s || !(origin.path = strndup(config->path, sizeof config->path - 1)))
        goto done;
    s->sock = sock;
    s->told = vx_clock_now();
    vx_sandbox_prepare();
    names = newlocale(LC_CTYPE_MASK, VX_ARCHIVE_NAMES, (locale_t)0); /* is in a file too, and stays at hand as long as this */
    if (vx_members_open(&s->members, &origin, &limits, &err) != VX_OK || vx_sandbox_limit(config->data_bytes, &err) != VX_OK)
        goto done;
    vx_members_set_file(s->members, archive);
    if (config->sandbox && vx_sandbox_enter(&err) != VX_OK)
        status = VX_DECODER_EXIT_SANDBOX;
    else
        status = list(s, &err) == VX_OK ? VX_DECODER_EXIT_OK : VX_DECODER_EXIT_RANK;
done:
    if (names)
        freelocale(names);
    vx_item_clear(&origin);
    if (s)
        vx_members_close(&s->members);
    free(s);
    return status;
}
