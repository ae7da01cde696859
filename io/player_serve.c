#include "io/player_serve.h"

#include "base/mem.h"
#include "io/decoder_wire.h"
#include "io/picture.h"
#include "io/sandbox.h"
#include "io/sound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct serve {
    int sock;
    void *memory; /* shared: floats [VX_PLAYER_PLACES][VX_PLAYER_SAMPLES], or a picture */
    struct vx_reader *reader;
    struct vx_picture_fitter *pictures;
    struct vx_sound *sound; /* of the item; NULL: there is none */
    struct vx_source *bytes; /* of the item, where they are what is wanted; else NULL */
    int file, no_file;      /* of the item: a descriptor not yet taken, or an errno; -1 and 0: to be asked for */
    bool user_gone;
    struct vx_player_note note;
    _Alignas(max_align_t) char order[sizeof(struct vx_dec_order) + VX_DEC_NAMES];
};

static void tell(struct serve *s, enum vx_player_says says)
{
    struct vx_err err;

    s->note.says = says;
    s->user_gone = s->user_gone || vx_dec_send(s->sock, &s->note, sizeof s->note, NULL, 0, -1, &err) != VX_OK;
    s->note = (struct vx_player_note){0};
}

static void note_failure(struct serve *s, enum vx_status rc, const struct vx_err *err)
{
    s->note.status = (int32_t)rc;
    if (rc != VX_OK)
        snprintf(s->note.text, sizeof s->note.text, "%s", err->text);
}

/* The item's file once more: of an archive that stands behind the member that is wanted. */
static void ask_for_file(struct serve *s)
{
    struct vx_dec_order order;
    struct vx_err err;
    size_t len;

    tell(s, VX_PLAYER_OPEN);
    if (s->user_gone || vx_dec_receive(s->sock, &order, sizeof order, &len, &s->file, &err) != VX_OK || len != sizeof order ||
        order.what != VX_DEC_HERE_IS_FILE) {
        s->user_gone = true;
        s->no_file = EPIPE;
        return;
    }
    s->no_file = order.no_file;
}

/* For the reader: the descriptor that came, whatever it wants to open. */
static int open_item(void *user, const char *path)
{
    struct serve *s = user;
    int fd;

    (void)path;
    if (s->file < 0 && s->no_file == 0)
        ask_for_file(s);
    fd = s->file;
    s->file = -1;
    if (fd < 0)
        errno = s->no_file ? s->no_file : EBADF;
    s->no_file = 0; /* should it be wanted again, it is asked for */
    return fd;
}

static enum vx_status open_sound(struct serve *s, struct vx_source *source, struct vx_err *err)
{
    const enum vx_status rc = vx_sound_open(&s->sound, source, err);

    if (rc != VX_OK)
        return rc;
    s->note.info.sample_rate = vx_sound_rate(s->sound);
    s->note.info.channels = vx_sound_channels(s->sound);
    vx_sound_describe(s->sound, &s->note.info);
    if (s->note.info.channels > VX_PLAYER_MAX_CHANNELS)
        return vx_fail(err, VX_ELIMIT, "%d channels; %d are possible", s->note.info.channels, VX_PLAYER_MAX_CHANNELS);
    return VX_OK;
}

static enum vx_status show_picture(struct serve *s, struct vx_source *source, struct vx_err *err)
{
    const enum vx_status rc = vx_picture_load(s->pictures, source, err);

    if (rc == VX_OK)
        vx_picture_fit(s->pictures, s->memory);
    return rc;
}

static enum vx_status open_file(struct serve *s, const struct vx_item *item, bool bytes, struct vx_err *err)
{
    struct vx_source *source;
    const enum vx_status rc = vx_reader_open(s->reader, item, &source, err);

    if (rc != VX_OK)
        return rc;
    s->note.size = vx_source_size(source);
    if (bytes) {
        s->bytes = source;
        return VX_OK;
    }
    return item->kind == VX_ITEM_IMAGE ? show_picture(s, source, err) : open_sound(s, source, err);
}

/* False: no more to do with this user. */
static bool serve_item(struct serve *s, const struct vx_item *item, bool bytes)
{
    struct vx_err err;
    enum vx_status rc;

    vx_sound_close(&s->sound);
    s->bytes = NULL;
    if ((rc = open_file(s, item, bytes, &err)) != VX_OK)
        vx_sound_close(&s->sound);
    if (s->file >= 0) /* a member of an archive that was open already */
        close(s->file);
    s->file = -1;
    s->no_file = 0;
    if (s->user_gone)
        return false;
    note_failure(s, rc, &err);
    tell(s, VX_PLAYER_OPENED);
    return !s->user_gone;
}

