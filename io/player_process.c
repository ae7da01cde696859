#include "io/player_process.h"

#include "base/mem.h"
#include "base/shared_memory.h"
#include "io/decoder_process.h"
#include "io/path.h"
#include "io/player_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FALLS 3
#define SLICE_SECONDS 0.1 /* of waiting, between looks at whether it reads on */

struct vx_player_process {
    struct vx_player_config config;
    struct vx_shared_memory shared; /* as of struct vx_player_life */
    struct vx_nursling at;          /* sock -1: there is none at the moment */
    char *path;                     /* owned: of the file that it has open */
    bool archive;                   /* which is one */
    bool served;                    /* it has done with an item before this one */
    int fd;                         /* of that, kept to see how far it reads; -1: none */
    off_t read_to;
    int falls;                      /* times that it went back to what it had read, for this item */
    int64_t size;
    struct vx_audio_info info;
    size_t unit, room;  /* of what it puts into places: bytes of a frame, or 1; how many a place holds */
    unsigned asked;     /* places that it was told to fill, and has not */
    unsigned next;      /* place that it fills first of these */
    const char *ready;  /* in a place: what is left of it to be read */
    size_t left;        /* units */
    bool ended;         /* nothing comes after them */
    struct vx_err end;  /* why, unless VX_OK */
    char warning[256];
    struct vx_player_note note;
};

enum vx_status vx_player_process_create(struct vx_player_process **out, const struct vx_player_config *config, struct vx_err *err)
{
    const size_t picture = (size_t)config->image_size * (size_t)config->image_size * 3;
    struct vx_player_process *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *out = NULL;
    if (!p)
        return vx_fail_nomem(err, "a player of recordings");
    p->config = *config;
    p->fd = p->at.sock = p->at.watch = -1;
    if ((rc = vx_shared_memory_open(&p->shared, picture > VX_PLAYER_BYTES ? picture : VX_PLAYER_BYTES, "the sound of a recording", err)) == VX_OK)
        *out = p;
    else
        free(p);
    return rc;
}

