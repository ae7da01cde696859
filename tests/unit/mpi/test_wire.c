/* Wire messages: what is put is got, and no garbled message is read past its end or believed beyond its limits. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_type(const struct vx_buf *b, enum vx_msg_type expected)
{
    enum vx_msg_type type;
    struct vx_err err;

    assert_false(b->failed);
    assert_int_equal(vx_wire_type(b, &type, &err), VX_OK);
    assert_int_equal(type, expected);
}

static const struct vx_tally tally_sample = {
    .items = 7, .scored = 4, .not_scored = 2, .failed = 1, .windows = 123456789012, .verdicts = {3, 1, 2, 1}, .audio_s = 1.25e9};

static void test_small_messages(void **state)
{
    const struct vx_msg_hello hello = {.rank = 3, .pid = 2000000000, .threads = 64, .host = "n\xFC""de\n", .engine = ""};
    const struct vx_msg_done done = {.lease = INT64_MAX, .tally = tally_sample};
    const struct vx_msg_note note = {.windows_scored = 5000000000};
    const struct vx_msg_bye bye = {.cpu_s = 1.5, .peak_rss = 3e9, .engine_wait_s = 0, .decode_wait_s = 0.1,
                                   .energy = {.gpu_known = true, .gpu_j = 1e6}, .windows_scored = 9};
    struct vx_msg_fail fail = {.status = VX_EDB};
    struct vx_msg_hello hello_back;
    struct vx_msg_done done_back;
    struct vx_msg_note note_back;
    struct vx_msg_bye bye_back;
    struct vx_msg_fail fail_back;
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    memset(fail.text, 'x', sizeof fail.text - 1); /* as long as it may be */
    vx_wire_put_hello(&b, &hello);
    expect_type(&b, VX_MSG_HELLO);
    assert_int_equal(vx_wire_get_hello(&b, &hello_back, &err), VX_OK);
    assert_memory_equal(&hello_back, &hello, sizeof hello);
    vx_wire_put_done(&b, &done);
    expect_type(&b, VX_MSG_DONE);
    assert_int_equal(vx_wire_get_done(&b, &done_back, &err), VX_OK);
    assert_memory_equal(&done_back, &done, sizeof done);
    vx_wire_put_note(&b, &note);
    expect_type(&b, VX_MSG_NOTE);
    assert_int_equal(vx_wire_get_note(&b, &note_back, &err), VX_OK);
    assert_memory_equal(&note_back, &note, sizeof note);
    vx_wire_put_bye(&b, &bye);
    expect_type(&b, VX_MSG_BYE);
    assert_int_equal(vx_wire_get_bye(&b, &bye_back, &err), VX_OK);
    assert_true(bye_back.cpu_s == bye.cpu_s && bye_back.peak_rss == bye.peak_rss && bye_back.engine_wait_s == bye.engine_wait_s &&
                bye_back.decode_wait_s == bye.decode_wait_s && bye_back.windows_scored == bye.windows_scored);
    assert_true(!bye_back.energy.cpu_known && bye_back.energy.gpu_known && bye_back.energy.cpu_j == 0 && bye_back.energy.gpu_j == 1e6);
    vx_wire_put_fail(&b, &fail);
    expect_type(&b, VX_MSG_FAIL);
    assert_int_equal(vx_wire_get_fail(&b, &fail_back, &err), VX_OK);
    assert_memory_equal(&fail_back, &fail, sizeof fail);
    vx_wire_put_finish(&b);
    expect_type(&b, VX_MSG_FINISH);
    vx_wire_put_alive(&b);
    expect_type(&b, VX_MSG_ALIVE);
    vx_wire_put_part(&b);
    expect_type(&b, VX_MSG_PART);
    vx_wire_put_ready(&b);
    expect_type(&b, VX_MSG_READY);
    for (int flag = 0; flag < 2; flag++) {
        bool together = !flag;
        vx_wire_put_end(&b, flag);
        expect_type(&b, VX_MSG_END);
        assert_int_equal(vx_wire_get_end(&b, &together, &err), VX_OK);
        assert_int_equal(together, flag);
    }
    b.data[b.len - 1] = 2;
    bool ignored;
    assert_int_equal(vx_wire_get_end(&b, &ignored, &err), VX_EFORMAT);
    vx_buf_free(&b);
}

/* The bytes themselves are fixed: ranks on machines of either byte order understand each other. */
static void test_layout(void **state)
{
    static const unsigned char expected[] = {'V', 'X', 'T', 'M', 2, 0, VX_MSG_NOTE, 0, 0x04, 0x03, 0x02, 0x01, 0, 0, 0, 0};
    const struct vx_msg_note note = {.windows_scored = 0x01020304};
    struct vx_buf b = {0};
    (void)state;

    vx_wire_put_note(&b, &note);
    assert_int_equal(b.len, sizeof expected);
    assert_memory_equal(b.data, expected, sizeof expected);
    vx_buf_free(&b);
}

