#include "jobs/option_reader.h"

#include <stdio.h>
#include <string.h>

struct once {
    const struct vx_option_reader *reader;
    int tables;
};

static void pass_on(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    struct once *const once = user;

    once->tables++;
    once->reader->read(once->reader->user, command, table);
}

enum vx_status vx_options_read(const struct vx_command *command, const struct vx_option_reader *reader, struct vx_err *err)
{
    struct once once = {.reader = reader};
    const struct vx_option_reader counted = {.read = pass_on, .user = &once};
    struct vx_command copy = *command;
    char name[32], help[] = "--help";
    char *argv[] = {name, help, NULL};

    snprintf(name, sizeof name, "%s", command->name);
    copy.reader = &counted;
    const int status = copy.fn(&copy, 2, argv);
    if (status != VX_EXIT_OK || once.tables != 1)
        return vx_fail(err, VX_EUNSUPPORTED, "voxtrawl %s --help handed out %d tables of options and ended with %d: expected one, and 0",
                       command->name, once.tables, status);
    return VX_OK;
}

static const struct vx_command *find(const char *name)
{
    const struct vx_command *c = vx_commands();

    while (c->name && strcmp(c->name, name) != 0)
        c++;
    return c;
}

enum vx_status vx_options_read_all(const struct vx_command *command, const struct vx_option_reader *reader, struct vx_err *err)
{
    const enum vx_status rc = vx_options_read(command, reader, err);

    return rc == VX_OK && command->also ? vx_options_read(find(command->also), reader, err) : rc;
}
