/* transform.c - Stockham's transform, whose passes leave their results in order
 * n real samples are taken as n/2 complex ones z = even + i·odd, and their transform Z is pulled apart:
 * X[k] = E[k] + W^k·O[k] with E = (Z[k] + Z*[n/2−k])/2, O = (Z[k] − Z*[n/2−k])/2i, W = exp(−2πi/n). */
#include "cpu/transform.h"

#include "base/clones.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define MAX_PASSES 32 /* factors of a number that fits an int */

typedef float lanes __attribute__((vector_size(VX_MEL_LANES * sizeof(float))));

struct point {
    lanes re, im;
};

struct factor {
    float re, im;
};

/* A pass of radix r over `stride` interleaved sequences of r·parts points. For p < parts, j < r:
 * y[r·p + k] = w[p][k]·Σ_j x[p + parts·j]·exp(−2πi·jk/r), each of them `stride` neighbours. */
struct pass {
    int radix, parts, stride;
    const struct factor *w; /* [parts][radix]: exp(−2πi·pk/(r·parts)) */
};

struct vx_transform {
    int half; /* n/2 */
    int n_passes;
    struct pass pass[MAX_PASSES];
    struct factor *w;         /* owned: of all passes */
    struct factor *split;     /* owned [half/2 + 1]: W^k/2 */
    struct factor root[6][5]; /* [radix][j]: exp(−2πi·j/radix), for 3 and 5 */
};

static struct factor unit(double turns, double length)
{
    return (struct factor){(float)(length * cos(-2 * M_PI * turns)),
                           (float)(length * sin(-2 * M_PI * turns))};
}

static int next_radix(int n)
{
    for (int r = 4; r <= 5; r++)
        if (n % r == 0)
            return r;
    for (int r = 2; r <= 3; r++)
        if (n % r == 0)
            return r;
    return 0;
}

static void plan_passes(struct vx_transform *t)
{
    struct factor *w = t->w;
    int left = t->half, stride = 1;

    while (left > 1) {
        const int r = next_radix(left), parts = left / r;
        t->pass[t->n_passes++] = (struct pass){r, parts, stride, w};
        for (int p = 0; p < parts; p++)
            for (int k = 0; k < r; k++)
                *w++ = unit((double)p * k / left, 1);
        left = parts;
        stride *= r;
    }
    for (int r = 3; r <= 5; r += 2)
        for (int j = 0; j < r; j++)
            t->root[r][j] = unit((double)j / r, 1);
    for (int k = 0; k <= t->half / 2; k++)
        t->split[k] = unit((double)k / (2 * t->half), 0.5);
}

enum vx_status vx_transform_create(struct vx_transform **out, int n, struct vx_err *err)
{
    struct vx_transform *t;
    size_t factors = 1;
    int left = n / 2;

    *out = NULL;
    for (int r; left > 1 && (r = next_radix(left)) != 0; left /= r)
        factors += (size_t)left; /* a pass has as many as its sequences have points */
    if (n < 2 || n % 2 != 0 || left != 1)
        return vx_fail(err, VX_EINVAL,
                       "no transform of %d points: expected an even number made of the factors 2, 3 and 5",
                       n);
    if (!(t = vx_calloc(1, sizeof *t)))
        return vx_fail_nomem(err, "a transform");
    t->half = n / 2;
    t->w = vx_calloc(factors, sizeof *t->w);
    t->split = vx_calloc((size_t)n / 4 + 1, sizeof *t->split);
    if (!t->w || !t->split) {
        vx_transform_destroy(&t);
        return vx_fail_nomem(err, "a transform");
    }
    plan_passes(t);
    *out = t;
    return VX_OK;
}

void vx_transform_destroy(struct vx_transform **transform)
{
    struct vx_transform *t = *transform;

    if (!t)
        return;
    free(t->w);
    free(t->split);
    free(t);
    *transform = NULL;
}

size_t vx_transform_scratch(const struct vx_transform *transform)
{
    return (size_t)transform->half * sizeof(struct point);
}

VX_CLONES
static void pass_2(const struct pass *t, const struct point *restrict x, struct point *restrict y)
{
    for (int p = 0; p < t->parts; p++) {
        const struct factor w = t->w[2 * p + 1];
        const struct point *a = x + (size_t)p * (size_t)t->stride,
                           *b = a + (size_t)t->parts * (size_t)t->stride;
        struct point *to = y + (size_t)2 * (size_t)p * (size_t)t->stride;
        for (int q = 0; q < t->stride; q++) {
            const lanes re = a[q].re - b[q].re, im = a[q].im - b[q].im;
            to[q].re = a[q].re + b[q].re;
            to[q].im = a[q].im + b[q].im;
            to[t->stride + q].re = re * w.re - im * w.im;
            to[t->stride + q].im = re * w.im + im * w.re;
        }
    }
}

