#include "io/folder.h"
#include "base/buf.h"
#include "base/mem.h"
#include "io/corpus.h"
#include "io/dirset.h"
#include "io/found.h"
#include "io/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A directory on the way from the root to where the walk is. */
struct level {
    struct vx_buf text; /* its names, one after the other, each with its NUL */
    const char **names; /* [n] into text, sorted */
    size_t n, next;
    size_t path_len; /* of folder.path, with the slash at its end */
};

struct vx_folder {
    struct vx_buf path; /* of the last level, with a slash at its end */
    struct level *levels;
    size_t n_levels, cap_levels;
    int dir; /* the last level's directory; -1: to be opened again */
    bool started;
    struct vx_dirset entered;
    const struct vx_corpus_filter *filter; /* borrowed; NULL: all are meant */
    int64_t skipped;
};

enum vx_status vx_folder_open(struct vx_folder **out, const char *path, struct vx_err *err)
{
    struct vx_folder *f = vx_calloc(1, sizeof *f);
    size_t len = strlen(path);

    *out = NULL;
    if (!f)
        return vx_fail_nomem(err, "a folder's walk");
    f->dir = -1;
    while (len > 1 && path[len - 1] == '/')
        len--;
    vx_buf_add(&f->path, path, len);
    if (len > 0 && path[len - 1] != '/')
        vx_buf_str(&f->path, "/");
    if (f->path.failed) {
        vx_folder_close(&f);
        return vx_fail_nomem(err, "a folder's path");
    }
    *out = f;
    return VX_OK;
}

void vx_folder_filter(struct vx_folder *folder, const struct vx_corpus_filter *filter)
{
    folder->filter = filter;
}

static void free_level(struct level *l)
{
    vx_buf_free(&l->text);
    free(l->names);
}

void vx_folder_close(struct vx_folder **folder)
{
    struct vx_folder *f = *folder;

    if (!f)
        return;
    for (size_t i = 0; i < f->n_levels; i++)
        free_level(&f->levels[i]);
    free(f->levels);
    if (f->dir >= 0)
        close(f->dir);
    vx_dirset_free(&f->entered);
    vx_buf_free(&f->path);
    free(f);
    *folder = NULL;
}

int64_t vx_folder_skipped(const struct vx_folder *folder)
{
    return folder->skipped;
}

static bool wanted(enum vx_name_class class)
{
    return class == VX_NAME_AUDIO || class == VX_NAME_IMAGE || class == VX_NAME_ARCHIVE;
}

