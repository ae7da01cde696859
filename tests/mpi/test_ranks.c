/* What needs ranks: run as `mpirun -n N test_ranks N`, every rank walks the same steps; `mpirun -n 2 test_ranks measure`
 * prints how fast messages are and what waiting costs. A failed check ends all ranks, for the others would wait. */
#include "base/clock.h"
#include "mpi/coordinator.h"
#include "mpi/cpushare.h"
#include "mpi/world.h"
#include "tests/mpi/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vx_world world;

static void check_at(bool ok, const char *what, int line, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "rank %d: test_ranks.c:%d: %s: %s\n", world.rank, line, what, why);
    vx_world_abort(&world, 1);
}
#define CHECK(condition) check_at((condition), #condition, __LINE__, "")
#define CHECK_OK(call) check_at((call) == VX_OK, #call, __LINE__, err.text)

/* Bytes that tell where they come from. */
static void fill(struct vx_buf *b, size_t len, unsigned from, unsigned number)
{
    vx_buf_reset(b);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)(i * 31 + from * 7 + number);
        vx_buf_add(b, &c, 1);
    }
    CHECK(!b->failed);
}

static bool equal(const struct vx_buf *a, const struct vx_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* No rank goes on before rank 0 has come here. */
static void step(const char *what)
{
    struct vx_buf b = {0};
    struct vx_err err = {0};

    vx_buf_str(&b, world.rank == 0 ? what : "");
    CHECK_OK(vx_world_broadcast(&world, &b, &err));
    CHECK(strcmp(b.data, what) == 0);
    vx_buf_free(&b);
}

static void try_broadcast(void)
{
    static const size_t lengths[] = {0, 1, 4096, 3000000};
    struct vx_buf b = {0}, expected = {0};
    struct vx_err err = {0};

    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        fill(&expected, lengths[i], 0, i);
        fill(&b, world.rank == 0 ? lengths[i] : 5, (unsigned)world.rank, i);
        CHECK_OK(vx_world_broadcast(&world, &b, &err));
        CHECK(equal(&b, &expected));
    }
    b.failed = world.rank == 0; /* rank 0 has nothing to tell: nobody waits for it */
    CHECK(vx_world_broadcast(&world, &b, &err) != VX_OK);
    vx_buf_free(&b);
    vx_buf_free(&expected);
}

/* The hub and worker 0's link on rank 0, a link elsewhere. */
static void open_ends(struct vx_hub **hub, struct vx_link **link)
{
    struct vx_err err = {0};

    if (world.rank == 0)
        CHECK_OK(vx_hub_create(hub, link, &world, &err));
    else
        CHECK_OK(vx_link_create(link, &world, &err));
}

/* Each rank tells rank 0 its processors: together they are what they may use, each once if there are enough. */
static void try_cpus(void)
{
    static int cpus[VX_CPUS_MAX], owners[VX_CPUS_MAX];
    struct vx_hub *hub = NULL;
    struct vx_link *link = NULL;
    struct vx_buf b = {0};
    struct vx_err err = {0};
    int n, from, total = 0, distinct = 0;
    bool got;

    CHECK_OK(vx_world_cpus(&world, cpus, VX_CPUS_MAX, &n, &err));
    CHECK(n >= 1);
    open_ends(&hub, &link);
    vx_buf_add(&b, cpus, (size_t)n * sizeof *cpus);
    CHECK_OK(vx_link_send(link, &b, &err));
    for (int r = 0; world.rank == 0 && r < world.size; r++) {
        CHECK_OK(vx_hub_receive(hub, &from, &b, 10, &got, &err));
        CHECK(got);
        for (size_t i = 0; i < b.len / sizeof *cpus; i++) {
            int cpu;
            memcpy(&cpu, b.data + i * sizeof cpu, sizeof cpu);
            CHECK(cpu >= 0 && cpu < VX_CPUS_MAX);
            distinct += owners[cpu]++ == 0;
            total++;
        }
    }
    if (world.rank == 0)
        CHECK(total == (distinct >= world.size ? distinct : world.size));
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    vx_buf_free(&b);
}

enum { ECHOES = 60 };

static size_t echo_length(unsigned number)
{
    static const size_t lengths[] = {0, 1, 64, 5000, 2000000, 100, 70000, 3};

    return lengths[number % (sizeof lengths / sizeof *lengths)];
}

