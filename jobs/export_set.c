#include "jobs/export_set.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/newfile.h"
#include "jobs/export_name.h"
#include "jobs/export_rows.h"
#include "jobs/verify_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct piece { /* of one recording: what a stretch's row says of files */
    char clip[VX_EXPORT_NAME + sizeof "clips/"];
    char *path; /* owned: of the clip */
};

struct vx_export_set {
    struct vx_export_config config;
    struct vx_newfile csv, jsonl;
    struct vx_clip *clips; /* [cap_clips], of the present recording */
    struct piece *pieces;  /* [cap_pieces], the same */
    size_t cap_clips, cap_pieces;
    struct vx_buf text;
    struct vx_export_counts counts;
};

static const struct {
    const char *word;
    enum vx_export_format format;
} format_words[] = {{"csv", VX_EXPORT_CSV}, {"jsonl", VX_EXPORT_JSONL}, {"audacity", VX_EXPORT_AUDACITY}, {"datasette", VX_EXPORT_DATASETTE}};

enum vx_status vx_export_formats_parse(unsigned *formats, const char *words, struct vx_err *err)
{
    *formats = 0;
    for (const char *p = words;; p++) {
        const size_t n = strcspn(p, ",");
        size_t i = 0;
        while (i < 4 && (strlen(format_words[i].word) != n || strncmp(p, format_words[i].word, n) != 0))
            i++;
        if (i == 4)
            return vx_fail(err, VX_EINVAL, "--format %s: \"%.*s\" is none of csv, jsonl, audacity and datasette", words, (int)n, p);
        *formats |= format_words[i].format;
        p += n;
        if (!*p)
            return VX_OK;
    }
}

static enum vx_status check_empty(const struct vx_export_config *config, struct vx_err *err)
{
    DIR *d = opendir(config->dir);
    struct dirent *e = NULL;

    if (!d)
        return errno == ENOENT ? VX_OK : vx_fail_sys(err, "%s", config->dir);
    while ((e = readdir(d)) && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0))
        ;
    closedir(d);
    if (e && !config->overwrite)
        return vx_fail(err, VX_EINVAL, "%s is not empty; give -o another folder, or --overwrite to write into it", config->dir);
    return VX_OK;
}

