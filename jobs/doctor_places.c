#include "base/text.h"
#include "jobs/doctor.h"
#include "jobs/filesystem.h"
#include "jobs/outfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LITTLE 1e9 /* bytes */
#define ROOM_NONE 16e6
#define FILES_NONE 64

/* What a file system of this kind means for a scan; shards: SQLite writes there all the time */
static void judge_kind(struct vx_doctor *d, const char *topic, const struct vx_filesystem *fs, const char *room, bool shards)
{
    switch (fs->storage) {
    case VX_STORAGE_LOCAL:
    case VX_STORAGE_UNKNOWN:
        vx_found(&d->found, topic, VX_LEVEL_OK, "%s: %s, %s free, can be written and locked", fs->folder, fs->name, room);
        return;
    case VX_STORAGE_CONTAINER:
        vx_found(&d->found, topic, VX_LEVEL_OK, "%s: %s, a container's own layer that goes when the container is removed; %s free",
                 fs->folder, fs->name, room);
        return;
    case VX_STORAGE_MEMORY:
        vx_found(&d->found, topic, VX_LEVEL_NOTE, "%s: %s, %s free: takes memory, and is gone with the machine", fs->folder, fs->name, room);
        vx_found_remedy(&d->found, "name a folder on a disk");
        return;
    case VX_STORAGE_NETWORK:
    case VX_STORAGE_PARALLEL:
        if (!shards) {
            vx_found(&d->found, topic, VX_LEVEL_OK, "%s: %s, %s free, can be written and locked; shards are written elsewhere",
                     fs->folder, fs->name, room);
            return;
        }
        vx_found(&d->found, topic, VX_LEVEL_NOTE, "%s: %s, a %s file system, %s free: a lock works now, but databases that are written there "
                 "are slow, and a cut connection can hurt them", fs->folder, fs->name,
                 fs->storage == VX_STORAGE_NETWORK ? "network" : "cluster's", room);
        vx_found_remedy(&d->found, "--scratch DIR with a folder on each machine's own disk: finished pieces are then copied");
        return;
    }
}

static void look_at(struct vx_doctor *d, const char *topic, const char *folder, bool shards)
{
    struct vx_filesystem fs;
    struct vx_err err;
    char room[64];
    int locks;

    if (vx_filesystem_look(&fs, folder, &err) != VX_OK) {
        vx_found(&d->found, topic, VX_LEVEL_PROBLEM, "%s", err.text);
        vx_found_remedy(&d->found, "name a folder that you may read and write");
        return;
    }
    vx_text_bytes(fs.room, room, sizeof room);
    if (vx_filesystem_try(&fs, &locks, &err) != VX_OK) {
        vx_found(&d->found, topic, VX_LEVEL_PROBLEM, "%s (%s)", err.text, fs.name);
        vx_found_remedy(&d->found, locks ? "SQLite cannot work there: name a folder on another file system, or have it mounted with locks"
                                         : "name a folder that you may write to and that has room");
        return;
    }
    if (fs.room < ROOM_NONE || (fs.files >= 0 && fs.files < FILES_NONE)) {
        vx_found(&d->found, topic, VX_LEVEL_PROBLEM, "%s: %s, full: %s free%s", fs.folder, fs.name, room,
                 fs.files >= 0 && fs.files < FILES_NONE ? ", and no room for more files" : "");
        vx_found_remedy(&d->found, "make room, or name a folder on another disk");
        return;
    }
    judge_kind(d, topic, &fs, room, shards);
    if (fs.room < ROOM_LITTLE) {
        vx_found(&d->found, topic, VX_LEVEL_NOTE, "%s free are little for a large archive's result", room);
        vx_found_remedy(&d->found, "make room, or name a folder on another disk: a result is kept twice while it is merged");
    }
}

void vx_doctor_places(struct vx_doctor *d)
{
    const char *slash = strrchr(d->out, '/');
    char *folder = slash ? strndup(d->out, (size_t)(slash - d->out) + 1) : strdup(".");
    struct vx_err err;

    if (!folder) {
        vx_found(&d->found, "output", VX_LEVEL_PROBLEM, "no memory for a path");
        return;
    }
    if (vx_outfile_free(d->out, true, &err) != VX_OK) /* whatever the scan is told */
        vx_found(&d->found, "output", VX_LEVEL_PROBLEM, "%s", err.text);
    else if (vx_outfile_free(d->out, false, &err) != VX_OK)
        vx_found(&d->found, "output", VX_LEVEL_NOTE, "%s", err.text);
    look_at(d, "output", folder, !d->scratch && !d->work);
    if (d->work)
        look_at(d, "work folder", d->work, !d->scratch);
    if (d->scratch)
        look_at(d, "scratch", d->scratch, true);
    free(folder);
}