static void close_file(struct vx_player_process *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* Ends the process, if there is one; what it had died of goes to why. VX_ELOST: there can be no other. */
static enum vx_status end_process(struct vx_player_process *p, char why[96], struct vx_err *err)
{
    close_file(p);
    free(p->path);
    p->path = NULL;
    p->asked = 0;
    p->served = false;
    why[0] = '\0';
    if (p->at.sock < 0 || vx_decoder_bury(&p->at, why, err) == VX_OK)
        return VX_OK;
    return err->status = VX_ELOST;
}

void vx_player_process_destroy(struct vx_player_process **player)
{
    struct vx_player_process *const p = *player;
    struct vx_err unheard;
    char why[96];

    if (!p)
        return;
    (void)!end_process(p, why, &unheard);
    vx_shared_memory_close(&p->shared);
    free(p);
    *player = NULL;
}

/* rc came of it: ends the process. What the failure is to be called. */
static enum vx_status give_up(struct vx_player_process *p, enum vx_status rc, struct vx_err *err)
{
    const struct vx_err said = *err;
    char why[96];
    const enum vx_status end = end_process(p, why, err);

    if (end != VX_OK)
        return end;
    if (rc == VX_ESYS) /* it is gone */
        return vx_fail(err, VX_EFORMAT, "%s", why);
    return vx_fail(err, rc, "%s", said.text);
}

/* Both ends share the file's offset: unpacking is seen there; and that an archive is begun again, for a member before the last one. */
static bool reads_on(struct vx_player_process *p)
{
    const off_t at = p->fd >= 0 ? lseek(p->fd, 0, SEEK_CUR) : -1;

    if (at == p->read_to || at < 0 || (at < p->read_to && p->falls++ == MAX_FALLS))
        return false;
    p->read_to = at;
    return true;
}

/* Whether the note that came makes sense as an answer; strings end from here on. */
static enum vx_status check(struct vx_player_note *note, size_t len, struct vx_err *err)
{
    if (len != sizeof *note || note->status < VX_OK || note->status >= VX_ESTOP || note->status == VX_DONE)
        return vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: a message of %zu bytes", len);
    vx_dec_tidy(note->text, sizeof note->text);
    vx_dec_tidy(note->warning, sizeof note->warning);
    vx_dec_tidy(note->info.format, sizeof note->info.format);
    vx_dec_tidy(note->info.decoder, sizeof note->info.decoder);
    return VX_OK;
}

/* What it says next. VX_ESYS: it is gone. VX_ELIMIT: it took too long. VX_EFORMAT: nonsense. */
static enum vx_status hear(struct vx_player_process *p, struct vx_err *err)
{
    struct pollfd at = {.fd = p->at.sock, .events = POLLIN};
    double silent = 0;
    enum vx_status rc;
    size_t len;

    while (poll(&at, 1, (int)(SLICE_SECONDS * 1000)) <= 0) {
        silent = reads_on(p) ? 0 : silent + SLICE_SECONDS;
        if (p->config.timeout_s > 0 && silent >= p->config.timeout_s)
            return vx_fail(err, VX_ELIMIT, "decoder gave no sound for %g s", p->config.timeout_s);
    }
    if ((rc = vx_dec_receive(p->at.sock, &p->note, sizeof p->note, &len, NULL, err)) == VX_DONE)
        return vx_fail(err, VX_ESYS, "the decoder is gone");
    return rc == VX_OK ? check(&p->note, len, err) : rc;
}

/* Its own words. Memory is what it was short of, not what we are. */
static enum vx_status failure(const struct vx_player_process *p, struct vx_err *err)
{
    if (p->note.status == VX_ENOMEM && p->config.data_bytes > 0)
        return vx_fail(err, VX_ELIMIT, "decoder passed its memory limit of %llu MiB",
                       (unsigned long long)p->config.data_bytes >> 20);
    return p->note.status == VX_OK ? VX_OK : vx_fail(err, (enum vx_status)p->note.status, "%s", p->note.text);
}

/* The next place that it was told to fill. */
static enum vx_status hear_sound(struct vx_player_process *p, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = hear(p, err)) != VX_OK)
        return rc;
    if (p->note.says != VX_PLAYER_SOUND || p->note.place != p->next || p->note.frames > p->room ||
        (p->note.frames == p->room && p->note.status != VX_OK))
        return vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: %u frames in place %u", (unsigned)p->note.frames,
                       (unsigned)p->note.place);
    p->asked--;
    p->next = (p->next + 1) % VX_PLAYER_PLACES;
    return VX_OK;
}

static enum vx_status ask(struct vx_player_process *p, struct vx_err *err)
{
    const struct vx_dec_order order = {.what = VX_DEC_HERE_IS_ROOM, .at = (p->next + p->asked) % VX_PLAYER_PLACES, .room = 1};
    const enum vx_status rc = vx_dec_send(p->at.sock, &order, sizeof order, NULL, 0, -1, err);

    p->asked += rc == VX_OK;
    return rc;
}

/* The process has done what it was asked for. */
static bool is_free(struct vx_player_process *p)
{
    struct vx_err unheard;

    while (p->asked > 0 && hear_sound(p, &unheard) == VX_OK)
        ;
    return p->asked == 0;
}

/* A process that has the item's file open already; or is kept, and takes the next; or a new one. */
static enum vx_status see_to_process(struct vx_player_process *p, const struct vx_item *item, struct vx_err *err)
{
    const struct vx_player_life life = {.life = VX_LIFE_PLAYER, .max_member_bytes = p->config.max_member_bytes,
                                        .data_bytes = p->config.data_bytes, .sandbox = p->config.sandbox,
                                        .processor = p->config.processor, .image_size = p->config.image_size,
                                        .memory_bytes = p->shared.bytes};
    const bool archive = item->member != NULL, same = p->path && p->archive == archive && strcmp(p->path, item->path) == 0;
    char *path;
    char why[96];
    enum vx_status rc;