static char every_byte[256], *long_path;
static struct vx_item sample_items[] = {
    {.id = 1, .kind = VX_ITEM_AUDIO, .path = every_byte, .ordinal = -1, .size = -1},
    {.id = 2, .kind = VX_ITEM_IMAGE, .path = (char[]){"a.zip"}, .member = every_byte, .ordinal = 7, .size = INT64_MAX, .mtime = -1, .offset = -1,
     .bundle = INT64_MAX},
    {.id = 3, .kind = VX_ITEM_BROKEN, .path = (char[]){""}, .member = (char[]){""}, .ordinal = 0, .problem = (char[]){"no\nsuch"}},
    {.id = 4, .kind = VX_ITEM_AUDIO, .path = NULL, .ordinal = -1},
};

static int set_up(void **state)
{
    (void)state;
    for (int i = 1; i < 256; i++)
        every_byte[i - 1] = (char)i;
    if (!(long_path = malloc(100001)))
        return -1;
    memset(long_path, '/', 100000);
    long_path[100000] = '\0';
    sample_items[3].path = long_path;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(long_path);
    return 0;
}

static void expect_text(const char *got, const char *want)
{
    assert_int_equal(got != NULL, want != NULL);
    if (want)
        assert_string_equal(got, want);
}

static void test_lease(void **state)
{
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    for (size_t n = 0; n <= sizeof sample_items / sizeof *sample_items; n++) {
        const struct vx_msg_lease m = {.lease = 5, .n = n, .items = sample_items};
        struct vx_msg_lease back;
        vx_wire_put_lease(&b, &m);
        expect_type(&b, VX_MSG_LEASE);
        assert_int_equal(vx_wire_get_lease(&b, &back, &err), VX_OK);
        assert_int_equal(back.lease, 5);
        assert_int_equal(back.n, n);
        for (size_t i = 0; i < n; i++) {
            const struct vx_item *want = &sample_items[i], *got = &back.items[i];
            assert_int_equal(got->id, want->id);
            assert_int_equal(got->kind, want->kind);
            assert_int_equal(got->ordinal, want->ordinal);
            assert_int_equal(got->offset, want->offset);
            assert_int_equal(got->bundle, want->bundle);
            assert_int_equal(got->size, want->size);
            assert_int_equal(got->mtime, want->mtime);
            assert_int_equal(got->n_meta, 0);
            expect_text(got->path, want->path);
            expect_text(got->member, want->member);
            expect_text(got->problem, want->problem);
        }
        vx_msg_lease_clear(&back);
        assert_null(back.items);
        assert_int_equal(back.n, 0);
    }
    vx_buf_free(&b);
}

/* A lease of n items "p", the count of items overwritten by claimed. */
static enum vx_status lease_claiming(size_t n, uint64_t claimed, size_t padding)
{
    char path[] = "p";
    struct vx_item *items = calloc(n ? n : 1, sizeof *items);
    struct vx_msg_lease m = {.lease = 1, .n = n, .items = items}, back;
    struct vx_buf b = {0};
    struct vx_err err;
    enum vx_status rc;

    assert_non_null(items);
    for (size_t i = 0; i < n; i++)
        items[i].path = path;
    vx_wire_put_lease(&b, &m);
    for (int i = 0; i < 8; i++)
        b.data[16 + i] = (char)(claimed >> (8 * i));
    for (size_t i = 0; i < padding; i++)
        vx_buf_add(&b, "", 1);
    rc = vx_wire_get_lease(&b, &back, &err);
    assert_true(rc == VX_OK || (back.items == NULL && back.n == 0));
    vx_msg_lease_clear(&back);
    vx_buf_free(&b);
    free(items);
    return rc;
}

