/* lister.h - the members of an archive as a process of its own finds them
 * The asker's end: what the process says is checked, and if it dies, hangs or says nonsense, that costs the rest of this
 * archive and nothing else. */
#ifndef VX_IO_LISTER_H
#define VX_IO_LISTER_H

#include "base/err.h"
#include "base/item.h"
#include "io/corpus.h"

#include <stdint.h>

struct vx_lister;

/* The archive at path, by a process of limits->nursery. VX_ESYS: it cannot be opened, or no process be had. No message names
 * the archive. */
enum vx_status vx_lister_open(struct vx_lister **out, const char *path, const struct vx_corpus_limits *limits,
                              struct vx_err *err) VX_CHECKED;
void vx_lister_close(struct vx_lister **lister);

/* The next item into *item (zeroed before, the caller's to clear): all of it but the path and the metadata; and how many
 * entries were skipped so far. VX_DONE at the end. VX_ENOMEM. Others: the listing has ended here, and why. */
enum vx_status vx_lister_next(struct vx_lister *lister, struct vx_item *item, int64_t *skipped, struct vx_err *err) VX_CHECKED;

#endif
