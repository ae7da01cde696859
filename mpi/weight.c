/* Weights are kept as small floating-point numbers of 11 bits and 5 of exponent, so that larger ones have larger codes. Above
 * them lies a tree of largest codes, 64 children a node: of 64 items, of 4,096, of 262,144; the last level is searched
 * from end to end, 40 nodes for ten million items. */
#include "mpi/weight.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEVELS = 3, FAN = 64, MANTISSA_BITS = 11 };

struct vx_weights {
    uint16_t *code; /* [cap], 0: unknown */
    size_t cap;
    struct {
        uint16_t *heaviest; /* [cap] */
        size_t cap;
    } level[LEVELS];
};

int64_t vx_weight_guess(const struct vx_item *item)
{
    static const struct {
        const char *ending;
        int bytes_per_s; /* 16 bit, 16 to 44 kHz; lossless half of that; the usual rates of the others */
    } kinds[] = {{".flac", 32000}, {".mp3", 16000}, {".mp2", 16000}, {".ogg", 14000}, {".oga", 14000}, {".opus", 5000},
                 {".m4a", 16000}, {".aac", 16000}, {".mp4", 16000}, {".webm", 8000}};
    const int64_t overhead = 1000, picture = 2000;
    const char *const name = item->member ? item->member : item->path, *const dot = strrchr(name, '.');
    int64_t bytes_per_s = 64000;

    if (item->kind == VX_ITEM_BROKEN)
        return overhead;
    if (item->kind == VX_ITEM_IMAGE)
        return overhead + picture;
    if (item->size < 0 || item->size > INT64_MAX / 1000)
        return 0;
    for (size_t i = 0; dot && i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(dot, kinds[i].ending) == 0)
            bytes_per_s = kinds[i].bytes_per_s;
    return overhead + item->size * 1000 / bytes_per_s;
}

static uint16_t encode(int64_t ms)
{
    const uint64_t top = (uint64_t)1 << MANTISSA_BITS;
    uint64_t m = ms < 0 ? 0 : (uint64_t)ms;
    int e = 0;

    while (m >= top) {
        m >>= 1;
        e++;
    }
    return e > 31 ? UINT16_MAX : (uint16_t)((unsigned)e << MANTISSA_BITS | m);
}

static int64_t decode(uint16_t code)
{
    return (int64_t)(code & ((1 << MANTISSA_BITS) - 1)) << (code >> MANTISSA_BITS);
}

enum vx_status vx_weights_create(struct vx_weights **out, struct vx_err *err)
{
    *out = vx_calloc(1, sizeof **out);
    return *out ? VX_OK : vx_fail_nomem(err, "the weights of the items");
}

void vx_weights_destroy(struct vx_weights **weights)
{
    if (!*weights)
        return;
    free((*weights)->code);
    for (int i = 0; i < LEVELS; i++)
        free((*weights)->level[i].heaviest);
    free(*weights);
    *weights = NULL;
}

/* *codes [*cap] holds at least n, the new ones 0. */
static int make_room(uint16_t **codes, size_t *cap, size_t n)
{
    const size_t old = *cap;
    void *p = *codes;

    if (vx_grow(&p, cap, n, sizeof **codes) != 0)
        return -1;
    *codes = p;
    memset(*codes + old, 0, (*cap - old) * sizeof **codes);
    return 0;
}

enum vx_status vx_weights_extend(struct vx_weights *weights, size_t n_words, struct vx_err *err)
{
    size_t n = n_words;
    int failed = n_words > SIZE_MAX / FAN || make_room(&weights->code, &weights->cap, n_words * FAN);

    for (int i = 0; !failed && i < LEVELS; i++, n = n / FAN + 1)
        failed = make_room(&weights->level[i].heaviest, &weights->level[i].cap, (n + FAN - 1) / FAN * FAN);
    return failed ? vx_fail_nomem(err, "the weights of the items") : VX_OK;
}

static uint16_t heaviest_of(const uint16_t *codes, uint64_t items)
{
    uint16_t heaviest = 0;

    for (; items; items &= items - 1) {
        const uint16_t code = codes[__builtin_ctzll(items)];
        heaviest = code > heaviest ? code : heaviest;
    }
    return heaviest;
}

int64_t vx_weights_sum(const struct vx_weights *weights, size_t w, uint64_t items)
{
    const uint16_t *const codes = weights->code + w * FAN;
    int64_t sum = 0;

    for (; items; items &= items - 1) {
        const uint16_t code = codes[__builtin_ctzll(items)];
        sum += code ? decode(code) : VX_WEIGHT_UNKNOWN;
    }
    return sum;
}

void vx_weights_in(struct vx_weights *weights, size_t w, uint64_t items)
{
    const uint16_t heaviest = heaviest_of(weights->code + w * FAN, items);

    for (int i = 0; i < LEVELS && weights->level[i].heaviest[w] < heaviest; i++, w /= FAN)
        weights->level[i].heaviest[w] = heaviest;
}

void vx_weights_out(struct vx_weights *weights, size_t w, uint64_t items, uint64_t in)
{
    const uint16_t *const codes = weights->code + w * FAN;
    uint16_t was = weights->level[0].heaviest[w], now;

    if (was == 0 || heaviest_of(codes, items) < was)
        return;
    now = heaviest_of(codes, in);
    for (int i = 0;; i++) {
        weights->level[i].heaviest[w] = now;
        if (now == was || i + 1 == LEVELS)
            return;
        now = heaviest_of(weights->level[i].heaviest + w / FAN * FAN, ~(uint64_t)0);
        w /= FAN;
        was = weights->level[i + 1].heaviest[w];
    }
}

void vx_weights_set(struct vx_weights *weights, size_t w, int bit, int64_t ms, uint64_t in)
{
    const uint64_t item = (uint64_t)1 << bit;

    if (in & item)
        vx_weights_out(weights, w, item, in & ~item);
    weights->code[w * FAN + (size_t)bit] = encode(ms);
    if (in & item)
        vx_weights_in(weights, w, item);
}

size_t vx_weights_heaviest(const struct vx_weights *weights, int64_t *ms)
{
    const uint16_t *const top = weights->level[LEVELS - 1].heaviest;
    size_t at = 0;

    for (size_t i = 1; i < weights->level[LEVELS - 1].cap; i++)
        if (top[i] > top[at])
            at = i;
    const uint16_t heaviest = weights->level[LEVELS - 1].cap > 0 ? top[at] : 0;
    *ms = decode(heaviest);
    for (int i = LEVELS - 2; i >= 0 && heaviest > 0; i--)
        for (at *= FAN; weights->level[i].heaviest[at] != heaviest;)
            at++;
    return at;
}

int vx_weights_find(const struct vx_weights *weights, size_t w, uint64_t in, int64_t ms)
{
    for (const uint16_t code = encode(ms); in; in &= in - 1)
        if (weights->code[w * FAN + (size_t)__builtin_ctzll(in)] == code)
            return __builtin_ctzll(in);
    return -1;
}
