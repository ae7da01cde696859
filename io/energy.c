#include "io/energy.h"

/* Sums side by side, since one alone would wait for itself at every sample. */
enum { LANES = 8 };

double vx_energy(const float *x, size_t n, size_t stride)
{
    double sum[LANES] = {0}, square[LANES] = {0}, total = 0, squares = 0;
    size_t i = 0;

    if (n == 0)
        return 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            const double v = (double)x[(i + j) * stride];
            sum[j] += v;
            square[j] += v * v;
        }
    for (; i < n; i++) {
        sum[0] += (double)x[i * stride];
        square[0] += (double)x[i * stride] * (double)x[i * stride];
    }
    for (size_t j = 0; j < LANES; j++) {
        total += sum[j];
        squares += square[j];
    }
    squares -= total * total / (double)n;
    return squares > 0 ? squares : 0;
}
