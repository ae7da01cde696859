/* test_decode_there.c - decoder processes that lie, hang or die: each costs its item, what lies before and behind it is scored */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/mpi/recordings.h"

#include "base/clock.h"
#include "db/shard.h"
#include "io/decoder_serve.h"
#include "io/decoder_wire.h"
#include "io/sandbox.h"
#include "mpi/claimer.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE 60 /* seconds */

/* --- in the decoder process --- */

static int to_rank; /* its socket */
static unsigned char *batches;
static int n_items; /* it was given so far */

static void say(struct vx_dec_note *note, uint32_t says, uint32_t n)
{
    struct vx_err err;

    note->says = says;
    note->n = n;
    (void)!vx_dec_send(to_rank, note, vx_dec_note_bytes(n > VX_DEC_WINDOWS ? 0 : n), NULL, 0, -1, &err);
}

static void short_message(struct vx_dec_note *note)
{
    struct vx_err err;

    (void)!vx_dec_send(to_rank, note, 3, NULL, 0, -1, &err);
}

static void long_message(struct vx_dec_note *note)
{
    struct vx_err err;

    (void)!vx_dec_send(to_rank, note, sizeof *note, "more", 4, -1, &err);
}

static void wrong_count(struct vx_dec_note *note)
{
    say(note, VX_DEC_NOTE, 1000);
}

static void unknown_kind(struct vx_dec_note *note)
{
    say(note, 77, 0);
}

static void late_index(struct vx_dec_note *note)
{
    note->windows[0] = (struct vx_window_score){.index = 5, .flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 1);
}

static void same_index(struct vx_dec_note *note)
{
    note->windows[0].flags = note->windows[1].flags = VX_WINDOW_SILENT;
    say(note, VX_DEC_NOTE, 2);
}

/* As if windows of two channels were one window. */
static void shared_index(struct vx_dec_note *note)
{
    note->windows[0] = (struct vx_window_score){.channel = 1, .flags = VX_WINDOW_SILENT};
    note->windows[1] = (struct vx_window_score){.channel = 2, .flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 2);
    say(note, VX_DEC_END, 0);
}

static void some_channels(struct vx_dec_note *note)
{
    note->windows[0] = (struct vx_window_score){.flags = VX_WINDOW_SILENT};
    note->windows[1] = (struct vx_window_score){.index = 1, .channel = 1, .flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 2);
    say(note, VX_DEC_END, 0);
}

static void negative_time(struct vx_dec_note *note)
{
    note->windows[0] = (struct vx_window_score){.start_ms = -1, .flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 1);
}

static void unknown_flag(struct vx_dec_note *note)
{
    note->windows[0].flags = VX_WINDOW_SILENT | 1u << 30;
    say(note, VX_DEC_NOTE, 1);
}

static void wild_channel(struct vx_dec_note *note)
{
    note->windows[0] = (struct vx_window_score){.channel = 1 << 30, .flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 1);
}

static void no_room(struct vx_dec_note *note)
{
    for (int i = 0; i < 5; i++) /* one more than a whole batch, of which the item before may have left some */
        note->windows[i].index = i;
    say(note, VX_DEC_NOTE, 5);
}

static void too_many(struct vx_dec_note *note)
{
    char order[sizeof(struct vx_dec_order)];
    struct vx_err err;
    size_t len;

    note->shape = (struct vx_cut_shape){VX_INPUT_PCM, WINDOW, RATE};
    say(note, VX_DEC_ROOM, 0);
    (void)!vx_dec_receive(to_rank, order, sizeof order, &len, NULL, &err);
    for (int i = 0; i < VX_DEC_WINDOWS; i++)
        note->windows[i].index = i;
    say(note, VX_DEC_NOTE, VX_DEC_WINDOWS);
}

