/* test_nursery.c - processes come, end and are gone: by themselves, killed, and when their parent is */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "io/nursery.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE 20 /* seconds */

enum what { EXIT_STATUS, SIGNAL, WAIT, SAY_PID, WRITE_MEMORY };
struct order {
    enum what what;
    int value;
};

/* The life of the test's processes. */
static int life(int sock, int memory, const void *config)
{
    const struct order *o = config;
    const pid_t pid = getpid();
    unsigned char *shared;
    char word;

    switch (o->what) {
    case EXIT_STATUS:
        return o->value;
    case SIGNAL:
        signal(o->value, SIG_DFL);
        raise(o->value);
        return 0;
    case SAY_PID:
        (void)!send(sock, &pid, sizeof pid, MSG_NOSIGNAL);
        break;
    case WRITE_MEMORY:
        shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        shared[7] = (unsigned char)o->value;
        (void)!send(sock, &pid, sizeof pid, MSG_NOSIGNAL);
        break;
    case WAIT:
        break;
    }
    return recv(sock, &word, 1, 0) == 0 ? 0 : 9; /* until the other end is closed */
}

static int memory_file(void)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    return fd;
}

static struct vx_nursling spawn(struct vx_nursery *n, int memory, enum what what, int value)
{
    const struct order order = {what, value};
    struct vx_nursling child;
    struct vx_err err;

    if (vx_nursery_spawn(&child, n, memory, &order, sizeof order, &err) != VX_OK)
        fail_msg("%s", err.text);
    return child;
}

/* Until the other end is closed, or says something. */
static void wait_for_word(int sock)
{
    struct pollfd at = {.fd = sock, .events = POLLIN};

    assert_int_equal(poll(&at, 1, DEADLINE * 1000), 1);
}

static struct vx_nursery_end end_of(struct vx_nursling *child)
{
    struct vx_nursery_end end;
    struct vx_err err;

    if (vx_nursling_end(child, &end, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(end.fork_error, 0);
    assert_int_equal(child->sock, -1);
    return end;
}

static bool gone(pid_t pid)
{
    const double until = vx_clock_now() + DEADLINE;

    while (kill(pid, 0) == 0 && vx_clock_now() < until)
        vx_clock_sleep(0.01);
    return kill(pid, 0) < 0 && errno == ESRCH;
}

static void test_ends(void **state)
{
    static const struct {
        enum what what;
        int value, status;
    } rows[] = {{EXIT_STATUS, 0, 0}, {EXIT_STATUS, 3, 3 << 8}, {SIGNAL, SIGSEGV, SIGSEGV}, {SIGNAL, SIGABRT, SIGABRT},
                {SIGNAL, SIGKILL, SIGKILL}};
    const int memory = memory_file();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_nursling child = spawn(*state, memory, rows[i].what, rows[i].value);
        wait_for_word(child.sock);
        const int status = end_of(&child).status & ~0x80; /* with or without a core */
        assert_int_equal(status, rows[i].status);
    }
    struct vx_nursling waiting = spawn(*state, memory, WAIT, 0);
    assert_int_equal(end_of(&waiting).status, SIGKILL);
    close(memory);
}

static void test_memory_is_shared(void **state)
{
    const int memory = memory_file();
    const unsigned char *const shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0);

    assert_true(shared != MAP_FAILED);
    for (int i = 0; i < 20; i++) {
        struct vx_nursling child = spawn(*state, memory, WRITE_MEMORY, i + 1);
        wait_for_word(child.sock);
        assert_int_equal(shared[7], i + 1);
        (void)end_of(&child);
    }
    munmap((void *)(uintptr_t)shared, 4096);
    close(memory);
}

static pid_t pid_of(const struct vx_nursling *child)
{
    pid_t pid = 0;

    wait_for_word(child->sock);
    assert_int_equal(recv(child->sock, &pid, sizeof pid, 0), sizeof pid);
    return pid;
}

/* Whoever lets go of a process without a word does not keep it. */
static void test_let_go(void **state)
{
    const int memory = memory_file();
    struct vx_nursling child = spawn(*state, memory, SAY_PID, 0);
    const pid_t pid = pid_of(&child);

    close(child.watch);
    assert_true(gone(pid));
    close(child.sock);
    close(memory);
}

static void test_signals_of_the_terminal(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGQUIT};
    const int memory = memory_file();
    struct vx_nursling child = spawn(*state, memory, SAY_PID, 0);
    const pid_t pid = pid_of(&child);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(kill(pid, numbers[i]), 0);
    vx_clock_sleep(0.05);
    assert_int_equal(end_of(&child).status, SIGKILL); /* of none of these */
    close(memory);
}

/* A whole rank dies: nursery and processes with it. */
static void test_parent_killed(void **state)
{
    int pipe_of[2], status;
    pid_t found[2], parent;

    (void)state;
    assert_int_equal(pipe(pipe_of), 0);
    if ((parent = fork()) == 0) {
        struct vx_nursery *n = NULL;
        struct vx_err err;
        if (vx_nursery_open(&n, life, &err) != VX_OK)
            _exit(1);
        const int memory = memfd_create("test", MFD_CLOEXEC);
        for (int i = 0; i < 2; i++) {
            const struct order order = {SAY_PID, 0};
            struct vx_nursling child;
            pid_t pid = 0;
            if (vx_nursery_spawn(&child, n, memory, &order, sizeof order, &err) != VX_OK ||
                recv(child.sock, &pid, sizeof pid, 0) != sizeof pid || write(pipe_of[1], &pid, sizeof pid) != sizeof pid)
                _exit(1);
        }
        for (;;)
            pause();
    }
    close(pipe_of[1]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(read(pipe_of[0], &found[i], sizeof found[i]), sizeof found[i]);
    close(pipe_of[0]);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(gone(found[0]) && gone(found[1]));
}

static void test_refused(void **state)
{
    struct vx_nursling child;
    struct vx_err err;
    static const char much[VX_NURSERY_CONFIG + 1];

    assert_int_equal(vx_nursery_spawn(&child, *state, STDIN_FILENO, much, sizeof much, &err), VX_EINVAL);
    assert_int_equal(vx_nursery_spawn(&child, *state, -1, much, 8, &err), VX_ESYS); /* no such descriptor */
}

static int setup(void **state)
{
    struct vx_nursery *n = NULL;
    struct vx_err err;

    if (vx_nursery_open(&n, life, &err) != VX_OK)
        fail_msg("%s", err.text);
    *state = n;
    return 0;
}

static int teardown(void **state)
{
    struct vx_nursery *n = *state;

    vx_nursery_close(&n);
    assert_null(n);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_memory_is_shared),
        cmocka_unit_test(test_let_go),
        cmocka_unit_test(test_signals_of_the_terminal),
        cmocka_unit_test(test_parent_killed),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("nursery", tests, setup, teardown);
}