/* A worker's half: all messages at once, then their echoes in order. */
static void *send_and_listen(void *arg)
{
    struct vx_link *link = arg;
    struct vx_buf b = {0}, expected = {0};
    struct vx_err err = {0};
    bool got;

    for (unsigned i = 0; i < ECHOES; i++) {
        fill(&b, echo_length(i), 3, i);
        CHECK_OK(vx_link_send(link, &b, &err));
    }
    for (unsigned i = 0; i < ECHOES; i++) {
        fill(&expected, echo_length(i), 3, i);
        CHECK_OK(vx_link_receive(link, &b, 20, &got, &err));
        CHECK(got && equal(&b, &expected));
    }
    CHECK_OK(vx_link_receive(link, &b, 0.01, &got, &err));
    CHECK(!got);
    vx_buf_free(&b);
    vx_buf_free(&expected);
    return NULL;
}

static void try_links(void)
{
    struct vx_hub *hub = NULL;
    struct vx_link *link = NULL;
    struct vx_buf b = {0};
    struct vx_err err = {0};
    pthread_t thread;
    bool got;
    int from;

    if (world.rank > 0) {
        CHECK_OK(vx_link_create(&link, &world, &err));
        send_and_listen(link);
        vx_link_destroy(&link);
        return;
    }
    CHECK(vx_link_create(&link, &world, &err) == VX_EINVAL); /* rank 0 has no coordinator elsewhere */
    CHECK_OK(vx_hub_create(&hub, &link, &world, &err));
    CHECK(vx_hub_workers(hub) == world.size);
    CHECK(vx_hub_send(hub, world.size, &b, &err) == VX_EINVAL);
    CHECK(vx_hub_send(hub, -1, &b, &err) == VX_EINVAL);
    CHECK(pthread_create(&thread, NULL, send_and_listen, link) == 0);
    for (int i = 0; i < ECHOES * world.size; i++) {
        CHECK_OK(vx_hub_receive(hub, &from, &b, 20, &got, &err));
        CHECK(got && from >= 0 && from < world.size);
        CHECK_OK(vx_hub_send(hub, from, &b, &err));
    }
    CHECK(pthread_join(thread, NULL) == 0);
    vx_hub_destroy(&hub, &link);
    vx_buf_free(&b);
}

/* What one link did not fetch does not turn up in the next. */
static void try_leftovers(void)
{
    struct vx_hub *hub = NULL;
    struct vx_link *link = NULL;
    struct vx_buf b = {0};
    struct vx_err err = {0};
    bool got;

    open_ends(&hub, &link);
    fill(&b, 64, 0, 0);
    for (int r = 0; world.rank == 0 && r < world.size; r++)
        CHECK_OK(vx_hub_send(hub, r, &b, &err));
    step("all is sent");
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    open_ends(&hub, &link);
    CHECK_OK(vx_link_receive(link, &b, 0.05, &got, &err));
    CHECK(!got);
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    vx_buf_free(&b);
}

/* A whole run of n_items in leases of at most max_items; the worker given by `odd` meets its fate. */
static void coordinate(int64_t n_items, int64_t max_items, int odd, enum fake_fate fate, double *seconds)
{
    struct vx_itemlist list = {.n = n_items};
    _Atomic int64_t listed = n_items;
    atomic_bool yes = true, no = false;
    struct vx_coordinator_config config = {.list = &list, .listed = &listed, .listing_ended = &yes, .stop = &no, .window_s = 1};
    struct vx_coordinator_result result;
    struct fake_worker worker = {.rank = world.rank, .fate = world.rank == odd ? fate : FAKE_LOYAL};
    struct vx_err err = {0};
    pthread_t thread;

    if (world.rank > 0) {
        CHECK_OK(vx_link_create(&worker.link, &world, &err));
        fake_worker_run(&worker);
    } else {
        CHECK_OK(vx_log_open(&config.log, NULL, VX_LOG_ERROR, &err));
        CHECK_OK(vx_hub_create(&config.hub, &worker.link, &world, &err));
        CHECK_OK(vx_leases_create(&config.leases, max_items, &err));
        CHECK(pthread_create(&thread, NULL, fake_worker_thread, &worker) == 0);
        const double start = vx_clock_now();
        CHECK_OK(vx_coordinator_run(&config, &result, &err));
        *seconds = vx_clock_now() - start;
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(result.tally.items == n_items);
        CHECK(result.tally.windows == n_items * (n_items + 1) / 2);
        CHECK(result.workers_lost == (odd < world.size && (fate == FAKE_FAILS || fate == FAKE_FAILS_LATE)));
        vx_buf_free(&result.hosts_json);
        vx_leases_destroy(&config.leases);
        vx_hub_destroy(&config.hub, NULL);
        vx_log_close(&config.log);
    }
    check_at(worker.problem.status == VX_OK, "the worker is content", __LINE__, worker.problem.text);
    vx_link_destroy(&worker.link);
}

