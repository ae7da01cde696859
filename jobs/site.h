/* site.h - what is particular to a cluster: the site file of voxtrawl submit
 * Lines KEY = VALUE; slurm/site.example tells what each is for. Text is taken over as it stands once it has been checked to
 * be what it should: words are safe in an #SBATCH line and in a shell. */
#ifndef VX_JOBS_SITE_H
#define VX_JOBS_SITE_H

#include "base/buf.h"
#include "base/err.h"

struct vx_site { /* zero-initialise; strings are owned, NULL where the file says nothing */
    char *partition, *gpu_partition, *account, *qos, *memory, *gpu_type; /* words */
    char *gpu_request, *launcher;                                       /* one of gres, gpus-per-task; of mpirun, srun */
    char *scratch;                                                      /* safe within double quotes */
    char *mpirun, *srun;                                                /* shell words */
    long cpus_per_gpu;                                                  /* 0: not said */
    struct vx_buf options;                                              /* "#SBATCH …" lines without the last newline */
    struct vx_buf setup;                                                /* lines of shell, likewise */
};

/* Adds what the file at path says. VX_EINVAL: names file and line: not KEY = VALUE, an unknown key, one given twice, or a value
 * that is none for it. */
enum vx_status vx_site_read(struct vx_site *site, const char *path, struct vx_err *err) VX_CHECKED;
/* Adds one more option of sbatch, as the key sbatch does. VX_EINVAL: not one. */
enum vx_status vx_site_add_option(struct vx_site *site, const char *text, struct vx_err *err) VX_CHECKED;
void vx_site_free(struct vx_site *site);

/* VX_EINVAL: text is no name of a partition, account …: letters, digits and . _ , : / @ + = -; `what` is how the message
 * calls it. */
enum vx_status vx_site_word(const char *text, const char *what, struct vx_err *err) VX_CHECKED;

#endif
