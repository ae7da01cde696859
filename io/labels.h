/* labels.h - which recordings are bona fide and which are spoofed, from the label files people have
 * ASVspoof 2019/2021/5, In-the-Wild, MLAAD, FakeAVCeleb, SpoofCeleb, or any table with a header that names a file and a
 * label column; README.md lists them. A label file is read whole. */
#ifndef VX_IO_LABELS_H
#define VX_IO_LABELS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_labels;

struct vx_label_row {
    const char *name; /* as the file names the recording: path, base name or id */
    bool bona;
    int64_t line;            /* of the label file, from 1 */
    const char *const *cells; /* [n_columns]: the other columns (speaker, attack, source…); "" where empty */
};

/* format: NULL detects; else one of vx_labels_formats(). VX_EINVAL: no such format. VX_EFORMAT names file, line, column and what was expected
 * (an unknown label word is an error, a format that cannot be told apart too, and a name that comes again with the other
 * label; with the same label the first row counts). VX_ESYS: cannot open. */
enum vx_status vx_labels_open(struct vx_labels **out, const char *path, const char *format, struct vx_err *err) VX_CHECKED;
void vx_labels_close(struct vx_labels **labels);
const char *const *vx_labels_formats(void); /* ends with NULL */

const char *vx_labels_format(const struct vx_labels *labels); /* the one taken */
size_t vx_labels_count(const struct vx_labels *labels);
const struct vx_label_row *vx_labels_row(const struct vx_labels *labels, size_t i);
size_t vx_labels_columns(const struct vx_labels *labels);
const char *vx_labels_column(const struct vx_labels *labels, size_t i);

/* The row that means this item: by path (equal, or one ends in '/' + the other), else base name, else stem (base name
 * without its last extension), for an archive's member by the member's path. Of rows that match alike those that share
 * most folders with the item, counted from the end, match best: "x/b/1.mp4" goes with "b/1.wav", not with
 * "c/1.wav". *row: the index, or -1: none. VX_EINVAL: ambiguous, several rows match equally well and do not all say the same;
 * the message names item and lines. Each row notes that it was matched. */
enum vx_status vx_labels_match(struct vx_labels *labels, const char *path, const char *member, ptrdiff_t *row,
                               struct vx_err *err) VX_CHECKED;
size_t vx_labels_unmatched(const struct vx_labels *labels); /* rows no item has asked for yet */

#endif
