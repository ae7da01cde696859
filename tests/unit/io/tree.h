/* tree.h - temporary files and the list of a corpus, for the tests of io/ */
#ifndef VX_TESTS_IO_TREE_H
#define VX_TESTS_IO_TREE_H

#include "io/corpus.h"

#include <stddef.h>

/* A new folder under TMPDIR (or /tmp), its path the caller's to free. What fails in these functions ends the program. */
char *tree_create(void);
void tree_remove(char **root); /* with all that is in it; frees the path and sets it to NULL */

int tree_setup(void **state); /* cmocka's fixtures: *state is a tree's path */
int tree_teardown(void **state);

const char *tree_path(const char *root, const char *name); /* root/name, valid until 64 further calls */
void tree_mkdir(const char *root, const char *name);       /* with its parents */
/* Writes a file, creating the directories on its way. */
void tree_write(const char *root, const char *name, const void *data, size_t len);
void tree_text(const char *root, const char *name, const char *text);

struct listing {
    struct vx_item *items; /* [n] */
    size_t n, cap;
    struct vx_corpus_stats stats;
};
extern const struct vx_corpus_limits *tree_limits; /* of what follows; NULL, as at first: the usual ones */
/* Everything the inputs hold. */
void listing_read(struct listing *l, const char *const *inputs, size_t n);
void listing_free(struct listing *l);

/* Fails the test unless the items are those of lines[n], in this order; paths relative to root, escaped as by
 * vx_text_printable: "audio: a.wav", "image: b.tar!c.png" (member c.png), "broken: path: a part of the problem". */
void listing_expect(const struct listing *l, const char *root, const char *const *lines, size_t n);

/* The list of the one input root/name, against the lines that follow; NULL ends them. */
void tree_expect(const char *root, const char *name, int64_t skipped, ...);

#endif
