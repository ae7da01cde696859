/* corpus.h - what to scan: folders, files, manifests and archives become a stream of items
 * Deterministic: the same inputs give the same items in the same order (folders sorted by bytes). Streaming: memory
 * does not grow with the number of items listed, except for one directory's names and the visited directories. */
#ifndef VX_IO_CORPUS_H
#define VX_IO_CORPUS_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_corpus;

struct vx_corpus_stats {
    int64_t listed;  /* items given out */
    int64_t skipped; /* files in folders and archives whose extension is none of sound, picture or archive */
};

/* What archives may take. */
struct vx_nursery; /* io/nursery.h */
struct vx_corpus_limits {
    int depth;           /* lie within each other, the outermost included */
    size_t max_bytes;    /* of memory, for one within another that has to be unpacked to be listed */
    int64_t max_entries; /* in one with all that lie in it; 0: VX_ARCHIVE_MAX_ENTRIES */
    /* Each is listed by a process of its own (io/lister.h); NULL: here, the rest does not matter. */
    struct vx_nursery *nursery; /* borrowed */
    bool sandbox;
    double timeout_s;    /* without a word or a byte read; 0: no limit */
    uint64_t data_bytes; /* its memory; 0: no limit */
};
#define VX_CORPUS_DEPTH 3
#define VX_CORPUS_MAX_BYTES ((size_t)1 << 30)

/* inputs: paths as the user gave them; they are checked when they are reached, so a missing one becomes a BROKEN
 * item. VX_EINVAL only when n is 0. */
enum vx_status vx_corpus_open(struct vx_corpus **out, const char *const *inputs, size_t n, struct vx_err *err) VX_CHECKED;
void vx_corpus_close(struct vx_corpus **corpus);

/* Files that are not meant: one named like a recording or picture, in a folder or a manifest's row, for whose path
 * pass_over(ctx, path) is true is passed over without a look at it, which on a network file system is what listing costs.
 * It may be asked more than once; members of archives are not asked about. Before the first next(). */
struct vx_corpus_filter {
    bool (*pass_over)(void *ctx, const char *path);
    void *ctx;
};
void vx_corpus_filter(struct vx_corpus *corpus, struct vx_corpus_filter filter);
void vx_corpus_limit(struct vx_corpus *corpus, struct vx_corpus_limits limits); /* else those above; before the first next() */

/* The next item into *item (zeroed or cleared before; the caller's to clear). VX_DONE at the end. Other than that only
 * VX_ENOMEM: what cannot be read becomes an item of kind BROKEN. A manifest's broken row has the manifest's path and, to
 * be an item of its own, the member "line 12". */
enum vx_status vx_corpus_next(struct vx_corpus *corpus, struct vx_item *item, struct vx_err *err) VX_CHECKED;

struct vx_corpus_stats vx_corpus_stats(const struct vx_corpus *corpus);

/* What a file's name says it is, in any case of letters: used for folders and archives (files named by the user are
 * taken at their word). "._name" is OTHER: macOS leaves its resource forks under such names beside files on foreign file
 * systems and in archives. */
enum vx_name_class { VX_NAME_OTHER, VX_NAME_AUDIO, VX_NAME_IMAGE, VX_NAME_ARCHIVE, VX_NAME_MANIFEST };
enum vx_name_class vx_corpus_classify(const char *path);

#endif
