/* decoder_serve.h - the life of a decoder process
 * Handed one item's file after the other, it writes windows where it is told and says so. It opens nothing, and after a file
 * that takes it over there is nothing else that it could do (io/sandbox.h). */
#ifndef VX_IO_DECODER_SERVE_H
#define VX_IO_DECODER_SERVE_H

#include "io/cutter.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

enum vx_life { VX_LIFE_DECODER, VX_LIFE_LISTER, VX_LIFE_PLAYER }; /* what a process of the nursery is: the first of its config */

struct vx_decoder_config { /* plain values, as the nursery passes them on */
    enum vx_life life; /* VX_LIFE_DECODER */
    struct vx_cut_config cut;
    uint64_t memory_bytes; /* of what is shared */
    uint64_t data_bytes;   /* of its own at most; 0: no limit */
    bool sandbox;
    cpu_set_t cpus; /* that it may run on */
};

enum { /* exit statuses */
    VX_DECODER_EXIT_OK = 0,
    VX_DECODER_EXIT_START = 101, /* could not begin: memory, limits */
    VX_DECODER_EXIT_SANDBOX = 102,
    VX_DECODER_EXIT_RANK = 103, /* the rank said something that makes no sense, or is gone in the middle of an item */
};

/* Serves until the rank closes the socket; the exit status. `before` (NULL: nothing) is called with each item inside the
 * sandbox: for tests of what becomes of decoders that misbehave. */
int vx_decoder_serve(int sock, int memory, const struct vx_decoder_config *config, void (*before)(const struct vx_item *item));

#endif
