/* test_nomem.c - coordinator's tables, messages, batches and a whole pipeline, when an allocation fails */
#include "mpi/batch.h"
#include "mpi/claims.h"
#include "mpi/hand.h"
#include "mpi/lease.h"
#include "mpi/link_local.h"
#include "mpi/wire.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/each_alloc.h"
#include "tests/harness/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 300 };

static enum vx_status lease_and_blame(void *folder, struct vx_err *err)
{
    struct vx_leases *leases = NULL;
    struct vx_lease lease, *held = NULL;
    size_t n = 0;
    enum vx_status rc = vx_leases_create(&leases, 16, err);

    (void)folder;
    if (rc == VX_OK && (rc = vx_leases_extend(leases, ITEMS, err)) == VX_OK && (rc = vx_leases_mark_done(leases, 7, err)) == VX_OK &&
        (rc = vx_leases_weigh(leases, 9, 100000, err)) == VX_OK && (rc = vx_leases_join(leases, 20, err)) == VX_OK &&
        (rc = vx_leases_suspect(leases, 30, err)) == VX_OK) {
        vx_leases_close(leases);
        for (int worker = 0; rc == VX_OK && worker < 4; worker++)
            if ((rc = vx_leases_grant(leases, worker, 4, 0, &lease, err)) == VX_DONE)
                rc = VX_OK;
    }
    if (rc == VX_OK)
        rc = vx_leases_blame_worker(leases, 1, &held, &n, err);
    free(held);
    vx_leases_destroy(&leases);
    return rc;
}

static enum vx_status claim(void *folder, struct vx_err *err)
{
    struct vx_claims *claims = NULL;
    enum vx_status rc = vx_claims_create(&claims, err);
    int64_t scored;

    (void)folder;
    for (int64_t item = 1; rc == VX_OK && item <= ITEMS; item++) {
        char hash[64];
        snprintf(hash, sizeof hash, "xxh3:%032llx", (unsigned long long)item % 100);
        rc = vx_claims_make(claims, item, vx_claims_key(VX_ITEM_AUDIO, "a.wav", hash), &scored, err);
    }
    vx_claims_destroy(&claims);
    return rc;
}

static enum vx_status send_lease(void *folder, struct vx_err *err)
{
    struct vx_item items[2] = {{.id = 5, .path = strdup("a.wav")}, {.id = 6, .path = strdup("b.tar"), .member = strdup("c.flac")}};
    struct vx_msg_lease lease = {.lease = 3, .n = 2, .items = items}, got = {0};
    struct vx_buf message = {0};
    enum vx_status rc = VX_ENOMEM;

    (void)folder;
    if (!items[0].path || !items[1].path || !items[1].member) {
        rc = vx_fail_nomem(err, "the test's items");
        goto done;
    }
    vx_wire_put_lease(&message, &lease);
    rc = message.failed ? vx_fail_nomem(err, "a message") : vx_wire_get_lease(&message, &got, err);
    vx_msg_lease_clear(&got);
done:
    vx_buf_free(&message);
    vx_item_clear(&items[0]);
    vx_item_clear(&items[1]);
    return rc;
}

static enum vx_status post(void *folder, struct vx_err *err)
{
    struct vx_mailbox *box = NULL;
    struct vx_buf message = {0}, got = {0};
    int worker;
    bool any = false;
    enum vx_status rc = vx_mailbox_create(&box, err);

    (void)folder;
    vx_wire_put_alive(&message);
    if (rc == VX_OK && message.failed)
        rc = vx_fail_nomem(err, "a message");
    for (int i = 0; rc == VX_OK && i < 20; i++)
        rc = vx_mailbox_post(box, i, &message, err);
    if (rc == VX_OK)
        rc = vx_mailbox_take(box, &worker, &got, 0, &any, err);
    vx_buf_free(&got);
    vx_buf_free(&message);
    vx_mailbox_destroy(&box);
    return rc;
}

static enum vx_status read_hand(void *folder, struct vx_err *err)
{
    struct vx_hand_left left = {0};
    const enum vx_status rc = vx_hand_read(&left, folder_path(folder, "hand"), err);

    vx_hand_left_clear(&left);
    return rc;
}

static enum vx_status fill_batches(void *folder, struct vx_err *err)
{
    struct vx_batch_pool pool = {0};
    const enum vx_status rc = vx_batch_pool_open(&pool, 4, 8, 4096, err);

    (void)folder;
    vx_batch_pool_close(&pool);
    return rc;
}

static int setup(void **state)
{
    FILE *file;

    *state = folder_create();
    if (!(file = fopen(folder_path(*state, "hand"), "w")))
        return -1;
    fputs("host here\n", file);
    for (int i = 1; i <= 40; i++)
        fprintf(file, "take %d %d 10\n", i, 10 * i);
    return fclose(file);
}

static int teardown(void **state)
{
    folder_remove((char **)state);
    return 0;
}

static void every_allocation(void **state)
{
    static const struct each_alloc rows[] = {
        {"leases", lease_and_blame, 5, VX_OK}, {"claims", claim, 3, VX_OK}, {"a lease as a message", send_lease, 5, VX_OK},
        {"a mailbox", post, 5, VX_OK},         {"what a rank had in hand", read_hand, 1, VX_OK}, {"batches", fill_batches, 3, VX_OK},
    };

    each_alloc(rows, sizeof rows / sizeof *rows, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(every_allocation, setup, teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
