#include "io/mixdown.h"

#include "base/item.h"
#include "base/mem.h"
#include "io/clean.h"
#include "io/energy.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#define BLOCK_SAMPLES ((size_t)256 << 10)
#define HOLD_SAMPLES ((size_t)4 << 20)
#define HOLD_SECONDS 10

/* Blocks of less than −70 dBFS say nothing about how the channels relate (dither, hiss). */
static const double silent_power = 1e-7;

/* N channels that have nothing to do with each other leave a mean of 1/N of their mean energy, and so does
 * one live channel beside silent ones. Fifty times less than that (−20 dB for stereo: a correlation of −0.98)
 * is no way of placing sound in a room, it is one recording with its sign reversed, and what the mean keeps
 * is residue. */
static const double cancelled = 0.02;

enum state {
    WAITING, /* only silence so far: passes as the mean */
    HOLDING, /* blocks are kept until enough sound is there to choose */
    DECIDED,
};

struct block {
    size_t frames;
    unsigned flags;
};

struct vx_mixdown {
    int channels;
    size_t block, n_slots;
    float *samples;       /* owned [n_slots][block][channels] */
    struct block *blocks; /* owned [n_slots] */
    size_t first, count;  /* blocks[first…count) are still to be given out */
    float *mono;          /* owned [block] */
    size_t mono_of;       /* whose mean is in mono[]; SIZE_MAX: nobody's */
    enum state state;
    int channel;                     /* taken for the recording; −1: the mean */
    double *energy;                  /* owned [channels], of the blocks held */
    double *newest;                  /* owned [channels], of the newest block */
    double energy_mean, mean_energy; /* of the mean; mean of the channels': of the blocks held */
};

size_t vx_mixdown_frames(int channels, int rate)
{
    const size_t tenth = (size_t)rate / 10, most = BLOCK_SAMPLES / (size_t)channels;

    return tenth < most ? tenth : most;
}

enum vx_status vx_mixdown_create(struct vx_mixdown **out, int channels, int rate, struct vx_err *err)
{
    const size_t n = (size_t)channels;
    struct vx_mixdown *mix = vx_calloc(1, sizeof *mix);
    size_t hold;

    *out = NULL;
    if (!mix)
        return vx_fail_nomem(err, "a mixdown");
    mix->channels = channels;
    mix->channel = -1;
    mix->mono_of = SIZE_MAX;
    mix->state = channels > 1 ? WAITING : DECIDED;
    mix->block = vx_mixdown_frames(channels, rate);
    hold = (size_t)rate * HOLD_SECONDS < HOLD_SAMPLES / n ? (size_t)rate * HOLD_SECONDS : HOLD_SAMPLES / n;
    mix->n_slots = channels > 1 ? hold / mix->block : 1;
    mix->samples = malloc(mix->n_slots * mix->block * n * sizeof *mix->samples);
    mix->blocks = vx_calloc(mix->n_slots, sizeof *mix->blocks);
    mix->mono = vx_calloc(mix->block, sizeof *mix->mono);
    mix->energy = vx_calloc(n, sizeof *mix->energy);
    mix->newest = vx_calloc(n, sizeof *mix->newest);
    if (!mix->samples || !mix->blocks || !mix->mono || !mix->energy || !mix->newest) {
        vx_mixdown_destroy(&mix);
        return vx_fail_nomem(err, "the blocks of a recording");
    }
    *out = mix;
    return VX_OK;
}

void vx_mixdown_destroy(struct vx_mixdown **mix)
{
    if (!*mix)
        return;
    free((*mix)->samples);
    free((*mix)->blocks);
    free((*mix)->mono);
    free((*mix)->energy);
    free((*mix)->newest);
    free(*mix);
    *mix = NULL;
}

size_t vx_mixdown_block(const struct vx_mixdown *mix)
{
    return mix->block;
}

static float *slot(const struct vx_mixdown *mix, size_t i)
{
    return mix->samples + i * mix->block * (size_t)mix->channels;
}

