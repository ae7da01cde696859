#include "jobs/report_sound.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/stretches.h"
#include "io/clips.h"
#include "jobs/report_spectrogram.h"
#include "jobs/verify_check.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CLIP ((size_t)256 << 20)
#define PAD_S 0.5

struct pictures {
    struct vx_report_spectrogram *spectrogram;
    struct vx_player *player;
    const struct vx_opt_list *roots;
    FILE *to;
    struct vx_log *log;
    struct vx_buf buf;
    int64_t n, missing;
};

/* The item as the scan read it, where it is now; the caller's to clear. */
static enum vx_status find_item(struct vx_item *out, const struct vx_opt_list *roots, const char *path, const char *member, int64_t size,
                                struct vx_err *err)
{
    *out = (struct vx_item){.kind = VX_ITEM_AUDIO, .path = vx_verify_map(roots, path), .member = member ? strdup(member) : NULL,
                            .ordinal = -1, .offset = -1, .size = size};
    return out->path && !member == !out->member ? VX_OK : vx_fail_nomem(err, "a path");
}

/* A failure to read one recording is shown in its place. */
static enum vx_status put_picture(void *pictures, const struct vx_report_item *it, struct vx_err *err)
{
    struct pictures *const p = pictures;
    uint8_t levels[VX_REPORT_LEVELS];
    struct vx_item item;
    struct vx_err why;
    enum vx_status rc = find_item(&item, p->roots, it->path, it->member, it->size, err);

    if (rc != VX_OK) {
        vx_item_clear(&item);
        return rc;
    }
    vx_buf_reset(&p->buf);
    vx_buf_fmt(&p->buf, "%s\"%lld\":", p->n++ ? ",\n" : "", (long long)it->item);
    rc = vx_report_spectrogram_make(p->spectrogram, p->player, &item, it->duration_s, levels, &why);
    if (rc == VX_ELOST) {
        vx_item_clear(&item);
        return vx_fail(err, rc, "%s", why.text);
    }
    if (rc == VX_OK) {
        vx_buf_fmt(&p->buf, "{\"w\":%d,\"h\":%d,\"levels\":\"", VX_REPORT_COLUMNS, VX_REPORT_ROWS);
        vx_base64_add(&p->buf, levels, sizeof levels);
        vx_buf_str(&p->buf, "\"}");
    } else {
        char *const text = vx_text_printable(why.text);
        p->missing++;
        vx_buf_str(&p->buf, "{\"error\":");
        vx_buf_json(&p->buf, text ? text : "no memory");
        vx_buf_str(&p->buf, "}");
        free(text);
    }
    vx_item_clear(&item);
    if (p->buf.failed)
        return vx_fail_nomem(err, "a spectrogram");
    vx_report_put_safe(p->to, p->buf.data);
    return VX_OK;
}

enum vx_status vx_report_put_pictures(struct vx_report_db *db, int64_t n, const struct vx_opt_list *roots, struct vx_player *player, FILE *to,
                                      struct vx_log *log, struct vx_err *err)
{
    struct pictures p = {.player = player, .roots = roots, .to = to, .log = log};
    enum vx_status rc;

    fputs("\"pictures\":{", to);
    if ((rc = vx_report_spectrogram_create(&p.spectrogram, err)) == VX_OK && n > 0)
        rc = vx_report_suspects(db, n, put_picture, &p, err);
    fputs("}", to);
    if (p.missing > 0)
        vx_log_say(log, VX_LOG_WARNING, "%lld of %lld recordings cannot be read (any more): the report has no spectrogram of them",
                   (long long)p.missing, (long long)p.n);
    vx_buf_free(&p.buf);
    vx_report_spectrogram_destroy(&p.spectrogram);
    return rc;
}

struct clips {
    struct vx_player *player;
    const struct vx_opt_list *roots;
    char folder[PATH_MAX - 16], path[PATH_MAX]; /* where a clip is cut before it is taken into the page */
    FILE *to;
    struct vx_log *log;
    int n;
};

/* At most VX_REPORT_CLIP_S about the peak. */
static struct vx_clip choose(const struct vx_stretch *s, const char *path)
{
    struct vx_clip clip = {.start_s = s->clip_start_s, .end_s = s->clip_end_s, .path = path};