static enum vx_status make_folder(const char *dir, const char *name, struct vx_err *err)
{
    char *path = vx_file_join(dir, name);
    const enum vx_status rc = path ? vx_file_mkdirs(path, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

static enum vx_status open_table(struct vx_newfile *f, const char *dir, const char *name, struct vx_err *err)
{
    char *path = vx_file_join(dir, name);
    const enum vx_status rc = path ? vx_newfile_open(f, path, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

/* What is in set->text goes to the end of f. */
static enum vx_status append(struct vx_export_set *set, struct vx_newfile *f, struct vx_err *err)
{
    if (set->text.failed)
        return vx_fail_nomem(err, "a row");
    if (fwrite(set->text.data, 1, set->text.len, f->to) != set->text.len)
        return vx_fail_sys(err, "write %s", f->partial);
    vx_buf_reset(&set->text);
    return VX_OK;
}

enum vx_status vx_export_set_open(struct vx_export_set **out, const struct vx_export_config *config, struct vx_err *err)
{
    struct vx_export_set *set = vx_calloc(1, sizeof *set);
    enum vx_status rc;

    *out = NULL;
    if (!set)
        return vx_fail_nomem(err, "an export");
    set->config = *config;
    if ((rc = check_empty(config, err)) != VX_OK || (rc = vx_file_mkdirs(config->dir, err)) != VX_OK ||
        ((config->formats & VX_EXPORT_AUDACITY) && (rc = make_folder(config->dir, "labels", err)) != VX_OK) ||
        (config->clips && (rc = make_folder(config->dir, "clips", err)) != VX_OK) ||
        ((config->formats & VX_EXPORT_JSONL) && (rc = open_table(&set->jsonl, config->dir, "stretches.jsonl", err)) != VX_OK))
        goto done;
    if (config->formats & VX_EXPORT_CSV) {
        vx_export_csv_header(&set->text);
        if ((rc = open_table(&set->csv, config->dir, "stretches.csv", err)) != VX_OK || (rc = append(set, &set->csv, err)) != VX_OK)
            goto done;
    }
    *out = set;
    set = NULL;
done:
    vx_export_set_close(&set);
    return rc;
}

void vx_export_set_close(struct vx_export_set **out)
{
    struct vx_export_set *set = *out;

    if (!set)
        return;
    vx_newfile_drop(&set->csv);
    vx_newfile_drop(&set->jsonl);
    free(set->clips);
    free(set->pieces);
    vx_buf_free(&set->text);
    free(set);
    *out = NULL;
}

const struct vx_export_counts *vx_export_set_counts(const struct vx_export_set *set)
{
    return &set->counts;
}

/* The clips of a recording, and their names; how each went is in set->clips. */
static enum vx_status cut_clips(struct vx_export_set *set, const struct vx_stretches_item *item, struct vx_err *err)
{
    struct vx_item source = {.path = vx_verify_map(&set->config.roots, item->path), .member = item->member ? strdup(item->member) : NULL, .ordinal = -1,
                             .offset = -1, .size = item->size};
    struct vx_err why;
    enum vx_status rc = VX_OK;

    if (!source.path || (item->member && !source.member))
        rc = vx_fail_nomem(err, "a path");
    for (size_t i = 0; i < item->n; i++)
        set->pieces[i].path = NULL;
    for (size_t i = 0; rc == VX_OK && i < item->n; i++) {
        struct piece *p = &set->pieces[i];
        char name[VX_EXPORT_NAME];
        vx_export_clip_name(name, item, &item->at[i], set->config.type == VX_CLIP_FLAC ? "flac" : "wav");
        snprintf(p->clip, sizeof p->clip, "clips/%s", name);
        if (!(p->path = vx_file_join(set->config.dir, p->clip)))
            rc = vx_fail_nomem(err, "a path");
        set->clips[i] = (struct vx_clip){.start_s = item->at[i].stretch.clip_start_s, .end_s = item->at[i].stretch.clip_end_s,
                                         .path = p->path};
    }
    if (rc == VX_OK) {
        const enum vx_status cut = vx_clips_cut(set->config.player, &source, set->clips, item->n, set->config.type, &why);
        if (cut == VX_ENOMEM || cut == VX_ELOST)
            rc = vx_fail(err, cut, "%s", why.text);
    }
    for (size_t i = 0; i < item->n; i++) {
        free(set->pieces[i].path);
        set->clips[i].path = NULL;
    }
    vx_item_clear(&source);
    return rc;
}

static enum vx_status write_labels(struct vx_export_set *set, const struct vx_stretches_item *item, const char *labels, struct vx_err *err)
{
    struct vx_newfile track = {0};
    enum vx_status rc;

    for (size_t i = 0; i < item->n; i++)
        vx_export_label(&set->text, &(struct vx_export_row){.item = item, .place = &item->at[i]});
    if ((rc = open_table(&track, set->config.dir, labels, err)) == VX_OK && (rc = append(set, &track, err)) == VX_OK)
        rc = vx_newfile_publish(&track, err);
    vx_newfile_drop(&track);
    return rc;
}

static enum vx_status write_row(struct vx_export_set *set, const struct vx_export_row *row, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    if (set->config.formats & VX_EXPORT_CSV) {
        vx_export_csv_row(&set->text, row);
        rc = append(set, &set->csv, err);
    }
    if (rc == VX_OK && (set->config.formats & VX_EXPORT_JSONL)) {
        vx_export_json_row(&set->text, row);
        rc = append(set, &set->jsonl, err);
    }
    return rc;
}

enum vx_status vx_export_set_add(struct vx_export_set *set, const struct vx_stretches_item *item, struct vx_err *err)
{
    char name[VX_EXPORT_NAME], labels[VX_EXPORT_NAME + sizeof "labels/.txt"];
    void *clips = set->clips, *pieces = set->pieces;
    const bool tracks = set->config.formats & VX_EXPORT_AUDACITY;
    enum vx_status rc = VX_OK;

    if (vx_grow(&clips, &set->cap_clips, item->n, sizeof *set->clips) != 0)
        return vx_fail_nomem(err, "clips");
    set->clips = clips;
    if (vx_grow(&pieces, &set->cap_pieces, item->n, sizeof *set->pieces) != 0)
        return vx_fail_nomem(err, "clips");
    set->pieces = pieces;
    vx_export_name(name, item);
    snprintf(labels, sizeof labels, "labels/%s.txt", name);
    if (tracks)
        rc = write_labels(set, item, labels, err);
    if (rc == VX_OK && set->config.clips)
        rc = cut_clips(set, item, err);
    for (size_t i = 0; rc == VX_OK && i < item->n; i++) {
        const bool cut = set->config.clips && set->clips[i].written, failed = set->config.clips && !cut;
        rc = write_row(set, &(struct vx_export_row){.item = item, .place = &item->at[i], .clip = cut ? set->pieces[i].clip : NULL,
                                                    .labels = tracks ? labels : NULL,
                                                    .error = failed ? set->clips[i].err.text : NULL}, err);
        set->counts.stretches++;
        set->counts.clips += cut;
        set->counts.failed += failed;
        set->counts.seconds += item->at[i].stretch.end_s - item->at[i].stretch.start_s;
    }
    set->counts.recordings++;
    return rc;
}

/* All label tracks and clips to disk at once: to wait for each would take longer than the rest. */
static enum vx_status sync_folder(const char *dir, struct vx_err *err)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const enum vx_status rc = fd >= 0 && syncfs(fd) == 0 ? VX_OK : vx_fail_sys(err, "write %s to disk", dir);

    if (fd >= 0)
        close(fd);
    return rc;
}

enum vx_status vx_export_set_commit(struct vx_export_set *set, struct vx_err *err)
{
    enum vx_status rc = sync_folder(set->config.dir, err);

    if (rc == VX_OK && set->jsonl.to)
        rc = vx_newfile_commit(&set->jsonl, err);
    if (rc == VX_OK && set->csv.to)
        rc = vx_newfile_commit(&set->csv, err);
    return rc;
}
