/* itemlist.h - the list of a run's items on disk: who has which id
 * Ids are 1, 2, 3… in the order of adding, without holes; adding an item that is there already (same path and member)
 * gives its old id, so a corpus listed again keeps its ids. One process; calls from several threads are serialised. */
#ifndef VX_DB_ITEMLIST_H
#define VX_DB_ITEMLIST_H

#include "base/err.h"
#include "base/item.h"

#include <stddef.h>

struct vx_itemlist;

enum vx_status vx_itemlist_open(struct vx_itemlist **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_itemlist_close(struct vx_itemlist **list);

/* Adds n items in one transaction and fills each one's id. An item met a second time keeps its first metadata. */
enum vx_status vx_itemlist_add(struct vx_itemlist *list, struct vx_item *items, size_t n, struct vx_err *err) VX_CHECKED;
int64_t vx_itemlist_count(struct vx_itemlist *list); /* also the largest id */

/* Items first … first+n-1 into items[n] (zeroed; the caller's to clear), without metadata. VX_EINVAL: beyond the end. */
enum vx_status vx_itemlist_read(struct vx_itemlist *list, int64_t first, size_t n, struct vx_item *items,
                                struct vx_err *err) VX_CHECKED;

#endif
