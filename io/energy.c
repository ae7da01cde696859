#include "io/energy.h"

#include "base/clones.h"

/* Sums side by side, since one alone would wait for itself at every sample; whichever instructions, they are the same. */
enum { LANES = 8 };

struct sums {
    double sum[LANES], square[LANES];
};

/* Of as many samples as LANES divides; returns how many. */
VX_CLONES static size_t add_dense(struct sums *s, const float *x, size_t n)
{
    struct sums at = *s;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            const double v = (double)x[i + j];
            at.sum[j] += v;
            at.square[j] += v * v;
        }
    *s = at;
    return i;
}

static size_t add_strided(struct sums *s, const float *x, size_t n, size_t stride)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            const double v = (double)x[(i + j) * stride];
            s->sum[j] += v;
            s->square[j] += v * v;
        }
    return i;
}

double vx_energy(const float *x, size_t n, size_t stride)
{
    struct sums s = {0};
    double total = 0, squares = 0;

    if (n == 0)
        return 0;
    for (size_t i = stride == 1 ? add_dense(&s, x, n) : add_strided(&s, x, n, stride); i < n; i++) {
        s.sum[0] += (double)x[i * stride];
        s.square[0] += (double)x[i * stride] * (double)x[i * stride];
    }
    for (size_t j = 0; j < LANES; j++) {
        total += s.sum[j];
        squares += s.square[j];
    }
    squares -= total * total / (double)n;
    return squares > 0 ? squares : 0;
}
