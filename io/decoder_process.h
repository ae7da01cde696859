/* decoder_process.h - a rank's end of one decoder process
 * Used by one thread. Everything that comes from the process is checked; whatever it does, the worst is that it is to be ended
 * and another one started. */
#ifndef VX_IO_DECODER_PROCESS_H
#define VX_IO_DECODER_PROCESS_H

#include "io/decoder_serve.h"
#include "io/decoder_wire.h"
#include "io/nursery.h"

/* For whatever reads recordings in a process of the nursery: one that gets config [len] and `memory`, which is lent. Its socket
 * does not block. */
enum vx_status vx_decoder_spawn(struct vx_nursling *at, struct vx_nursery *nursery, int memory, const void *config, size_t len,
                                struct vx_err *err) VX_CHECKED;
/* Ends it, and says how it ended by itself if it did: "decoder killed by SIGSEGV", "decoder ended with status 3". VX_ESYS: the
 * nursery is gone, or this machine could not start it; no other will do better. */
enum vx_status vx_decoder_bury(struct vx_nursling *at, char why[96], struct vx_err *err) VX_CHECKED;

struct vx_decoder_process;

/* `memory` is lent: of config->memory_bytes, sealed so that nobody can make it smaller. */
enum vx_status vx_decoder_process_start(struct vx_decoder_process **out, struct vx_nursery *nursery, int memory,
                                        const struct vx_decoder_config *config, struct vx_err *err) VX_CHECKED;

/* These four give VX_ESYS when the process is gone, VX_EFORMAT when it takes no answers, VX_ELIMIT: names too long to be told. fd is lent; no_file is an errno. */
enum vx_status vx_decoder_process_item(struct vx_decoder_process *p, const struct vx_item *item, int fd, int no_file,
                                       bool keeps_room, struct vx_err *err) VX_CHECKED;
enum vx_status vx_decoder_process_file(struct vx_decoder_process *p, int fd, int no_file, struct vx_err *err) VX_CHECKED;
enum vx_status vx_decoder_process_room(struct vx_decoder_process *p, uint64_t at, uint32_t windows, struct vx_err *err) VX_CHECKED;
enum vx_status vx_decoder_process_wanted(struct vx_decoder_process *p, bool wanted, bool keeps_room, struct vx_err *err) VX_CHECKED;

/* What it says next, until its next call. VX_DONE: nothing within `seconds`. VX_ESYS: it is gone. VX_EFORMAT: it said what no
 * decoder says. */
enum vx_status vx_decoder_process_hear(struct vx_decoder_process *p, const struct vx_dec_note **note, double seconds,
                                       struct vx_err *err) VX_CHECKED;

/* As vx_decoder_bury(). VX_OK also for NULL. */
enum vx_status vx_decoder_process_end(struct vx_decoder_process **p, char why[96], struct vx_err *err) VX_CHECKED;

#endif
