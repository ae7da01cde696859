/* status.c - voxtrawl status: how far the scan of a work folder is, whether it runs or not */
#include "jobs/command.h"
#include "jobs/run_state.h"
#include "jobs/slurm.h"

#include <stdio.h>
#include <string.h>

/* members: of the object; freed */
static int print_json(const struct vx_command *self, struct vx_buf *members)
{
    struct vx_err err;
    int status = VX_EXIT_OK;

    if (members->failed) {
        (void)vx_fail_nomem(&err, "the state");
        status = vx_command_fail(self, &err);
    } else {
        printf("{%s}\n", members->data);
    }
    vx_buf_free(members);
    return status;
}

int vx_cmd_status(const struct vx_command *self, int argc, char **argv)
{
    const char *format = "text";
    const struct vx_opt table[] = {
        {"format", 0, VX_OPT_STRING, &format, "text|json", "default text", 0, 0},
        {0},
    };
    struct vx_run_state state;
    struct vx_buf json = {0};
    struct vx_err err, note;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    const bool as_json = strcmp(format, "json") == 0;
    if (n != 1 || (!as_json && strcmp(format, "text") != 0)) {
        fprintf(stderr, "usage: voxtrawl status %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if (vx_run_state_read(&state, argv[1], &note, &err) != VX_OK) {
        /* submitted; it has not begun, or its parts have folders of their own */
        if (as_json ? vx_slurm_json(argv[1], &json) > 0 : vx_slurm_print(argv[1], stdout) > 0)
            return as_json ? print_json(self, &json) : VX_EXIT_OK;
        vx_buf_free(&json);
        return vx_command_fail(self, &err);
    }
    if (note.text[0])
        fprintf(stderr, "voxtrawl status: not counted: %s\n", note.text);
    if (!as_json) {
        vx_run_state_print(&state, argv[1], stdout);
        (void)vx_slurm_print(argv[1], stdout);
        return VX_EXIT_OK;
    }
    vx_run_state_json(&state, argv[1], &json);
    vx_buf_str(&json, ", ");
    (void)vx_slurm_json(argv[1], &json);
    return print_json(self, &json);
}
