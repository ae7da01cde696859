/* test_player.c - recordings heard through processes: the same frames as without, in any order; processes that lie, hang or die */
#include "io/player.h"
#include "io/decoder_wire.h"
#include "io/image.h"
#include "io/player_serve.h"
#include "io/sandbox.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RATE 8000
#define SIDE 300 /* of a picture: more than the places of sound have room for */
#define LONG ((int)(3 * VX_PLAYER_SAMPLES / 2 + 17)) /* frames of two channels: three places and a bit */

static char *root;

/* --- in the player's process --- */

static enum lie { HONEST, SHORT, ODD_STATUS, NO_OPENED, NO_SIZE, ASKS_ON, NO_CHANNELS, MANY_CHANNELS, NO_RATE, OTHER_PLACE, MANY_FRAMES, FULL_FAILURE,
                  SILENCE, SAYS_OPENED, LARGE, LESS, ENDLESS } lie; /* a nursery's processes have what was set before it was opened */

static void say(int sock, struct vx_player_note note, size_t len)
{
    struct vx_err err;

    (void)!vx_dec_send(sock, &note, len, NULL, 0, -1, &err);
}

/* The answer to an ITEM. False: nothing more comes. */
static bool lie_of_item(int sock)
{
    struct vx_player_note note = {.says = VX_PLAYER_OPENED, .info = {.sample_rate = RATE, .channels = 2}};

    switch (lie) {
    case SHORT:
        say(sock, note, sizeof note - 1);
        return false;
    case ODD_STATUS:
        note.status = 1000;
        break;
    case NO_OPENED:
        note.says = VX_PLAYER_SOUND;
        break;
    case NO_SIZE:
        note.size = -1;
        break;
    case LARGE:
        note.size = (int64_t)17 << 20;
        break;
    case LESS:
        note.size = 100;
        break;
    case ENDLESS:
        note.size = 16 << 20;
        break;
    case NO_CHANNELS:
        note.info.channels = 0;
        break;
    case MANY_CHANNELS:
        note.info.channels = VX_PLAYER_MAX_CHANNELS + 1;
        break;
    case NO_RATE:
        note.info.sample_rate = -1;
        break;
    case ASKS_ON:
        note.says = VX_PLAYER_OPEN;
        say(sock, note, sizeof note);
        break;
    default:
        break;
    }
    memset(note.info.format, 'x', sizeof note.info.format); /* without an end */
    say(sock, note, sizeof note);
    return true;
}

/* Notes about sound, or bytes, until the user has enough. */
static int liar(int sock)
{
    struct vx_player_note note = {.says = VX_PLAYER_SOUND};
    struct vx_dec_order given;
    char order[sizeof(struct vx_dec_order) + VX_DEC_NAMES];
    struct vx_err err;
    size_t len;

    if (vx_dec_receive(sock, order, sizeof order, &len, NULL, &err) != VX_OK || !lie_of_item(sock))
        return 0;
    memcpy(&given, order, sizeof given);
    note.frames = given.what == VX_DEC_BYTES ? VX_PLAYER_PLACE : VX_PLAYER_SAMPLES / 2;
    note.place = lie == OTHER_PLACE;
    note.frames += lie == MANY_FRAMES;
    note.status = lie == FULL_FAILURE ? VX_EFORMAT : VX_OK;
    note.says = lie == SAYS_OPENED ? VX_PLAYER_OPENED : VX_PLAYER_SOUND;
    while (vx_dec_receive(sock, order, sizeof order, &len, NULL, &err) == VX_OK) {
        if (lie != SILENCE)
            say(sock, note, sizeof note);
        if (lie > SAYS_OPENED)
            note.place = (note.place + 1) % VX_PLAYER_PLACES;
    }
    return 0;
}

static int items; /* that the process was given so far */
static bool spoilt; /* by one of them */

static void before(const struct vx_item *item)
{
    signal(SIGSEGV, SIG_DFL); /* not a sanitizer's report */
    if (strstr(item->path, "crashes"))
        raise(SIGSEGV);
    if (strstr(item->path, "orphans")) {
        kill(getppid(), SIGKILL);
        pause(); /* it dies with that one */
    }
    if (strstr(item->path, "exits"))
        _exit(3);
    if (strstr(item->path, "connects"))
        (void)!socket(AF_INET, SOCK_STREAM, 0);
    while (strstr(item->path, "hangs") || spoilt)
        pause();
    spoilt = strstr(item->path, "spoils") != NULL;
    if (strstr(item->path, "later") && items++ > 0) /* spoilt by an item before it */
        raise(SIGSEGV);
    items++;
}