static void put_sound(struct serve *s, void *place)
{
    const size_t room = VX_PLAYER_SAMPLES / (size_t)vx_sound_channels(s->sound);
    const size_t n = vx_sound_read(s->sound, place, room);
    struct vx_err err;

    s->note.frames = (uint32_t)n;
    if (n == room)
        return;
    note_failure(s, vx_sound_complete(s->sound, &err), &err);
    vx_sound_warning(s->sound, s->note.warning, sizeof s->note.warning);
}

static void put_bytes(struct serve *s, void *place)
{
    const size_t n = vx_source_read(s->bytes, place, VX_PLAYER_PLACE);
    struct vx_err err;

    s->note.frames = (uint32_t)n;
    if (n < VX_PLAYER_PLACE && vx_source_errno(s->bytes) != 0) {
        errno = vx_source_errno(s->bytes);
        note_failure(s, vx_fail_sys(&err, "read it to its end, at byte %lld of %lld", (long long)vx_source_tell(s->bytes),
                                    (long long)vx_source_size(s->bytes)), &err);
    }
}

static bool serve_room(struct serve *s, const struct vx_dec_order *order)
{
    if ((!s->sound && !s->bytes) || order->at >= VX_PLAYER_PLACES)
        return false;
    void *const place = (char *)s->memory + order->at * VX_PLAYER_PLACE;
    s->note.place = (uint32_t)order->at;
    if (s->bytes)
        put_bytes(s, place);
    else
        put_sound(s, place);
    tell(s, VX_PLAYER_SOUND);
    return !s->user_gone;
}

/* Everything that needs more than the sandbox allows. */
static int prepare(struct serve *s, int memory, const struct vx_player_life *life)
{
    const struct vx_opener opener = {.open = open_item, .user = s};
    struct vx_err err;

    s->memory = mmap(NULL, life->memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (s->memory == MAP_FAILED)
        return VX_DECODER_EXIT_START;
    close(memory);
    vx_sandbox_prepare();
    if (vx_reader_create(&s->reader, (size_t)life->max_member_bytes, &err) != VX_OK ||
        vx_picture_fitter_create(&s->pictures, &life->processor, life->image_size, &err) != VX_OK ||
        vx_sandbox_limit(life->data_bytes, &err) != VX_OK)
        return VX_DECODER_EXIT_START;
    vx_reader_set_opener(s->reader, &opener);
    if (life->sandbox && vx_sandbox_enter(&err) != VX_OK)
        return VX_DECODER_EXIT_SANDBOX;
    return VX_DECODER_EXIT_OK;
}

/* The next order, and what it asks for. False: there is none, or it makes no sense; *status says which. */
static bool serve_next(struct serve *s, void (*before)(const struct vx_item *item), int *status)
{
    struct vx_dec_order order;
    struct vx_item item;
    struct vx_err err;
    size_t len;
    int fd;
    const enum vx_status rc = vx_dec_receive(s->sock, s->order, sizeof s->order, &len, &fd, &err);
    bool good = false;

    *status = rc == VX_DONE ? VX_DECODER_EXIT_OK : VX_DECODER_EXIT_RANK;
    if (rc != VX_OK)
        return false;
    if (vx_dec_read_item(s->order, len, &order, &item)) {
        s->file = fd;
        s->no_file = order.no_file;
        if (before)
            before(&item);
        return serve_item(s, &item, order.what == VX_DEC_BYTES);
    }
    if (len == sizeof order && fd < 0) {
        memcpy(&order, s->order, sizeof order);
        good = order.what == VX_DEC_HERE_IS_ROOM && serve_room(s, &order);
    }
    if (fd >= 0)
        close(fd);
    return good;
}

int vx_player_serve(int sock, int memory, const struct vx_player_life *life, void (*before)(const struct vx_item *item))
{
    struct serve *s = vx_calloc(1, sizeof *s);
    int status = VX_DECODER_EXIT_START;

    if (!s)
        return status;
    s->sock = sock;
    s->file = -1;
    if ((status = prepare(s, memory, life)) == VX_DECODER_EXIT_OK)
        while (serve_next(s, before, &status))
            ;
    vx_sound_close(&s->sound);
    vx_picture_fitter_destroy(&s->pictures);
    vx_reader_destroy(&s->reader);
    free(s);
    return status;
}
