/* cutter.h - one item from its bytes to windows in memory that the caller lends
 * The one way from an item to what an engine takes, for decoder threads and decoder processes alike, so that both give the
 * same bytes: opens the item, decodes it, cuts and measures sound, fits pictures. */
#ifndef VX_IO_CUTTER_H
#define VX_IO_CUTTER_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "io/path.h"
#include "io/windows.h"
#include "model/engine.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_cut_config { /* plain values: it travels to decoder processes as it is */
    int sample_rate; /* Hz; 0: each recording's own */
    struct vx_window_rule rule;
    enum vx_channels channels;
    struct vx_processor processor; /* the checkpoint's, for pictures */
    int image_size;
    size_t max_member_bytes; /* of an archive's member, which is held in memory */
    struct vx_hash_rule hash;
    bool hash_first; /* before decoding, so that the sink can do without windows of what it knows; else beside it, which costs less */
};

/* What kind of window: those of one shape may share a batch. */
struct vx_cut_shape {
    enum vx_input_kind kind;
    int samples, sample_rate; /* of VX_INPUT_PCM, else 0 */
};
size_t vx_cut_bytes(const struct vx_cut_shape *shape, int image_size); /* of one such window */

/* Where windows go. Whatever these return other than VX_OK ends the item, and is what vx_cutter_run returns. */
struct vx_cut_sink {
    /* Memory [vx_cut_bytes] for the next window, aligned for floats: lent until `window`, or until room is asked for again. */
    enum vx_status (*room)(void *user, const struct vx_cut_shape *shape, void **out, struct vx_err *err);
    /* A window: in the room last lent if it is to be scored (VX_WINDOW_NOT_SCORED), else the room is not used up. */
    enum vx_status (*window)(void *user, const struct vx_window_score *score, struct vx_err *err);
    /* With hash_first, before anything else: the item's hash, "" where it cannot be read. *wanted false: no windows. NULL: all are
     * wanted. */
    enum vx_status (*content)(void *user, const char *hash, bool *wanted, struct vx_err *err);
    void *user;
};

/* What was found out, also before a failure. What is added here is checked in vx_dec_note_check, too: a decoder process may
 * have been taken over by what it reads. */
struct vx_cut_result {
    struct vx_audio_info info;
    struct vx_item_domain domain; /* not compared */
    char hash[VX_HASH_TEXT];      /* as in struct vx_item_result, as the next */
    char warning[256];
};

struct vx_cutter; /* one a thread or process; buffers and the last archive stay open from one item to the next */
enum vx_status vx_cutter_create(struct vx_cutter **out, const struct vx_cut_config *config, const struct vx_opener *opener,
                                struct vx_err *err) VX_CHECKED;
void vx_cutter_destroy(struct vx_cutter **cutter);

/* The item's windows in order. VX_OK: read to its end. What was given before an error stands. */
enum vx_status vx_cutter_run(struct vx_cutter *cutter, const struct vx_item *item, const struct vx_cut_sink *sink,
                             struct vx_cut_result *result, struct vx_err *err) VX_CHECKED;

#endif
