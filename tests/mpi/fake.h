/* fake.h - workers that cost nothing and a list that is no database, to try the coordinator alone
 * Item i of the list has the path "item-i"; list reads beyond vx_itemlist.fail_at fail. A fake worker checks what it is
 * given and reports for each lease the number of items and, as windows, the sum of their ids: over a whole run that sum
 * tells whether each item came once. */
#ifndef VX_TESTS_MPI_FAKE_H
#define VX_TESTS_MPI_FAKE_H

#include "db/itemlist.h"
#include "mpi/link.h"
#include "mpi/wire.h"

#include <stdatomic.h>

struct vx_itemlist { /* stands in for db/itemlist.c: this program does not link it */
    int64_t n;
    int64_t fail_at; /* 0: never */
    unsigned char *blamed; /* [n+1] by item: how often; NULL: not kept */
};

enum fake_fate { /* what becomes of a worker once it has done last_lease leases */
    FAKE_LOYAL,        /* nothing: works to the end */
    FAKE_FAILS,        /* says FAIL, leases in hand */
    FAKE_FAILS_LATE,   /* the same after committing one more lease, before reporting it */
    FAKE_LEAVES,       /* says BYE, leases in hand */
    FAKE_GARBLES,      /* sends a garbled message, then waits for FINISH */
    FAKE_DIES,         /* without a word, leases in hand */
    FAKE_SILENT,       /* never says anything after FINISH, not even BYE */
};

struct fake_worker {
    struct vx_link *link;
    int rank;
    enum fake_fate fate;
    int last_lease;
    double item_s;               /* time an item takes */
    atomic_uchar *reported;      /* [n+1] by item, counted when reported done; NULL: not kept */
    atomic_uchar *unreported;    /* [n+1] committed and never reported */
    int contents;                /* items whose ids are alike modulo this have one content, which is claimed; 0: no claims */
    atomic_uchar *scored;        /* [n+1] by item, counted when it was to be scored, as reported; NULL: not kept */
    int64_t leases, items;       /* reported */
    struct vx_err problem;       /* VX_OK: all was as it should be */
};

void fake_worker_run(struct fake_worker *w); /* until FINISH or its fate */
void *fake_worker_thread(void *fake_worker); /* the same for pthread_create */

#endif