static int life(int sock, int memory, const void *config)
{
    return lie == HONEST ? vx_player_serve(sock, memory, config, before) : liar(sock);
}

/* --- in the test --- */

static bool sandboxed(void)
{
    struct vx_err err;

    return vx_sandbox_available(&err) == VX_OK;
}

struct pair { /* the same recordings, through processes and here */
    struct vx_nursery *nursery;
    struct vx_player *there, *here;
};

static bool kept, free_to_kill; /* whether processes are, from the next pair on */

static void pair_open(struct pair *p, enum lie how, double timeout_s)
{
    struct vx_player_config config = {.max_member_bytes = 16u << 20, .sandbox = sandboxed() && !free_to_kill, .timeout_s = timeout_s, .as_scanned = true,
                                      .processor = vx_processor_default(), .image_size = SIDE};
    struct vx_err err;

    lie = how;
    assert_int_equal(vx_player_create(&p->here, &config, &err), VX_OK);
    assert_int_equal(vx_nursery_open(&p->nursery, life, &err), VX_OK);
    config.nursery = p->nursery;
    config.kept = kept;
    config.data_bytes = (uint64_t)256 << 20;
    assert_int_equal(vx_player_create(&p->there, &config, &err), VX_OK);
}

static void pair_close(struct pair *p)
{
    vx_player_destroy(&p->there);
    vx_player_destroy(&p->here);
    vx_nursery_close(&p->nursery);
}

static struct vx_item item_of(const char *name, const char *member)
{
    return (struct vx_item){.path = (char *)(uintptr_t)tree_path(root, name), .member = (char *)(uintptr_t)member, .ordinal = -1, .offset = -1,
                            .size = -1};
}

static void write_wav(const char *name, int channels, int frames, unsigned seed)
{
    SF_INFO info = {.samplerate = RATE, .channels = channels, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *const file = sf_open(tree_path(root, name), SFM_WRITE, &info);
    short *const samples = malloc((size_t)frames * (size_t)channels * sizeof *samples);

    assert_true(file && samples);
    for (int i = 0; i < frames * channels; i++)
        samples[i] = (short)(seed = seed * 1103515245u + 12345u);
    assert_int_equal(sf_writef_short(file, samples, frames), frames);
    sf_close(file);
    free(samples);
}

/* The item is the same through a process, read in pieces of n frames, up to `most` of them. */
static void expect_same(struct pair *p, const struct vx_item *item, size_t n, size_t most)
{
    struct vx_sound *there = NULL, *here = NULL;
    struct vx_audio_info a = {0}, b = {0};
    struct vx_err err, other;
    char warned[256], warning[256];
    size_t got;

    const enum vx_status rc = vx_player_open(p->here, item, &here, &other);
    if (vx_player_open(p->there, item, &there, &err) != rc || (rc != VX_OK && strcmp(err.text, other.text) != 0))
        fail_msg("%s: \"%s\" and \"%s\"", item->path, err.text, other.text);
    if (rc != VX_OK)
        return;
    const size_t channels = (size_t)vx_sound_channels(here);
    float *const x = calloc(n * channels, sizeof *x), *const y = calloc(n * channels, sizeof *y);
    assert_true(x && y);
    assert_int_equal(vx_sound_channels(there), channels);
    assert_int_equal(vx_sound_rate(there), vx_sound_rate(here));
    vx_sound_describe(there, &a);
    vx_sound_describe(here, &b);
    assert_string_equal(a.format, b.format);
    assert_string_equal(a.decoder, b.decoder);
    for (size_t at = 0; at < most; at += got) {
        got = vx_sound_read(here, x, n);
        assert_int_equal(vx_sound_read(there, y, n), got);
        assert_memory_equal(x, y, got * channels * sizeof *x);
        if (got < n) {
            const enum vx_status whole = vx_sound_complete(here, &other);
            assert_int_equal(vx_sound_complete(there, &err), whole);
            if (whole != VX_OK)
                assert_string_equal(err.text, other.text);
            vx_sound_warning(here, warned, sizeof warned);
            vx_sound_warning(there, warning, sizeof warning);
            assert_string_equal(warning, warned);
            break;
        }
    }
    vx_sound_close(&there);
    vx_sound_close(&here);
    free(x);
    free(y);
}

static void same_frames(void **state)
{
    const size_t pieces[] = {1000, VX_PLAYER_SAMPLES / 2, 3 * VX_PLAYER_SAMPLES};
    struct pair p;

    root = *state;
    write_wav("long.wav", 2, LONG, 1);
    write_wav("even.wav", 1, 2 * (int)VX_PLAYER_SAMPLES, 2); /* ends with a place */
    write_wav("wide.wav", 7, 30000, 3);
    write_wav("cut.wav", 1, 9000, 4);
    tree_text(root, "text.wav", "no recording");
    tree_text(root, "empty.wav", "");
    assert_int_equal(truncate(tree_path(root, "cut.wav"), 9000), 0);
    pair_open(&p, HONEST, 20);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *const names[] = {"long.wav", "even.wav", "wide.wav", "cut.wav", "text.wav", "gone.wav", "empty.wav", "long.wav"};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            const struct vx_item item = item_of(names[k], NULL);
            expect_same(&p, &item, pieces[i], SIZE_MAX);
            expect_same(&p, &item, pieces[i], 1); /* left in the middle, and begun again */
            expect_same(&p, &item, pieces[i], SIZE_MAX);
        }
    }
    struct vx_item item = item_of("long.wav", NULL);
    item.size = 44 + 4 * LONG;
    expect_same(&p, &item, 5000, SIZE_MAX);
    item.size++;
    expect_same(&p, &item, 5000, SIZE_MAX); /* the same words about it */
    pair_close(&p);
}

