#include "io/domain.h"

#include "base/fft.h"
#include "base/mem.h"
#include "io/energy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BAND_HZ 250
#define MAX_BANDS (24000 / BAND_HZ)
#define SPEECH_END (3500 / BAND_HZ) /* bands of the activity: 1 up to this one */
#define MIN_FRAMES 12 /* of fewer, those of steady noise differ by as much as those of speech */
#define MAX_FRAMES 32 /* more would only cost more */
#define MAX_RATE 16000000
/* Ratios of power. */
#define BAND_RISE 16.0f   /* 12 dB */
#define ACTIVE_RISE 4.0f  /* 6 dB */
#define BAND_DEPTH 1e6f   /* 60 dB */
#define ACTIVE_DEPTH 1e3f /* 30 dB */

enum { LEVEL, BANDWIDTH, ACTIVE, N_STATISTICS };

struct values { /* of one statistic, one for each window that has it */
    double *v;
    size_t n, cap;
};

struct vx_domain_meter {
    int rate;         /* of what follows; 0: none yet */
    int frame;        /* samples */
    int n_bands;      /* 1 … n_bands − 1 count: what lies below BAND_HZ is hum and offset */
    struct vx_fft *fft;
    float *hann;      /* [frame] */
    float *windowed;  /* [frame] */
    float *power;     /* [frame/2 + 1] of one frame */
    void *scratch;    /* of fft */
    int band_from[MAX_BANDS + 1]; /* first bin of each band; [n_bands]: the end of the last */
    float bands[MAX_BANDS + 1][MAX_FRAMES]; /* of a window; row 0: the speech bands' sum, the last one: scratch */
    int32_t n_windows;
    struct values of[N_STATISTICS];
};

enum vx_status vx_domain_create(struct vx_domain_meter **out, struct vx_err *err)
{
    *out = vx_calloc(1, sizeof **out);
    return *out ? VX_OK : vx_fail_nomem(err, "the meter of a recording's level and bandwidth");
}

/* What depends on the rate. */
static void drop_plan(struct vx_domain_meter *m)
{
    m->rate = 0;
    vx_fft_destroy(&m->fft);
    free(m->hann);
    free(m->windowed);
    free(m->power);
    free(m->scratch);
    m->hann = m->windowed = m->power = NULL;
    m->scratch = NULL;
}

void vx_domain_destroy(struct vx_domain_meter **meter)
{
    struct vx_domain_meter *m = *meter;

    if (!m)
        return;
    drop_plan(m);
    for (int i = 0; i < N_STATISTICS; i++)
        free(m->of[i].v);
    free(m);
    *meter = NULL;
}

static enum vx_status make_plan(struct vx_domain_meter *m, int rate, struct vx_err *err)
{
    enum vx_status rc;
    int n = 16;

    while (n < 0.024 * rate)
        n *= 2;
    if ((rc = vx_fft_create(&m->fft, n, err)) != VX_OK)
        return rc;
    m->hann = vx_calloc((size_t)n, sizeof *m->hann);
    m->windowed = vx_calloc((size_t)n, sizeof *m->windowed);
    m->power = vx_calloc((size_t)n / 2 + 1, sizeof *m->power);
    m->scratch = vx_calloc(vx_fft_scratch(m->fft), 1);
    if (!m->hann || !m->windowed || !m->power || !m->scratch)
        return vx_fail_nomem(err, "a recording's spectrum");
    for (int i = 0; i < n; i++)
        m->hann[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / n));
    m->frame = n;
    m->n_bands = rate / (2 * BAND_HZ) < MAX_BANDS ? rate / (2 * BAND_HZ) : MAX_BANDS;
    for (int b = 0; b <= m->n_bands; b++)
        m->band_from[b] = (int)(((int64_t)b * BAND_HZ * n + rate - 1) / rate);
    m->rate = rate;
    return VX_OK;
}

enum vx_status vx_domain_begin(struct vx_domain_meter *m, int rate, struct vx_err *err)
{
    enum vx_status rc;

    m->n_windows = 0;
    for (int i = 0; i < N_STATISTICS; i++)
        m->of[i].n = 0;
    if (rate == m->rate)
        return VX_OK;
    if (rate < 1 || rate > MAX_RATE)
        return vx_fail(err, VX_EINVAL, "sound of %d Hz; 1 to %d are possible", rate, MAX_RATE);
    drop_plan(m);
    if ((rc = make_plan(m, rate, err)) != VX_OK)
        drop_plan(m);
    return rc;
}

