/* Unit tests of the corpus over plain files and folders. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/tree.h"

#include "io/dirset.h"
#include "io/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void link_to(const char *root, const char *target, const char *name)
{
    assert_int_equal(symlink(target, tree_path(root, name)), 0);
}

static void test_classify(void **state)
{
    static const struct {
        const char *name;
        enum vx_name_class class;
    } rows[] = {
        {"a.wav", VX_NAME_AUDIO},       {"A.WAV", VX_NAME_AUDIO},     {"a.b.Flac", VX_NAME_AUDIO},
        {"a.png", VX_NAME_IMAGE},       {"a.JPEG", VX_NAME_IMAGE},    {"a.tar", VX_NAME_ARCHIVE},
        {"a.tar.gz", VX_NAME_ARCHIVE},  {"a.TGZ", VX_NAME_ARCHIVE},   {"a.zip", VX_NAME_ARCHIVE},
        {"a.csv", VX_NAME_MANIFEST},    {"a.tsv.gz", VX_NAME_MANIFEST}, {"a.txt", VX_NAME_MANIFEST},
        {"a.gz", VX_NAME_OTHER},        {"wav", VX_NAME_OTHER},       {".wav", VX_NAME_OTHER},
        {"", VX_NAME_OTHER},            {"a.wav.part", VX_NAME_OTHER}, {"a.wav ", VX_NAME_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vx_corpus_classify(rows[i].name), rows[i].class);
}

static void test_urls(void **state)
{
    static const struct {
        const char *path;
        bool url;
    } rows[] = {
        {"http://x/a.wav", true}, {"https://x", true}, {"s3://bucket/a", true}, {"gs+v1://x", true},
        {"a.wav", false},         {"://x", false},     {"/http://x", false},    {"a b://x", false},
        {"http:/x", false},       {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vx_path_is_url(rows[i].path), rows[i].url);
}

static void test_dirset(void **state)
{
    struct vx_dirset set = {0};
    (void)state;
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 5000; i++)
            assert_int_equal(vx_dirset_add(&set, i % 7, i), round == 0);
    assert_int_equal(vx_dirset_add(&set, 8, 1), 1);
    assert_int_equal(set.n, 5001);
    vx_dirset_free(&set);
}

static void test_no_inputs(void **state)
{
    struct vx_corpus *corpus;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_corpus_open(&corpus, NULL, 0, &err), VX_EINVAL);
    assert_null(corpus);
    vx_corpus_close(&corpus);
}

static void test_files_at_their_word(void **state)
{
    const char *root = *state, *inputs[9];
    size_t n = 0;
    struct listing l;

    tree_text(root, "a.wav", "12345");
    tree_text(root, "b.bin", "");
    tree_text(root, "c.PNG", "x");
    assert_int_equal(mkfifo(tree_path(root, "f.wav"), 0666), 0);
    inputs[n++] = tree_path(root, "c.PNG");
    inputs[n++] = tree_path(root, "a.wav");
    inputs[n++] = tree_path(root, "missing.wav");
    inputs[n++] = tree_path(root, "b.bin");
    inputs[n++] = "https://example.org/a.wav";
    inputs[n++] = "";
    inputs[n++] = tree_path(root, "f.wav");
    inputs[n++] = inputs[1];
    inputs[n++] = "/dev/null";
    listing_read(&l, inputs, n);
    listing_expect(&l, root,
                   (const char *const[]){"image: c.PNG", "audio: a.wav",
                                         "broken: missing.wav: No such file or directory", "audio: b.bin",
                                         "broken: https://example.org/a.wav: mount it, or copy it here",
                                         "broken: : No such file", "broken: f.wav: is a FIFO, not a regular file",
                                         "audio: a.wav", "broken: /dev/null: is a device"},
                   n);
    assert_int_equal(l.items[1].size, 5);
    assert_int_equal(l.items[1].ordinal, -1);
    assert_true(l.items[1].mtime > 1600000000);
    assert_int_equal(l.items[2].size, -1);
    assert_int_equal(l.stats.skipped, 0);
    listing_free(&l);
}

static bool has_an_x(void *asked, const char *path)
{
    ++*(int *)asked;
    return strchr(strrchr(path, '/'), 'x') != NULL;
}

/* What is passed over is not looked at: a link that leads nowhere would be broken, and a folder is no file whatever its name. */
static void test_filter(void **state)
{
    const char *const root = *state, *const inputs[] = {tree_path(root, "f"), tree_path(root, "m.csv")};
    static const char *const expected[] = {"f/a.wav", "f/d.x.wav", "f/d.x.wav/b.wav", "f/link-x.wav", "f/a.wav", "x/none.wav"};
    struct vx_corpus *corpus;
    struct vx_item item = {0};
    struct vx_err err;
    int asked = 0;
    size_t n = 0;

    tree_text(root, "f/a.wav", "1");
    tree_text(root, "f/x.wav", "1");
    tree_text(root, "f/x.txt", "1");
    tree_text(root, "f/d.x.wav/b.wav", "1");
    tree_text(root, "f/d.x.wav/x.png", "1");
    link_to(root, "nowhere", "f/link-x.wav");
    tree_text(root, "m.csv", "path,who\nf/a.wav,b\nf/x.wav,b\nnot-there-x.wav,c\nx/none.wav,c\n");
    assert_int_equal(vx_corpus_open(&corpus, inputs, 2, &err), VX_OK);
    vx_corpus_filter(corpus, (struct vx_corpus_filter){has_an_x, &asked});
    for (; vx_corpus_next(corpus, &item, &err) == VX_OK; n++) {
        assert_in_range(n, 0, sizeof expected / sizeof *expected - 1);
        assert_string_equal(item.path, tree_path(root, expected[n]));
        assert_int_equal(item.n_meta, n == 4 || n == 5);
    }
    assert_int_equal(n, sizeof expected / sizeof *expected);
    assert_int_equal(vx_corpus_stats(corpus).listed, 6);
    assert_int_equal(vx_corpus_stats(corpus).skipped, 1);
    assert_int_equal(asked, 8);
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
}

