/* manual.c - voxtrawl manual: the pages and the completion, to stdout or all of them into a folder */
#include "base/file.h"
#include "jobs/command.h"
#include "jobs/completion.h"
#include "jobs/man_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text to DIR/NAME, whose folder is made. Empties the text. */
static enum vx_status save(const char *dir, const char *folder, const char *name, struct vx_buf *text, struct vx_err *err)
{
    char *place = vx_file_join(dir, folder), *path = place ? vx_file_join(place, name) : NULL;
    enum vx_status rc;

    if (!path || text->failed)
        rc = vx_fail_nomem(err, name);
    else if ((rc = vx_file_mkdirs(place, err)) == VX_OK)
        rc = vx_file_write(path, text->data, text->len, err);
    vx_buf_reset(text);
    free(path);
    free(place);
    return rc;
}

static enum vx_status save_all(const char *dir, struct vx_buf *text, struct vx_err *err)
{
    enum vx_status rc;
    char name[64];

    vx_man_page_main(text);
    rc = save(dir, "man/man1", "voxtrawl.1", text, err);
    for (const struct vx_command *c = vx_commands(); c->name && rc == VX_OK; c++) {
        snprintf(name, sizeof name, "voxtrawl-%s.1", c->name);
        if ((rc = vx_man_page_command(text, c, err)) == VX_OK)
            rc = save(dir, "man/man1", name, text, err);
    }
    if (rc == VX_OK && (rc = vx_completion_bash(text, err)) == VX_OK)
        rc = save(dir, "bash-completion/completions", "voxtrawl", text, err);
    if (rc == VX_OK && (rc = vx_completion_zsh(text, err)) == VX_OK)
        rc = save(dir, "zsh/site-functions", "_voxtrawl", text, err);
    return rc;
}

/* name: of a command; NULL: voxtrawl's own page */
static enum vx_status page(const char *name, struct vx_buf *text, struct vx_err *err)
{
    if (!name) {
        vx_man_page_main(text);
        return VX_OK;
    }
    for (const struct vx_command *c = vx_commands(); c->name; c++)
        if (strcmp(c->name, name) == 0)
            return vx_man_page_command(text, c, err);
    return vx_fail(err, VX_EINVAL, "no command \"%s\"; voxtrawl --help lists them", name);
}

static enum vx_status print(const struct vx_buf *text, struct vx_err *err)
{
    if (text->failed)
        return vx_fail_nomem(err, "the manual");
    if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0)
        return vx_fail_sys(err, "stdout");
    return VX_OK;
}

int vx_cmd_manual(const struct vx_command *self, int argc, char **argv)
{
    bool bash = false, zsh = false;
    const char *out = NULL;
    const struct vx_opt table[] = {
        {"bash", 0, VX_OPT_FLAG, &bash, NULL, "bash completion, to stdout", 0, 0},
        {"zsh", 0, VX_OPT_FLAG, &zsh, NULL, "zsh completion, to stdout", 0, 0},
        {"output", 'o', VX_OPT_STRING, &out, "DIR", "all pages and both completions, into this folder", 0, 0},
        {0},
    };
    struct vx_buf text = {0};
    struct vx_err err;
    enum vx_status rc;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n + bash + zsh + (out != NULL) > 1) {
        fprintf(stderr, "usage: voxtrawl manual %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if (out)
        rc = save_all(out, &text, &err);
    else if (bash)
        rc = vx_completion_bash(&text, &err);
    else if (zsh)
        rc = vx_completion_zsh(&text, &err);
    else
        rc = page(n ? argv[1] : NULL, &text, &err);
    if (rc == VX_OK && !out)
        rc = print(&text, &err);
    vx_buf_free(&text);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
