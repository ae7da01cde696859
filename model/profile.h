/* profile.h - the front end as data: how a window of sound becomes an image
 * A profile is JSON, built in under a name or in a file beside the model; model/README.md lists the fields. */
#ifndef VX_MODEL_PROFILE_H
#define VX_MODEL_PROFILE_H

#include "base/err.h"
#include "base/sha256.h"
#include "model/processor.h"

#include <stdbool.h>

enum vx_colour { VX_COLOUR_GREY, VX_COLOUR_MAGMA, VX_COLOUR_VIRIDIS };

struct vx_operating_point {
    double real_below, fake_from; /* as above; both 0: not set */
};

/* What the recordings were like that a model was measured on: 1st and 99th percentile over windows, or over recordings of
 * one window each, as io/domain.h measures them at the profile's rate. low = high = 0: unknown. */
struct vx_range {
    double low, high;
};
struct vx_domain {
    struct vx_range level_dbfs;   /* RMS of a window about its average */
    struct vx_range bandwidth_hz; /* upper edge of the highest band of 250 Hz that rises above its own floor */
    struct vx_range active_share; /* of a window's frames, those that rise above its floor between 250 and 3500 Hz, 0…1 */
};

struct vx_profile {
    char name[64];
    char description[256];
    int sample_rate;       /* Hz; 0: the file's own ("native") */
    double window_seconds; /* 2.0 */
    bool peak_normalise;   /* divide a window by its largest magnitude first */
    int n_fft, hop_length; /* librosa.feature.melspectrogram: periodic Hann of n_fft, center=True, zero padding, power 2 */
    int n_mels;
    double fmin, fmax; /* Hz; fmax 0: half the sample rate. Slaney scale and norm (htk=False) */
    bool ref_max;      /* power_to_db(ref=np.max), else ref=ref_value */
    double ref_value, amin, top_db; /* 1.0, 1e-10, 80; top_db 0: none */
    enum vx_colour colour;  /* after min–max over the window: grey truncates x·255, a map takes entry min(255, int(x·256)) */
    bool low_at_bottom;     /* low frequencies in the last row (specshow), else in the first (the matrix as it is) */
    int image_width, image_height; /* the spectrogram is resized to this first; 0: not */
    enum vx_resample image_filter;
    bool use_processor; /* then the checkpoint's image processor (resize, crop, rescale, mean/std); else the three below */
    double rescale_factor;
    float mean[3], std[3];
    double real_below, fake_from; /* operating points on mean P(fake): real < real_below <= uncertain < fake_from <= fake */
    /* Log-likelihood ratio of a window = scale·(logit_real − logit_fake) + offset, P(fake) = sigmoid(−llr), at equal priors.
     * 1 and 0 until calibrated: then P(fake) is a score, no probability. */
    double calibration_scale, calibration_offset;
    char calibrated_on[160]; /* what the calibration was fitted on, for people; "": not calibrated */
    struct vx_operating_point high_precision, high_recall; /* other choices than real_below and fake_from ("balanced") */
    struct vx_domain measured;                             /* the sound it was measured on */
};

int vx_profile_builtin_count(void);
const char *vx_profile_builtin_name(int i);
#define VX_PROFILE_DEFAULT "mel-16k-grey"

/* name_or_file: a built-in's name, else a path to a JSON file (anything with '/' or ending in .json is a path).
 * VX_EINVAL lists the built-in names; VX_EFORMAT names file, key and what was expected. Unknown keys are errors. */
enum vx_status vx_profile_load(struct vx_profile *out, const char *name_or_file, struct vx_err *err) VX_CHECKED;
enum vx_status vx_profile_parse(struct vx_profile *out, const char *json, const char *origin, struct vx_err *err) VX_CHECKED;

/* Canonical JSON of every field, the caller's to free (NULL: no memory); parses back to the same profile. Its
 * SHA-256 is the profile's hash. */
char *vx_profile_json(const struct vx_profile *profile);

/* The value part of the processor that this profile ends in: the checkpoint's, or its own rescale, mean and std. */
struct vx_processor vx_profile_processor(const struct vx_profile *profile, const struct vx_processor *checkpoint);

/* What scores by it (vx_window_fake) are, for people: "P(fake), calibrated on 200 clips", or "not probabilities (…)". Cut off
 * where size is short. */
#define VX_SCORE_WORDS 256
void vx_profile_score_words(const struct vx_profile *profile, char *out, size_t size);

int vx_profile_samples(const struct vx_profile *profile, int sample_rate); /* round(window_seconds·rate) */

#endif