static void write_png(const char *name, int w, int h, unsigned seed)
{
    uint8_t *const rgb = malloc((size_t)w * (size_t)h * 3);
    struct vx_err err;

    assert_non_null(rgb);
    for (int i = 0; i < w * h * 3; i++)
        rgb[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
    assert_int_equal(vx_image_write_png(tree_path(root, name), rgb, w, h, &err), VX_OK);
    free(rgb);
}

static void expect_same_hash(struct pair *p, const struct vx_item *item, struct vx_hash_rule rule)
{
    char there[VX_HASH_TEXT], here[VX_HASH_TEXT];
    int64_t size, size_there;
    struct vx_err err, other;
    const enum vx_status rc = vx_player_hash(p->here, item, rule, &size, here, &other);

    if (vx_player_hash(p->there, item, rule, &size_there, there, &err) != rc || (rc != VX_OK && strcmp(err.text, other.text) != 0))
        fail_msg("%s/%s: \"%s\" and \"%s\"", item->path, item->member ? item->member : "", err.text, other.text);
    assert_string_equal(there, here);
    assert_int_equal(size_there, size);
    assert_int_equal(*here != '\0', rc == VX_OK);
}

/* Of bytes, of samples; of members that fill places wholly, or a bit, or not at all. */
static void same_hashes(void **state)
{
    static const struct vx_hash_rule rules[] = {{VX_HASH_BYTES, false}, {VX_HASH_BYTES, true}, {VX_HASH_PCM, false}, {VX_HASH_PCM, true}};
    static const char *const names[] = {"long.wav", "full.wav", "two.wav", "over.wav", "cut.wav", "empty.wav", "gone.wav", "a.png", "long.wav"};
    static const char *const packs[] = {"all.tar", "all.tar.gz", "all.zip", "cut.tar", "cut.tar.gz", "gone.tar", NULL};
    const size_t sizes[] = {VX_PLAYER_PLACE, 2 * VX_PLAYER_PLACE, 3 * VX_PLAYER_PLACE + 1};
    char *const zeros = calloc(sizes[2], 1);
    struct pair p;

    root = *state;
    assert_non_null(zeros);
    write_wav("long.wav", 2, 2 * LONG, 1);
    for (size_t i = 0; i < 3; i++)
        tree_write(root, names[1 + i], zeros, sizes[i]);
    free(zeros);
    write_wav("cut.wav", 1, 9000, 4);
    assert_int_equal(truncate(tree_path(root, "cut.wav"), 9000), 0);
    tree_text(root, "empty.wav", "");
    write_png("a.png", 40, 30, 1);
    struct pack_entry entries[sizeof names / sizeof *names - 1] = {{0}};
    for (size_t i = 0, n = 0; i < sizeof names / sizeof *names - 1; i++)
        if (strcmp(names[i], "gone.wav") != 0)
            entries[n++] = (struct pack_entry){names[i], PACK_COPY, tree_path(root, names[i])};
    pack_write(tree_path(root, "all.tar"), "ustar", NULL, NULL, entries, 0);
    pack_write(tree_path(root, "all.tar.gz"), "ustar", "gzip", NULL, entries, 0);
    pack_write(tree_path(root, "all.zip"), "zip", NULL, NULL, entries, 0);
    pack_write(tree_path(root, "cut.tar"), "ustar", NULL, NULL, entries, 0);
    pack_write(tree_path(root, "cut.tar.gz"), "ustar", "gzip", NULL, entries, 0);
    assert_int_equal(truncate(tree_path(root, "cut.tar"), 1000000), 0);
    assert_int_equal(truncate(tree_path(root, "cut.tar.gz"), 200000), 0);
    pair_open(&p, HONEST, 20);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        for (size_t k = 0; k < sizeof packs / sizeof *packs; k++)
            for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                const struct vx_item item = item_of(packs[k] ? packs[k] : names[i], packs[k] ? names[i] : NULL);
                expect_same_hash(&p, &item, rules[r]);
                if (i == 2 && packs[k]) { /* sound between bytes, left in the middle */
                    const struct vx_item sound = item_of(packs[k], "long.wav");
                    expect_same(&p, &sound, 1000, 1);
                    expect_same_hash(&p, &item, rules[r]);
                }
            }
    pair_close(&p);
}

