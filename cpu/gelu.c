#include "cpu/gelu.h"

#include <math.h>

/* The polynomial through Q at the Chebyshev nodes of the segment around centre: divided differences, then
 * powers of t − from. */
static void fit_segment(double *power, int degree, double centre, double from)
{
    const int n = degree + 1;
    double node[VX_GELU_MAX_DEGREE + 1], difference[VX_GELU_MAX_DEGREE + 1];

    for (int i = 0; i < n; i++) {
        node[i] = centre + (double)VX_GELU_WIDTH / 2 * cos(M_PI * (i + 0.5) / n);
        difference[i] = 0.5 * erfc(node[i] * M_SQRT1_2);
        power[i] = 0;
    }
    for (int order = 1; order < n; order++)
        for (int i = n - 1; i >= order; i--)
            difference[i] = (difference[i] - difference[i - 1]) / (node[i] - node[i - order]);
    for (int i = n - 1; i >= 0; i--) { /* power = power·((t − from) − (node[i] − from)) + difference[i] */
        for (int p = degree; p > 0; p--)
            power[p] = power[p - 1] - (node[i] - from) * power[p];
        power[0] = difference[i] - (node[i] - from) * power[0];
    }
}

void vx_gelu_fit(struct vx_gelu *table, int degree, bool centred)
{
    table->degree = degree;
    table->centred = centred;
    for (int s = 0; s < VX_GELU_SEGMENTS; s++) {
        const double centre = s * (double)VX_GELU_WIDTH;
        double power[VX_GELU_MAX_DEGREE + 1];
        fit_segment(power, degree, centre, centred ? centre : 0);
        for (int p = 0; p <= VX_GELU_MAX_DEGREE; p++)
            table->coefficient[p][s] = p <= degree ? (float)power[p] : 0;
    }
}