    if (clip.end_s - clip.start_s > VX_REPORT_CLIP_S) {
        clip.start_s = fmax(clip.start_s, fmin(s->peak_s - VX_REPORT_CLIP_S / 3.0, clip.end_s - VX_REPORT_CLIP_S));
        clip.end_s = clip.start_s + VX_REPORT_CLIP_S;
    }
    return clip;
}

static enum vx_status put_clip(struct clips *c, const struct vx_stretches_item *it, const struct vx_stretch_place *place, struct vx_err *err)
{
    const struct vx_stretch *const s = &place->stretch;
    struct vx_item item = {0};
    struct vx_clip clip = choose(s, c->path);
    struct vx_buf text = {0};
    struct vx_err why;
    char *flac = NULL;
    size_t len = 0;
    enum vx_status rc;

    if ((rc = find_item(&item, c->roots, it->path, it->member, it->size, err)) != VX_OK)
        goto done;
    if ((rc = vx_clips_cut(c->player, &item, &clip, 1, VX_CLIP_FLAC, &why)) == VX_ELOST) {
        rc = vx_fail(err, rc, "%s", why.text);
        goto done;
    }
    if (rc == VX_OK)
        rc = vx_file_read(c->path, MAX_CLIP, &flac, &len, &why);
    if (rc != VX_OK) {
        rc = VX_OK;
        vx_log_say(c->log, VX_LOG_WARNING, "%s%s%s: no clip from %.1f s: %s", it->path_text, it->member_text ? "/" : "",
                   it->member_text ? it->member_text : "", clip.start_s, why.text);
        goto done;
    }
    vx_buf_fmt(&text, "%s{\"item\":%lld,\"channel\":%d,\"start\":%.3f,\"end\":%.3f,\"mean\":%.4f,\"uri\":\"data:audio/flac;base64,", c->n++ ? ",\n" : "",
               (long long)it->item, place->channel, clip.start_s, clip.end_s, s->mean_fake);
    vx_base64_add(&text, flac, len);
    vx_buf_str(&text, "\"}");
    if (text.failed)
        rc = vx_fail_nomem(err, "a clip");
    else
        fwrite(text.data, 1, text.len, c->to);
done:
    unlink(c->path);
    vx_item_clear(&item);
    vx_buf_free(&text);
    free(flac);
    return rc;
}

static enum vx_status put_all(struct clips *c, const char *path, size_t n, struct vx_err *err)
{
    const struct vx_stretches_config config = {.threshold = -1, .pad_s = PAD_S, .top = n};
    struct vx_stretches *stretches = NULL;
    struct vx_stretches_item item;
    enum vx_status rc = vx_stretches_open(&stretches, path, &config, err);

    while (rc == VX_OK && (rc = vx_stretches_next(stretches, &item, err)) == VX_OK)
        for (size_t i = 0; rc == VX_OK && i < item.n; i++)
            rc = put_clip(c, &item, &item.at[i], err);
    vx_stretches_close(&stretches);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_report_put_clips(const char *path, size_t n, const struct vx_opt_list *roots, struct vx_player *player, FILE *to,
                                   struct vx_log *log, struct vx_err *err)
{
    struct clips c = {.player = player, .roots = roots, .to = to, .log = log};
    const char *const temporary = getenv("TMPDIR");
    enum vx_status rc = VX_OK;

    fputs("\"clips\":[", to);
    if (n > 0) {
        if (snprintf(c.folder, sizeof c.folder, "%s/voxtrawl-report-XXXXXX", temporary && *temporary ? temporary : "/tmp") >= (int)sizeof c.folder)
            return vx_fail(err, VX_EINVAL, "TMPDIR: a name of more than %d bytes", PATH_MAX);
        if (!mkdtemp(c.folder))
            return vx_fail_sys(err, "make the folder %s for clips (TMPDIR says where)", c.folder);
        snprintf(c.path, sizeof c.path, "%s/clip.flac", c.folder);
        rc = put_all(&c, path, n, err);
        rmdir(c.folder);
    }
    fputs("]", to);
    return rc;
}
