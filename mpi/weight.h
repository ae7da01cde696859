/* weight.h - what the items of a scan will cost, as far as their sizes tell, and which of some is the heaviest
 * A weight is milliseconds of sound, guessed from bytes before anybody opens the file. Only ratios matter: a wrong guess
 * costs time, never a result. Items come in words of 64, as in lease.c; those "in" (pending ones) count for sums and for
 * the heaviest. Memory: two bytes an item, and two more for every 64. */
#ifndef VX_MPI_WEIGHT_H
#define VX_MPI_WEIGHT_H

#include "base/err.h"
#include "base/item.h"

#include <stddef.h>
#include <stdint.h>

/* The weight of an item: a second for opening it and storing its row, and its sound by the bytes a second usual for files
 * of its kind. 0: unknown. */
int64_t vx_weight_guess(const struct vx_item *item);

enum { VX_WEIGHT_UNKNOWN = 11000 }; /* what an item of unknown weight counts as: ten seconds of sound */

struct vx_weights;

enum vx_status vx_weights_create(struct vx_weights **out, struct vx_err *err) VX_CHECKED;
void vx_weights_destroy(struct vx_weights **weights);
/* Room for so many words; the new ones are of unknown weight and out. */
enum vx_status vx_weights_extend(struct vx_weights *weights, size_t n_words, struct vx_err *err) VX_CHECKED;

/* Item `bit` of word w; ms to 1/1000, at least 1, 0 for unknown. in: the items of the word that are in. */
void vx_weights_set(struct vx_weights *weights, size_t w, int bit, int64_t ms, uint64_t in);
int64_t vx_weights_sum(const struct vx_weights *weights, size_t w, uint64_t items); /* ms */
void vx_weights_in(struct vx_weights *weights, size_t w, uint64_t items);         /* these come in */
void vx_weights_out(struct vx_weights *weights, size_t w, uint64_t items, uint64_t in); /* these go, those are left */
/* The heaviest item that is in, the first of equals: its word, and *ms. *ms 0: none is in whose weight is known. */
size_t vx_weights_heaviest(const struct vx_weights *weights, int64_t *ms);
int vx_weights_find(const struct vx_weights *weights, size_t w, uint64_t in, int64_t ms); /* first of `in` of this weight, -1: none */

#endif
