/* folder.h - a folder and everything below it, names sorted by bytes
 * Links are followed. Within one walk a directory (device and inode) is entered once, under the first name that leads to
 * it, so loops end and nothing is listed twice through links to directories; a link to a file is a name of its own.
 * Hidden files and folders count like others. Memory: one directory's names a level, and at most 96 bytes a directory
 * entered. */
#ifndef VX_IO_FOLDER_H
#define VX_IO_FOLDER_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stdint.h>

struct vx_folder;

/* The folder is read at the first next(). */
enum vx_status vx_folder_open(struct vx_folder **out, const char *path, struct vx_err *err) VX_CHECKED;
struct vx_corpus_filter; /* io/corpus.h */
void vx_folder_filter(struct vx_folder *folder, const struct vx_corpus_filter *filter); /* borrowed; before the first next() */
void vx_folder_close(struct vx_folder **folder);

/* The next recording, picture or archive below the folder into *item (zeroed before, the caller's to clear); *archive
 * tells an archive file, whose members are the items meant. VX_DONE at the end. What cannot be read, a directory named
 * like a recording and a FIFO or device named like one are items of kind BROKEN; the only failure is VX_ENOMEM. */
enum vx_status vx_folder_next(struct vx_folder *folder, struct vx_item *item, bool *archive,
                               struct vx_err *err) VX_CHECKED;

int64_t vx_folder_skipped(const struct vx_folder *folder); /* files passed over so far for their name */

#endif