float *vx_mixdown_room(struct vx_mixdown *mix)
{
    assert(mix->count < mix->n_slots);
    return slot(mix, mix->count);
}

/* mono[] of slot i: the mean of its channels, or the chosen one. */
static void to_mono(struct vx_mixdown *mix, size_t i)
{
    const size_t n = (size_t)mix->channels, frames = mix->blocks[i].frames;
    const float *x = slot(mix, i);

    if (mix->channel >= 0) {
        for (size_t f = 0; f < frames; f++)
            mix->mono[f] = x[f * n + (size_t)mix->channel];
    } else if (n == 2) {
        for (size_t f = 0; f < frames; f++)
            mix->mono[f] = (x[2 * f] + x[2 * f + 1]) / 2.0f;
    } else {
        for (size_t f = 0; f < frames; f++) {
            float sum = x[f * n];
            for (size_t c = 1; c < n; c++)
                sum += x[f * n + c];
            mix->mono[f] = sum / (float)n;
        }
    }
    mix->mono_of = i;
}

/* Enough was heard: the mean, or the louder channel. */
static void decide(struct vx_mixdown *mix)
{
    mix->state = DECIDED;
    if (mix->energy_mean >= cancelled / mix->channels * mix->mean_energy)
        return;
    mix->channel = 0;
    for (int c = 1; c < mix->channels; c++)
        if (mix->energy[c] > mix->energy[mix->channel] * (1 + 1e-6)) /* rounding shall not choose */
            mix->channel = c;
    mix->mono_of = SIZE_MAX;
}

/* How the channels of the newest block relate. */
static void listen(struct vx_mixdown *mix, size_t i)
{
    const size_t n = (size_t)mix->channels, frames = mix->blocks[i].frames;
    double of_mean, mean_of = 0;

    to_mono(mix, i);
    of_mean = vx_energy(mix->mono, frames, 1);
    for (size_t c = 0; c < n; c++) {
        mix->newest[c] = vx_energy(slot(mix, i) + c, frames, n);
        mean_of += mix->newest[c] / (double)n;
    }
    if (mean_of < silent_power * (double)frames)
        return;
    if (of_mean < cancelled / (double)n * mean_of)
        mix->blocks[i].flags |= VX_WINDOW_CANCELLED;
    if (mix->state == DECIDED)
        return;
    mix->state = HOLDING;
    for (size_t c = 0; c < n; c++)
        mix->energy[c] += mix->newest[c];
    mix->energy_mean += of_mean;
    mix->mean_energy += mean_of;
}

void vx_mixdown_put(struct vx_mixdown *mix, size_t frames)
{
    const size_t i = mix->count++;

    mix->blocks[i] = (struct block){frames, vx_clean(slot(mix, i), frames * (size_t)mix->channels)};
    if (mix->channels > 1 && mix->channel < 0)
        listen(mix, i);
    if (mix->state == HOLDING && mix->count == mix->n_slots)
        decide(mix);
}

void vx_mixdown_end(struct vx_mixdown *mix)
{
    if (mix->state == HOLDING)
        decide(mix);
}

bool vx_mixdown_take(struct vx_mixdown *mix, const float **mono, size_t *frames, unsigned *flags)
{
    size_t i;

    if (mix->state == HOLDING)
        return false;
    if (mix->first == mix->count) {
        mix->first = mix->count = 0;
        mix->mono_of = SIZE_MAX;
        return false;
    }
    i = mix->first++;
    if (mix->channels > 1 && mix->mono_of != i)
        to_mono(mix, i);
    *mono = mix->channels > 1 ? mix->mono : slot(mix, i);
    *frames = mix->blocks[i].frames;
    *flags = mix->blocks[i].flags;
    if (mix->channel >= 0)
        *flags &= ~(unsigned)VX_WINDOW_CANCELLED;
    return true;
}

bool vx_mixdown_louder(const struct vx_mixdown *mix)
{
    return mix->channel >= 0;
}
