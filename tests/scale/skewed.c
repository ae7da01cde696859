#include "tests/scale/skewed.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t spread(uint64_t x) /* splitmix64 (Steele, Lea, Flood 2014) */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static double uniform(int64_t i, unsigned stream) /* between 0 and 1 */
{
    return ((double)(spread((uint64_t)i * 4 + stream) >> 11) + 0.5) / 9007199254740992.0;
}

static double seconds_of(int64_t i, enum skewed_rest rest)
{
    const double u = uniform(i, 0), pi = 3.14159265358979;

    switch (rest) {
    case SKEWED_SHORT:
        return 2 + 18 * u;
    case SKEWED_MINUTES:
        return 60 + 540 * u;
    case SKEWED_TAIL:
        break;
    }
    const double normal = sqrt(-2 * log(u)) * cos(2 * pi * uniform(i, 1));
    return fmin(20 * exp(1.5 * normal), 3600);
}

enum vx_status skewed_create(struct skewed *out, int64_t n, int64_t ten_hours, enum skewed_rest rest, double real_time,
                             double wrong, struct vx_err *err)
{
    *out = (struct skewed){.n = n};
    out->item_s = vx_calloc((size_t)n, sizeof *out->item_s);
    out->weight = vx_calloc((size_t)n, sizeof *out->weight);
    if (!out->item_s || !out->weight) {
        skewed_free(out);
        return vx_fail_nomem(err, "a corpus");
    }
    for (int64_t i = 0; i < n; i++) {
        const double sound = 1 + (i + 1 == ten_hours ? 36000 : seconds_of(i, rest)); /* and a second for opening it */
        out->item_s[i] = sound / real_time;
        out->weight[i] = (int64_t)(1000 * sound * pow(wrong, 2 * uniform(i, 2) - 1));
    }
    return VX_OK;
}

void skewed_free(struct skewed *corpus)
{
    free(corpus->item_s);
    free(corpus->weight);
    *corpus = (struct skewed){0};
}

enum vx_status skewed_list(struct vx_itemlist **out, const char *path, int64_t n, struct vx_err *err)
{
    enum { GROUP = 8000, PATH = 96 };
    struct vx_item *items = vx_calloc(GROUP, sizeof *items);
    char(*paths)[PATH] = vx_calloc(GROUP, sizeof *paths);
    *out = NULL;
    enum vx_status rc = items && paths ? vx_itemlist_open(out, path, err) : vx_fail_nomem(err, "items");

    for (int64_t i = 0; rc == VX_OK && i < n; i += GROUP) {
        const size_t count = (size_t)(n - i < GROUP ? n - i : GROUP);
        for (size_t k = 0; k < count; k++) {
            const long long id = i + (long long)k;
            snprintf(paths[k], PATH, "/archive/2026/%05lld/recording-%09lld.flac", id / 1000, id);
            items[k] = (struct vx_item){.path = paths[k], .ordinal = -1, .size = 100000 + id % 1000, .mtime = 1700000000};
        }
        rc = vx_itemlist_add(*out, items, count, err);
    }
    if (rc != VX_OK)
        vx_itemlist_close(out);
    free(items);
    free(paths);
    return rc;
}