VX_CLONES
static void pass_4(const struct pass *t, const struct point *restrict x, struct point *restrict y)
{
    const size_t s = (size_t)t->stride, quarter = (size_t)t->parts * s;

    for (size_t p = 0; p < (size_t)t->parts; p++) {
        const struct factor *w = t->w + 4 * p;
        for (size_t q = p * s; q < (p + 1) * s; q++) {
            const struct point *a = x + q, *b = a + quarter, *c = b + quarter, *d = c + quarter;
            struct point *to = y + 3 * p * s + q;
            const lanes ac_re = a->re + c->re, ac_im = a->im + c->im, bd_re = b->re + d->re,
                        bd_im = b->im + d->im;
            /* a − c, and i·(b − d) */
            const lanes amc_re = a->re - c->re, amc_im = a->im - c->im, j_re = d->im - b->im,
                        j_im = b->re - d->re;
            const lanes y1_re = amc_re - j_re, y1_im = amc_im - j_im, y3_re = amc_re + j_re,
                        y3_im = amc_im + j_im;
            const lanes y2_re = ac_re - bd_re, y2_im = ac_im - bd_im;
            to[0].re = ac_re + bd_re;
            to[0].im = ac_im + bd_im;
            to[s].re = y1_re * w[1].re - y1_im * w[1].im;
            to[s].im = y1_re * w[1].im + y1_im * w[1].re;
            to[2 * s].re = y2_re * w[2].re - y2_im * w[2].im;
            to[2 * s].im = y2_re * w[2].im + y2_im * w[2].re;
            to[3 * s].re = y3_re * w[3].re - y3_im * w[3].im;
            to[3 * s].im = y3_re * w[3].im + y3_im * w[3].re;
        }
    }
}

/* Radix 3 and 5, by the definition: profiles hardly have them. */
VX_CLONES
static void pass_odd(const struct pass *t, const struct factor *root, const struct point *restrict x,
                     struct point *restrict y)
{
    const size_t s = (size_t)t->stride, r = (size_t)t->radix, part = (size_t)t->parts * s;

    for (size_t p = 0; p < (size_t)t->parts; p++)
        for (size_t q = 0; q < s; q++)
            for (size_t k = 0; k < r; k++) {
                const struct point *from = x + p * s + q;
                const struct factor w = t->w[p * r + k];
                lanes re = from->re, im = from->im;
                for (size_t j = 1; j < r; j++) {
                    const struct factor u = root[j * k % r];
                    from += part;
                    re += from->re * u.re - from->im * u.im;
                    im += from->re * u.im + from->im * u.re;
                }
                y[(r * p + k) * s + q].re = re * w.re - im * w.im;
                y[(r * p + k) * s + q].im = re * w.im + im * w.re;
            }
}

VX_CLONES
static void split_power(const struct vx_transform *t, const struct point *z, lanes *power)
{
    const int half = t->half;

    power[0] = (z[0].re + z[0].im) * (z[0].re + z[0].im);
    power[half] = (z[0].re - z[0].im) * (z[0].re - z[0].im);
    for (int k = 1; k <= half / 2; k++) {
        const struct point *a = z + k, *b = z + half - k;
        const struct factor w = t->split[k];
        const lanes e_re = 0.5f * (a->re + b->re), e_im = 0.5f * (a->im - b->im);
        const lanes o_re = a->im + b->im, o_im = b->re - a->re; /* 2·O[k]; the table holds W^k/2 */
        const lanes t_re = o_re * w.re - o_im * w.im, t_im = o_re * w.im + o_im * w.re;
        /* X[half−k] is the conjugate of E − W^k·O */
        power[k] = (e_re + t_re) * (e_re + t_re) + (e_im + t_im) * (e_im + t_im);
        power[half - k] = (e_re - t_re) * (e_re - t_re) + (e_im - t_im) * (e_im - t_im);
    }
}

void vx_transform_power(const struct vx_transform *t, float *in, float *power, void *scratch)
{
    struct point *x = (struct point *)(void *)in, *y = scratch;

    for (int i = 0; i < t->n_passes; i++) {
        const struct pass *pass = &t->pass[i];
        if (pass->radix == 2)
            pass_2(pass, x, y);
        else if (pass->radix == 4)
            pass_4(pass, x, y);
        else
            pass_odd(pass, t->root[pass->radix], x, y);
        struct point *swap = x;
        x = y;
        y = swap;
    }
    split_power(t, x, (lanes *)(void *)power);
}