    if (same && is_free(p))
        return VX_OK;
    if (!(path = strdup(item->path)))
        return vx_fail_nomem(err, "a path");
    const bool kept = p->path && p->config.kept && !p->archive && !archive;
    p->archive = archive;
    if (kept && is_free(p)) {
        close_file(p);
        free(p->path);
        p->path = path;
        return VX_OK;
    }
    if ((rc = end_process(p, why, err)) != VX_OK) {
        free(path);
        return rc;
    }
    p->path = path;
    p->next = 0;
    if (vx_decoder_spawn(&p->at, p->config.nursery, p->shared.fd, &life, sizeof life, err) == VX_OK)
        return VX_OK;
    return err->status = VX_ELOST;
}

/* An errno, 0 for success. */
static int open_file(struct vx_player_process *p, const struct vx_item *item)
{
    close_file(p);
    p->read_to = 0;
    p->fd = vx_path_open(item->path, 0);
    return p->fd < 0 ? errno : 0;
}

/* The item goes to the process, by an order of either kind; what it makes of it is in p->note. */
static enum vx_status begin(struct vx_player_process *p, enum vx_dec_orders what, const struct vx_item *item, struct vx_err *err)
{
    const bool has_file = p->fd >= 0;
    p->falls = 0;
    const struct vx_dec_order item_order = {.what = what, .no_file = has_file ? 0 : open_file(p, item)};
    enum vx_status rc = vx_dec_send_item(p->at.sock, &item_order, item, has_file ? -1 : p->fd, err);

    if (rc == VX_OK)
        rc = hear(p, err);
    if (rc == VX_OK && p->note.says == VX_PLAYER_OPEN) { /* once: whoever wants more is after something else */
        const struct vx_dec_order order = {.what = VX_DEC_HERE_IS_FILE, .no_file = open_file(p, item)};
        if ((rc = vx_dec_send(p->at.sock, &order, sizeof order, NULL, 0, p->fd, err)) == VX_OK)
            rc = hear(p, err);
    }
    if (rc == VX_OK && p->note.says != VX_PLAYER_OPENED)
        rc = vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: a message of kind %u", (unsigned)p->note.says);
    return rc;
}

static enum vx_status check_opened(const struct vx_player_note *note, enum vx_dec_orders what, struct vx_err *err)
{
    if (note->size < 0)
        return vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: %lld bytes", (long long)note->size);
    if (what == VX_DEC_BYTES)
        return VX_OK;
    if (note->info.sample_rate < 1 || note->info.sample_rate > 16000000 || note->info.channels < 1 ||
        note->info.channels > VX_PLAYER_MAX_CHANNELS)
        return vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: %d channels at %d Hz", note->info.channels,
                       note->info.sample_rate);
    return VX_OK;
}

/* The item to a process, until it has opened it. */
static enum vx_status hand_over(struct vx_player_process *p, enum vx_dec_orders what, const struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc;

    for (;;) {
        if ((rc = see_to_process(p, item, err)) != VX_OK)
            return rc;
        const bool served = p->served;
        rc = begin(p, what, item, err);
        const bool died = rc == VX_ESYS, starved = rc == VX_OK && p->note.status == VX_ENOMEM;
        if (rc == VX_OK && !starved) {
            p->served = true;
            return failure(p, err);
        }
        if (starved)
            rc = failure(p, err);
        rc = give_up(p, rc, err);
        if (!served || (!died && !starved))
            return rc;
    }
}

/* What comes of the item is to be read from here on, in units. */
static enum vx_status open_item(struct vx_player_process *p, enum vx_dec_orders what, const struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc;

    p->ended = true;
    p->left = 0;
    p->size = 0;
    p->end = (struct vx_err){0};
    p->warning[0] = '\0';
    if (!item->path)
        return vx_fail(err, VX_EINVAL, "an item without a path");
    if ((rc = hand_over(p, what, item, err)) != VX_OK)
        return rc;
    if ((rc = check_opened(&p->note, what, err)) != VX_OK)
        return give_up(p, rc, err);
    p->size = p->note.size;
    p->info = p->note.info;
    p->unit = what == VX_DEC_BYTES ? 1 : (size_t)p->info.channels * sizeof(float);
    p->room = VX_PLAYER_PLACE / p->unit;
    p->ended = false;
    return VX_OK;
}

