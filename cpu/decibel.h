/* decibel.h - librosa.power_to_db, and decibels to 8-bit levels */
#ifndef VX_CPU_DECIBEL_H
#define VX_CPU_DECIBEL_H

#include "model/profile.h"

#include <stddef.h>
#include <stdint.h>

/* In place, x [n] power → dB: 10·log10(max(amin, x)) − 10·log10(max(amin, ref)), then at least (largest − top_db). Not a
 * number counts as 0, infinity as 1e30. Within 4e-5 dB of the exact value. *low, *high: the range of the result. */
void vx_decibels(const struct vx_profile *profile, float *x, size_t n, float *low, float *high);

/* db [rows][columns] → level [rows][columns]: the range low…high onto 0…255 as the profile's colour asks for, rows
 * turned over when low frequencies go to the bottom. All zero when low = high. */
void vx_levels(const struct vx_profile *profile, const float *db, size_t rows, size_t columns, float low, float high,
               uint8_t *level);

#endif