static void test_lease_limits(void **state)
{
    static const struct {
        size_t n;
        uint64_t claimed;
        size_t padding;
        enum vx_status status;
    } rows[] = {
        {3, 3, 0, VX_OK},
        {VX_WIRE_MAX_ITEMS, VX_WIRE_MAX_ITEMS, 0, VX_OK},
        {VX_WIRE_MAX_ITEMS + 1, VX_WIRE_MAX_ITEMS + 1, 0, VX_EFORMAT},
        {3, 2, 0, VX_EFORMAT},               /* bytes follow */
        {3, 4, 0, VX_EFORMAT},               /* ends too early */
        {0, UINT64_MAX, 0, VX_EFORMAT},      /* negative */
        {0, (uint64_t)1 << 60, 0, VX_EFORMAT},
        {1, 60000, 1 << 20, VX_EFORMAT},     /* more than the bytes can hold, allocated or not */
        {0, 0, 1, VX_EFORMAT},
        {0, 0, VX_WIRE_MAX_BYTES, VX_EFORMAT},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(lease_claiming(rows[i].n, rows[i].claimed, rows[i].padding), rows[i].status);
}

/* From none to as many as there may be, and not one more. */
static void test_claims(void **state)
{
    static struct vx_msg_claim claim, claim_back;
    static struct vx_msg_answer answer, answer_back;
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    for (size_t n = 0; n <= VX_WIRE_MAX_CLAIMS; n += 64) {
        claim.n = answer.n = n;
        for (size_t i = 0; i < n; i++) {
            claim.claims[i] = (struct vx_claim){.item = (int64_t)i << 40, .key = {.high = UINT64_MAX - i, .low = i}};
            answer.answers[i] = (struct vx_answer){.item = (int64_t)i << 40, .scored = (int64_t)i + 1};
        }
        vx_wire_put_claim(&b, &claim);
        expect_type(&b, VX_MSG_CLAIM);
        assert_int_equal(vx_wire_get_claim(&b, &claim_back, &err), VX_OK);
        assert_int_equal(claim_back.n, n);
        assert_memory_equal(claim_back.claims, claim.claims, n * sizeof *claim.claims);
        vx_wire_put_answer(&b, &answer);
        expect_type(&b, VX_MSG_ANSWER);
        assert_int_equal(vx_wire_get_answer(&b, &answer_back, &err), VX_OK);
        assert_int_equal(answer_back.n, n);
        assert_memory_equal(answer_back.answers, answer.answers, n * sizeof *answer.answers);
        b.data[8]++; /* one more than there are, or may be */
        assert_int_equal(vx_wire_get_answer(&b, &answer_back, &err), VX_EFORMAT);
    }
    vx_buf_free(&b);
}

static void test_refused(void **state)
{
    const struct vx_msg_note note = {.windows_scored = -1};
    struct vx_msg_done done = {.lease = 1, .tally = {.audio_s = -0.5}};
    struct vx_msg_fail fail = {.status = VX_OK, .text = "fine"};
    struct vx_item no_path = {.id = 1};
    const struct vx_msg_lease lease = {.lease = 1, .n = 1, .items = &no_path};
    struct vx_msg_note note_back;
    struct vx_msg_done done_back;
    struct vx_msg_fail fail_back;
    struct vx_msg_bye bye_back;
    struct vx_msg_lease lease_back;
    enum vx_msg_type type;
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_wire_type(&b, &type, &err), VX_EFORMAT); /* empty */
    vx_wire_put_note(&b, &note);
    assert_int_equal(vx_wire_get_note(&b, &note_back, &err), VX_EFORMAT);
    assert_int_equal(vx_wire_get_bye(&b, &bye_back, &err), VX_EFORMAT); /* of another type */
    vx_wire_put_done(&b, &done);
    assert_int_equal(vx_wire_get_done(&b, &done_back, &err), VX_EFORMAT);
    vx_wire_put_bye(&b, &(struct vx_msg_bye){.energy = {.cpu_known = true, .cpu_j = -1}});
    assert_int_equal(vx_wire_get_bye(&b, &bye_back, &err), VX_EFORMAT);
    vx_wire_put_fail(&b, &fail);
    assert_int_equal(vx_wire_get_fail(&b, &fail_back, &err), VX_EFORMAT);
    vx_wire_put_lease(&b, &lease);
    assert_int_equal(vx_wire_get_lease(&b, &lease_back, &err), VX_EFORMAT);
    vx_wire_put_finish(&b);
    b.data[0] ^= 1; /* magic */
    assert_int_equal(vx_wire_type(&b, &type, &err), VX_EFORMAT);
    b.data[0] ^= 1;
    b.data[4] = 1; /* version */
    assert_int_equal(vx_wire_type(&b, &type, &err), VX_EFORMAT);
    b.data[4] = 2;
    b.data[6] = VX_MSG_END + 1; /* type */
    assert_int_equal(vx_wire_type(&b, &type, &err), VX_EFORMAT);
    b.data[6] = 0;
    assert_int_equal(vx_wire_type(&b, &type, &err), VX_EFORMAT);
    vx_buf_free(&b);
}

