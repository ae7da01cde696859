/* export_set.h - the folder of an export: tables, label tracks, clips
 *   stretches.csv, stretches.jsonl   a row a stretch (export_rows.h)
 *   labels/NAME.txt                  an Audacity label track a recording
 *   clips/NAME.flac                  what is suspicious, cut out, if asked for
 * The tables get their names last: where they are, the export is complete and on disk. */
#ifndef VX_JOBS_EXPORT_SET_H
#define VX_JOBS_EXPORT_SET_H

#include "base/opts.h"
#include "db/stretches.h"
#include "io/clips.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vx_export_format { /* bits */
    VX_EXPORT_CSV = 1,
    VX_EXPORT_JSONL = 2,
    VX_EXPORT_AUDACITY = 4,
    VX_EXPORT_DATASETTE = 8, /* export_datasette.h's, nothing of this */
    VX_EXPORT_ALL = 15,
};
/* "csv,jsonl". VX_EINVAL names the word that is none of them. */
enum vx_status vx_export_formats_parse(unsigned *formats, const char *words, struct vx_err *err) VX_CHECKED;

struct vx_export_config {
    const char *dir;
    unsigned formats;
    bool clips;
    struct vx_opt_list roots; /* where recordings lie now, as of jobs/verify_check.h */
    enum vx_clip_type type;
    struct vx_player *player; /* borrowed: hears the recordings; without clips not needed */
    bool overwrite;
};

struct vx_export_counts {
    int64_t recordings, stretches, clips, failed; /* failed: stretches of which there should be a clip, and is none */
    double seconds; /* of all stretches, without padding */
};

struct vx_export_set;

/* Makes the folder. VX_EINVAL: it is there with something in it, and overwrite is not set. */
enum vx_status vx_export_set_open(struct vx_export_set **out, const struct vx_export_config *config, struct vx_err *err) VX_CHECKED;
/* A recording's stretches. A clip that cannot be cut is a row with its error; only what cannot be written is a failure. */
enum vx_status vx_export_set_add(struct vx_export_set *set, const struct vx_stretches_item *item, struct vx_err *err) VX_CHECKED;
enum vx_status vx_export_set_commit(struct vx_export_set *set, struct vx_err *err) VX_CHECKED;
const struct vx_export_counts *vx_export_set_counts(const struct vx_export_set *set);
void vx_export_set_close(struct vx_export_set **set); /* NULL is fine; what was not committed is removed but clips and labels */

#endif