static void no_sound(struct vx_dec_note *note)
{
    struct vx_dec_order order;
    struct vx_err err;
    size_t len;

    note->shape = (struct vx_cut_shape){VX_INPUT_PCM, WINDOW, RATE};
    say(note, VX_DEC_ROOM, 0);
    if (vx_dec_receive(to_rank, &order, sizeof order, &len, NULL, &err) == VX_OK)
        memset(batches + order.at + 4 * 17, 0xff, 4); /* a NaN */
    say(note, VX_DEC_NOTE, 1);
}

static void other_length(struct vx_dec_note *note)
{
    note->shape = (struct vx_cut_shape){VX_INPUT_PCM, WINDOW + 1, RATE};
    say(note, VX_DEC_ROOM, 0);
}

static void other_rate(struct vx_dec_note *note)
{
    note->shape = (struct vx_cut_shape){VX_INPUT_PCM, WINDOW * 2, RATE * 2};
    say(note, VX_DEC_ROOM, 0);
}

static void no_shape(struct vx_dec_note *note)
{
    note->shape.kind = (enum vx_input_kind)7;
    say(note, VX_DEC_ROOM, 0);
}

static void question(struct vx_dec_note *note)
{
    say(note, VX_DEC_CONTENT, 0);
}

static void prattle(struct vx_dec_note *note)
{
    for (int i = 0; i < 1000; i++)
        say(note, VX_DEC_NOTE, 0);
}

/* Asks on and on, and takes no answer: the rank is not to wait until it does. */
static void deaf(struct vx_dec_note *note)
{
    note->shape = (struct vx_cut_shape){VX_INPUT_PCM, WINDOW, RATE};
    for (int i = 0; i < 5000; i++) {
        note->windows[0] = (struct vx_window_score){.index = i, .flags = VX_WINDOW_SILENT};
        say(note, VX_DEC_ROOM, 1);
    }
}

static void no_status(struct vx_dec_note *note)
{
    note->end.status = 77;
    say(note, VX_DEC_END, 0);
}

static void stop_status(struct vx_dec_note *note)
{
    note->end.status = VX_ESTOP;
    say(note, VX_DEC_END, 0);
}

static void no_duration(struct vx_dec_note *note)
{
    note->end.result.info.duration_s = NAN;
    say(note, VX_DEC_END, 0);
}

static void minus_channels(struct vx_dec_note *note)
{
    note->end.result.info.channels = -1;
    say(note, VX_DEC_END, 0);
}

static void endless_levels(struct vx_dec_note *note)
{
    note->end.result.domain.level_dbfs = INFINITY;
    say(note, VX_DEC_END, 0);
}

static void strings_without_end(struct vx_dec_note *note)
{
    memset(&note->end.result.info.format, 'x', sizeof note->end.result.info.format);
    memset(&note->end.result.warning, '\033', sizeof note->end.result.warning);
    memset(&note->end.result.info.louder_channel, 0xff, 1);
    memset(note->end.text, 'y', sizeof note->end.text);
    note->end.status = VX_EFORMAT;
    say(note, VX_DEC_END, 0);
    _exit(0); /* the next item finds nobody, and gets another decoder */
}

static const char hash[] = "xxh3:00112233445566778899aabbccddeeff", other_hash[] = "xxh3:ffeeddccbbaa99887766554433221100";

/* Hears that the item is not wanted. */
static void ask(struct vx_dec_note *note)
{
    char order[sizeof(struct vx_dec_order)];
    struct vx_err err;
    size_t len;

    strcpy(note->content, hash);
    say(note, VX_DEC_CONTENT, 0);
    (void)!vx_dec_receive(to_rank, order, sizeof order, &len, NULL, &err);
    strcpy(note->end.result.hash, hash);
}

static void unwanted_windows(struct vx_dec_note *note)
{
    ask(note);
    note->windows[0] = (struct vx_window_score){.flags = VX_WINDOW_SILENT};
    say(note, VX_DEC_NOTE, 1);
    say(note, VX_DEC_END, 0);
}

