/* completion.h - what bash and zsh offer behind voxtrawl, written from the tables of commands and options */
#ifndef VX_JOBS_COMPLETION_H
#define VX_JOBS_COMPLETION_H

#include "base/buf.h"
#include "base/opts.h"

enum vx_value {
    VX_VALUE_NONE,    /* a flag: takes none */
    VX_VALUE_ANY,     /* a number or a name: nothing to offer */
    VX_VALUE_WORDS,   /* one of the metavar's words, "text|json" */
    VX_VALUE_FOLDERS, /* "DIR" */
    VX_VALUE_FILES,   /* "FILE", "DB", "OUT.png", also beside other words, "NAME|FILE" */
};

/* What an option's value is, by its kind and metavar. */
enum vx_value vx_value_of(const struct vx_opt *option);

/* The scripts. VX_EUNSUPPORTED: as vx_options_read. */
enum vx_status vx_completion_bash(struct vx_buf *out, struct vx_err *err) VX_CHECKED;
enum vx_status vx_completion_zsh(struct vx_buf *out, struct vx_err *err) VX_CHECKED;

#endif