enum vx_status vx_player_process_open(struct vx_player_process *p, const struct vx_item *item, struct vx_err *err)
{
    return open_item(p, VX_DEC_ITEM, item, err);
}

enum vx_status vx_player_process_picture(struct vx_player_process *p, const struct vx_item *item, uint8_t *out, struct vx_err *err)
{
    enum vx_status rc;

    if (p->config.image_size <= 0 || item->kind != VX_ITEM_IMAGE || !item->path)
        return vx_fail(err, VX_EINVAL, "a picture of no size");
    if ((rc = hand_over(p, VX_DEC_ITEM, item, err)) == VX_OK)
        memcpy(out, p->shared.memory, (size_t)p->config.image_size * (size_t)p->config.image_size * 3);
    return rc;
}

int64_t vx_player_process_size(const struct vx_player_process *p)
{
    return p->size;
}

const struct vx_audio_info *vx_player_process_info(const struct vx_player_process *p)
{
    return &p->info;
}

const char *vx_player_process_warning(const struct vx_player_process *p)
{
    return p->warning;
}

/* The next place is filled, while the others wait to be. */
static void advance(struct vx_player_process *p)
{
    const unsigned place = p->next;
    enum vx_status rc = VX_OK;

    while (rc == VX_OK && p->asked < VX_PLAYER_PLACES)
        rc = ask(p, &p->end);
    if (rc == VX_OK)
        rc = hear_sound(p, &p->end);
    if (rc != VX_OK) {
        p->ended = true;
        (void)!give_up(p, rc, &p->end);
        return;
    }
    p->ready = (const char *)p->shared.memory + place * VX_PLAYER_PLACE;
    p->left = p->note.frames;
    if (p->left < p->room) {
        p->ended = true;
        snprintf(p->warning, sizeof p->warning, "%s", p->note.warning);
        (void)!failure(p, &p->end);
    }
}

size_t vx_player_process_read(struct vx_player_process *p, float *out, size_t n)
{
    size_t done = 0;

    while (done < n && (p->left > 0 || !p->ended)) {
        if (p->left == 0) {
            advance(p);
            continue;
        }
        const size_t now = n - done < p->left ? n - done : p->left;
        memcpy((char *)out + done * p->unit, p->ready, now * p->unit);
        p->ready += now * p->unit;
        p->left -= now;
        done += now;
    }
    return done;
}

enum vx_status vx_player_process_complete(const struct vx_player_process *p, struct vx_err *err)
{
    return p->end.status == VX_OK ? VX_OK : vx_fail(err, p->end.status, "%s", p->end.text);
}

/* A member has no more bytes than its archive, where it lies in it, or than may be unpacked. */
static bool is_possible(const struct vx_player_process *p)
{
    struct stat sb;

    return p->size <= (int64_t)p->config.max_member_bytes || (p->fd >= 0 && fstat(p->fd, &sb) == 0 && p->size <= sb.st_size);
}

enum vx_status vx_player_process_hash(struct vx_player_process *p, const struct vx_item *item, struct vx_hash *hash, struct vx_err *err)
{
    enum vx_status rc = open_item(p, VX_DEC_BYTES, item, err);
    int64_t so_far = 0;

    if (rc != VX_OK)
        return rc;
    while (!p->ended && is_possible(p) && so_far <= p->size) {
        advance(p);
        if (p->left > 0)
            vx_hash_add(hash, p->ready, p->left);
        so_far += (int64_t)p->left;
        p->left = 0;
    }
    if (is_possible(p) && so_far <= p->size)
        return vx_player_process_complete(p, err);
    p->ended = true;
    rc = vx_fail(err, VX_EFORMAT, "decoder killed, it broke the rules: %lld bytes of a member of %lld", (long long)so_far, (long long)p->size);
    return give_up(p, rc, err);
}
