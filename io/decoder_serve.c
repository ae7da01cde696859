#include "io/decoder_serve.h"

#include "base/clock.h"
#include "base/mem.h"
#include "io/decoder_wire.h"
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define TELL_SECONDS 0.1  /* windows are told after so long, if no other reason comes first */
#define FLUSH_SECONDS 0.5 /* windows wait so long for company in their batch: a slow disk, a long silence */

struct serve {
    int sock;
    const struct vx_decoder_config *config;
    unsigned char *memory; /* shared [config->memory_bytes] */
    struct vx_cutter *cutter;
    int file, no_file; /* of the item: a descriptor not yet taken, or an errno; -1 and 0: to be asked for */
    unsigned char *at; /* the room it has: next window, NULL for none */
    struct vx_cut_shape shape;
    uint32_t room, used;   /* windows */
    double used_since;     /* the first one's time */
    double told_at;
    bool rank_gone;
    struct vx_dec_note note;
    _Alignas(max_align_t) char order[sizeof(struct vx_dec_order) + VX_DEC_NAMES];
};

static enum vx_status tell(struct serve *s, enum vx_dec_says says, struct vx_err *err)
{
    const size_t len = vx_dec_note_bytes(s->note.n);
    enum vx_status rc;

    s->note.says = says;
    if ((rc = vx_dec_send(s->sock, &s->note, len, NULL, 0, -1, err)) != VX_OK)
        s->rank_gone = true;
    s->note.n = s->note.given_up = 0;
    s->told_at = vx_clock_now();
    return rc;
}

/* The answer to what was asked for. */
static enum vx_status answer(struct serve *s, enum vx_dec_orders what, struct vx_dec_order *order, int *fd, struct vx_err *err)
{
    size_t len;
    enum vx_status rc = vx_dec_receive(s->sock, order, sizeof *order, &len, fd, err);

    if (rc == VX_OK && (len != sizeof *order || order->what != what))
        rc = vx_fail(err, VX_EFORMAT, "not the answer of a rank");
    if (rc == VX_DONE)
        rc = vx_fail(err, VX_ESYS, "the rank is gone");
    s->rank_gone = s->rank_gone || rc != VX_OK;
    return rc;
}

/* For the cutter: the descriptor that came with the item, or another one. */
static int open_item(void *user, const char *path)
{
    struct serve *s = user;
    struct vx_dec_order order;
    struct vx_err err;
    int fd = s->file;

    (void)path; /* the rank opens the item's file, whatever we say */
    if (fd < 0 && s->no_file == 0) {
        if (tell(s, VX_DEC_OPEN, &err) != VX_OK || answer(s, VX_DEC_HERE_IS_FILE, &order, &fd, &err) != VX_OK) {
            errno = EPIPE;
            return -1;
        }
        s->no_file = order.no_file;
    }
    s->file = -1;
    if (fd >= 0) {
        s->no_file = 0; /* should it be wanted again, it is asked for */
        return fd;
    }
    errno = s->no_file ? s->no_file : EBADF;
    return -1;
}

static enum vx_status room(void *user, const struct vx_cut_shape *shape, void **out, struct vx_err *err)
{
    struct serve *s = user;
    const size_t bytes = vx_cut_bytes(shape, s->config->cut.image_size);
    struct vx_dec_order order;
    enum vx_status rc;

    if (!s->at || s->used == s->room || memcmp(&s->shape, shape, sizeof *shape) != 0) {
        s->at = NULL;
        s->note.shape = *shape;
        if ((rc = tell(s, VX_DEC_ROOM, err)) != VX_OK || (rc = answer(s, VX_DEC_HERE_IS_ROOM, &order, NULL, err)) != VX_OK)
            return rc;
        if (order.room < 1 || order.at > s->config->memory_bytes || order.room > (s->config->memory_bytes - order.at) / bytes)
            return vx_fail(err, VX_EFORMAT, "room for %u windows of %zu bytes at %llu", order.room, bytes, (unsigned long long)order.at);
        s->at = s->memory + order.at;
        s->room = order.room;
        s->used = 0;
        s->shape = *shape;
    }
    *out = s->at + s->used * bytes;
    return VX_OK;
}

static enum vx_status window(void *user, const struct vx_window_score *score, struct vx_err *err)
{
    struct serve *s = user;
    const double now = vx_clock_now();

