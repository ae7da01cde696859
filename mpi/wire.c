/* Layout, all integers little-endian, no padding:
 *   u32 magic "VXTM", u16 version, u16 type, then the members of the struct in the order of its declaration;
 *   a double as its IEEE 754 bits; a text as u32 length and its bytes without NUL, length NO_TEXT for NULL.
 * Every message has its writer and its reader here, which must agree; so this is one file, though a long one.
 * A reader that runs past the end gives zeros and remembers it, so a decoder checks once at its end. */
#include "mpi/wire.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAGIC = 0x4D545856, /* "VXTM" in the order of the bytes */
    VERSION = 2,
};
#define NO_TEXT UINT32_MAX
#define MAX_COUNT ((int64_t)1 << 48) /* so that sums of counts cannot overflow */
#define MIN_ITEM_BYTES (8 + 1 + 3 * 4 + 5 * 8) /* an item whose texts are all empty */

static void put_uint(struct vx_buf *b, uint64_t v, size_t bytes)
{
    unsigned char le[8];

    for (size_t i = 0; i < bytes; i++)
        le[i] = (unsigned char)(v >> (8 * i));
    vx_buf_add(b, le, bytes);
}

static void put_i32(struct vx_buf *b, int32_t v)
{
    put_uint(b, (uint32_t)v, 4);
}

static void put_i64(struct vx_buf *b, int64_t v)
{
    put_uint(b, (uint64_t)v, 8);
}

static void put_real(struct vx_buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_uint(b, bits, 8);
}

static void put_text(struct vx_buf *b, const char *s)
{
    const size_t n = s ? strlen(s) : 0;

    if (n >= NO_TEXT) {
        b->failed = true;
        return;
    }
    put_uint(b, s ? n : NO_TEXT, 4);
    vx_buf_add(b, s ? s : "", n);
}

static void begin(struct vx_buf *b, enum vx_msg_type type)
{
    vx_buf_reset(b);
    put_uint(b, MAGIC, 4);
    put_uint(b, VERSION, 2);
    put_uint(b, type, 2);
}

static void put_tally(struct vx_buf *b, const struct vx_tally *t)
{
    put_i64(b, t->items);
    put_i64(b, t->scored);
    put_i64(b, t->not_scored);
    put_i64(b, t->failed);
    put_i64(b, t->windows);
    for (size_t i = 0; i < sizeof t->verdicts / sizeof *t->verdicts; i++)
        put_i64(b, t->verdicts[i]);
    put_real(b, t->audio_s);
}

void vx_wire_put_hello(struct vx_buf *b, const struct vx_msg_hello *m)
{
    begin(b, VX_MSG_HELLO);
    put_i32(b, m->rank);
    put_i32(b, m->pid);
    put_i32(b, m->threads);
    put_text(b, m->host);
    put_text(b, m->engine);
}

void vx_wire_put_lease(struct vx_buf *b, const struct vx_msg_lease *m)
{
    begin(b, VX_MSG_LEASE);
    put_i64(b, m->lease);
    put_i64(b, (int64_t)m->n);
    for (size_t i = 0; i < m->n; i++) {
        const struct vx_item *item = &m->items[i];
        put_i64(b, item->id);
        put_uint(b, item->kind, 1);
        put_text(b, item->path);
        put_text(b, item->member);
        put_i64(b, item->ordinal);
        put_i64(b, item->size);
        put_i64(b, item->mtime);
        put_text(b, item->problem);
        put_i64(b, item->offset);
        put_i64(b, item->bundle);
    }
}

void vx_wire_put_done(struct vx_buf *b, const struct vx_msg_done *m)
{
    begin(b, VX_MSG_DONE);
    put_i64(b, m->lease);
    put_tally(b, &m->tally);
}

void vx_wire_put_note(struct vx_buf *b, const struct vx_msg_note *m)
{
    begin(b, VX_MSG_NOTE);
    put_i64(b, m->windows_scored);
}

void vx_wire_put_finish(struct vx_buf *b)
{
    begin(b, VX_MSG_FINISH);
}

void vx_wire_put_alive(struct vx_buf *b)
{
    begin(b, VX_MSG_ALIVE);
}

void vx_wire_put_part(struct vx_buf *b)
{
    begin(b, VX_MSG_PART);
}

void vx_wire_put_ready(struct vx_buf *b)
{
    begin(b, VX_MSG_READY);
}

void vx_wire_put_end(struct vx_buf *b, bool together)
{
    begin(b, VX_MSG_END);
    put_uint(b, together, 1);
}

enum { ENERGY_CPU = 1, ENERGY_GPU = 2 }; /* known */