static void test_folder_order_and_names(void **state)
{
    const char *root = *state;

    tree_text(root, "b.wav", "");
    tree_text(root, "B.WAV", "");
    tree_text(root, "a/z.flac", "");
    tree_text(root, "a/README", "");
    tree_text(root, "a.ogg", "");
    tree_text(root, "a-1/x.Mp3", "");
    tree_text(root, "new\nline.wav", "");
    tree_text(root, "bad\xFF.wav", "");
    tree_text(root, "\xC3\xBC.wav", "");
    tree_text(root, ".hidden/.x.wav", "");
    tree_text(root, "._b.wav", ""); /* macOS's resource fork, by name */
    tree_text(root, "list.csv", "path\nb.wav\n");
    tree_text(root, "notes.pdf", "");
    tree_mkdir(root, "empty/er");
    tree_expect(root, "", 4, "audio: .hidden/.x.wav", "audio: B.WAV", "audio: a/z.flac", "audio: a-1/x.Mp3",
                "audio: a.ogg", "audio: b.wav", "audio: bad\\xFF.wav", "audio: new\\nline.wav",
                "audio: \xC3\xBC.wav", NULL);
    tree_expect(root, "a//", 1, "audio: a/z.flac", NULL);
    tree_expect(root, "empty", 0, NULL);
    tree_expect(root, "nothing", 0, "broken: nothing: No such file", NULL);
}

static void test_links(void **state)
{
    const char *root = *state;

    tree_text(root, "real/deep/a.wav", "");
    link_to(root, "..", "real/deep/up");      /* a loop */
    link_to(root, ".", "real/deep/here");     /* a shorter one */
    link_to(root, "real/deep", "a-link");     /* met before what it names: this is where it is listed */
    link_to(root, "real", "z-link");          /* met after: nothing new */
    link_to(root, "real/deep/a.wav", "b.wav"); /* a file has as many names as it has */
    link_to(root, "nowhere", "c.wav");
    link_to(root, "nowhere", "d.txt");
    link_to(root, "self.flac", "self.flac");
    tree_expect(root, "", 1, "audio: a-link/a.wav", "audio: b.wav", "broken: c.wav: No such file",
                "broken: self.flac: Too many levels", NULL);
    tree_expect(root, "z-link", 0, "audio: z-link/deep/a.wav", NULL);
}

static void test_no_recordings(void **state)
{
    const char *root = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    tree_text(root, "d.wav/in.wav", "");
    tree_text(root, "d.wav/e.png/in.jpg", "");
    tree_text(root, "e.tar/in.wav", "");
    tree_text(root, "f.csv/in.wav", "");
    assert_int_equal(mkfifo(tree_path(root, "g.wav"), 0666), 0);
    assert_int_equal(mkfifo(tree_path(root, "h.tar"), 0666), 0);
    assert_int_equal(mkfifo(tree_path(root, "i"), 0666), 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/s.wav", root);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    tree_expect(root, "", 1, "broken: d.wav: is a directory, not a recording",
                "broken: d.wav/e.png: is a directory, not a picture", "image: d.wav/e.png/in.jpg",
                "audio: d.wav/in.wav", "audio: e.tar/in.wav", "audio: f.csv/in.wav", "broken: g.wav: is a FIFO",
                "broken: h.tar: is a FIFO", "broken: s.wav: is a socket", NULL);
}

