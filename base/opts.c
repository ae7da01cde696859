#include "base/opts.h"
#include "base/wrap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DOC_COLUMN 30 /* of what an option does, in the help */
#define COLUMNS 110

static const struct vx_opt *find_long(const struct vx_opt *table, const char *name, size_t len)
{
    for (; table->name; table++)
        if (strlen(table->name) == len && strncmp(table->name, name, len) == 0)
            return table;
    return NULL;
}

static const struct vx_opt *find_short(const struct vx_opt *table, char letter)
{
    for (; table->name; table++)
        if (table->letter == letter)
            return table;
    return NULL;
}

static enum vx_status append(const struct vx_opt *opt, const char *text, struct vx_err *err)
{
    struct vx_opt_list *list = opt->value;

    if (list->n == VX_OPT_LIST_MAX)
        return vx_fail(err, VX_EINVAL, "--%s %s: given more than %d times", opt->name, text, VX_OPT_LIST_MAX);
    list->at[list->n++] = text;
    return VX_OK;
}

static enum vx_status store(const struct vx_opt *opt, const char *text, struct vx_err *err)
{
    const bool bounded = opt->min != 0 || opt->max != 0;
    char *end = NULL;
    double real = 0;

    switch (opt->kind) {
    case VX_OPT_FLAG:
        *(bool *)opt->value = true;
        return VX_OK;
    case VX_OPT_STRING:
        *(const char **)opt->value = text;
        return VX_OK;
    case VX_OPT_LIST:
        return append(opt, text, err);
    case VX_OPT_INT:
        errno = 0;
        real = (double)(*(long *)opt->value = strtol(text, &end, 10));
        break;
    case VX_OPT_REAL:
        errno = 0;
        real = *(double *)opt->value = strtod(text, &end);
        break;
    }
    if (errno || end == text || *end || real != real)
        return vx_fail(err, VX_EINVAL, "--%s %s: expected %s", opt->name, text,
                       opt->kind == VX_OPT_INT ? "a whole number" : "a number");
    if (bounded && (real < opt->min || real > opt->max))
        return vx_fail(err, VX_EINVAL, "--%s %s: expected a value from %g to %g", opt->name, text, opt->min,
                       opt->max);
    return VX_OK;
}

/* The option that arg is, NULL: none of the table. *value: what it holds behind the name, NULL: nothing. */
static const struct vx_opt *find(const struct vx_opt *table, const char *arg, const char **value)
{
    if (arg[1] == '-') {
        const char *equals = strchr(arg + 2, '=');
        *value = equals ? equals + 1 : NULL;
        return find_long(table, arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2));
    }
    *value = arg[2] ? arg + 2 : NULL;
    return find_short(table, arg[1]);
}

/* One option at argv[*at]; moves *at past the value it takes. */
static enum vx_status parse_one(const struct vx_opt *table, int argc, char **argv, int *at, struct vx_err *err)
{
    const char *arg = argv[*at], *value;
    const struct vx_opt *opt = find(table, arg, &value);

    if (!opt)
        return vx_fail(err, VX_EINVAL, "unknown option %s (--help lists them)", arg);
    if (opt->kind == VX_OPT_FLAG) {
        if (value)
            return vx_fail(err, VX_EINVAL, "--%s takes no value, got \"%s\"", opt->name, value);
        return store(opt, NULL, err);
    }
    if (!value) {
        if (*at + 1 >= argc)
            return vx_fail(err, VX_EINVAL, "--%s needs a value: %s", opt->name, opt->metavar);
        value = argv[++*at];
    }
    return store(opt, value, err);
}

static bool asks_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

enum vx_status vx_opts_parse(const struct vx_opt *table, int argc, char **argv, int *n_operands, bool *help,
                             struct vx_err *err)
{
    int operands = 0;

    *help = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') { /* "-" alone is an operand */
            argv[1 + operands++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc)
                argv[1 + operands++] = argv[i];
            break;
        }
        if (asks_help(argv[i])) {
            *help = true;
            break;
        }
        const enum vx_status rc = parse_one(table, argc, argv, &i, err);
        if (rc != VX_OK)
            return rc;
    }
    *n_operands = operands;
    return VX_OK;
}

enum vx_status vx_opts_take(const struct vx_opt *table, int *argc, char **argv, bool *help, struct vx_err *err)
{
    bool ours = true;
    int left = 1;

    *help = false;
    for (int i = 1; i < *argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--") == 0)
            ours = false; /* and this word is the other command's too */
        if (!ours || argv[i][0] != '-' || argv[i][1] == '\0' || (!asks_help(argv[i]) && !find(table, argv[i], &value))) {
            argv[left++] = argv[i];
            continue;
        }
        if (asks_help(argv[i])) {
            *help = true;
            return VX_OK;
        }
        const enum vx_status rc = parse_one(table, *argc, argv, &i, err);
        if (rc != VX_OK)
            return rc;
    }
    *argc = left;
    argv[left] = NULL;
    return VX_OK;
}

void vx_opts_print(const struct vx_opt *table, FILE *to)
{
    for (; table->name; table++) {
        char left[64];
        char letter[8] = "    ";
        if (table->letter)
            snprintf(letter, sizeof letter, "-%c, ", table->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, table->name, table->metavar ? " " : "",
                 table->metavar ? table->metavar : "");
        if (strlen(left) < DOC_COLUMN)
            fprintf(to, "%-*s", DOC_COLUMN, left);
        else
            fprintf(to, "%s\n%*s", left, DOC_COLUMN, "");
        vx_wrap(to, table->doc, strlen(table->doc), DOC_COLUMN, DOC_COLUMN, COLUMNS);
        fputc('\n', to);
    }
    fprintf(to, "  -h, --help%18sthis text\n", "");
}
