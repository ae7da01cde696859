/* item_windows.h - the windows of one item, one after the other, as scan cuts them
 * A recording gives its windows of sound, a picture gives itself, fitted to the network. One reader a thread; buffers are
 * kept from item to item. */
#ifndef VX_JOBS_ITEM_WINDOWS_H
#define VX_JOBS_ITEM_WINDOWS_H

#include "base/err.h"
#include "base/item.h"
#include "io/corpus.h"
#include "io/player.h"
#include "io/windows.h"
#include "model/engine.h"

#include <stddef.h>

struct vx_item_windows;

struct vx_item_windows_config { /* borrowed for the reader's life */
    const struct vx_profile *profile;
    const struct vx_processor *processor; /* the checkpoint's, for pictures */
    int image_size;
    struct vx_window_rule rule;
    struct vx_player_config player; /* who reads; without processor, image_size and kept, which are seen to */
};

enum vx_status vx_item_windows_create(struct vx_item_windows **out, const struct vx_item_windows_config *config,
                                      struct vx_err *err) VX_CHECKED;
void vx_item_windows_destroy(struct vx_item_windows **reader); /* NULL is fine */

/* Called for each window, those that are not to be scored (score->flags) too. input: one window, valid during the call.
 * Another status than VX_OK ends the item with it, VX_DONE as if it had no more. */
typedef enum vx_status vx_item_window_fn(void *ctx, const struct vx_window_score *score, const struct vx_input *input,
                                         struct vx_err *err);

/* For listing what holds the items, by the same processes. */
struct vx_corpus_limits vx_item_windows_limits(const struct vx_player_config *player);

/* VX_EFORMAT and others: the item cannot be read, or not to its end; no message names it. VX_ELOST: as of vx_player_open(). */
enum vx_status vx_item_windows_each(struct vx_item_windows *reader, const struct vx_item *item, vx_item_window_fn *fn,
                                    void *ctx, struct vx_err *err) VX_CHECKED;

#endif
