#include "jobs/report_spectrogram.h"
#include "base/mem.h"
#include "cpu/transform.h"
#include "io/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000
#define FRAME 512
#define BINS (FRAME / 2 + 1)
#define FRAMES_A_COLUMN 3
#define BLOCK 65536
#define FLOOR_DB 70.0 /* below the loudest place */
#define SILENCE 1e-20 /* power that no sample of 24 bits makes: nothing but silence is black throughout */
#define LONGEST_S 1e9

struct vx_report_spectrogram {
    struct vx_transform *transform;
    void *scratch;
    float *in, *power; /* [FRAME], [BINS] of VX_MEL_LANES frames side by side */
    float *samples;    /* [FRAME + BLOCK]: what comes, and before it the end of what came */
    float window[FRAME];
    double edge[VX_REPORT_ROWS + 2]; /* of the bands, in bins */
    double sum[VX_REPORT_COLUMNS][VX_REPORT_ROWS];
    int column[VX_MEL_LANES]; /* of the frames gathered */
    int gathered;
};

/* Slaney's or HTK's mel scale hardly differ at this size; this is HTK's: 2595·log10(1 + f/700). */
static double mel_to_hz(double mel)
{
    return 700 * (pow(10, mel / 2595) - 1);
}

static void make_tables(struct vx_report_spectrogram *s)
{
    const double most = 2595 * log10(1 + RATE / 2.0 / 700);

    for (int i = 0; i < FRAME; i++)
        s->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / FRAME));
    for (int i = 0; i < VX_REPORT_ROWS + 2; i++)
        s->edge[i] = mel_to_hz(most * i / (VX_REPORT_ROWS + 1)) * FRAME / RATE;
}

enum vx_status vx_report_spectrogram_create(struct vx_report_spectrogram **out, struct vx_err *err)
{
    struct vx_report_spectrogram *s = vx_calloc(1, sizeof *s);
    enum vx_status rc;

    *out = NULL;
    if (!s)
        return vx_fail_nomem(err, "spectrograms");
    if ((rc = vx_transform_create(&s->transform, FRAME, err)) == VX_OK) {
        s->scratch = vx_calloc(vx_transform_scratch(s->transform), 1);
        s->in = vx_calloc((size_t)FRAME * VX_MEL_LANES, sizeof *s->in);
        s->power = vx_calloc((size_t)BINS * VX_MEL_LANES, sizeof *s->power);
        s->samples = vx_calloc(FRAME + BLOCK, sizeof *s->samples);
        if (!s->scratch || !s->in || !s->power || !s->samples)
            rc = vx_fail_nomem(err, "spectrograms");
    }
    if (rc == VX_OK) {
        make_tables(s);
        *out = s;
        s = NULL;
    }
    vx_report_spectrogram_destroy(&s);
    return rc;
}

void vx_report_spectrogram_destroy(struct vx_report_spectrogram **spectrogram)
{
    struct vx_report_spectrogram *const s = *spectrogram;

    if (!s)
        return;
    vx_transform_destroy(&s->transform);
    free(s->scratch);
    free(s->in);
    free(s->power);
    free(s->samples);
    free(s);
    *spectrogram = NULL;
}

/* A band's power: the bins weighed by a triangle over its edges, at least the nearest one. */
static double band(const struct vx_report_spectrogram *s, int lane, int row)
{
    const double low = s->edge[row], middle = s->edge[row + 1], high = s->edge[row + 2];
    double sum = 0, weights = 0;

    for (int k = (int)ceil(low); k < BINS && k <= high; k++) {
        const double w = k < middle ? (k - low) / (middle - low) : (high - k) / (high - middle);
        sum += w * (double)s->power[k * VX_MEL_LANES + lane];
        weights += w;
    }
    const int nearest = (int)lround(middle) < BINS ? (int)lround(middle) : BINS - 1;
    return weights > 0.25 ? sum / weights : (double)s->power[nearest * VX_MEL_LANES + lane];
}