/* Every decoder reads b, in an allocation that ends where the message does, so that a sanitizer sees each byte too many. */
static int decode_all(const struct vx_buf *b)
{
    struct vx_buf exact = {.data = malloc(b->len ? b->len : 1), .len = b->len};
    struct vx_msg_hello hello;
    struct vx_msg_lease lease;
    struct vx_msg_done done;
    struct vx_msg_note note;
    struct vx_msg_bye bye;
    struct vx_msg_fail fail;
    struct vx_msg_claim claim;
    struct vx_msg_answer answer;
    enum vx_msg_type type;
    struct vx_err err;
    int accepted = 0;

    assert_non_null(exact.data);
    if (b->len)
        memcpy(exact.data, b->data, b->len);
    if (vx_wire_type(&exact, &type, &err) != VX_OK)
        type = 0;
    accepted += vx_wire_get_hello(&exact, &hello, &err) == VX_OK;
    accepted += vx_wire_get_lease(&exact, &lease, &err) == VX_OK;
    accepted += vx_wire_get_done(&exact, &done, &err) == VX_OK;
    accepted += vx_wire_get_note(&exact, &note, &err) == VX_OK;
    accepted += vx_wire_get_bye(&exact, &bye, &err) == VX_OK;
    accepted += vx_wire_get_fail(&exact, &fail, &err) == VX_OK;
    accepted += vx_wire_get_claim(&exact, &claim, &err) == VX_OK;
    accepted += vx_wire_get_answer(&exact, &answer, &err) == VX_OK;
    assert_in_range(accepted, 0, type != 0);
    vx_msg_lease_clear(&lease);
    free(exact.data);
    return accepted;
}

enum { SAMPLES = 8 };

static void make_sample(struct vx_buf *b, unsigned which)
{
    const struct vx_msg_hello hello = {.rank = 1, .pid = 2, .threads = 3, .host = "host", .engine = "engine"};
    const struct vx_msg_lease lease = {.lease = 1, .n = 3, .items = sample_items};
    const struct vx_msg_done done = {.lease = 2, .tally = tally_sample};
    const struct vx_msg_note note = {.windows_scored = 3};
    const struct vx_msg_bye bye = {.cpu_s = 1};
    const struct vx_msg_fail fail = {.status = VX_ESYS, .text = "disk full"};

    const struct vx_msg_claim claim = {.n = 2, .claims = {{.item = 1, .key = {.high = 1, .low = 2}}, {.item = 2}}};
    const struct vx_msg_answer answer = {.n = 2, .answers = {{1, 1}, {2, 1}}};

    switch (which % SAMPLES) {
    case 0:
        vx_wire_put_hello(b, &hello);
        break;
    case 1:
        vx_wire_put_lease(b, &lease);
        break;
    case 2:
        vx_wire_put_done(b, &done);
        break;
    case 3:
        vx_wire_put_note(b, &note);
        break;
    case 4:
        vx_wire_put_bye(b, &bye);
        break;
    case 5:
        vx_wire_put_fail(b, &fail);
        break;
    case 6:
        vx_wire_put_claim(b, &claim);
        break;
    case 7:
        vx_wire_put_answer(b, &answer);
        break;
    }
}

static void test_mutations(void **state)
{
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(vx_clock_now() * 1e6);
    enum { ROUNDS = 100000 };
    struct vx_buf b = {0};
    int accepted = 0;
    (void)state;

    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    for (unsigned which = 0; which < SAMPLES; which++) { /* every prefix; only the whole is a message */
        make_sample(&b, which);
        for (size_t len = b.len; b.len > 0; b.len--)
            assert_int_equal(decode_all(&b), b.len == len);
    }
    for (int round = 0; round < ROUNDS; round++) {
        make_sample(&b, (unsigned)rand());
        for (int changes = 1 + rand() % 3; changes > 0; changes--) {
            static const char edge[] = {0, 1, 0x7F, (char)0x80, (char)0xFF};
            const size_t at = (size_t)rand() % b.len;
            if (rand() % 4 == 0)
                b.len = at + 1;
            b.data[at] = rand() % 2 ? edge[(size_t)rand() % sizeof edge] : (char)(b.data[at] ^ (1 << rand() % 8));
        }
        accepted += decode_all(&b);
    }
    print_message("%d of %d mutated messages were still messages\n", accepted, ROUNDS);
    assert_in_range(accepted, 1, ROUNDS - 1);
    vx_buf_free(&b);
}

static void test_tally(void **state)
{
    struct vx_tally sum = tally_sample;
    (void)state;

    vx_tally_add(&sum, &tally_sample);
    assert_int_equal(sum.items, 14);
    assert_int_equal(sum.scored, 8);
    assert_int_equal(sum.not_scored, 4);
    assert_int_equal(sum.failed, 2);
    assert_int_equal(sum.windows, 2 * tally_sample.windows);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sum.verdicts[i], 2 * tally_sample.verdicts[i]);
    assert_true(sum.audio_s == 2.5e9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_messages), cmocka_unit_test(test_layout),  cmocka_unit_test(test_lease),
        cmocka_unit_test(test_lease_limits),   cmocka_unit_test(test_refused), cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_tally),          cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
