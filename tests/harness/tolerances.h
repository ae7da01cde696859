/* tolerances.h - how far results may be from what is expected, each with its reason */
#ifndef VX_TESTS_TOLERANCES_H
#define VX_TESTS_TOLERANCES_H

/* Operations against the scalar reference. */

/* A float32 result of some 50 products of magnitude up to 1, or of a LayerNorm, of magnitude 1: fifty roundings of 6e-8 in
 * another order than the reference's double. */
#define VX_TOL_OP_F32 2e-6
/* A float32 sum of n products, as a share of the sum of their magnitudes: roundings of 2^-24 add up like a random walk
 * of n steps, and four times that is left to chance. */
#define VX_TOL_SUM(n) (4 * 0x1p-24 * sqrt((double)(n) + 1))
/* oneDNN's GELU takes erf from a polynomial good to 1.5e-7 (Abramowitz and Stegun 7.1.26), times |x|/2 where erf is not
 * yet 1, |x| < 4; the rest is float32 rounding. */
#define VX_TOL_GELU 1e-6
/* Rounding to bf16, which keeps 8 significant bits, moves a number by up to this share of it. */
#define VX_TOL_BF16_ROUNDING 0x1p-8
/* The same for fp16, which keeps 11; below 2^-14 its last place is 2^-24, and half of that is lost at most. */
#define VX_TOL_F16_ROUNDING 0x1p-11
#define VX_TOL_F16_SUBNORMAL 0x1p-25

/* The network. Shares of the largest expected magnitude: of a layer, or of all logits compared. */

/* The scalar reference against PyTorch's float32, a layer: the reference sums in double, so what differs is PyTorch's own
 * rounding, a few units in the last place (6e-8) of sums of up to a few hundred terms. Seen: 7.5e-7. */
#define VX_TOL_REFERENCE 3e-6
/* An engine's float32 logits against PyTorch's or the reference's: both round some 60 layers differently. Seen: 1e-6. */
#define VX_TOL_LOGITS_FP32 1e-5
/* bfloat16 logits against float32: factors keep 8 significant bits, and the errors of some 40 products add up
 * like a random walk. Seen: 3.4e-3; PyTorch's own bfloat16 on the same network and images is off by 9.9e-3. */
#define VX_TOL_LOGITS_BF16 1e-2

/* float16 keeps 11 significant bits instead of 8: what is lost in products is an eighth of bfloat16's; but feature maps are float16 too, on
 * a GPU, and their roundings along the residual path add up. Seen, on the host's device: 7e-4. */
#define VX_TOL_LOGITS_FP16 5e-3
/* On a GPU bfloat16 feature maps are bfloat16 too, not float32 as the CPU engine keeps them. Seen: 1e-2. */
#define VX_TOL_LOGITS_GPU_BF16 2e-2
/* Logits with GELU's tanh form against those with the exact one: the forms differ by up to 5e-4 where |x| is 2 to 3, with changing
 * sign, and sums over hundreds of channels average most of it away. Seen: 9.2e-5. */
#define VX_TOL_GELU_TANH 1e-3

/* Sound, absolute at a full scale of 1. */

/* Lossless recordings resampled, against librosa: the same library, built for other instructions, sums in another order
 * (float32, 6e-8 a rounding). Seen: 0. */
#define VX_TOL_DECODE_EXACT 1e-6
/* The same for Vorbis, Opus and MP3, whose decoders compute in floating point and come in other versions. Seen: 1.6e-7. */
#define VX_TOL_DECODE_LOSSY 1e-5
/* Frames of FFmpeg's libraries against those of its program: the same decoders, but of another version perhaps and, by processor, other
 * vector code for their floating point. Seen: 0. */
#define VX_TOL_DECODE_FFMPEG 1e-5

/* The front end. */

/* A mel filter's weight against librosa's, relative: the same formula in double, whose last bits exp() and log() of two
 * libraries may round differently before it is rounded to float32; near a triangle's foot little is left of them. */
#define VX_TOL_MEL_WEIGHT 2e-6f
/* Decibels against librosa's: librosa transforms in double, this front end in float32, whose error is some 140 dB under
 * the loudest line of a frame and so shows in bands near the floor of top_db = 80. Seen: 1.2e-3. */
#define VX_TOL_DECIBELS 0.01
/* A float32 transform's error a bin, as a share of the square root of its size for samples of magnitude 1: a few roundings
 * of 6e-8 in each of its stages. Seen: 2.8e-7. */
#define VX_TOL_FFT 1e-6
/* Decibels against a logarithm in double, for values and references of up to 120 dB: each of the two takes three roundings
 * of some 5e-6, their difference one of 8e-6. Seen: 2.9e-5. */
#define VX_TOL_LOG 6e-5
/* Share of 8-bit levels that may differ, and then by 1: decibels are truncated to levels of about 0.3 dB, so an error of
 * 1e-4 dB changes one in 3000. */
#define VX_TOL_LEVELS_DIFFERENT 1e-3
/* Neighbouring entries of a colour map differ by this much in a channel at most. */
#define VX_TOL_COLOUR_STEP 3

/* From a recording to logits, absolute, float32 against librosa, Pillow and PyTorch: see above for what each part adds; what
 * shows are the few levels of a spectrogram that its decibels' last digits truncate the other way. Logits are about 1. Seen: 4.6e-5. */
#define VX_TOL_LOGITS_PIPELINE 5e-4

/* Metrics, absolute up to 1 and relative above: the same counts, sums of some ten thousand terms in double, and minima that
 * another solver finds (a calibration of nearly separable scores is flat there). Seen: below 1e-13. */
#define VX_TOL_METRIC 1e-8

#endif