static void transform(struct vx_report_spectrogram *s)
{
    if (s->gathered == 0)
        return;
    vx_transform_power(s->transform, s->in, s->power, s->scratch);
    for (int lane = 0; lane < s->gathered; lane++)
        for (int row = 0; row < VX_REPORT_ROWS; row++)
            s->sum[s->column[lane]][row] += band(s, lane, row);
    s->gathered = 0;
}

static void add_frame(struct vx_report_spectrogram *s, const float *samples, int column)
{
    for (int i = 0; i < FRAME; i++)
        s->in[i * VX_MEL_LANES + s->gathered] = samples[i] * s->window[i];
    s->column[s->gathered++] = column;
    if (s->gathered == VX_MEL_LANES)
        transform(s);
}

/* The whole recording goes by; the frames wanted are taken as they come. Frames past the end stay silent. */
static enum vx_status listen(struct vx_report_spectrogram *s, struct vx_decoder *dec, double duration_s, struct vx_err *err)
{
    const int64_t frames = (int64_t)VX_REPORT_COLUMNS * FRAMES_A_COLUMN;
    const double total = duration_s * RATE;
    int64_t held_from = 0, next = 0; /* the first sample held; the next frame */
    size_t held = 0, got;
    enum vx_status rc;

    while ((rc = vx_decoder_read(dec, s->samples + held, BLOCK, &got, err)) == VX_OK && got > 0) {
        held += got;
        for (; next < frames; next++) {
            const int64_t begin = (int64_t)((double)next / (double)frames * total);
            if (begin + FRAME > held_from + (int64_t)held)
                break;
            add_frame(s, s->samples + (begin - held_from), (int)(next / FRAMES_A_COLUMN));
        }
        if (next == frames)
            break;
        const size_t keep = held < FRAME ? held : FRAME; /* the next frame begins in these or later */
        memmove(s->samples, s->samples + held - keep, keep * sizeof *s->samples);
        held_from += (int64_t)(held - keep);
        held = keep;
    }
    transform(s);
    return next > 0 ? VX_OK : rc; /* a recording that breaks off is shown up to there */
}

static void quantise(const struct vx_report_spectrogram *s, uint8_t *levels)
{
    double most = SILENCE;

    for (int c = 0; c < VX_REPORT_COLUMNS; c++)
        for (int r = 0; r < VX_REPORT_ROWS; r++)
            most = fmax(most, s->sum[c][r]);
    memset(levels, 0, VX_REPORT_LEVELS);
    for (int r = 0; r < VX_REPORT_ROWS; r++) {
        for (int c = 0; c < VX_REPORT_COLUMNS; c++) {
            const double db = 10 * log10(fmax(s->sum[c][VX_REPORT_ROWS - 1 - r], 1e-10 * SILENCE) / most);
            const uint8_t level = (uint8_t)lround(15 * fmax(0, 1 + db / FLOOR_DB));
            const int at = r * VX_REPORT_COLUMNS + c;
            levels[at / 2] |= (uint8_t)(at % 2 ? level : level << 4);
        }
    }
}

enum vx_status vx_report_spectrogram_make(struct vx_report_spectrogram *s, struct vx_player *player, const struct vx_item *item,
                                          double duration_s, uint8_t levels[VX_REPORT_LEVELS], struct vx_err *err)
{
    struct vx_sound *sound;
    struct vx_decoder *dec = NULL;
    enum vx_status rc;

    memset(s->sum, 0, sizeof s->sum);
    s->gathered = 0;
    if (!(duration_s > 0 && duration_s < LONGEST_S)) /* a database may be anybody's */
        return vx_fail(err, VX_EFORMAT, "the result says that it lasts %g s", duration_s);
    if ((rc = vx_player_open(player, item, &sound, err)) != VX_OK || (rc = vx_decoder_open_sound(&dec, sound, RATE, err)) != VX_OK ||
        (rc = listen(s, dec, duration_s, err)) != VX_OK)
        goto done;
    quantise(s, levels);
done:
    vx_decoder_close(&dec);
    return rc;
}
