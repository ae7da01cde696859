/* labels_index.h - rows found by the end of their names
 * Internal to labels*.c. Names are sorted by their bytes from the last to the first, '/' below all others, so that names
 * that end alike from a slash on lie side by side, and matching costs a few binary searches however often a base name
 * repeats. */
#ifndef VX_IO_LABELS_INDEX_H
#define VX_IO_LABELS_INDEX_H

#include "io/labels.h"

struct vx_labels_key {
    uint64_t tail;   /* the last eight bytes, the last one first */
    const char *text; /* a row's name or its stem [len] */
    uint32_t len;
    uint32_t row;
};

struct vx_labels_index {
    struct vx_labels_key *keys; /* owned [n]: one or two a row, sorted */
    size_t n;
    size_t n_columns;
};

/* Sorts the names of rows[*n]. Rows of a name that came before are taken out, *n becomes less; VX_EFORMAT: they do not
 * have the same label. */
enum vx_status vx_labels_index_create(struct vx_labels_index *index, struct vx_label_row *rows, size_t *n,
                                      size_t n_columns, struct vx_err *err) VX_CHECKED;
void vx_labels_index_clear(struct vx_labels_index *index);

/* The keys first…end-1 whose rows match name equally well and better than all others; none: first = end. stem: of some
 * only the stem matches. Keys that are stems count only then: the others are to be passed over. */
struct vx_labels_range {
    size_t first, end;
    bool stem;
};
struct vx_labels_range vx_labels_index_find(const struct vx_labels_index *index, const char *name);

/* Whether keys[i] is its row's whole name (less a leading "./"). */
bool vx_labels_index_whole(const struct vx_labels_index *index, size_t i);

#endif