void vx_wire_put_bye(struct vx_buf *b, const struct vx_msg_bye *m)
{
    begin(b, VX_MSG_BYE);
    put_real(b, m->cpu_s);
    put_real(b, m->peak_rss);
    put_real(b, m->engine_wait_s);
    put_real(b, m->decode_wait_s);
    put_i64(b, (m->energy.cpu_known ? ENERGY_CPU : 0) | (m->energy.gpu_known ? ENERGY_GPU : 0));
    put_real(b, m->energy.cpu_j);
    put_real(b, m->energy.gpu_j);
    put_i64(b, m->windows_scored);
}

void vx_wire_put_fail(struct vx_buf *b, const struct vx_msg_fail *m)
{
    begin(b, VX_MSG_FAIL);
    put_i32(b, m->status);
    put_text(b, m->text);
}

void vx_wire_put_claim(struct vx_buf *b, const struct vx_msg_claim *m)
{
    begin(b, VX_MSG_CLAIM);
    put_i64(b, (int64_t)m->n);
    for (size_t i = 0; i < m->n; i++) {
        put_i64(b, m->claims[i].item);
        put_uint(b, m->claims[i].key.high, 8);
        put_uint(b, m->claims[i].key.low, 8);
    }
}

void vx_wire_put_answer(struct vx_buf *b, const struct vx_msg_answer *m)
{
    begin(b, VX_MSG_ANSWER);
    put_i64(b, (int64_t)m->n);
    for (size_t i = 0; i < m->n; i++) {
        put_i64(b, m->answers[i].item);
        put_i64(b, m->answers[i].scored);
    }
}

struct reader {
    const unsigned char *at;
    size_t left;
    const char *problem; /* the first one; everything after it reads as zero */
    bool no_memory;      /* that is it: the message may be sound */
};

static void refuse(struct reader *r, const char *problem)
{
    if (!r->problem)
        r->problem = problem;
    r->left = 0;
}

static void refuse_memory(struct reader *r)
{
    r->no_memory |= !r->problem;
    refuse(r, "there is no memory for it");
}

static uint64_t get_uint(struct reader *r, size_t bytes)
{
    uint64_t v = 0;

    if (r->left < bytes) {
        refuse(r, "it ends too early");
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)r->at[i] << (8 * i);
    r->at += bytes;
    r->left -= bytes;
    return v;
}

static int32_t get_i32(struct reader *r)
{
    return (int32_t)(uint32_t)get_uint(r, 4);
}

static int64_t get_i64(struct reader *r)
{
    return (int64_t)get_uint(r, 8);
}

static int64_t get_count(struct reader *r)
{
    const int64_t v = get_i64(r);

    if (v < 0 || v >= MAX_COUNT) {
        refuse(r, "a count is negative or beyond belief");
        return 0;
    }
    return v;
}

/* A measured quantity: finite, not negative. */
static double get_amount(struct reader *r)
{
    const uint64_t bits = get_uint(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v) || v < 0) {
        refuse(r, "an amount is negative or not finite");
        return 0;
    }
    return v;
}

/* The n bytes of a text, *null for NULL; n is 0 and the reader has a problem when they are not there. */
static const char *get_bytes(struct reader *r, size_t *n, bool *null)
{
    const uint32_t length = (uint32_t)get_uint(r, 4);
    const char *s = (const char *)r->at;

    *n = 0;
    *null = length == NO_TEXT;
    if (*null || r->problem)
        return s;
    if (length > r->left) {
        refuse(r, "a text is longer than the message");
        return s;
    }
    if (memchr(s, '\0', length)) {
        refuse(r, "a text holds a NUL");
        return s;
    }
    r->at += length;
    r->left -= length;
    *n = length;
    return s;
}

/* Into a fixed array of size bytes with its NUL. */
static void get_array(struct reader *r, char *out, size_t size)
{
    size_t n;
    bool null;
    const char *s = get_bytes(r, &n, &null);

    if (null || n >= size) {
        refuse(r, "a text is missing or too long");
        n = 0;
    }
    memcpy(out, s, n);
    out[n] = '\0';
}

/* Into an allocated text or NULL. */
static void get_text(struct reader *r, char **out)
{
    size_t n;
    bool null;
    const char *s = get_bytes(r, &n, &null);

    *out = NULL;
    if (!null && !r->problem && !(*out = strndup(s, n)))
        refuse_memory(r);
}

static void get_tally(struct reader *r, struct vx_tally *t)
{
    t->items = get_count(r);
    t->scored = get_count(r);
    t->not_scored = get_count(r);
    t->failed = get_count(r);
    t->windows = get_count(r);
    for (size_t i = 0; i < sizeof t->verdicts / sizeof *t->verdicts; i++)
        t->verdicts[i] = get_count(r);
    t->audio_s = get_amount(r);
}