static void members_in_any_order(void **state)
{
    static const char *const order[] = {"b.wav", "c.wav", "a.wav", "a.wav", "none.wav", "c.wav", "b.wav"};
    static const char *const names[] = {"a.wav", "b.wav", "c.wav"};
    struct pair p;

    root = *state;
    for (unsigned i = 0; i < 3; i++)
        write_wav(names[i], 1, 20000 + (int)i, 10 + i);
    const struct pack_entry entries[] = {{"a.wav", PACK_COPY, tree_path(root, "a.wav")}, {"b.wav", PACK_COPY, tree_path(root, "b.wav")},
                                         {"c.wav", PACK_COPY, tree_path(root, "c.wav")}, {0}};
    pack_write(tree_path(root, "all.tar.gz"), "ustar", "gzip", NULL, entries, 0);
    pack_write(tree_path(root, "all.tar"), "ustar", NULL, NULL, entries, 0);
    pair_open(&p, HONEST, 20);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct vx_item packed = item_of("all.tar.gz", order[i]), plain = item_of("all.tar", order[i]);
        expect_same(&p, &packed, 3000, i % 2 ? SIZE_MAX : 1);
        if (i % 3 == 0) /* between them another file, for which there is another process */
            expect_same(&p, &plain, 3000, SIZE_MAX);
    }
    pair_close(&p);
}

static struct vx_item picture_of(const char *name)
{
    struct vx_item item = item_of(name, NULL);

    item.kind = VX_ITEM_IMAGE;
    return item;
}

static void same_pictures(void **state)
{
    static const char *const names[] = {"a.png", "b.png", "text.png", "sound.wav", "gone.png", "later.png", "a.png"};
    static uint8_t here[SIDE * SIDE * 3], there[sizeof here];
    struct vx_err err, other;
    struct pair p;

    root = *state;
    write_png("a.png", 400, 300, 1);
    write_png("b.png", 100, 330, 2);
    write_png("later.png", 330, 330, 3);
    write_wav("sound.wav", 2, LONG, 4);
    tree_text(root, "text.png", "no picture");
    for (kept = false;; kept = true) {
        pair_open(&p, HONEST, 20);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            const struct vx_item item = picture_of(names[i]), sound = item_of(names[i], NULL);
            const enum vx_status rc = vx_player_picture(p.here, &item, here, &other);
            if (vx_player_picture(p.there, &item, there, &err) != rc || (rc != VX_OK && strcmp(err.text, other.text) != 0))
                fail_msg("%s: \"%s\" and \"%s\"", names[i], err.text, other.text);
            if (rc == VX_OK)
                assert_memory_equal(there, here, sizeof here);
            expect_same(&p, &sound, 3000, i % 2 ? SIZE_MAX : 1); /* and sound between pictures, where it is some */
        }
        pair_close(&p);
        if (kept)
            break;
    }
    kept = false;
}

