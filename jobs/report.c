/* report.c - voxtrawl report: a result as one page to look at, listen to and mark */
#include "base/clock.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/text.h"
#include "db/contents.h"
#include "jobs/command.h"
#include "jobs/outfile.h"
#include "jobs/playing.h"
#include "jobs/report_page.h"
#include "jobs/report_sound.h"
#include "jobs/verify_check.h"
#include "jobs/version.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES ((size_t)3 << 19) /* of scores over time: 1.5 MiB */
#define CARD_BYTES ((size_t)64 << 10) /* of a model's card; a larger one is left out */

struct report_options {
    const char *db, *out;
    struct vx_playing_options playing;
    long top, pictures, listen;
    struct vx_opt_list group_by, roots;
    bool overwrite, quiet;
};

/* The database's name, without its folder. */
static const char *source_name(const struct report_options *o)
{
    const char *const slash = strrchr(o->db, '/');

    return slash ? slash + 1 : o->db;
}

/* What the page says of itself. */
static enum vx_status put_origin(const struct report_options *o, FILE *to, struct vx_err *err)
{
    char *const source = vx_text_printable(source_name(o));
    struct vx_buf text = {0};
    char now[32];

    vx_clock_utc(now);
    vx_buf_str(&text, "\"program\":");
    vx_buf_fmt(&text, "\"Voxtrawl %s\"", vx_version_short());
    vx_buf_fmt(&text, ",\"made\":\"%s\",\"source\":", now);
    vx_buf_json(&text, source ? source : "");
    vx_buf_str(&text, ",\n");
    const bool failed = text.failed || !source;
    if (!failed)
        vx_report_put_safe(to, text.data);
    vx_buf_free(&text);
    free(source);
    return failed ? vx_fail_nomem(err, "the report") : VX_OK;
}

/* What its authors say of the model, from where it was: none is no failure. */
static enum vx_status put_card(const struct report_options *o, FILE *to, struct vx_err *err)
{
    struct vx_contents *contents = NULL;
    struct vx_contents_model model = {0};
    char *folder = NULL, *path = NULL, *card = NULL, *text = NULL;
    struct vx_buf json = {0};
    struct vx_err why;
    size_t len;
    enum vx_status rc = vx_contents_open(&contents, o->db, err);

    if (rc != VX_OK || ((rc = vx_contents_model(contents, &model, err)) != VX_OK && rc != VX_DONE))
        goto done;
    rc = VX_OK;
    if (model.path && (!(folder = vx_verify_map(&o->roots, model.path)) || !(path = vx_file_join(folder, "README.md"))))
        rc = vx_fail_nomem(err, "a path");
    vx_buf_str(&json, "\"card\":");
    if (path && vx_file_read(path, CARD_BYTES, &card, &len, &why) == VX_OK && (text = vx_text_to_utf8(card)))
        vx_buf_json(&json, text);
    else
        vx_buf_str(&json, "null");
    vx_buf_str(&json, ",\n");
    if (rc == VX_OK && json.failed)
        rc = vx_fail_nomem(err, "the model's card");
    if (rc == VX_OK)
        vx_report_put_safe(to, json.data);
done:
    vx_buf_free(&json);
    free(text);
    free(card);
    free(path);
    free(folder);
    vx_contents_close(&contents);
    return rc;
}

static enum vx_status write_report(const struct report_options *o, struct vx_report_db *db, struct vx_player *player, FILE *to,
                                   struct vx_log *log, struct vx_err *err)
{
    const struct vx_report_rule rule = {.top = o->top, .line_bytes = LINE_BYTES, .group_by = o->group_by.at, .n_groups = o->group_by.n};
    enum vx_status rc;

    if ((rc = vx_report_page_begin(to, source_name(o), err)) != VX_OK || (rc = put_origin(o, to, err)) != VX_OK || (rc = put_card(o, to, err)) != VX_OK ||
        (rc = vx_report_write(db, &rule, to, err)) != VX_OK)
        return rc;
    fputs(",\n", to);
    if ((rc = vx_report_put_pictures(db, o->pictures, &o->roots, player, to, log, err)) != VX_OK)
        return rc;
    fputs(",\n", to);
    if ((rc = vx_report_put_clips(o->db, (size_t)o->listen, &o->roots, player, to, log, err)) != VX_OK)
        return rc;
    vx_report_page_end(to);
    return VX_OK;
}

