/* safetensors_file.h - one .safetensors file: mapped, its header checked; the lower half of safetensors.c */
#ifndef VX_MODEL_SAFETENSORS_FILE_H
#define VX_MODEL_SAFETENSORS_FILE_H

#include "model/safetensors.h"

struct vx_st_file {
    char *path;         /* owned */
    unsigned char *map; /* NULL: not mapped */
    size_t size;
};

struct vx_st_entry {
    struct vx_st_tensor tensor; /* first, so that a tensor's address is its entry's; the name is owned */
    size_t file;                /* number of the file it is in */
    size_t begin, end;          /* bytes within that file's data */
};

struct vx_st_table {
    size_t n, cap;
    struct vx_st_entry *entry; /* owned [cap] */
};

/* Maps file->path and adds the tensors of its header to the table, as of file `number`. They fill the file's data
 * without overlap or hole and their sizes fit their shapes. What was added before a failure stays in the table. */
enum vx_status vx_st_file_read(struct vx_st_file *file, size_t number, struct vx_st_table *table,
                               struct vx_err *err) VX_CHECKED;
void vx_st_file_clear(struct vx_st_file *file);
void vx_st_table_clear(struct vx_st_table *table);

#endif