    s->note.windows[s->note.n++] = *score;
    if (!(score->flags & VX_WINDOW_NOT_SCORED) && s->used++ == 0)
        s->used_since = now;
    if (s->at && s->used > 0 && now - s->used_since > FLUSH_SECONDS) {
        s->note.given_up = 1;
        s->at = NULL;
    }
    return s->note.n == VX_DEC_WINDOWS || s->note.given_up || now - s->told_at > TELL_SECONDS ? tell(s, VX_DEC_NOTE, err) : VX_OK;
}

static enum vx_status content(void *user, const char *hash, bool *wanted, struct vx_err *err)
{
    struct serve *s = user;
    struct vx_dec_order order;
    enum vx_status rc;

    snprintf(s->note.content, sizeof s->note.content, "%s", hash);
    if ((rc = tell(s, VX_DEC_CONTENT, err)) != VX_OK || (rc = answer(s, VX_DEC_WANTED, &order, NULL, err)) != VX_OK)
        return rc;
    *wanted = order.wanted;
    if (!order.keeps_room)
        s->at = NULL;
    return VX_OK;
}

static void add_usage(struct serve *s)
{
    struct rusage u;

    if (getrusage(RUSAGE_SELF, &u) != 0)
        return;
    s->note.end.cpu_s = (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
                        1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    s->note.end.peak_rss = 1024.0 * (double)u.ru_maxrss;
}

/* The item that an order of len bytes names, its strings within the order. False: none. */
static bool read_item(struct serve *s, size_t len, struct vx_item *item)
{
    struct vx_dec_order order;

    if (!vx_dec_read_item(s->order, len, &order, item) || order.what != VX_DEC_ITEM)
        return false;
    s->no_file = order.no_file;
    if (!order.keeps_room)
        s->at = NULL;
    return true;
}

/* False: no more to do with this rank. */
static bool serve_item(struct serve *s, const struct vx_item *item)
{
    const struct vx_cut_sink sink = {.room = room, .window = window, .content = content, .user = s};
    struct vx_err err = {0};

    s->told_at = vx_clock_now();
    s->note.end.status = vx_cutter_run(s->cutter, item, &sink, &s->note.end.result, &err);
    snprintf(s->note.end.text, sizeof s->note.end.text, "%s", s->note.end.status == VX_OK ? "" : err.text);
    if (s->file >= 0) /* a member of an archive that was open already */
        close(s->file);
    s->file = -1;
    if (s->rank_gone)
        return false;
    add_usage(s);
    return tell(s, VX_DEC_END, &err) == VX_OK;
}

/* Everything that needs more than the sandbox allows. */
static int prepare(struct serve *s, int memory)
{
    const struct vx_decoder_config *c = s->config;
    struct vx_err err;

    sched_setaffinity(0, sizeof c->cpus, &c->cpus);
    const int adj = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (adj >= 0) { /* where memory runs out, rather a decoder than its rank */
        (void)!write(adj, "1000", 4);
        close(adj);
    }
    s->memory = mmap(NULL, c->memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (s->memory == MAP_FAILED)
        return VX_DECODER_EXIT_START;
    close(memory);
    vx_sandbox_prepare();
    if (vx_cutter_create(&s->cutter, &c->cut, &(struct vx_opener){.open = open_item, .user = s}, &err) != VX_OK ||
        vx_sandbox_limit(c->data_bytes, &err) != VX_OK)
        return VX_DECODER_EXIT_START;
    if (c->sandbox && vx_sandbox_enter(&err) != VX_OK)
        return VX_DECODER_EXIT_SANDBOX;
    return VX_DECODER_EXIT_OK;
}

int vx_decoder_serve(int sock, int memory, const struct vx_decoder_config *config, void (*before)(const struct vx_item *item))
{
    struct serve *s = vx_calloc(1, sizeof *s);
    int status = VX_DECODER_EXIT_START;
    struct vx_item item;
    struct vx_err err;
    size_t len;

    if (!s)
        return status;
    s->sock = sock;
    s->config = config;
    s->file = -1;
    status = prepare(s, memory);
    while (status == VX_DECODER_EXIT_OK) {
        const enum vx_status rc = vx_dec_receive(sock, s->order, sizeof s->order, &len, &s->file, &err);
        if (rc == VX_DONE)
            break;
        if (rc != VX_OK || !read_item(s, len, &item)) {
            status = VX_DECODER_EXIT_RANK;
            break;
        }
        if (before)
            before(&item);
        if (!serve_item(s, &item))
            status = VX_DECODER_EXIT_RANK;
    }
    vx_cutter_destroy(&s->cutter);
    free(s);
    return status;
}
