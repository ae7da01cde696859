/* hand.h - what a rank has in hand, in a small file, so that after a crash it is known which items it was at
 * A line is appended for each lease taken and each one committed; the file is removed when the rank ends in order. What is
 * found later is of a rank that was killed: by one of those items, or from outside. It is a hint, so failures to write it are
 * passed over: without it nobody is blamed. */
#ifndef VX_MPI_HAND_H
#define VX_MPI_HAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_hand;
/* Begins the file at path; NULL when that is not possible. The functions below take NULL. */
struct vx_hand *vx_hand_open(const char *path, const char *host);
void vx_hand_take(struct vx_hand *hand, int64_t lease, int64_t first, size_t count); /* items first … first+count-1 */
void vx_hand_done(struct vx_hand *hand, int64_t lease);
void vx_hand_told(struct vx_hand *hand);    /* a signal told the rank to stop: what ends it then is not its items */
void vx_hand_close(struct vx_hand **hand);  /* ended in order: the file goes */

struct vx_hand_range {
    int64_t lease, first, count;
};
struct vx_hand_left { /* by a rank that did not end in order */
    struct vx_hand_range *range; /* owned [n]: leases taken and not committed as a whole */
    size_t n, cap;
    bool told;
    char host[256];
};
/* Lines that make no sense, such as a last one cut short, are passed over. *left is the caller's to clear, also on failure. */
enum vx_status vx_hand_read(struct vx_hand_left *left, const char *path, struct vx_err *err) VX_CHECKED;
void vx_hand_left_clear(struct vx_hand_left *left);

#endif