static const struct vx_hash_rule BYTES = {.of = VX_HASH_BYTES};

/* Whatever becomes of a process, the next recording is heard. */
static void dies(void **state)
{
    static const struct {
        const char *name, *text;
        enum vx_status rc;
    } row[] = {{"crashes.wav", "decoder killed by SIGSEGV", VX_EFORMAT},
               {"exits.wav", "decoder ended with status 3", VX_EFORMAT},
               {"hangs.wav", "decoder gave no sound for 0.3 s", VX_ELIMIT},
               {"connects.wav", "decoder killed by SIGSYS: it tried what the sandbox forbids", VX_EFORMAT}};
    char text[VX_HASH_TEXT];
    struct vx_sound *sound;
    struct vx_err err;
    struct pair p;
    int64_t size;

    root = *state;
    write_wav("good.wav", 1, 1000, 5);
    const struct vx_item good = item_of("good.wav", NULL);
    pair_open(&p, HONEST, 0.3);
    for (size_t i = 0; i < sizeof row / sizeof *row - !sandboxed(); i++) {
        write_wav(row[i].name, 1, 1000, 6);
        const struct vx_item item = item_of(row[i].name, NULL);
        assert_int_equal(vx_player_open(p.there, &item, &sound, &err), row[i].rc);
        assert_string_equal(err.text, row[i].text);
        assert_null(sound);
        const struct vx_item member = item_of(row[i].name, "member.wav");
        assert_int_equal(vx_player_hash(p.there, &member, BYTES, &size, text, &err), row[i].rc);
        assert_string_equal(err.text, row[i].text);
        assert_string_equal(text, "");
        assert_int_equal(vx_player_hash(p.there, &item, BYTES, &size, text, &err), VX_OK); /* nobody decodes that */
        expect_same(&p, &good, 100, SIZE_MAX);
    }
    pair_close(&p);
}

/* The same with one process for all: what it served before is not held against a file. */
static void dies_kept(void **state)
{
    struct pair p;

    kept = true;
    dies(state);
    write_wav("later.wav", 1, 1000, 7);
    const struct vx_item later = item_of("later.wav", NULL), good = item_of("good.wav", NULL);
    pair_open(&p, HONEST, 5);
    expect_same(&p, &good, 100, 1);
    expect_same(&p, &later, 100, SIZE_MAX);
    expect_same(&p, &later, 100, SIZE_MAX); /* once more by another fresh one */
    pair_close(&p);
    kept = false;
}

/* An archive meets no process that another file had, and none meets an archive's. */
static void archives_apart(void **state)
{
    static const struct vx_hash_rule samples = {.of = VX_HASH_PCM};
    static const struct {
        const char *name, *member;
        enum vx_status rc;
    } row[] = {{"spoils.wav", NULL, VX_OK}, {"good.tar", "a.wav", VX_OK}, {"spoils.tar", "a.wav", VX_OK}, {"good.wav", NULL, VX_OK},
               {"spoils.tar", "a.wav", VX_OK}, {"good.tar", "a.wav", VX_OK}, {"spoils.wav", NULL, VX_OK}, {"good.wav", NULL, VX_ELIMIT}};
    char text[VX_HASH_TEXT];
    struct vx_err err;
    struct pair p;
    int64_t size;

    root = *state;
    write_wav("good.wav", 1, 1000, 9);
    write_wav("spoils.wav", 1, 1000, 8);
    const struct pack_entry entries[] = {{"a.wav", PACK_COPY, tree_path(root, "good.wav")}, {0}};
    pack_write(tree_path(root, "good.tar"), "ustar", NULL, NULL, entries, 0);
    pack_write(tree_path(root, "spoils.tar"), "ustar", NULL, NULL, entries, 0);
    kept = true;
    pair_open(&p, HONEST, 1);
    kept = false;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct vx_item item = item_of(row[i].name, row[i].member);
        if (vx_player_hash(p.there, &item, row[i].member ? BYTES : samples, &size, text, &err) != row[i].rc)
            fail_msg("%zu, %s: %s", i, row[i].name, err.text);
    }
    pair_close(&p);
}