static void other_content(struct vx_dec_note *note)
{
    ask(note);
    strcpy(note->end.result.hash, other_hash);
    say(note, VX_DEC_END, 0);
}

static void no_content(struct vx_dec_note *note)
{
    ask(note);
    note->end.result.hash[0] = '\0';
    say(note, VX_DEC_END, 0);
}

/* Hears that the item is not wanted and dies; its successor does not ask. */
static void unasked(struct vx_dec_note *note)
{
    if (n_items > 1) {
        ask(note);
        _exit(5);
    }
    say(note, VX_DEC_END, 0);
    _exit(0);
}

static void crash(struct vx_dec_note *note)
{
    (void)note;
    raise(SIGSEGV);
}

static void leave(struct vx_dec_note *note)
{
    (void)note;
    _exit(5);
}

/* Unpacks an archive once more from its start, as members that are asked for backwards need it: no hanging. */
static void back_to_the_start(struct vx_dec_note *note)
{
    struct stat sb;
    int fd = 3;

    while (fd < 64 && (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode) || sb.st_size != 4))
        fd++;
    lseek(fd, 100000, SEEK_SET);
    vx_clock_sleep(0.15);
    for (int i = 1; i < 7; i++) {
        lseek(fd, 10 * i, SEEK_SET);
        vx_clock_sleep(0.1);
    }
    short_message(note);
}

static void hang(struct vx_dec_note *note)
{
    (void)note;
    for (;;)
        pause();
}

static const char rules[] = "decoder killed, it broke the rules: ";
static const struct {
    void (*lie)(struct vx_dec_note *note);
    const char *error; /* how it begins */
} rows[] = {
    {short_message, rules}, {long_message, rules},   {wrong_count, rules},    {unknown_kind, rules},  {late_index, rules},
    {same_index, rules},    {negative_time, rules},  {unknown_flag, rules},   {wild_channel, rules},  {no_room, rules},
    {too_many, rules},      {no_sound, rules},       {other_length, rules},   {other_rate, rules},     {no_shape, rules},      {question, rules},
    {deaf, rules}, {prattle, rules},       {stop_status, rules},    {no_status, rules},      {no_duration, rules},    {minus_channels, rules}, {endless_levels, rules},
    {strings_without_end, "yyyy"}, {crash, "decoder killed by SIGSEGV"}, {leave, "decoder ended with status 5"},
    {back_to_the_start, rules}, {shared_index, rules}, {some_channels, rules}, {hang, "decoder gave no sound for 0.5 s"},
    {unwanted_windows, rules}, {other_content, rules}, {no_content, rules}, {unasked, "no sound in it"}, /* where there is a claimer */
};
enum { N_ROWS = sizeof rows / sizeof *rows, N_CONTENT = 4, N_PLAIN = N_ROWS - N_CONTENT };

static void lie(const struct vx_item *item)
{
    const char *at = strstr(item->path, "lie-");
    static struct vx_dec_note note;

    n_items++;
    while (strstr(item->path, "orphan")) {
        kill(getppid(), SIGKILL);
        pause();
    }
    if (at && atoi(at + 4) < N_ROWS) {
        signal(SIGSEGV, SIG_DFL); /* not a sanitizer's report */
        note = (struct vx_dec_note){0};
        rows[atoi(at + 4)].lie(&note);
    }
}

