/* labels_layout.h - how a label file is laid out, told from its first row
 * Internal to labels*.c. */
#ifndef VX_IO_LABELS_LAYOUT_H
#define VX_IO_LABELS_LAYOUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define VX_LABELS_NONE ((size_t)-1) /* no such cell */

enum vx_labels_rule {
    VX_LABELS_WORD,      /* the label's cell holds a word for bona fide or spoof */
    VX_LABELS_ALL_SPOOF, /* there is no label's cell: the whole set is synthetic */
    VX_LABELS_ATTACK,    /* the cell names the attack, and a00 is none (SpoofCeleb) */
    VX_LABELS_AUDIO,     /* the cell ends in RealAudio or FakeAudio (FakeAVCeleb) */
};

struct vx_labels_layout {
    const char *format; /* static */
    char delimiter;     /* of vx_table_open; 0: cells lie between blanks */
    bool header;        /* the first row names the cells */
    bool dash_is_empty; /* a lone "-" stands for nothing */
    enum vx_labels_rule rule;
    size_t n_cells;     /* of a row; with a header trailing ones may be absent */
    size_t name, label; /* cells */
    size_t folder;      /* the cell with the folder of the name; VX_LABELS_NONE: the name says it itself */
    char **cells;       /* owned [n_cells], each owned: their names, for messages and columns; "": not kept */
};

/* line: the file's first row, whole. Without a header *out is complete, else only its delimiter is set. format: NULL detects. */
enum vx_status vx_labels_layout_begin(struct vx_labels_layout *out, const char *line, const char *format,
                                      struct vx_err *err) VX_CHECKED;
/* The rest, from the header's cells. VX_EFORMAT: what is missing; no message names the file. */
enum vx_status vx_labels_layout_header(struct vx_labels_layout *out, char *const *cells, size_t n, const char *format,
                                       struct vx_err *err) VX_CHECKED;
void vx_labels_layout_clear(struct vx_labels_layout *layout);

/* Cuts text at its runs of blanks, in place; at most max cells, the return value counts all. */
size_t vx_labels_split(char *text, char **cells, size_t max);

/* The side a word stands for, in any case, with or without a hyphen, underscore or blank within ("Bona-Fide"); false: none. */
bool vx_labels_word(const char *word, bool *bona);

/* The side that the label's cell means by the rule. Its expectation, for a message, is *expected. */
bool vx_labels_side(enum vx_labels_rule rule, const char *cell, bool *bona, const char **expected);

#endif