/* To hear the recordings of a result with. */
static enum vx_status hear(struct vx_playing *playing, struct vx_player **player, const struct vx_playing_options *options,
                           struct vx_log *log, struct vx_err *err)
{
    const enum vx_status rc = vx_playing_begin(playing, options, log, err);

    playing->player.as_scanned = true;
    return rc == VX_OK ? vx_player_create(player, &playing->player, err) : rc;
}

static enum vx_status report(const struct report_options *o, struct vx_err *err)
{
    struct vx_newfile file = {0};
    struct vx_report_db *db = NULL;
    struct vx_playing playing = {0};
    struct vx_player *player = NULL;
    struct vx_log *log = NULL;
    char size[32];
    enum vx_status rc;

    if ((rc = vx_outfile_kind(o->out, o->overwrite, "<!DOCTYPE html>", "report", err)) != VX_OK ||
        (rc = vx_log_open(&log, NULL, o->quiet ? VX_LOG_WARNING : VX_LOG_INFO, err)) != VX_OK ||
        ((o->pictures > 0 || o->listen > 0) && (rc = hear(&playing, &player, &o->playing, log, err)) != VX_OK) ||
        (rc = vx_report_open(&db, o->db, err)) != VX_OK || (rc = vx_outfile_writable(o->out, err)) != VX_OK ||
        (rc = vx_newfile_open(&file, o->out, err)) != VX_OK || (rc = write_report(o, db, player, file.to, log, err)) != VX_OK)
        goto done;
    const long bytes = ftell(file.to);
    if ((rc = vx_newfile_commit(&file, err)) == VX_OK)
        vx_log_say(log, VX_LOG_INFO, "%s: %s, opens in any browser without a network", o->out, vx_text_bytes((double)bytes, size, sizeof size));
done:
    vx_newfile_drop(&file);
    vx_report_close(&db);
    vx_player_destroy(&player);
    vx_playing_end(&playing);
    vx_log_close(&log);
    return rc;
}

int vx_cmd_report(const struct vx_command *self, int argc, char **argv)
{
    struct report_options o = {.out = "report.html", .playing = vx_playing_defaults, .top = 10000, .pictures = 40};
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &o.out, "FILE.html", "the page (default report.html)", 0, 0},
        {"top", 0, VX_OPT_INT, &o.top, "N", "recordings listed, the most suspicious first (default 10000)", 1, 1e6},
        {"pictures", 0, VX_OPT_INT, &o.pictures, "N", "spectrograms of the first N listed, 13 kB each (default 40)", 0, 1e5},
        {"listen", 0, VX_OPT_INT, &o.listen, "N", "clips of the N most suspicious stretches, to be played in the page (default 0)", 0, 1e4},
        {"group-by", 0, VX_OPT_LIST, &o.group_by, "folder|COLUMN",
         "a table of recordings by folder or by a column of the metadata; again for more (default: folder and columns of 2 to 50 values)", 0, 0},
        {"root", 0, VX_OPT_LIST, &o.roots, "OLD=NEW",
         "spectrograms, clips and the model's card: paths below OLD are looked for below NEW; an empty OLD is for relative ones", 0, 0},
        VX_PLAYING_OPTIONS(o.playing, ""),
        {"overwrite", 0, VX_OPT_FLAG, &o.overwrite, NULL, "replace FILE.html when it exists", 0, 0},
        {"quiet", 'q', VX_OPT_FLAG, &o.quiet, NULL, "only warnings and errors on stderr", 0, 0},
        {0},
    };
    struct vx_err err;
    int n;
    const int status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n != 1) {
        fprintf(stderr, "usage: voxtrawl report %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if (vx_verify_roots_check(&o.roots, &err) != VX_OK)
        return vx_command_fail(self, &err);
    o.db = argv[1];
    return report(&o, &err) == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
