/* folder.h - a temporary folder of small files, for tests
 * What fails here fails the running test. */
#ifndef VX_TESTS_FOLDER_H
#define VX_TESTS_FOLDER_H

#include <stddef.h>

char *folder_create(void);         /* a new folder under TMPDIR (or /tmp), its path for folder_remove() */
void folder_remove(char **folder); /* with the files in it; frees the path and sets it to NULL */

const char *folder_path(const char *folder, const char *name); /* folder/name, valid for the next 8 calls */
void folder_write(const char *folder, const char *name, const void *data, size_t len);
char *folder_read(const char *folder, const char *name, size_t *len); /* the caller's to free; NUL-terminated */

#endif
