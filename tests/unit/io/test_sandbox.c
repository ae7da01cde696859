/* test_sandbox.c - what a process in the sandbox can and cannot do: each tried in a process of its own, with and without */
#include "tests/harness/cmocka.h"

#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 7, STRANGE = 8 }; /* exit statuses of those who try */

static int refused(long rc)
{
    return rc >= 0 ? DONE : errno == EPERM || errno == ENOSYS ? REFUSED : STRANGE;
}

static int compute(void)
{
    char *p = malloc(1 << 20);
    struct timespec now;
    double numbers[100];

    memset(p, 1, 1 << 20);
    p = realloc(p, 64 << 20);
    for (int i = 0; i < 100; i++)
        numbers[i] = p[i] * i % 7;
    free(p);
    tzset();
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 && numbers[9] >= 0 ? DONE : STRANGE;
}

static int read_what_is_open(void)
{
    const int copy = dup(STDIN_FILENO);
    char byte;

    return copy >= 0 && lseek(copy, 0, SEEK_CUR) >= -1 && pread(copy, &byte, 1, 0) >= 0 && close(copy) == 0 ? DONE : STRANGE;
}

static int read_by_name(void)
{
    return refused(open("/etc/passwd", O_RDONLY));
}

static int look_by_name(void)
{
    return refused(access("/etc/passwd", R_OK));
}

static int write_by_name(void)
{
    return refused(open("/tmp/vx-test-sandbox", O_WRONLY | O_CREAT, 0600)) == DONE && unlink("/tmp/vx-test-sandbox") == 0 ? DONE : STRANGE;
}

static int truncate_by_name(void)
{
    return refused(open("/dev/null", O_RDONLY | O_TRUNC));
}

static int write_to_stdout(void)
{
    return refused(write(STDOUT_FILENO, "", 0));
}

static int write_to_stderr(void)
{
    return refused(write(STDERR_FILENO, "", 0));
}

static int make_socket(void)
{
    return refused(socket(AF_INET, SOCK_STREAM, 0));
}

static int run_program(void)
{
    char *const argv[] = {(char *)(uintptr_t)"true", NULL}, *const none[] = {NULL};

    return refused(execve("/bin/true", argv, none));
}

static int make_process(void)
{
    const pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return refused(pid);
}

static int make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return refused(p == MAP_FAILED ? -1 : 0);
}

static int map(int flags)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    return refused(p == MAP_FAILED ? -1 : 0);
}

/* Neither is counted by the limit of memory. */
static int share_memory(void)
{
    return map(MAP_SHARED);
}

static int grow_a_stack(void)
{
    return map(MAP_PRIVATE | MAP_GROWSDOWN);
}

/* An advice that nobody knows: those that only root may give are not tried. */
static int advise(void)
{
    static _Alignas(4096) char page[4096];

    return refused(madvise(page, sizeof page, MADV_NORMAL)) == DONE ? refused(madvise(page, sizeof page, 250)) : STRANGE;
}

static int signal_another(void)
{
    return refused(kill(getppid(), 0));
}

static int have_another_signalled(void) /* by the kernel, when there is something to read */
{
    return refused(fcntl(STDIN_FILENO, F_SETOWN, getppid()));
}

static int ask_about_descriptors(void)
{
    const int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

    return copy >= 3 && fcntl(copy, F_GETFD) == FD_CLOEXEC && fcntl(copy, F_SETFD, 0) == 0 && fcntl(copy, F_GETFL) >= 0 ? DONE : STRANGE;
}

static int signal_itself(void)
{
    signal(SIGTERM, SIG_IGN);
    return refused(raise(SIGTERM));
}

static int raise_limits(void)
{
    const struct rlimit more = {1, 1};

    return refused(setrlimit(RLIMIT_FSIZE, &more));
}

static int use_other_numbers(void) /* of the x32 system calls: getpid() */
{
#ifdef __x86_64__
    syscall(0x40000000 + SYS_getpid);
#else
    raise(SIGSYS);
#endif
    return DONE;
}

static const struct {
    const char *what;
    int (*attempt)(void);
    int inside; /* exit status, or −signal */
} rows[] = {
    {"compute", compute, DONE},
    {"read what is open", read_what_is_open, DONE},
    {"write to stderr", write_to_stderr, DONE},
    {"signal itself", signal_itself, DONE},
    {"ask about descriptors", ask_about_descriptors, DONE},
    {"read by name", read_by_name, REFUSED},
    {"look by name", look_by_name, REFUSED},
    {"write to stdout", write_to_stdout, REFUSED},
    {"make code", make_code, REFUSED},
    {"share memory", share_memory, REFUSED},
    {"grow a stack", grow_a_stack, REFUSED},
    {"raise limits", raise_limits, REFUSED},
    {"have another signalled", have_another_signalled, REFUSED},
    {"write by name", write_by_name, -SIGSYS},
    {"truncate by name", truncate_by_name, -SIGSYS},
    {"make a socket", make_socket, -SIGSYS},
    {"run a program", run_program, -SIGSYS},
    {"signal another", signal_another, -SIGSYS},
};

static int outcome(int (*attempt)(void), bool inside)
{
    struct vx_err err;
    int status;
    const pid_t pid = fork();

    if (pid == 0) {
        const int null = open("/dev/zero", O_RDWR);
        dup2(null, STDIN_FILENO);
        _exit(inside && vx_sandbox_enter(&err) != VX_OK ? STRANGE : attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void skip_without_sandbox(void)
{
    struct vx_err err;

    if (vx_sandbox_available(&err) == VX_OK)
        return;
    print_message("SKIP: %s\n", err.text);
    skip();
}

static void test_attempts(void **state)
{
    (void)state;
    skip_without_sandbox();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int out = outcome(rows[i].attempt, false), in = outcome(rows[i].attempt, true);
        if (out != DONE || in != rows[i].inside)
            fail_msg("%s: %d outside, %d inside instead of %d", rows[i].what, out, in, rows[i].inside);
    }
}

/* A C library makes a process by one call or another; none may succeed. */
static void test_processes(void **state)
{
    (void)state;
    skip_without_sandbox();
    const int in = outcome(make_process, true);
    assert_int_equal(outcome(make_process, false), DONE);
    assert_true(in == REFUSED || in == -SIGSYS);
    assert_int_equal(outcome(use_other_numbers, true), -SIGSYS);
}

static void test_advice(void **state)
{
    (void)state;
    skip_without_sandbox();
    assert_int_equal(outcome(advise, false), STRANGE);
    assert_int_equal(outcome(advise, true), REFUSED);
}

/* Without a name the zone would be UTC inside: its file is looked for at every use. */
static int zone_is_named(void)
{
    unsetenv("TZ");
    vx_sandbox_prepare();
    return getenv("TZ") ? DONE : STRANGE;
}

static void test_local_time(void **state)
{
    (void)state;
    assert_int_equal(outcome(zone_is_named, false), DONE);
}

static int limited(void)
{
    struct vx_err err;
    void *p;

    if (vx_sandbox_limit(64 << 20, &err) != VX_OK)
        return STRANGE;
    p = malloc(128 << 20);
    if (p)
        memset(p, 1, 128 << 20);
    return p ? STRANGE : DONE;
}

static void test_memory(void **state)
{
    (void)state;
    skip_without_sandbox(); /* a sanitizer's build has no such limit either */
    assert_int_equal(outcome(limited, false), DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_local_time),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
