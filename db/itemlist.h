/* itemlist.h - the list of a run's items on disk: who has which id
 * Ids are 1, 2, 3… in the order of adding, without holes; adding an item that is there already (same path and member)
 * gives its old id, so a corpus listed again keeps its ids. One process; calls from several threads are serialised. */
#ifndef VX_DB_ITEMLIST_H
#define VX_DB_ITEMLIST_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_itemlist;

enum vx_status vx_itemlist_open(struct vx_itemlist **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_itemlist_close(struct vx_itemlist **list);

/* Adds n items in one transaction and fills each one's id. An item met a second time keeps its first metadata. */
enum vx_status vx_itemlist_add(struct vx_itemlist *list, struct vx_item *items, size_t n, struct vx_err *err) VX_CHECKED;

/* What adding found: an item not met before, one that is there already, one that is there with another kind, size or mtime.
 * The list keeps what it had of the last until vx_itemlist_change(). */
enum vx_met { VX_MET_NEW, VX_MET_SAME, VX_MET_CHANGED };
/* vx_itemlist_add() that tells: met [n]. */
enum vx_status vx_itemlist_meet(struct vx_itemlist *list, struct vx_item *items, size_t n, enum vx_met *met,
                                struct vx_err *err) VX_CHECKED;
/* Items that are there, by id, get the kind, size, mtime, problem and place in their archive of items[n], and are blamed for nothing any more. */
enum vx_status vx_itemlist_change(struct vx_itemlist *list, const struct vx_item *items, size_t n, struct vx_err *err) VX_CHECKED;

/* Items that lost their workers. An item that rank had in hand when it was lost in attempt is blamed for it, once however
 * often that is said; blamed twice it is given up: its problem becomes "killed its worker twice: " and the reasons, and a
 * merge takes it for failed where no shard has it. */
enum vx_status vx_itemlist_blame(struct vx_itemlist *list, int attempt, int rank, int64_t first, int64_t count, const char *why,
                                 struct vx_err *err) VX_CHECKED;
/* Calls each(ctx, item, gave_up) for every item that was ever blamed, ascending. */
enum vx_status vx_itemlist_blamed(struct vx_itemlist *list, void (*each)(void *ctx, int64_t item, bool gave_up), void *ctx,
                                  struct vx_err *err) VX_CHECKED;
/* Those given up are as if never blamed; *n: how many. */
enum vx_status vx_itemlist_absolve(struct vx_itemlist *list, int64_t *n, struct vx_err *err) VX_CHECKED;

/* Of the list at path, which is only read: its items, and those of them that were given up. */
enum vx_status vx_itemlist_peek(const char *path, int64_t *items, int64_t *given_up, struct vx_err *err) VX_CHECKED;

int64_t vx_itemlist_count(struct vx_itemlist *list); /* also the largest id */

/* Items first … first+n-1 into items[n] (zeroed; the caller's to clear), without metadata. VX_EINVAL: beyond the end. */
enum vx_status vx_itemlist_read(struct vx_itemlist *list, int64_t first, size_t n, struct vx_item *items,
                                struct vx_err *err) VX_CHECKED;

#endif
