/* export.c - voxtrawl export: the suspicious stretches of a result, for ears, editors and other programs */
#include "base/text.h"
#include "jobs/command.h"
#include "jobs/export_datasette.h"
#include "jobs/export_set.h"
#include "jobs/playing.h"
#include "jobs/verify_check.h"

#include <stdio.h>
#include <string.h>

struct export {
    const char *db;
    struct vx_playing_options playing;
    struct vx_stretches_config stretches;
    struct vx_export_config set;
};

static enum vx_status write_all(const struct export *e, struct vx_export_counts *counts, struct vx_err *err)
{
    struct vx_stretches *stretches = NULL;
    struct vx_export_set *set = NULL;
    struct vx_stretches_item item;
    enum vx_status rc;

    if ((rc = vx_stretches_open(&stretches, e->db, &e->stretches, err)) != VX_OK ||
        (rc = vx_export_set_open(&set, &e->set, err)) != VX_OK ||
        ((e->set.formats & VX_EXPORT_DATASETTE) && (rc = vx_export_datasette(e->set.dir, e->db, err)) != VX_OK))
        goto done;
    while ((rc = vx_stretches_next(stretches, &item, err)) == VX_OK)
        if ((rc = vx_export_set_add(set, &item, err)) != VX_OK)
            goto done;
    if (rc == VX_DONE)
        rc = vx_export_set_commit(set, err);
    *counts = *vx_export_set_counts(set);
done:
    vx_export_set_close(&set);
    vx_stretches_close(&stretches);
    return rc;
}

/* With processes to hear the recordings, where clips are wanted. */
static enum vx_status hear_and_write(struct export *e, struct vx_export_counts *counts, struct vx_err *err)
{
    struct vx_playing playing = {0};
    struct vx_log *log = NULL;
    enum vx_status rc = VX_OK;

    if (e->set.clips && (rc = vx_log_open(&log, NULL, VX_LOG_INFO, err)) == VX_OK)
        rc = vx_playing_begin(&playing, &e->playing, log, err);
    playing.player.as_scanned = true;
    if (rc == VX_OK && e->set.clips)
        rc = vx_player_create(&e->set.player, &playing.player, err);
    if (rc == VX_OK)
        rc = write_all(e, counts, err);
    vx_player_destroy(&e->set.player);
    vx_playing_end(&playing);
    vx_log_close(&log);
    return rc;
}

static void sum_up(const struct export *e, const struct vx_export_counts *c)
{
    char length[32];

    fprintf(stderr, "%lld stretch%s of %lld recording%s, %s in all: %s\n", (long long)c->stretches, c->stretches == 1 ? "" : "es",
            (long long)c->recordings, c->recordings == 1 ? "" : "s", vx_text_duration(c->seconds, length, sizeof length), e->set.dir);
    if (c->failed > 0)
        fprintf(stderr, "voxtrawl export: %lld of %lld clips could not be cut: see the column \"error\"\n", (long long)c->failed,
                (long long)c->stretches);
}

/* The words of --format and --clips; the exit status of a mistake, or -1. */
static int parse_words(const struct vx_command *self, struct vx_export_config *set, const char *formats, const char *clips)
{
    struct vx_err err;

    set->formats = VX_EXPORT_ALL;
    if (formats && vx_export_formats_parse(&set->formats, formats, &err) != VX_OK)
        return vx_command_fail(self, &err);
    set->clips = clips != NULL;
    set->type = clips && strcmp(clips, "wav") == 0 ? VX_CLIP_WAV : VX_CLIP_FLAC;
    if (clips && strcmp(clips, "wav") != 0 && strcmp(clips, "flac") != 0) {
        fprintf(stderr, "voxtrawl export: --clips %s: expected flac or wav\n", clips);
        return VX_EXIT_USAGE;
    }
    return -1;
}

int vx_cmd_export(const struct vx_command *self, int argc, char **argv)
{
    struct export e = {.playing = vx_playing_defaults, .stretches = {.threshold = -1}};
    struct vx_export_counts counts = {0};
    const char *formats = NULL, *clips = NULL;
    long top = 0;
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &e.set.dir, "DIR", "folder that gets everything", 0, 0},
        {"threshold", 0, VX_OPT_REAL, &e.stretches.threshold, "P", "windows from this p on are suspicious (default: the scan's fake_from)", 0, 1},
        {"gap", 0, VX_OPT_REAL, &e.stretches.gap_s, "S", "seconds below the threshold that do not end a stretch (default 0)", 0, 86400},
        {"min-length", 0, VX_OPT_REAL, &e.stretches.min_s, "S", "seconds a stretch has at least (default 0)", 0, 86400},
        {"pad", 0, VX_OPT_REAL, &e.stretches.pad_s, "S",
         "seconds that clips have before and after; stretches whose clips meet become one (default 0)", 0, 86400},
        {"top", 0, VX_OPT_INT, &top, "N", "only the N most suspicious: highest mean p, then longest (default: all)", 1, 10000000},
        {"format", 'f', VX_OPT_STRING, &formats, "csv,jsonl,audacity,datasette", "which files besides clips (default: all of these)", 0, 0},
        {"clips", 0, VX_OPT_STRING, &clips, "flac|wav", "cut the stretches out of the recordings (default: no clips)", 0, 0},
        {"root", 0, VX_OPT_LIST, &e.set.roots, "OLD=NEW",
         "clips: paths below OLD are looked for below NEW; an empty OLD is for relative ones", 0, 0},
        {"max-member", 0, VX_OPT_INT, &e.playing.max_member_mib, "MIB", "largest packed member of an archive, held in memory (default 1024)", 1, 1 << 20},
        VX_PLAYING_OPTIONS(e.playing, "clips: "),
        {"overwrite", 0, VX_OPT_FLAG, &e.set.overwrite, NULL, "write into a folder that is not empty; files of other names stay", 0, 0},
        {0},
    };
    struct vx_err err;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n != 1 || !e.set.dir || !*e.set.dir) {
        fprintf(stderr, "usage: voxtrawl export %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if ((status = parse_words(self, &e.set, formats, clips)) >= 0)
        return status;
    if (vx_verify_roots_check(&e.set.roots, &err) != VX_OK)
        return vx_command_fail(self, &err);
    e.db = argv[1];
    e.stretches.top = (size_t)top;
    if (hear_and_write(&e, &counts, &err) != VX_OK)
        return vx_command_fail(self, &err);
    sum_up(&e, &counts);
    return counts.failed > 0 ? VX_EXIT_FAILED_ITEMS : VX_EXIT_OK;
}
