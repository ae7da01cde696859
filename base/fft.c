#include "base/fft.h"

#include "base/mem.h"

#include <kissfft/kiss_fft.h>
#include <math.h>
#include <stdlib.h>

/* n real samples are taken as n/2 complex ones z = even + i·odd, and their transform Z is pulled apart:
 * X[k] = E[k] + W^k·O[k] with E = (Z[k] + Z*[n/2−k])/2, O = (Z[k] − Z*[n/2−k])/2i, W = exp(−2πi/n).
 * KissFFT's own real transform keeps its workspace in the plan, so threads could not share it. */
struct vx_fft {
    int half;           /* n/2 */
    kiss_fft_cfg cfg;   /* of half points; kiss_fft() only reads it while it has no factor over 5 */
    float *w_re, *w_im; /* [half/2 + 1] W^k/2 */
};

static int has_small_factors(int n)
{
    for (int f = 2; f <= 5; f++)
        while (n % f == 0)
            n /= f;
    return n == 1;
}

enum vx_status vx_fft_create(struct vx_fft **out, int n, struct vx_err *err)
{
    struct vx_fft *f;

    *out = NULL;
    if (n < 2 || n % 2 != 0 || !has_small_factors(n))
        return vx_fail(err, VX_EINVAL, "no transform of %d points: expected an even number made of the factors 2, 3 and 5",
                       n);
    if (!(f = vx_calloc(1, sizeof *f)))
        return vx_fail_nomem(err, "a transform");
    f->half = n / 2;
    f->cfg = kiss_fft_alloc(n / 2, 0, NULL, NULL);
    f->w_re = vx_calloc((size_t)n / 4 + 1, sizeof *f->w_re);
    f->w_im = vx_calloc((size_t)n / 4 + 1, sizeof *f->w_im);
    if (!f->cfg || !f->w_re || !f->w_im) {
        vx_fft_destroy(&f);
        return vx_fail_nomem(err, "a transform");
    }
    for (int k = 0; k <= n / 4; k++) {
        const double angle = -2.0 * M_PI * k / n;
        f->w_re[k] = (float)(0.5 * cos(angle));
        f->w_im[k] = (float)(0.5 * sin(angle));
    }
    *out = f;
    return VX_OK;
}

void vx_fft_destroy(struct vx_fft **plan)
{
    struct vx_fft *f = *plan;

    if (!f)
        return;
    kiss_fft_free(f->cfg);
    free(f->w_re);
    free(f->w_im);
    free(f);
    *plan = NULL;
}

size_t vx_fft_scratch(const struct vx_fft *plan)
{
    return (size_t)plan->half * sizeof(kiss_fft_cpx);
}

void vx_fft_power(const struct vx_fft *f, const float *in, float *power, size_t stride, void *scratch)
{
    kiss_fft_cpx *z = scratch;
    const int half = f->half;

    kiss_fft(f->cfg, (const kiss_fft_cpx *)(const void *)in, z);
    power[0] = (z[0].r + z[0].i) * (z[0].r + z[0].i);
    power[(size_t)half * stride] = (z[0].r - z[0].i) * (z[0].r - z[0].i);
    for (int k = 1; k <= half / 2; k++) {
        const kiss_fft_cpx a = z[k], b = z[half - k];
        const float e_re = 0.5f * (a.r + b.r), e_im = 0.5f * (a.i - b.i);
        const float o_re = a.i + b.i, o_im = b.r - a.r; /* 2·O[k]; the table holds W^k/2 */
        const float t_re = o_re * f->w_re[k] - o_im * f->w_im[k], t_im = o_re * f->w_im[k] + o_im * f->w_re[k];
        /* X[half−k] is the conjugate of E − W^k·O */
        power[(size_t)k * stride] = (e_re + t_re) * (e_re + t_re) + (e_im + t_im) * (e_im + t_im);
        power[(size_t)(half - k) * stride] = (e_re - t_re) * (e_re - t_re) + (e_im - t_im) * (e_im - t_im);
    }
}
