/* player_process.h - a user's end of a player process (io/player_serve.h)
 * Everything that comes from it is checked; whatever it does costs the recording, or picture, and another one takes its place. Used by
 * one thread. */
#ifndef VX_IO_PLAYER_PROCESS_H
#define VX_IO_PLAYER_PROCESS_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "io/nursery.h"
#include "model/processor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_player_config {
    struct vx_nursery *nursery; /* borrowed: what it forks has vx_player_serve() for its life */
    size_t max_member_bytes;    /* of a packed member of an archive */
    uint64_t data_bytes;        /* of memory that a process may take; 0: no limit */
    double timeout_s;           /* one that gives nothing for so long is ended; 0: never */
    bool sandbox;               /* io/sandbox.h: available */
    bool kept;                  /* one process for file after file, which is faster; else one for each, so that what a file has done
                                 * to it meets no other. The members of an archive share one either way, which meets nothing else */
    bool as_scanned;            /* items are those of a result: another size than item->size, unless that is -1, is an error */
    struct vx_processor processor; /* for pictures, as the next; both zeroed: there are none */
    int image_size;
};

struct vx_player_process;
enum vx_status vx_player_process_create(struct vx_player_process **out, const struct vx_player_config *config,
                                        struct vx_err *err) VX_CHECKED;
void vx_player_process_destroy(struct vx_player_process **p);

/* Begins the item's recording, and ends the one before. One of those before may have spoilt a process that is kept: where it dies
 * here, a fresh one tries once more. Messages that are about the file's name have it, as vx_reader_open()'s.
 * VX_ELOST: there can be no process, which is no fault of the item. */
enum vx_status vx_player_process_open(struct vx_player_process *p, const struct vx_item *item, struct vx_err *err) VX_CHECKED;

/* The item's bytes, all of them, into hash, which was begun; errors as of open, or why there are no more. */
enum vx_status vx_player_process_hash(struct vx_player_process *p, const struct vx_item *item, struct vx_hash *hash,
                                      struct vx_err *err) VX_CHECKED;

/* The item, a picture, into out [image_size][image_size][3]; errors as of open. */
enum vx_status vx_player_process_picture(struct vx_player_process *p, const struct vx_item *item, uint8_t *out, struct vx_err *err) VX_CHECKED;

/* The rest as of struct vx_sound, of the recording begun last. */
int64_t vx_player_process_size(const struct vx_player_process *p); /* of the item, bytes */
const struct vx_audio_info *vx_player_process_info(const struct vx_player_process *p); /* rate, channels, format, decoder */
size_t vx_player_process_read(struct vx_player_process *p, float *out, size_t n);
enum vx_status vx_player_process_complete(const struct vx_player_process *p, struct vx_err *err) VX_CHECKED;
const char *vx_player_process_warning(const struct vx_player_process *p);

#endif
