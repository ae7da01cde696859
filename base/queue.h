/* queue.h - bounded queue of pointers between threads
 * Any number of producers and consumers. Closing wakes everyone: pushes fail, pops drain what is left. */
#ifndef VX_BASE_QUEUE_H
#define VX_BASE_QUEUE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_queue;

enum vx_status vx_queue_create(struct vx_queue **out, size_t capacity, struct vx_err *err) VX_CHECKED;
void vx_queue_destroy(struct vx_queue **q); /* items still inside are not freed; NULL is fine */

bool vx_queue_push(struct vx_queue *q, void *item);                /* waits for room; false: closed */
bool vx_queue_pop(struct vx_queue *q, void **item);                /* waits; false: closed and empty */
bool vx_queue_try_pop(struct vx_queue *q, void **item);            /* false: nothing there now */
bool vx_queue_pop_for(struct vx_queue *q, void **item, double seconds); /* false: nothing came in time, or closed */
void vx_queue_close(struct vx_queue *q);
size_t vx_queue_length(struct vx_queue *q);
/* Seconds that pushes waited for room and pops waited for items, since creation, over all threads. */
void vx_queue_waits(struct vx_queue *q, double *push_seconds, double *pop_seconds);

#endif