/* What forks processes is gone: that is said of no file, at once, and again. */
static void no_more_processes(void **state)
{
    struct vx_sound *sound;
    struct vx_err err;
    struct pair p;

    root = *state;
    write_wav("orphans.wav", 1, 1000, 8);
    write_wav("good.wav", 1, 1000, 9);
    const struct vx_item orphans = item_of("orphans.wav", NULL), good = item_of("good.wav", NULL);
    free_to_kill = true;
    pair_open(&p, HONEST, 20);
    free_to_kill = false;
    expect_same(&p, &good, 100, SIZE_MAX);
    assert_int_equal(vx_player_open(p.there, &orphans, &sound, &err), VX_ELOST);
    assert_int_equal(vx_player_open(p.there, &good, &sound, &err), VX_ELOST);
    assert_string_equal(err.text, "the nursery of decoders is gone: Broken pipe");
    pair_close(&p);
}

static void lies_when_opened(void **state)
{
    char text[VX_HASH_TEXT];
    int64_t size;
    struct vx_sound *sound;
    struct vx_err err;
    struct pair p;

    root = *state;
    write_wav("a.wav", 1, 1000, 5);
    const struct vx_item item = item_of("a.wav", NULL), member = item_of("a.wav", "b.wav");
    for (enum lie how = SHORT; how <= NO_RATE; how++) {
        pair_open(&p, how, 5);
        for (int i = 0; i < 2; i++) {
            if (vx_player_open(p.there, &item, &sound, &err) != VX_EFORMAT || !strstr(err.text, "broke the rules"))
                fail_msg("lie %d: %s", (int)how, err.text);
            if (how <= ASKS_ON && (vx_player_hash(p.there, &member, BYTES, &size, text, &err) != VX_EFORMAT || !strstr(err.text, "broke the rules")))
                fail_msg("lie %d of bytes: %s", (int)how, err.text);
        }
        pair_close(&p);
    }
}

static void lies_of_sound(void **state)
{
    char text[VX_HASH_TEXT];
    int64_t size;
    float *const x = malloc(2 * VX_PLAYER_SAMPLES * sizeof *x);
    struct vx_sound *sound;
    struct vx_err err;
    struct pair p;

    root = *state;
    assert_non_null(x);
    write_wav("a.wav", 1, 1000, 5);
    const struct vx_item item = item_of("a.wav", NULL), member = item_of("a.wav", "b.wav");
    for (enum lie how = OTHER_PLACE; how <= SAYS_OPENED; how++) {
        const enum vx_status rc = how == SILENCE ? VX_ELIMIT : VX_EFORMAT;
        pair_open(&p, how, 0.3);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(vx_player_open(p.there, &item, &sound, &err), VX_OK);
            assert_int_equal(vx_sound_read(sound, x, VX_PLAYER_SAMPLES), 0);
            if (vx_sound_complete(sound, &err) != rc || !strstr(err.text, how == SILENCE ? "no sound for 0.3 s" : "broke the rules"))
                fail_msg("lie %d: %s", (int)how, err.text);
            vx_sound_close(&sound);
            if (vx_player_hash(p.there, &member, BYTES, &size, text, &err) != rc || *text ||
                !strstr(err.text, how == SILENCE ? "no sound for 0.3 s" : "broke the rules"))
                fail_msg("lie %d of bytes: %s", (int)how, err.text);
        }
        pair_close(&p);
    }
    free(x);
}

/* More bytes than there can be, or than were told of. */
static void lies_of_size(void **state)
{
    char text[VX_HASH_TEXT];
    struct vx_err err;
    struct pair p;
    int64_t size;

    root = *state;
    write_wav("a.wav", 1, 1000, 5);
    const struct vx_item member = item_of("a.wav", "b.wav");
    for (enum lie how = LARGE; how <= ENDLESS; how++) {
        pair_open(&p, how, 5);
        for (int i = 0; i < 2; i++)
            if (vx_player_hash(p.there, &member, BYTES, &size, text, &err) != VX_EFORMAT || *text || !strstr(err.text, "broke the rules"))
                fail_msg("lie %d: %s", (int)how, err.text);
        pair_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_frames, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(members_in_any_order, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(same_hashes, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(same_pictures, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(dies, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(dies_kept, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(archives_apart, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(no_more_processes, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(lies_when_opened, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(lies_of_sound, tree_setup, tree_teardown),
        cmocka_unit_test_setup_teardown(lies_of_size, tree_setup, tree_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
