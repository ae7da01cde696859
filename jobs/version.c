#include "jobs/version.h"
#include "db/query.h"
#include "io/versions.h"
#include "jobs/engines.h"
#include "mpi/world.h"

#include "revision.h"

#include <string.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *vx_version_revision(void)
{
    return *VX_SOURCE_REVISION ? VX_SOURCE_REVISION : NULL;
}

const char *vx_version_short(void)
{
    return VX_VERSION " (" VX_REVISION ")";
}

const char *vx_version_day(void)
{
    return VX_REVISION_DAY;
}

void vx_version_print(FILE *to)
{
    struct vx_io_version io[VX_IO_VERSIONS];

    fprintf(to, "voxtrawl %s\n", vx_version_short());
    fprintf(to, "  built with  %s, %s\n", COMPILER, VX_BUILD_TYPE);
    fprintf(to, "  engines    ");
    for (int i = 0; vx_engines[i]; i++) {
        fprintf(to, " %s", vx_engines[i]->name);
        if (vx_engines[i]->library)
            fprintf(to, " (%s)", vx_engines[i]->library);
    }
    fprintf(to, "\n  %-11s %s\n", "MPI", vx_world_mpi_version());
    fprintf(to, "  %-11s %s\n", "SQLite", vx_sqlite_version());
    vx_io_versions(io);
    for (int i = 0; i < VX_IO_VERSIONS; i++)
        fprintf(to, "  %-11s %s\n", io[i].name, io[i].version);
}

static void pair(struct vx_buf *out, const char *name, const char *value)
{
    if (out->len > 1)
        vx_buf_str(out, ", ");
    vx_buf_json(out, name);
    vx_buf_str(out, ": ");
    vx_buf_json(out, value);
}

void vx_version_json(struct vx_buf *out)
{
    struct vx_io_version io[VX_IO_VERSIONS];

    vx_buf_reset(out);
    vx_buf_str(out, "{");
    pair(out, "voxtrawl", vx_version_short());
    pair(out, "compiler", COMPILER);
    pair(out, "MPI", vx_world_mpi_version());
    pair(out, "SQLite", vx_sqlite_version());
    vx_io_versions(io);
    for (int i = 0; i < VX_IO_VERSIONS; i++)
        pair(out, io[i].name, io[i].version);
    vx_buf_str(out, "}");
}

void vx_version_decoders(struct vx_buf *out)
{
    static const char *const inexact[] = {"libsndfile", "FFmpeg", "libsoxr", "libjpeg"};
    struct vx_io_version io[VX_IO_VERSIONS];

    vx_io_versions(io);
    for (size_t k = 0; k < sizeof inexact / sizeof *inexact; k++)
        for (int i = 0; i < VX_IO_VERSIONS; i++)
            if (strcmp(io[i].name, inexact[k]) == 0)
                vx_buf_fmt(out, "%s%s %s", k ? ", " : "", io[i].name, io[i].version);
}
