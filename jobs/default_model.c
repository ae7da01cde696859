#include "jobs/default_model.h"
#include "base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the program's folder: where it was installed to, where it was built. */
static const char *const places[] = {VX_MODEL_FROM_INSTALLED, VX_MODEL_FROM_BUILT};

/* The folder that this program's file lies in; the caller's to free, NULL: not known. */
static char *program_folder(void)
{
    char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (n < 1)
        return NULL;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    slash[1] = '\0';
    return strdup(path);
}

/* DIR of BASE/PLACE when a config.json is in it; the caller's to free, NULL: none. */
static char *look(const char *base, const char *place)
{
    char *joined = vx_file_join(base, place), *dir = joined ? realpath(joined, NULL) : NULL;
    char *config = dir ? vx_file_join(dir, "config.json") : NULL;

    if (!config || access(config, F_OK) != 0) {
        free(dir);
        dir = NULL;
    }
    free(joined);
    free(config);
    return dir;
}

enum vx_status vx_default_model(char **dir, bool *shipped, struct vx_err *err)
{
    const char *wanted = getenv("VOXTRAWL_MODEL");
    char *base;

    *dir = NULL;
    *shipped = false;
    if (wanted && *wanted)
        return (*dir = strdup(wanted)) ? VX_OK : vx_fail_nomem(err, "a path");
    base = program_folder();
    for (size_t i = 0; base && !*dir && i < sizeof places / sizeof *places; i++)
        *dir = look(base, places[i]);
    free(base);
    *shipped = *dir != NULL;
    if (*dir)
        return VX_OK;
    return vx_fail(err, VX_EINVAL,
                   "no model: --model DIR (or the variable VOXTRAWL_MODEL) takes a Hugging Face ConvNeXt folder (config.json, "
                   "preprocessor_config.json, model.safetensors), and none lies at " VX_MODEL_FROM_INSTALLED " from this "
                   "program; docs/checkpoint.md tells how to get the published one, and voxtrawl model DIR --generate tiny "
                   "makes an untrained one to try out");
}
