/* work_folder.h - a work folder as earlier attempts of a scan may have left it, for tests
 * The folder is one of tests/harness/folder.h; what fails here fails the running test. */
#ifndef VX_TESTS_WORK_FOLDER_H
#define VX_TESTS_WORK_FOLDER_H

#include "jobs/rundir.h"

#include <stdint.h>

/* items.db with items 1…n (64 at most, as in a shard) named "/a/ID.wav", of size 1000 + ID and mtime ID. */
void work_folder_list(const char *folder, int64_t n);
/* A shard file of that name: items first…last, 2 windows each; every third one (3, 6, …) of them failed if failing. */
void work_folder_shard(const char *folder, const char *name, int64_t first, int64_t last, bool failing);
/* run.txt, as of a scan of "/a". */
void work_folder_claim(const char *folder);
/* The folder as vx_rundir_open() would give it to attempt; close with vx_rundir_close(). */
struct vx_rundir work_folder_open(const char *folder, int attempt);
/* "1 2 5" of the items that a shard holds, ascending. */
const char *work_folder_items(const char *path);

#endif