static const char *const type_name[] = {
    [VX_MSG_HELLO] = "HELLO", [VX_MSG_LEASE] = "LEASE", [VX_MSG_DONE] = "DONE", [VX_MSG_NOTE] = "NOTE",
    [VX_MSG_FINISH] = "FINISH", [VX_MSG_BYE] = "BYE", [VX_MSG_FAIL] = "FAIL", [VX_MSG_ALIVE] = "ALIVE",
    [VX_MSG_CLAIM] = "CLAIM", [VX_MSG_ANSWER] = "ANSWER", [VX_MSG_PART] = "PART", [VX_MSG_READY] = "READY",
    [VX_MSG_END] = "END",
};

/* Reads the front of the message: its type, 0 with a problem in the reader. */
static int get_front(struct reader *r, const struct vx_buf *b)
{
    *r = (struct reader){.at = (const unsigned char *)(b->data ? b->data : ""), .left = b->len};
    const uint32_t magic = (uint32_t)get_uint(r, 4);
    const unsigned version = (unsigned)get_uint(r, 2), type = (unsigned)get_uint(r, 2);
    if (!r->problem && magic != MAGIC)
        refuse(r, "it is none of this program's");
    else if (!r->problem && version != VERSION)
        refuse(r, "its version differs: all ranks must run the same voxtrawl");
    else if (!r->problem && (type < VX_MSG_HELLO || type > VX_MSG_END))
        refuse(r, "its type is unknown");
    return r->problem ? 0 : (int)type;
}

static void open_message(struct reader *r, const struct vx_buf *b, enum vx_msg_type expected)
{
    const int type = get_front(r, b);

    if (type && type != (int)expected)
        refuse(r, "it is of another type");
}

static enum vx_status close_message(struct reader *r, const struct vx_buf *b, enum vx_msg_type type,
                                    struct vx_err *err)
{
    if (!r->problem && r->left)
        refuse(r, "bytes follow its end");
    if (!r->problem)
        return VX_OK;
    return vx_fail(err, r->no_memory ? VX_ENOMEM : VX_EFORMAT, "%s message of %zu bytes, at byte %zu: %s", type_name[type], b->len,
                   b->data ? (size_t)(r->at - (const unsigned char *)b->data) : 0, r->problem);
}

enum vx_status vx_wire_type(const struct vx_buf *b, enum vx_msg_type *type, struct vx_err *err)
{
    struct reader r;
    const int t = get_front(&r, b);

    if (!t)
        return vx_fail(err, VX_EFORMAT, "message of %zu bytes: %s", b->len, r.problem);
    *type = (enum vx_msg_type)t;
    return VX_OK;
}

enum vx_status vx_wire_get_hello(const struct vx_buf *b, struct vx_msg_hello *m, struct vx_err *err)
{
    struct reader r;

    *m = (struct vx_msg_hello){0};
    open_message(&r, b, VX_MSG_HELLO);
    m->rank = get_i32(&r);
    m->pid = get_i32(&r);
    m->threads = get_i32(&r);
    get_array(&r, m->host, sizeof m->host);
    get_array(&r, m->engine, sizeof m->engine);
    return close_message(&r, b, VX_MSG_HELLO, err);
}

static void get_item(struct reader *r, struct vx_item *item)
{
    item->id = get_count(r);
    const unsigned kind = (unsigned)get_uint(r, 1);
    if (kind > VX_ITEM_BROKEN)
        refuse(r, "the kind of an item is unknown");
    else
        item->kind = (enum vx_item_kind)kind;
    get_text(r, &item->path);
    if (!item->path)
        refuse(r, "an item has no path");
    get_text(r, &item->member);
    item->ordinal = get_i64(r);
    item->size = get_i64(r);
    item->mtime = get_i64(r);
    get_text(r, &item->problem);
    item->offset = get_i64(r);
    item->bundle = get_i64(r);
}

enum vx_status vx_wire_get_lease(const struct vx_buf *b, struct vx_msg_lease *m, struct vx_err *err)
{
    struct reader r;
    enum vx_status rc;

    *m = (struct vx_msg_lease){0};
    open_message(&r, b, VX_MSG_LEASE);
    if (b->len > VX_WIRE_MAX_BYTES)
        refuse(&r, "it is larger than any message may be");
    m->lease = get_i64(&r);
    const int64_t n = get_count(&r);
    if (n > VX_WIRE_MAX_ITEMS || (uint64_t)n > r.left / MIN_ITEM_BYTES)
        refuse(&r, "it claims more items than a lease or this message can hold");
    if (!r.problem && n > 0 && !(m->items = vx_calloc((size_t)n, sizeof *m->items)))
        return vx_fail_nomem(err, "the items of a lease");
    for (int64_t i = 0; i < n && !r.problem; i++)
        get_item(&r, &m->items[m->n++]);
    if ((rc = close_message(&r, b, VX_MSG_LEASE, err)) != VX_OK)
        vx_msg_lease_clear(m);
    return rc;
}

