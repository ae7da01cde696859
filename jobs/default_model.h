/* default_model.h - the model folder that a command takes when --model names none
 * $VOXTRAWL_MODEL if it is set; else the model that is shipped, found from where this program lies: beside an installed
 * one (PREFIX/share/voxtrawl/model/default), else in the source tree of one that was only built (model/default). So an
 * installation may be moved as a whole. */
#ifndef VX_JOBS_DEFAULT_MODEL_H
#define VX_JOBS_DEFAULT_MODEL_H

#include "base/err.h"

#include <stdbool.h>

/* *dir is the caller's to free; *shipped: it is the program's own. VX_EINVAL: there is none; the message tells what to do.
 * What $VOXTRAWL_MODEL names is not looked at. */
enum vx_status vx_default_model(char **dir, bool *shipped, struct vx_err *err) VX_CHECKED;

#endif
