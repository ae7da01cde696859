#include "io/domain.h"

#include "base/clones.h"
#include "base/fft.h"
#include "base/mem.h"
#include "io/energy.h"

#include <math.h>
#include <stdlib.h>

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
    float bands[MAX_FRAMES][MAX_BANDS]; /* power of a window's frames by band, [f][0]: of the speech bands; later in order of power */
    float speech[MAX_FRAMES];           /* [f][0] as it was */
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

/* Each of the columns of x [frames][MAX_BANDS] in ascending order, side by side (Batcher's odd-even merge sort). */
VX_CLONES static void sort_columns(float (*x)[MAX_BANDS], size_t frames)
{
    for (size_t p = 1; p < frames; p *= 2)
        for (size_t k = p; k >= 1; k /= 2)
            for (size_t j = k % p; j + k < frames; j += 2 * k)
                for (size_t i = j; i < j + k && i + k < frames; i++) {
                    if (i / (2 * p) != (i + k) / (2 * p))
                        continue;
                    float *const restrict a = x[i], *const restrict b = x[i + k];
                    for (size_t c = 0; c < MAX_BANDS; c++) {
                        const float low = a[c] < b[c] ? a[c] : b[c], high = a[c] < b[c] ? b[c] : a[c];
                        a[c] = low;
                        b[c] = high;
                    }
                }
}

struct spread { /* of a band over the window's frames: what it hardly falls below, what it hardly exceeds */
    float loud, quiet;
};

static struct spread spread_of(const struct vx_domain_meter *m, size_t band, size_t frames)
{
    return (struct spread){.quiet = m->bands[frames / 10][band], .loud = m->bands[frames - 1 - frames / 20][band]};
}

/* bands[f][b] of the window's frames, and speech[f]. */
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
            m->bands[f][b] = sum;
            if (b < SPEECH_END)
                speech += sum;
        }
        m->bands[f][0] = m->speech[f] = speech;
    }
}

static double active_share(const struct vx_domain_meter *m, size_t frames)
{
    const struct spread s = spread_of(m, 0, frames);
    const float *const speech = m->speech;
    size_t active = 0;

    for (size_t f = 0; f < frames; f++)
        active += speech[f] > 0 && speech[f] >= s.quiet * ACTIVE_RISE && speech[f] * ACTIVE_DEPTH >= s.loud;
    return (double)active / (double)frames;
}

static double bandwidth(const struct vx_domain_meter *m, size_t frames)
{
    float loudest = 0;

    for (int b = 1; b < m->n_bands; b++) {
        const float loud = spread_of(m, (size_t)b, frames).loud;
        loudest = loud > loudest ? loud : loudest;
    }
    for (int b = m->n_bands - 1; b > 0; b--) {
        const struct spread s = spread_of(m, (size_t)b, frames);
        if (s.loud > 0 && s.loud >= s.quiet * BAND_RISE && s.loud * BAND_DEPTH >= loudest)
            return (b + 1) * (double)BAND_HZ;
    }
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
        sort_columns(m->bands, frames);
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
