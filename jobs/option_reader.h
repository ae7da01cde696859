/* option_reader.h - a command's table of options, for whoever writes about them
 * The tables are local to the commands, which parse into variables of their own. A command that is asked for --help hands its
 * table to vx_command_help(), which gives it to the reader of a copy of the command instead of printing it: what is read is what
 * --help shows. */
#ifndef VX_JOBS_OPTION_READER_H
#define VX_JOBS_OPTION_READER_H

#include "jobs/command.h"

/* Calls reader->read once with the table of `command`, not with that of command->also. VX_EUNSUPPORTED: the command handed out
 * none, which is a mistake in it. */
enum vx_status vx_options_read(const struct vx_command *command, const struct vx_option_reader *reader, struct vx_err *err) VX_CHECKED;

/* The same, and then once more with that of the command whose options it takes too. */
enum vx_status vx_options_read_all(const struct vx_command *command, const struct vx_option_reader *reader, struct vx_err *err)
    VX_CHECKED;

#endif
