/* Which environments mean several ranks, and which do not. */
#include "tests/harness/cmocka.h"

#include "mpi/launcher.h"

#include <string.h>

static void test_environments(void **state)
{
    static const struct {
        const char *what;
        const char *environment[6];
        enum vx_status status;
        const char *name;
        int size;
    } rows[] = {
        {"nothing", {NULL}, VX_OK, NULL, 0},
        {"a plain shell", {"HOME=/root", "PATH=/bin", NULL}, VX_OK, NULL, 0},
        {"names that only begin alike", {"OMPI_COMM_WORLD_SIZES=4", "PMI_RANKS=0", NULL}, VX_OK, NULL, 0},
        {"mpirun", {"A=1", "OMPI_COMM_WORLD_SIZE=4", "PMIX_RANK=2", NULL}, VX_OK, "Open MPI", 4},
        {"mpirun -n 1", {"OMPI_COMM_WORLD_SIZE=1", NULL}, VX_OK, "Open MPI", 1},
        {"mpirun with nonsense", {"OMPI_COMM_WORLD_SIZE=four", NULL}, VX_OK, "Open MPI", 0},
        {"mpirun in a job of two nodes", {"SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2", "OMPI_COMM_WORLD_SIZE=8", NULL},
         VX_OK, "Open MPI", 8},
        {"mpiexec of MPICH", {"PMI_RANK=0", "PMI_SIZE=3", NULL}, VX_OK, "PMI", 3},
        {"srun --mpi=pmix", {"PMIX_RANK=0", "SLURM_STEP_ID=1", "SLURM_STEP_NUM_TASKS=2", NULL}, VX_OK, "PMIx", 2},
        {"PMIx elsewhere", {"PMIX_RANK=0", NULL}, VX_OK, "PMIx", 0},
        {"script of sbatch -n 4", {"SLURM_JOB_ID=7", "SLURM_NTASKS=4", "SLURM_PROCID=0", "SLURM_NPROCS=4", NULL}, VX_OK, NULL, 0},
        {"shell of salloc", {"SLURM_STEP_ID=4294967290", "SLURM_STEP_NUM_TASKS=1", "SLURM_NTASKS=4", NULL}, VX_OK, NULL, 0},
        {"srun -n 1", {"SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=1", NULL}, VX_OK, NULL, 0},
        {"srun -n 4 without PMI", {"SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=4", NULL}, VX_EINVAL, NULL, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_launcher launcher;
        struct vx_err err = {0};
        char copy[6][64], *environment[6];
        for (size_t k = 0; k < 6; k++) {
            const char *s = rows[i].environment[k];
            environment[k] = s ? strcpy(copy[k], s) : NULL;
            if (!s)
                break;
        }
        const enum vx_status rc = vx_launcher_find(&launcher, environment, &err);
        if (rc != rows[i].status || launcher.size != rows[i].size ||
            strcmp(launcher.name ? launcher.name : "", rows[i].name ? rows[i].name : "") != 0)
            fail_msg("%s: status %d, launcher %s of %d", rows[i].what, rc, launcher.name ? launcher.name : "none", launcher.size);
        if (rc != VX_OK)
            assert_non_null(strstr(err.text, "--mpi=pmix"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_environments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
