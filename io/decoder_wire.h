/* decoder_wire.h - what a rank and its decoder processes say to each other
 * Messages over a SOCK_SEQPACKET pair, plain structs since both ends are one program. Sound does not travel here: the decoder
 * writes windows into memory that both share, and tells of many of them in one message. The rank trusts nothing it is told: a
 * message is the kernel's private copy, so nobody changes it between check and use.
 *
 *     rank                                        decoder
 *     ITEM (name, descriptor)          ──►
 *                                      ◄──        CONTENT (hash), where items with the same content are scored once
 *     WANTED                           ──►
 *                                      ◄──        ROOM (shape)
 *     ROOM (where, how many windows)   ──►
 *                                      ◄──        NOTE (windows), when there are many, or for long none were told
 *                                      ◄──        END (windows, what was found) */
#ifndef VX_IO_DECODER_WIRE_H
#define VX_IO_DECODER_WIRE_H

#include "base/err.h"
#include "base/item.h"
#include "io/cutter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_DEC_WINDOWS 64             /* of which a message tells */
#define VX_DEC_NAMES ((size_t)96 << 10) /* bytes of an item's path and member, with their ends: what a socket takes for sure */

enum vx_dec_says {
    VX_DEC_NOTE, /* only windows */
    VX_DEC_ROOM, /* needs room for windows of `shape`, what it had is used up or of another shape */
    VX_DEC_CONTENT, /* knows the item's content: is it wanted? */
    VX_DEC_OPEN, /* needs the item's file (again) */
    VX_DEC_END,  /* through with the item */
};

struct vx_dec_note { /* decoder to rank */
    uint32_t says;    /* enum vx_dec_says */
    uint32_t n;       /* windows, each in the place after the one before if it is to be scored */
    uint32_t given_up; /* 1: it fills no more of the room it has */
    struct vx_cut_shape shape;
    char content[VX_HASH_TEXT];
    struct {
        int32_t status; /* enum vx_status */
        struct vx_cut_result result;
        double cpu_s; /* processor time of the decoder so far */
        double peak_rss;
        char text[1024]; /* of a failure */
    } end;
    struct vx_window_score windows[VX_DEC_WINDOWS]; /* only [n] of them travel */
};

enum vx_dec_orders { VX_DEC_ITEM, VX_DEC_HERE_IS_ROOM, VX_DEC_HERE_IS_FILE, VX_DEC_WANTED,
                     VX_DEC_BYTES /* an item whose bytes are wanted, as they are: of players (io/player_serve.h) */ };

struct vx_dec_order { /* rank to decoder; with a descriptor where there is a file */
    uint32_t what;    /* enum vx_dec_orders */
    int32_t no_file;  /* ITEM, BYTES, FILE: errno of an attempt to open; 0: the descriptor is here, or (not FILE) to be asked for */
    int32_t kind;     /* ITEM, BYTES: enum vx_item_kind; names follow */
    uint32_t path_len, member_len; /* with their NULs; member_len 0: a plain file */
    uint32_t keeps_room;           /* ITEM, WANTED: the room it has is still its own */
    uint32_t wanted;               /* WANTED: the item is to be decoded */
    int64_t ordinal, offset, size, mtime; /* ITEM, BYTES: as in struct vx_item */
    uint64_t at;   /* ROOM: offset in the shared memory */
    uint32_t room; /* ROOM: windows, of the shape asked for, one behind the other */
};

/* Send or receive one message with at most one descriptor (fd < 0: none; *fd the receiver's). Interrupted calls go on.
 * Sending to an end that is gone: VX_ESYS; by a socket that does not block, to one that leaves it unread: VX_EFORMAT. Receiving: VX_DONE when the other end is gone, VX_EFORMAT for a message that was
 * longer than `cap`. `more`, of more_len bytes, follows the struct. */
enum vx_status vx_dec_send(int sock, const void *head, size_t len, const void *more, size_t more_len, int fd,
                           struct vx_err *err) VX_CHECKED;
enum vx_status vx_dec_receive(int sock, void *to, size_t cap, size_t *len, int *fd, struct vx_err *err) VX_CHECKED;

/* An ITEM or BYTES order, of which what, no_file and keeps_room are given, and the rest is the item's; fd is lent, or -1. VX_ELIMIT:
 * names too long to be told. */
enum vx_status vx_dec_send_item(int sock, const struct vx_dec_order *given, const struct vx_item *item, int fd, struct vx_err *err) VX_CHECKED;
/* The item that a message of len bytes orders, its strings within the message. False: it is no such order. */
bool vx_dec_read_item(void *message, size_t len, struct vx_dec_order *order, struct vx_item *item);

/* A text from a process, for people: ends within its bytes, and holds nothing that a terminal obeys. */
void vx_dec_tidy(char *text, size_t size);

size_t vx_dec_note_bytes(uint32_t n); /* of a note with n windows */
/* Whether a received note of len bytes can be used: VX_EFORMAT says what is wrong. Makes strings end and flags 0 or 1.
 * Whether its windows follow those before, and fit, is for the receiver to know. */
enum vx_status vx_dec_note_check(struct vx_dec_note *note, size_t len, struct vx_err *err) VX_CHECKED;

#endif
