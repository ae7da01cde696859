/* manifest.h - a list of recordings in a text, CSV or TSV file
 * .txt: one path a line; a first line "path" is a header. .csv, .tsv: a header row names the columns; with a single
 * column it may be missing. The path is in the column path, else file, filename, filepath, audio or wav, in any case;
 * `member` is the path inside the archive that path names; all other columns become the item's metadata (empty values
 * are left out; a column without a name is column_3, one whose name was there before label_3). Relative paths start at
 * the manifest's folder. Each kind may be gzipped (….gz). */
#ifndef VX_IO_MANIFEST_H
#define VX_IO_MANIFEST_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>

struct vx_manifest;

/* Opened at the first next(). */
enum vx_status vx_manifest_open(struct vx_manifest **out, const char *path, struct vx_err *err) VX_CHECKED;
struct vx_corpus_filter; /* io/corpus.h */
void vx_manifest_filter(struct vx_manifest *manifest, const struct vx_corpus_filter *filter); /* borrowed; before the first next() */
void vx_manifest_close(struct vx_manifest **manifest);

/* The next row into *item (zeroed before, the caller's to clear; it stays so where the row is passed over); *archive: it names an archive as a whole, all of its
 * members are meant. VX_DONE at the end. A row that is broken or names nothing readable is an item of kind BROKEN: for
 * the first kind its path is the manifest's and its member "line 12", so that each stays an item of its own. The only
 * failure is VX_ENOMEM. */
enum vx_status vx_manifest_next(struct vx_manifest *manifest, struct vx_item *item, bool *archive,
                                 struct vx_err *err) VX_CHECKED;

#endif
