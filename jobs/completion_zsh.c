/* completion_zsh.c - zsh: one _arguments call a command */
#include "jobs/completion.h"
#include "jobs/option_reader.h"

/* Within single quotes, in a specification whose own marks are : [ ] and \ */
static void put_quoted(struct vx_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            vx_buf_str(out, "'\\''");
        else if (*text == ':' || *text == '[' || *text == ']' || *text == '\\')
            vx_buf_fmt(out, "\\%c", *text);
        else
            vx_buf_fmt(out, "%c", *text);
    }
}

static void put_action(struct vx_buf *out, const struct vx_opt *o)
{
    switch (vx_value_of(o)) {
    case VX_VALUE_NONE:
        return;
    case VX_VALUE_ANY:
        vx_buf_str(out, ": ");
        return;
    case VX_VALUE_FILES:
        vx_buf_str(out, ":_files");
        return;
    case VX_VALUE_FOLDERS:
        vx_buf_str(out, ":_files -/");
        return;
    case VX_VALUE_WORDS:
        vx_buf_str(out, ":(");
        for (const char *c = o->metavar; *c; c++)
            vx_buf_fmt(out, "%c", *c == '|' ? ' ' : *c);
        vx_buf_str(out, ")");
        return;
    }
}

static void put_option(struct vx_buf *out, const struct vx_opt *o)
{
    const bool takes = vx_value_of(o) != VX_VALUE_NONE;

    vx_buf_str(out, "            ");
    if (o->kind == VX_OPT_LIST)
        vx_buf_str(out, "'*'");
    else if (o->letter)
        vx_buf_fmt(out, "'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        vx_buf_fmt(out, "{-%c%s,--%s%s}", o->letter, takes ? "+" : "", o->name, takes ? "=" : "");
    else
        vx_buf_fmt(out, "--%s%s", o->name, takes ? "=" : "");
    vx_buf_str(out, "'[");
    put_quoted(out, o->doc);
    vx_buf_str(out, "]");
    if (takes) {
        vx_buf_str(out, ":");
        put_quoted(out, o->metavar);
        put_action(out, o);
    }
    vx_buf_str(out, "' \\\n");
}

static void put_options(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    (void)command;
    for (; table->name; table++)
        put_option(user, table);
}

enum vx_status vx_completion_zsh(struct vx_buf *out, struct vx_err *err)
{
    const struct vx_option_reader reader = {.read = put_options, .user = out};
    enum vx_status rc = VX_OK;

    vx_buf_str(out, "#compdef voxtrawl\n# zsh completion for voxtrawl, written by: voxtrawl manual --zsh\n"
                    "_voxtrawl() {\n    local curcontext=$curcontext state line\n    local -A opt_args\n    local -a commands\n    commands=(\n");
    for (const struct vx_command *c = vx_commands(); c->name; c++) {
        vx_buf_fmt(out, "        '%s:", c->name);
        put_quoted(out, c->doc);
        vx_buf_str(out, "'\n");
    }
    vx_buf_str(out, "    )\n"
                    "    _arguments -C '(- *)'{-h,--help}'[list the commands]' '(- *)--version[what this program is made of]' \\\n"
                    "        '1:command:->command' '*::argument:->argument'\n"
                    "    case $state in\n"
                    "    command) _describe -t commands command commands ;;\n"
                    "    argument)\n"
                    "        case $words[1] in\n");
    for (const struct vx_command *c = vx_commands(); c->name && rc == VX_OK; c++) {
        vx_buf_fmt(out, "        %s)\n            _arguments -s \\\n", c->name);
        rc = vx_options_read_all(c, &reader, err);
        vx_buf_str(out, "            '(- *)'{-h,--help}'[tell about these options]' '*:operand:_files'\n            ;;\n");
    }
    vx_buf_str(out, "        esac\n        ;;\n    esac\n}\n"
                    "if [[ $funcstack[1] == _voxtrawl ]]; then\n    _voxtrawl \"$@\"\nelse\n    compdef _voxtrawl voxtrawl\nfi\n");
    return rc;
}