/* Rank 0 cannot begin: the others are told and end. */
static void give_up(void)
{
    struct vx_hub *hub = NULL;
    struct fake_worker worker = {.rank = world.rank};
    struct vx_err err = {0};

    if (world.rank == 0) {
        CHECK_OK(vx_hub_create(&hub, &worker.link, &world, &err));
        vx_coordinator_dismiss(hub);
        vx_hub_destroy(&hub, &worker.link);
    } else {
        CHECK_OK(vx_link_create(&worker.link, &world, &err));
        fake_worker_run(&worker);
        check_at(worker.problem.status == VX_OK, "the worker is content", __LINE__, worker.problem.text);
        CHECK(worker.leases == 0);
        vx_link_destroy(&worker.link);
    }
}

static void measure_echo(void)
{
    enum { TRIPS = 20000 };
    struct vx_hub *hub = NULL;
    struct vx_link *link = NULL;
    struct vx_buf b = {0};
    struct vx_err err = {0};
    bool got;
    int from;

    if (world.rank == 0) {
        CHECK_OK(vx_hub_create(&hub, &link, &world, &err));
        for (int i = 0; i < TRIPS; i++) {
            CHECK_OK(vx_hub_receive(hub, &from, &b, 20, &got, &err));
            CHECK(got);
            CHECK_OK(vx_hub_send(hub, from, &b, &err));
        }
    } else {
        CHECK_OK(vx_link_create(&link, &world, &err));
        fill(&b, 64, 0, 0);
        const double start = vx_clock_now();
        for (int i = 0; i < TRIPS; i++) {
            CHECK_OK(vx_link_send(link, &b, &err));
            CHECK_OK(vx_link_receive(link, &b, 20, &got, &err));
            CHECK(got);
        }
        printf("64 bytes to rank 0 and back: %.1f us\n", (vx_clock_now() - start) / TRIPS * 1e6);
    }
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    vx_buf_free(&b);
}

/* Two seconds of waiting in pieces, as worker and coordinator wait. */
static void measure_idle(void)
{
    enum { PIECES = 40 };
    struct vx_hub *hub = NULL;
    struct vx_link *link = NULL;
    struct vx_buf b = {0};
    struct vx_err err = {0};
    bool got;
    int from;

    open_ends(&hub, &link);
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    for (int i = 0; i < PIECES; i++) {
        if (world.rank == 0)
            CHECK_OK(vx_hub_receive(hub, &from, &b, 0.05, &got, &err));
        else
            CHECK_OK(vx_link_receive(link, &b, 0.05, &got, &err));
        CHECK(!got);
    }
    printf("rank %d waiting: %.2f %% of a core over %.1f s\n", world.rank, 100 * (vx_clock_cpu() - cpu) / (vx_clock_now() - start),
           vx_clock_now() - start);
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    vx_buf_free(&b);
}

static void measure(void)
{
    enum { LEASES = 20000 };
    double seconds = 0;

    CHECK(world.size == 2);
    measure_echo();
    step("coordinate");
    coordinate(LEASES, 1, 0, FAKE_LEAVES, &seconds);
    if (world.rank == 0)
        printf("leases of one item through the coordinator, worker on rank 1: %.0f a second\n", LEASES / seconds);
    step("idle");
    measure_idle();
}

int main(int argc, char **argv)
{
    struct vx_err err = {0};
    double seconds;

    CHECK_OK(vx_world_open(&world, &argc, &argv, &err));
    CHECK(strlen(vx_world_mpi_version()) > 0 && !strpbrk(vx_world_mpi_version(), ",\n\t"));
    CHECK(argc == 2);
    if (strcmp(argv[1], "measure") == 0) {
        measure();
    } else {
        CHECK(world.size == atoi(argv[1]));
        CHECK(world.rank < world.size && world.local_rank < world.local_size && world.local_size <= world.size);
        try_broadcast();
        try_cpus();
        step("links");
        try_links();
        step("leftovers");
        try_leftovers();
        step("a run");
        coordinate(20000, 8, world.size, FAKE_LOYAL, &seconds);
        step("a run that loses a rank");
        coordinate(20000, 8, world.size > 1 ? world.size - 1 : 1, FAKE_FAILS, &seconds);
        step("a run that rank 0 does not work in");
        if (world.size > 1)
            coordinate(20000, 8, 0, FAKE_LEAVES, &seconds);
        step("rank 0 gives up");
        give_up();
    }
    step("the end");
    vx_world_close(&world);
    vx_world_close(&world); /* a second time is fine */
    return 0;
}
