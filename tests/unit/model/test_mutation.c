/* Valid files with bytes changed, cut off or repeated: loading succeeds or says why, and never reads out of bounds
 * (the sanitizers watch). */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "model/convnext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 4000

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
static const struct vx_config small = {8, 3, 1, 2, {1, 1}, {2, 3}, 1e-12F, false, 2, labels, false};

static uint64_t next_random(uint64_t *state) /* xorshift64* (Vigna) */
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1D;
}

static size_t below(uint64_t *state, size_t n)
{
    return n ? (size_t)(next_random(state) >> 11) % n : 0;
}

/* One change to bytes[len] (capacity 2·len); the first `head` bytes, where the structure is, are hit most. */
static size_t mutate(char *bytes, size_t len, size_t head, uint64_t *state)
{
    static const char interesting[] = "{}[]\",:-.eE0123456789\\\xFF\0 ";
    const size_t at = below(state, below(state, 8) ? head : len), wish = below(state, 16) + 1;
    const size_t span = at + wish < len ? wish : len - at;

    switch (below(state, 6)) {
    case 0:
        bytes[at] = (char)(bytes[at] ^ 1 << below(state, 8));
        return len;
    case 1:
    case 2:
        bytes[at] = interesting[below(state, sizeof interesting - 1)];
        return len;
    case 3: /* cut the end off */
        return at;
    case 4: /* take some out */
        memmove(bytes + at, bytes + at + span, len - at - span);
        return len - span;
    default: /* repeat some */
        memmove(bytes + at + span, bytes + at, len - at);
        return len + span;
    }
}

static void run(const char *name, uint64_t seed)
{
    char *folder = folder_create(), *good, *bytes;
    struct vx_convnext *net;
    uint64_t state = seed;
    size_t len, loaded = 0, head;
    struct vx_err err;

    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_BF16, &err), VX_OK);
    good = folder_read(folder, name, &len);
    bytes = malloc(2 * len + 64);
    assert_non_null(bytes);
    head = strcmp(name, "config.json") == 0 ? len : 8 + (size_t)(unsigned char)good[0] + ((size_t)(unsigned char)good[1] << 8);
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = len;
        memcpy(bytes, good, len);
        for (size_t times = below(&state, 3) + 1; times > 0 && n > 0; times--)
            n = mutate(bytes, n, head < n ? head : n, &state);
        folder_write(folder, name, bytes, n);
        err = (struct vx_err){0};
        const enum vx_status rc = vx_convnext_load(&net, folder, &err);
        if ((rc == VX_OK) != (net != NULL) || (rc != VX_OK && (err.status != rc || err.text[0] == '\0')))
            fail_msg("round %d: %s, \"%s\"", i, vx_status_name(rc), err.text);
        loaded += rc == VX_OK;
        vx_convnext_destroy(&net);
    }
    print_message("%s: seed %llu, %zu of %d still load\n", name, (unsigned long long)seed, loaded, ROUNDS);
    assert_true(loaded > 0 && loaded < ROUNDS / 2); /* else the changes test nothing */
    free(bytes);
    free(good);
    folder_remove(&folder);
}

static void test_weights(void **state)
{
    (void)state;
    run("model.safetensors", 1);
}

static void test_config(void **state)
{
    (void)state;
    run("config.json", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_weights), cmocka_unit_test(test_config)};
    return cmocka_run_group_tests_name("mutation", tests, NULL, NULL);
}
