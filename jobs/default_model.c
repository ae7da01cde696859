#include "jobs/default_model.h"
#include "jobs/shipped.h"

#include <stdlib.h>
#include <string.h>

/* From the program's folder: where it was installed to, where it was built. */
static const char *const places[] = {VX_MODEL_FROM_INSTALLED, VX_MODEL_FROM_BUILT};

enum vx_status vx_default_model(char **dir, bool *shipped, struct vx_err *err)
{
    const char *wanted = getenv("VOXTRAWL_MODEL");

    *dir = NULL;
    *shipped = false;
    if (wanted && *wanted)
        return (*dir = strdup(wanted)) ? VX_OK : vx_fail_nomem(err, "a path");
    *dir = vx_shipped_folder(places, sizeof places / sizeof *places, "config.json");
    *shipped = *dir != NULL;
    if (*dir)
        return VX_OK;
    return vx_fail(err, VX_EINVAL,
                   "no model: --model DIR (or the variable VOXTRAWL_MODEL) takes a Hugging Face ConvNeXt folder (config.json, "
                   "preprocessor_config.json, model.safetensors), and none lies at " VX_MODEL_FROM_INSTALLED " from this "
                   "program; docs/checkpoint.md tells how to get the published one, and voxtrawl model DIR --generate tiny "
                   "makes an untrained one to try out");
}