static int serve(int sock, int memory, const void *config)
{
    const struct vx_decoder_config *const c = config;

    to_rank = sock;
    batches = mmap(NULL, c->memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    return vx_decoder_serve(sock, memory, config, lie);
}

/* --- in the rank --- */

static struct vx_nursery *nursery;

static int setup(void **state)
{
    const int rc = recordings_setup(state);
    struct recordings *x = *state;

    x->nursery = nursery;
    x->decode_timeout_s = 0.5;
    return rc;
}

static struct vx_job *scan_items(struct vx_pipeline *p, struct vx_item *items, size_t n)
{
    const double until = vx_clock_now() + DEADLINE;
    struct vx_job *job = NULL;
    struct vx_err err;

    assert_int_equal(vx_job_create(&job, 1, items, n, &err), VX_OK);
    assert_int_equal(vx_pipeline_submit(p, job, &err), VX_OK);
    for (job = NULL; !job && vx_clock_now() < until;)
        if (vx_pipeline_collect(p, &job, 1, &err) != VX_OK)
            fail_msg("%s", err.text);
    assert_non_null(job);
    return job;
}

/* Whatever a decoder says, the item's rows can be stored: what cannot would be the rank's end, and the next one's. */
static void store(const struct recordings *x, const struct vx_job *job)
{
    static const struct vx_run run = {.uuid = "0123456789abcdef0123456789abcdef", .fingerprint = "f", .state = "running"};
    const char *const path = folder_path(x->dir, "shard.db");
    struct vx_shard *shard;
    struct vx_err err;

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    for (size_t i = 0; i < job->n; i++) {
        const struct vx_item_result *const result = &job->results[i];
        if (vx_shard_commit(shard, &result, 1, &err) != VX_OK)
            fail_msg("%s", err.text);
    }
    vx_shard_close(&shard);
    assert_int_equal(remove(path), 0);
}

/* Rows first … first+n-1, one liar after the other, each between two good recordings. */
static void try_liars(struct recordings *x, int first, int n)
{
    struct vx_pipeline *p = recordings_pipeline(x, 1, 4, 1);
    struct vx_item items[2 * N_ROWS + 1] = {{0}};
    char name[32];

    for (int i = 0; i < 2 * n + 1; i++) {
        const int k = i / 2 % ITEMS;
        snprintf(name, sizeof name, "lie-%d.wav", first + i / 2);
        if (i % 2 == 1)
            folder_write(x->dir, name, "RIFF", 4);
        items[i] = (struct vx_item){.id = i + 1, .ordinal = -1, .offset = -1, .size = -1,
                                    .path = strdup(i % 2 == 1 ? folder_path(x->dir, name) : recordings_path(x, k))};
        assert_non_null(items[i].path);
    }
    assert_int_equal(x->fake.lent, 1); /* the batches, for an engine that copies out of them */
    assert_true(x->fake.lent_bytes > 0);
    struct vx_job *job = scan_items(p, items, 2 * (size_t)n + 1);
    store(x, job);
    for (int i = 0; i < 2 * n + 1; i++) {
        const struct vx_item_result *const r = &job->results[i];
        if (i % 2 == 1) {
            if (r->status == VX_ITEM_SCORED || r->status == VX_ITEM_SAME || strncmp(r->error, rows[first + i / 2].error, strlen(rows[first + i / 2].error)) != 0)
                fail_msg("row %d: \"%s\" instead of \"%s\"", first + i / 2, r->error, rows[first + i / 2].error);
            assert_true(memchr(r->info.format, 0, sizeof r->info.format) != NULL);
            assert_null(strchr(r->warning, '\033'));
        } else if (r->status != VX_ITEM_SCORED) {
            fail_msg("the recording before row %d: %s", first + i / 2, r->error);
        } else {
            assert_int_equal(r->n_windows, recordings_windows(i / 2 % ITEMS, false));
            assert_int_equal(r->aggregate.n_scored, recordings_windows(i / 2 % ITEMS, true));
        }
    }
    vx_job_destroy(&job);
    vx_pipeline_destroy(&p);
    assert_int_equal(x->fake.lent, 0);
}

static void test_liars(void **state)
{
    try_liars(*state, 0, N_PLAIN);
}

static void test_liars_about_channels(void **state)
{
    struct recordings *x = *state;

    x->channels = VX_CHANNELS_EACH;
    for (int i = 0; i < N_PLAIN; i++)
        if (rows[i].lie == shared_index || rows[i].lie == some_channels)
            try_liars(x, i, 1);
    x->channels = VX_CHANNELS_MIX;
}

static atomic_bool answering;

/* The good recordings, which have odd ids, are wanted; the liars are said to be the same as the one before. */
static void *answer(void *claimer)
{
    struct vx_claim claims[4];

    while (atomic_load(&answering)) {
        const size_t n = vx_claimer_take(claimer, claims, 4);
        for (size_t i = 0; i < n; i++)
            vx_claimer_answer(claimer, claims[i].item, claims[i].item - (claims[i].item % 2 == 0));
        vx_clock_sleep(0.0005);
    }
    return NULL;
}

static void test_liars_about_content(void **state)
{
    struct recordings *x = *state;
    struct vx_err err;
    pthread_t thread;

    assert_int_equal(vx_claimer_create(&x->claimer, &err), VX_OK);
    atomic_store(&answering, true);
    assert_int_equal(pthread_create(&thread, NULL, answer, x->claimer), 0);
    try_liars(x, N_PLAIN, N_CONTENT);
    atomic_store(&answering, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    vx_claimer_destroy(&x->claimer);
}

/* Names that no message can hold, or that are almost too long. */
static void test_long_names(void **state)
{
    struct recordings *x = *state;
    struct vx_pipeline *p = recordings_pipeline(x, 1, 4, 1);
    char *const member = calloc(1, VX_DEC_NAMES + 1);
    struct vx_item items[2] = {{0}};

    assert_non_null(member);
    memset(member, 'm', VX_DEC_NAMES);
    for (int i = 0; i < 2; i++) {
        items[i] = (struct vx_item){.id = i, .ordinal = 0, .offset = -1, .size = -1, .path = strdup(recordings_path(x, 0))};
        items[i].member = strdup(member + (i == 0 ? 0 : strlen(items[i].path) + 2));
    }
    struct vx_job *job = scan_items(p, items, 2);
    assert_non_null(strstr(job->results[0].error, "a name of "));
    if (strstr(job->results[1].error, "a name of ") || job->results[1].status != VX_ITEM_FAILED)
        fail_msg("%.100s", job->results[1].error);
    vx_job_destroy(&job);
    vx_pipeline_destroy(&p);
    free(member);
}

/* The nursery is gone: the rank's end, said and not waited for. */
static void test_no_nursery(void **state)
{
    struct recordings *x = *state;
    struct vx_item item = {.id = 1, .ordinal = -1, .offset = -1, .size = -1};
    struct vx_nursery *mine = NULL;
    struct vx_pipeline *p;
    struct vx_job *job = NULL;
    struct vx_err err = {0};
    enum vx_status rc = VX_OK;

    folder_write(x->dir, "orphan.wav", "RIFF", 4);
    item.path = strdup(folder_path(x->dir, "orphan.wav"));
    assert_int_equal(vx_nursery_open(&mine, serve, &err), VX_OK);
    x->nursery = mine;
    p = recordings_pipeline(x, 1, 4, 1);
    assert_int_equal(vx_job_create(&job, 1, &item, 1, &err), VX_OK);
    assert_int_equal(vx_pipeline_submit(p, job, &err), VX_OK);
    for (int i = 0; i < DEADLINE && rc == VX_OK; i++)
        rc = vx_pipeline_collect(p, &job, 1, &err);
    assert_int_equal(rc, VX_ESYS);
    assert_non_null(strstr(err.text, "nursery"));
    vx_pipeline_destroy(&p);
    vx_nursery_close(&mine);
    x->nursery = nursery;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_liars_about_channels),
        cmocka_unit_test(test_liars_about_content),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_no_nursery),
    };
    struct vx_err err;
    int failed;

    if (vx_nursery_open(&nursery, serve, &err) != VX_OK) {
        print_error("%s\n", err.text);
        return 1;
    }
    failed = cmocka_run_group_tests_name("decoders that lie", tests, setup, recordings_teardown);
    vx_nursery_close(&nursery);
    return failed;
}