static void test_unreadable(void **state)
{
    const char *root = *state;

    if (geteuid() == 0) {
        print_message("skipped: root may read every directory\n");
        skip();
    }
    tree_text(root, "a/x.wav", "");
    tree_text(root, "b/x.wav", "");
    tree_text(root, "b/sub/x.wav", "");
    tree_text(root, "b/x.txt", "");
    tree_text(root, "c.wav/x.wav", "");
    tree_text(root, "d.wav", "");
    assert_int_equal(chmod(tree_path(root, "a"), 0), 0);
    assert_int_equal(chmod(tree_path(root, "b"), 0444), 0);
    assert_int_equal(chmod(tree_path(root, "c.wav"), 0), 0);
    tree_expect(root, "", 1, "broken: a: Permission denied", "broken: b/sub: Permission denied",
                "broken: b/x.wav: Permission denied", "broken: c.wav: Permission denied", "audio: d.wav", NULL);
    tree_expect(root, "a", 0, "broken: a: Permission denied", NULL);
    chmod(tree_path(root, "a"), 0777);
    chmod(tree_path(root, "b"), 0777);
    chmod(tree_path(root, "c.wav"), 0777);
}

/* 5,000 folders, each in the one before, and a recording beside each: paths up to 50,000 bytes. */
static void test_deep(void **state)
{
    enum { DEPTH = 5000 };
    const char *root = *state;
    int fd = open(root, O_RDONLY | O_DIRECTORY);
    struct listing l;

    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(mkdirat(fd, "directory", 0777), 0);
        const int deeper = openat(fd, "directory", O_RDONLY | O_DIRECTORY);
        close(fd);
        fd = deeper;
        const int file = openat(fd, "z.wav", O_WRONLY | O_CREAT, 0666);
        assert_true(file >= 0);
        close(file);
    }
    close(fd);
    listing_read(&l, &root, 1);
    assert_int_equal(l.n, DEPTH);
    for (size_t i = 0; i < DEPTH; i++) { /* the deepest comes first */
        assert_int_equal(l.items[i].kind, VX_ITEM_AUDIO);
        assert_int_equal(strlen(l.items[i].path), strlen(root) + 10 * (DEPTH - i) + 6);
    }
    fd = vx_path_open(l.items[0].path, 0);
    assert_true(fd >= 0);
    close(fd);
    l.items[0].path[strlen(l.items[0].path) - 1] = 'x';
    assert_int_equal(vx_path_open(l.items[0].path, 0), -1);
    assert_int_equal(errno, ENOENT);
    listing_free(&l);
}

static void test_long_component(void **state)
{
    char *path = malloc(10001);
    (void)state;
    memset(path, 'a', 10000);
    path[10000] = '\0';
    assert_int_equal(vx_path_open(path, 0), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    path[0] = '/';
    assert_int_equal(vx_path_open(path, 0), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    free(path);
}

/* A folder that goes away during the walk costs one item. */
static void test_vanishing(void **state)
{
    const char *root = *state;
    struct vx_corpus *corpus = NULL;
    struct vx_item item = {0};
    struct vx_err err;

    tree_text(root, "in/a/x.wav", "");
    tree_text(root, "in/b.wav", "");
    tree_text(root, "in/c.wav", "");
    assert_int_equal(vx_corpus_open(&corpus, (const char *const[]){tree_path(root, "in")}, 1, &err), VX_OK);
    assert_int_equal(vx_corpus_next(corpus, &item, &err), VX_OK);
    assert_int_equal(item.kind, VX_ITEM_AUDIO);
    assert_int_equal(rename(tree_path(root, "in"), tree_path(root, "out")), 0);
    assert_int_equal(vx_corpus_next(corpus, &item, &err), VX_OK);
    assert_int_equal(item.kind, VX_ITEM_BROKEN);
    assert_string_equal(item.path, tree_path(root, "in"));
    assert_int_equal(vx_corpus_next(corpus, &item, &err), VX_DONE);
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classify),   cmocka_unit_test(test_urls),     cmocka_unit_test(test_dirset),
        cmocka_unit_test(test_no_inputs),  in_tree(test_filter), in_tree(test_files_at_their_word), in_tree(test_folder_order_and_names),
        in_tree(test_links),               in_tree(test_no_recordings),     in_tree(test_unreadable),
        in_tree(test_deep),                cmocka_unit_test(test_long_component), in_tree(test_vanishing),
    };
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
