/* signal.h - test sounds and pictures from integer formulas, the same as tests/golden/frontend.py makes */
#ifndef VX_TESTS_SIGNAL_H
#define VX_TESTS_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

uint64_t vx_test_noise(uint64_t i); /* value i of SplitMix64 started at 0 */

/* "chirp", "noise", "quiet", "square", "silence" or "tone" into pcm [n], −1…1; fails the running test for other names. */
void vx_test_signal(const char *name, float *pcm, size_t n);

/* uint8 [h][w][channels]: noise, and flat areas with hard edges */
void vx_test_pixels(uint8_t *out, int h, int w, int channels, uint64_t seed);

uint64_t vx_test_fnv(const void *data, size_t n); /* 64-bit FNV-1a */

#endif