enum vx_status vx_wire_get_done(const struct vx_buf *b, struct vx_msg_done *m, struct vx_err *err)
{
    struct reader r;

    *m = (struct vx_msg_done){0};
    open_message(&r, b, VX_MSG_DONE);
    m->lease = get_i64(&r);
    get_tally(&r, &m->tally);
    return close_message(&r, b, VX_MSG_DONE, err);
}

enum vx_status vx_wire_get_note(const struct vx_buf *b, struct vx_msg_note *m, struct vx_err *err)
{
    struct reader r;

    *m = (struct vx_msg_note){0};
    open_message(&r, b, VX_MSG_NOTE);
    m->windows_scored = get_count(&r);
    return close_message(&r, b, VX_MSG_NOTE, err);
}

enum vx_status vx_wire_get_bye(const struct vx_buf *b, struct vx_msg_bye *m, struct vx_err *err)
{
    struct reader r;

    *m = (struct vx_msg_bye){0};
    open_message(&r, b, VX_MSG_BYE);
    m->cpu_s = get_amount(&r);
    m->peak_rss = get_amount(&r);
    m->engine_wait_s = get_amount(&r);
    m->decode_wait_s = get_amount(&r);
    const int64_t known = get_count(&r);
    if (known & ~(int64_t)(ENERGY_CPU | ENERGY_GPU))
        refuse(&r, "it knows of energy that nobody has heard of");
    m->energy.cpu_known = known & ENERGY_CPU;
    m->energy.gpu_known = known & ENERGY_GPU;
    m->energy.cpu_j = get_amount(&r);
    m->energy.gpu_j = get_amount(&r);
    m->windows_scored = get_count(&r);
    return close_message(&r, b, VX_MSG_BYE, err);
}

enum vx_status vx_wire_get_fail(const struct vx_buf *b, struct vx_msg_fail *m, struct vx_err *err)
{
    struct reader r;

    *m = (struct vx_msg_fail){0};
    open_message(&r, b, VX_MSG_FAIL);
    m->status = get_i32(&r);
    if (m->status <= VX_DONE || m->status > VX_ESTOP)
        refuse(&r, "its status is no error");
    get_array(&r, m->text, sizeof m->text);
    return close_message(&r, b, VX_MSG_FAIL, err);
}

/* How many entries follow, each of `bytes`. */
static size_t get_entries(struct reader *r, size_t bytes)
{
    const int64_t n = get_count(r);

    if (n > VX_WIRE_MAX_CLAIMS || (uint64_t)n > r->left / bytes)
        refuse(r, "it claims more items than it can hold");
    return r->problem ? 0 : (size_t)n;
}

enum vx_status vx_wire_get_claim(const struct vx_buf *b, struct vx_msg_claim *m, struct vx_err *err)
{
    struct reader r;

    open_message(&r, b, VX_MSG_CLAIM);
    m->n = get_entries(&r, 3 * 8);
    for (size_t i = 0; i < m->n; i++) {
        m->claims[i].item = get_count(&r);
        m->claims[i].key.high = get_uint(&r, 8);
        m->claims[i].key.low = get_uint(&r, 8);
    }
    return close_message(&r, b, VX_MSG_CLAIM, err);
}

enum vx_status vx_wire_get_answer(const struct vx_buf *b, struct vx_msg_answer *m, struct vx_err *err)
{
    struct reader r;

    open_message(&r, b, VX_MSG_ANSWER);
    m->n = get_entries(&r, 2 * 8);
    for (size_t i = 0; i < m->n; i++) {
        m->answers[i].item = get_count(&r);
        m->answers[i].scored = get_count(&r);
    }
    return close_message(&r, b, VX_MSG_ANSWER, err);
}

enum vx_status vx_wire_get_end(const struct vx_buf *b, bool *together, struct vx_err *err)
{
    struct reader r;

    open_message(&r, b, VX_MSG_END);
    const uint64_t flag = get_uint(&r, 1);
    if (flag > 1)
        refuse(&r, "a flag is neither 0 nor 1");
    *together = flag == 1;
    return close_message(&r, b, VX_MSG_END, err);
}

void vx_msg_lease_clear(struct vx_msg_lease *m)
{
    for (size_t i = 0; i < m->n; i++)
        vx_item_clear(&m->items[i]);
    free(m->items);
    *m = (struct vx_msg_lease){0};
}

void vx_tally_add(struct vx_tally *to, const struct vx_tally *from)
{
    to->items += from->items;
    to->scored += from->scored;
    to->not_scored += from->not_scored;
    to->failed += from->failed;
    to->windows += from->windows;
    for (size_t i = 0; i < sizeof to->verdicts / sizeof *to->verdicts; i++)
        to->verdicts[i] += from->verdicts[i];
    to->audio_s += from->audio_s;
}
