#include "tests/unit/io/tree.h"
#include "tests/harness/cmocka.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

char *tree_create(void)
{
    const char *tmp = getenv("TMPDIR");
    char *root = vx_file_join(tmp && *tmp ? tmp : "/tmp", "vx-io-XXXXXX");

    must(root && mkdtemp(root), "mkdtemp");
    return root;
}

void tree_remove(char **root)
{
    char rm[] = "rm", rf[] = "-rf", end[] = "--"; /* rm(1) also knows trees deeper than a path can say */
    char *argv[] = {rm, rf, end, *root, NULL};
    int status = 0;
    pid_t pid;

    must(posix_spawnp(&pid, "rm", NULL, NULL, argv, environ) == 0, "rm");
    must(waitpid(pid, &status, 0) == pid && status == 0, "rm -rf");
    free(*root);
    *root = NULL;
}

int tree_setup(void **state)
{
    *state = tree_create();
    return 0;
}

int tree_teardown(void **state)
{
    char *root = *state;

    tree_remove(&root);
    return 0;
}

const char *tree_path(const char *root, const char *name)
{
    static char ring[64][4096];
    static size_t turn;
    char *path = ring[turn++ % 64];

    must(snprintf(path, sizeof *ring, "%s/%s", root, name) < (int)sizeof *ring, "a path that is too long");
    return path;
}

void tree_mkdir(const char *root, const char *name)
{
    struct vx_err err;

    must(vx_file_mkdirs(tree_path(root, name), &err) == VX_OK, name);
}

void tree_write(const char *root, const char *name, const void *data, size_t len)
{
    const char *path = tree_path(root, name), *slash = strrchr(name, '/');
    int fd;

    if (slash) {
        char *parent = strndup(name, (size_t)(slash - name));
        tree_mkdir(root, parent);
        free(parent);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    must(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0, path);
}

void tree_text(const char *root, const char *name, const char *text)
{
    tree_write(root, name, text, strlen(text));
}

const struct vx_corpus_limits *tree_limits;

void listing_read(struct listing *l, const char *const *inputs, size_t n)
{
    struct vx_corpus *corpus = NULL;
    struct vx_item item = {0};
    struct vx_err err = {0};
    enum vx_status rc;

    *l = (struct listing){0};
    assert_int_equal(vx_corpus_open(&corpus, inputs, n, &err), VX_OK);
    if (tree_limits)
        vx_corpus_limit(corpus, *tree_limits);
    while ((rc = vx_corpus_next(corpus, &item, &err)) == VX_OK) {
        void *items = l->items;
        must(vx_grow(&items, &l->cap, l->n + 1, sizeof item) == 0, "memory");
        l->items = items;
        l->items[l->n++] = item;
        item = (struct vx_item){0};
    }
    assert_int_equal(rc, VX_DONE);
    assert_int_equal(vx_corpus_next(corpus, &item, &err), VX_DONE);
    l->stats = vx_corpus_stats(corpus);
    assert_int_equal(l->stats.listed, l->n);
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
    assert_null(corpus);
}

void listing_free(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        vx_item_clear(&l->items[i]);
    free(l->items);
    *l = (struct listing){0};
}

/* An item as listing_expect() writes it, without a BROKEN one's problem. */
static char *describe(const struct vx_item *item, const char *root)
{
    static const char *const kind[] = {"audio", "image", "broken"};
    const size_t len = strlen(root);
    const char *path = item->path;
    char *text = NULL, *printable;

    assert_true(item->id == 0 && path && (item->problem != NULL) == (item->kind == VX_ITEM_BROKEN));
    if (strncmp(path, root, len) == 0 && path[len] == '/')
        path += len + 1;
    must(asprintf(&text, "%s: %s%s%s", kind[item->kind], path, item->member ? "!" : "",
                  item->member ? item->member : "") >= 0, "memory");
    printable = vx_text_printable(text);
    free(text);
    return printable;
}

void listing_expect(const struct listing *l, const char *root, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < l->n || i < n; i++) {
        char *got = i < l->n ? describe(&l->items[i], root) : NULL;
        const char *problem = i < l->n && l->items[i].problem ? l->items[i].problem : "";
        const size_t len = got ? strlen(got) : 0;
        const char *want = i < n ? lines[i] : NULL;
        const bool same = got && want && strncmp(got, want, len) == 0 &&
                          (*problem ? strncmp(want + len, ": ", 2) == 0 && strstr(problem, want + len + 2)
                                    : want[len] == '\0');
        if (!same)
            fail_msg("item %zu of %zu is \"%s\" (%s), expected \"%s\"", i, l->n, got ? got : "missing", problem,
                     want ? want : "no further one");
        free(got);
    }
}

void tree_expect(const char *root, const char *name, int64_t skipped, ...)
{
    const char *input = *name ? tree_path(root, name) : root, *lines[64];
    struct listing l;
    size_t n = 0;
    va_list ap;

    va_start(ap, skipped);
    while ((lines[n] = va_arg(ap, const char *)) != NULL)
        n++;
    va_end(ap);
    listing_read(&l, &input, 1);
    listing_expect(&l, root, lines, n);
    assert_int_equal(l.stats.skipped, skipped);
    listing_free(&l);
}