static void cut_path(struct vx_folder *f, size_t len)
{
    f->path.len = len;
    f->path.data[len] = '\0';
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file `name` in the directory that f->path names, which another lists. */
static bool passed_over(struct vx_folder *f, const char *name, enum vx_name_class class)
{
    const size_t len = f->path.len;

    if (!f->filter || !f->filter->pass_over || (class != VX_NAME_AUDIO && class != VX_NAME_IMAGE))
        return false;
    vx_buf_str(&f->path, name);
    if (f->path.failed) /* said by who needs the path */
        return false;
    const bool over = f->filter->pass_over(f->filter->ctx, f->path.data);
    cut_path(f, len);
    return over;
}

/* The names in *dir that may be items or directories, sorted. *error gets the errno of a listing that broke off. */
static enum vx_status read_names(struct vx_folder *f, DIR *dir, struct level *l, int *error, struct vx_err *err)
{
    const char *name;
    struct dirent *e;

    while (errno = 0, (e = readdir(dir)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        const enum vx_name_class class = vx_corpus_classify(e->d_name);
        if (e->d_type == DT_REG && !wanted(class)) {
            f->skipped++;
            continue;
        }
        if (e->d_type == DT_REG && passed_over(f, e->d_name, class))
            continue;
        vx_buf_add(&l->text, e->d_name, strlen(e->d_name) + 1);
        l->n++;
    }
    *error = errno;
    l->names = vx_calloc(l->n, sizeof *l->names);
    if (l->text.failed || !l->names)
        return vx_fail_nomem(err, "a directory's names");
    name = l->text.data;
    for (size_t i = 0; i < l->n; i++, name += strlen(name) + 1)
        l->names[i] = name;
    qsort(l->names, l->n, sizeof *l->names, by_bytes);
    return VX_OK;
}

/* Makes the directory `fd`, which f->path names, the last level; takes fd. One that was entered before is left alone.
 * *error gets the errno when it cannot be read, or not to its end. */
static enum vx_status enter(struct vx_folder *f, int fd, int *error, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct level level = {.path_len = f->path.len};
    void *levels = f->levels;
    DIR *dir = NULL;
    struct stat sb;
    int added;

    *error = 0;
    if (fd < 0 || fstat(fd, &sb) < 0 || !(dir = fdopendir(fd))) {
        *error = errno;
        goto done;
    }
    fd = -1;
    if ((added = vx_dirset_add(&f->entered, sb.st_dev, sb.st_ino)) < 0) {
        rc = vx_fail_nomem(err, "the directories entered");
        goto done;
    }
    if (added == 0)
        goto done;
    if ((rc = read_names(f, dir, &level, error, err)) != VX_OK)
        goto done;
    if (vx_grow(&levels, &f->cap_levels, f->n_levels + 1, sizeof *f->levels) < 0) {
        rc = vx_fail_nomem(err, "the levels of a folder");
        goto done;
    }
    f->levels = levels;
    f->levels[f->n_levels++] = level;
    level = (struct level){0};
    if (f->dir >= 0)
        close(f->dir);
    f->dir = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 0); /* -1: opened again when needed */
done:
    free_level(&level);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return rc;
}

static void leave(struct vx_folder *f)
{
    free_level(&f->levels[--f->n_levels]);
    if (f->dir >= 0)
        close(f->dir);
    f->dir = -1;
    if (f->n_levels > 0)
        cut_path(f, f->levels[f->n_levels - 1].path_len);
}

/* What f->path names cannot be read. */
static enum vx_status broken(struct vx_folder *f, struct vx_item *item, int error, struct vx_err *err)
{
    const size_t len = f->path.len;
    const bool slash = len > 1 && f->path.data[len - 1] == '/';
    enum vx_status rc;
    char why[128];

    if (slash)
        cut_path(f, len - 1);
    rc = vx_found_broken(item, f->path.data, NULL, err, "%s", strerror_r(error, why, sizeof why));
    if (slash)
        vx_buf_str(&f->path, "/"); /* there is room */
    return rc;
}

/* f->path names a directory in the last level. *filled: *item is BROKEN for it. */
static enum vx_status visit_directory(struct vx_folder *f, const char *name, enum vx_name_class class,
                                      struct vx_item *item, bool *filled, struct vx_err *err)
{
    const size_t parent = f->levels[f->n_levels - 1].path_len, depth = f->n_levels;
    enum vx_status rc;
    int error;

    vx_buf_str(&f->path, "/");
    if (f->path.failed)
        return vx_fail_nomem(err, "a path");
    rc = enter(f, openat(f->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK), &error, err);
    if (rc != VX_OK)
        return rc;
    *filled = true;
    if (error != 0) {
        rc = broken(f, item, error, err);
    } else if (f->n_levels > depth && (class == VX_NAME_AUDIO || class == VX_NAME_IMAGE)) {
        f->path.data[f->path.len - 1] = '\0'; /* for the item, without its slash */
        rc = vx_found_broken(item, f->path.data, NULL, err,
                               "is a directory, not a %s; what it holds is listed by itself",
                               class == VX_NAME_AUDIO ? "recording" : "picture");
        f->path.data[f->path.len - 1] = '/';
    } else {
        *filled = false;
    }
    if (f->n_levels == depth)
        cut_path(f, parent);
    return rc;
}

/* The next name of the last level. *filled: *item is one to give out. */
static enum vx_status visit(struct vx_folder *f, const char *name, struct vx_item *item, bool *archive, bool *filled,
                            struct vx_err *err)
{
    const enum vx_name_class class = vx_corpus_classify(name);
    const size_t parent = f->path.len;
    enum vx_status rc = VX_OK;
    struct stat sb;
    int error = 0;

    *archive = false;
    *filled = true;
    vx_buf_str(&f->path, name);
    if (f->path.failed)
        return vx_fail_nomem(err, "a path");
    if (fstatat(f->dir, name, &sb, 0) < 0)
        error = errno;
    else if (S_ISDIR(sb.st_mode))
        return visit_directory(f, name, class, item, filled, err);

    if (error != 0 && (wanted(class) || (error != ENOENT && error != ELOOP))) {
        rc = broken(f, item, error, err);
    } else if (error != 0 || !wanted(class)) { /* a dangling link with another name is no loss */
        *filled = false;
        f->skipped++;
    } else if (!S_ISREG(sb.st_mode)) {
        rc = vx_found_broken(item, f->path.data, NULL, err, "is %s, not a regular file", vx_path_type(sb.st_mode));
    } else {
        *archive = class == VX_NAME_ARCHIVE;
        rc = vx_found_file(item, class == VX_NAME_IMAGE ? VX_ITEM_IMAGE : VX_ITEM_AUDIO, f->path.data, &sb, err);
    }
    cut_path(f, parent);
    return rc;
}

enum vx_status vx_folder_next(struct vx_folder *f, struct vx_item *item, bool *archive, struct vx_err *err)
{
    enum vx_status rc;
    bool filled;
    int error;

    *archive = false;
    if (!f->started) {
        f->started = true;
        rc = enter(f, vx_path_open(f->path.data, O_DIRECTORY), &error, err);
        if (rc != VX_OK || error != 0)
            return rc != VX_OK ? rc : broken(f, item, error, err);
    }
    while (f->n_levels > 0) {
        struct level *last = &f->levels[f->n_levels - 1];
        if (last->next == last->n) {
            leave(f);
            continue;
        }
        /* One descriptor in all, however deep the tree: a level come back to is opened again. */
        if (f->dir < 0 && (f->dir = vx_path_open(f->path.data, O_DIRECTORY)) < 0) {
            last->next = last->n; /* it vanished meanwhile */
            return broken(f, item, errno, err);
        }
        rc = visit(f, last->names[last->next++], item, archive, &filled, err);
        if (rc != VX_OK || filled)
            return rc;
    }
    return VX_DONE;
}