/* The value of rank k, 0 the smallest, of x [n], which is put into another order (Hoare's selection). */
static float select_rank(float *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        const float pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            const float swap = x[i];
            x[i++] = x[j];
            x[j--] = swap;
        }
        /* x[low…j] ≤ pivot ≤ x[j+1…high], but for equal i and j, where x[j] is the pivot itself */
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[k];
}

struct spread {
    float loud, quiet;
};

static struct spread spread_of(float *x, size_t n)
{
    return (struct spread){.quiet = select_rank(x, n, n / 10), .loud = select_rank(x, n, n - 1 - n / 20)};
}

/* bands[b][f] of the window's frames. */
static void fill_bands(struct vx_domain_meter *m, const float *pcm, size_t n, size_t frames)
{
    for (size_t f = 0; f < frames; f++) {
        const float *const x = pcm + f * (n - (size_t)m->frame) / (frames - 1);
        float speech = 0;
        for (int i = 0; i < m->frame; i++)
            m->windowed[i] = x[i] * m->hann[i];
        vx_fft_power(m->fft, m->windowed, m->power, 1, m->scratch);
        for (int b = 1; b < m->n_bands; b++) {
            float sum = 0;
            for (int k = m->band_from[b]; k < m->band_from[b + 1]; k++)
                sum += m->power[k];
            m->bands[b][f] = sum;
            if (b < SPEECH_END)
                speech += sum;
        }
        m->bands[0][f] = speech;
    }
}

static double active_share(struct vx_domain_meter *m, size_t frames)
{
    const float *const speech = m->bands[0];
    float *const scratch = m->bands[MAX_BANDS];
    size_t active = 0;

    memcpy(scratch, speech, frames * sizeof *scratch);
    const struct spread s = spread_of(scratch, frames);
    for (size_t f = 0; f < frames; f++)
        active += speech[f] > 0 && speech[f] >= s.quiet * ACTIVE_RISE && speech[f] * ACTIVE_DEPTH >= s.loud;
    return (double)active / (double)frames;
}

static double bandwidth(struct vx_domain_meter *m, size_t frames)
{
    struct spread s[MAX_BANDS];
    float loudest = 0;

    for (int b = 1; b < m->n_bands; b++) {
        s[b] = spread_of(m->bands[b], frames);
        loudest = s[b].loud > loudest ? s[b].loud : loudest;
    }
    for (int b = m->n_bands - 1; b > 0; b--)
        if (s[b].loud > 0 && s[b].loud >= s[b].quiet * BAND_RISE && s[b].loud * BAND_DEPTH >= loudest)
            return (b + 1) * (double)BAND_HZ;
    return NAN;
}

static enum vx_status keep(struct values *to, double value, struct vx_err *err)
{
    void *v = to->v;

    if (isnan(value))
        return VX_OK;
    if (vx_grow(&v, &to->cap, to->n + 1, sizeof *to->v) != 0)
        return vx_fail_nomem(err, "a recording's levels");
    to->v = v;
    to->v[to->n++] = value;
    return VX_OK;
}

enum vx_status vx_domain_add(struct vx_domain_meter *m, const float *pcm, size_t n, struct vx_err *err)
{
    const size_t fit = n / (size_t)m->frame, frames = fit < MAX_FRAMES ? fit : MAX_FRAMES;
    double share = NAN, hz = NAN;
    enum vx_status rc;

    if (frames >= MIN_FRAMES && m->n_bands > 1) {
        fill_bands(m, pcm, n, frames);
        share = active_share(m, frames);
        if (share > 0) /* of many bands of steady noise one may rise by chance */
            hz = bandwidth(m, frames);
    }
    /* a window without any sound has no level: −∞ dB; it is none that was scored, but this must not depend on that */
    const double power = vx_energy(pcm, n, 1) / (double)n;
    if ((rc = keep(&m->of[LEVEL], power > 0 ? 10 * log10(power) : NAN, err)) == VX_OK &&
        (rc = keep(&m->of[BANDWIDTH], hz, err)) == VX_OK && (rc = keep(&m->of[ACTIVE], share, err)) == VX_OK)
        m->n_windows++;
    return rc;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(struct values *of)
{
    if (of->n == 0)
        return NAN;
    qsort(of->v, of->n, sizeof *of->v, ascending);
    return (of->v[(of->n - 1) / 2] + of->v[of->n / 2]) / 2;
}

struct vx_item_domain vx_domain_end(struct vx_domain_meter *m)
{
    return (struct vx_item_domain){.n_windows = m->n_windows,
                                   .level_dbfs = median(&m->of[LEVEL]),
                                   .bandwidth_hz = median(&m->of[BANDWIDTH]),
                                   .active_share = median(&m->of[ACTIVE])};
}
