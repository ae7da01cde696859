/* completion_bash.c - bash: a function with the options of each command, one with the values of each option, and what puts
 * them together; needs nothing but bash 4 */
#include "jobs/completion.h"
#include "jobs/option_reader.h"

/* The words of the line as readline cuts them: --name=value is three of them, unless the user has changed COMP_WORDBREAKS. */
static const char glue[] =
    "_voxtrawl() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} values i lead=\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD == 1)); then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_voxtrawl_commands) --help --version\" -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    if [[ $cur == \"=\" ]]; then\n"
    "        cur=\n"
    "    elif [[ $previous == \"=\" ]]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $cur == --*=* ]]; then\n"
    "        previous=${cur%%=*} lead=${cur%%=*}= cur=${cur#*=}\n"
    "    fi\n"
    "    values=$(_voxtrawl_values \"${COMP_WORDS[1]}\" \"$previous\")\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
    "        [[ ${COMP_WORDS[i]} != -- ]] || values=operands\n"
    "    done\n"
    "    if [[ -z $values && $cur == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$(_voxtrawl_options \"${COMP_WORDS[1]}\") --help\" -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    case $values in\n"
    "    '<any>') ;;\n"
    "    '<folders>')\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "        ;;\n"
    "    '' | operands | '<files>')\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\") ;;\n"
    "    esac\n"
    "    COMPREPLY=(\"${COMPREPLY[@]/#/$lead}\")\n"
    "}\n"
    "complete -F _voxtrawl voxtrawl\n";

static void put_names(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    struct vx_buf *const out = user;

    (void)command;
    for (; table->name; table++)
        vx_buf_fmt(out, " --%s", table->name);
}

static void put_words(struct vx_buf *out, const char *metavar)
{
    for (; *metavar; metavar++)
        vx_buf_fmt(out, "%c", *metavar == '|' ? ' ' : *metavar);
}

static void put_values(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    struct vx_buf *const out = user;

    (void)command;
    for (; table->name; table++) {
        const enum vx_value value = vx_value_of(table);
        if (value == VX_VALUE_NONE)
            continue;
        vx_buf_fmt(out, "        --%s", table->name);
        if (table->letter)
            vx_buf_fmt(out, " | -%c", table->letter);
        vx_buf_str(out, ") echo '");
        if (value == VX_VALUE_WORDS)
            put_words(out, table->metavar);
        else
            vx_buf_str(out, value == VX_VALUE_FILES ? "<files>" : value == VX_VALUE_FOLDERS ? "<folders>" : "<any>");
        vx_buf_str(out, "' ;;\n");
    }
}

enum vx_status vx_completion_bash(struct vx_buf *out, struct vx_err *err)
{
    const struct vx_option_reader names = {.read = put_names, .user = out}, values = {.read = put_values, .user = out};
    enum vx_status rc = VX_OK;

    vx_buf_str(out, "# shellcheck shell=bash\n# bash completion for voxtrawl, written by: voxtrawl manual --bash\n"
                    "_voxtrawl_commands() {\n    echo '");
    for (const struct vx_command *c = vx_commands(); c->name; c++)
        vx_buf_fmt(out, " %s", c->name);
    vx_buf_str(out, "'\n}\n_voxtrawl_options() { # COMMAND\n    case $1 in\n");
    for (const struct vx_command *c = vx_commands(); c->name && rc == VX_OK; c++) {
        vx_buf_fmt(out, "    %s) echo '", c->name);
        rc = vx_options_read_all(c, &names, err);
        vx_buf_str(out, "' ;;\n");
    }
    vx_buf_str(out, "    esac\n}\n_voxtrawl_values() { # COMMAND OPTION: words, <files>, <folders>, <any>; nothing: it takes no value\n"
                    "    case $1 in\n");
    for (const struct vx_command *c = vx_commands(); c->name && rc == VX_OK; c++) {
        vx_buf_fmt(out, "    %s)\n        case $2 in\n", c->name);
        rc = vx_options_read_all(c, &values, err);
        vx_buf_str(out, "        esac\n        ;;\n");
    }
    vx_buf_str(out, "    esac\n}\n");
    vx_buf_str(out, glue);
    return rc;
}
