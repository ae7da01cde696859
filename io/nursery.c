#include "io/nursery.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILDREN 1088 /* at a time: the most decoders, or threads that have one each, that there can be told to be; and listers */
#define KILL_MS 5000     /* for a killed process to be gone */
#define N_FDS 3          /* that come with an order: socket, memory, watch */

struct vx_nursery {
    pid_t pid;
    int sock;
};

struct child {
    pid_t pid;
    int watch;
    bool killed; /* nothing more to hear from its watch */
};

/* The nursery's own state, in its process. */
struct mother {
    int rank, signals; /* descriptors */
    vx_nursery_fn *fn;
    size_t n;
    struct child child[MAX_CHILDREN];
};

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(N_FDS * sizeof(int))];
};

/* Whatever else the program was started with, a launcher's pipes say, shall not live as long as we do. */
static void close_from(int first)
{
    long max;

    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
    max = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < (max > 0 && max < 65536 ? max : 65536); fd++)
        close(fd);
}

static void standard_files_to_null(void)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const bool keep_stderr = getenv("VOXTRAWL_DECODER_STDERR") != NULL;

    for (int fd = STDIN_FILENO; null >= 0 && fd <= (keep_stderr ? STDOUT_FILENO : STDERR_FILENO); fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
}

/* Ctrl-C goes to all processes of a terminal, scancel's signals to all of a job step: it is the rank that decides. */
static void ignore_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_IGN);
}

static void tell_end(int watch, int status, int fork_error)
{
    const struct vx_nursery_end end = {.status = status, .fork_error = fork_error};

    (void)!send(watch, &end, sizeof end, MSG_NOSIGNAL | MSG_DONTWAIT); /* whoever asked may not want to know any more */
    close(watch);
}

/* In the new process; returns its exit status. */
static int live(const struct mother *m, pid_t parent, const int fds[N_FDS], const void *config)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return EXIT_FAILURE; /* it died before that took effect */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(m->rank);
    close(m->signals);
    for (size_t i = 0; i < m->n; i++)
        close(m->child[i].watch);
    close(fds[2]);
    return m->fn(fds[0], fds[1], config);
}

static void bear(struct mother *m, const int fds[N_FDS], const void *config)
{
    const pid_t parent = getpid();
    pid_t pid = -1;

    if (m->n == MAX_CHILDREN)
        errno = EAGAIN;
    else
        pid = fork();
    if (pid == 0)
        _exit(live(m, parent, fds, config));
    close(fds[0]);
    close(fds[1]);
    if (pid < 0)
        tell_end(fds[2], 0, errno);
    else
        m->child[m->n++] = (struct child){.pid = pid, .watch = fds[2]};
}

/* An order from the rank. False: it is gone. */
static bool take_order(struct mother *m)
{
    _Alignas(max_align_t) char config[VX_NURSERY_CONFIG];
    struct iovec part = {config, sizeof config};
    union control control;
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    const ssize_t got = recvmsg(m->rank, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    int fds[N_FDS];

    if (got <= 0)
        return got < 0 && errno == EINTR;
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return true; /* no room for its descriptors: the asker sees them closed */
    if (c->cmsg_len != CMSG_LEN(sizeof fds)) { /* or for some of them */
        for (size_t i = 0; CMSG_LEN((i + 1) * sizeof *fds) <= c->cmsg_len; i++) {
            memcpy(fds, CMSG_DATA(c) + i * sizeof *fds, sizeof *fds);
            close(fds[0]);
        }
        return true;
    }
    memcpy(fds, CMSG_DATA(c), sizeof fds);
    bear(m, fds, config);
    return true;
}

static void reap(struct mother *m)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    (void)!read(m->signals, &info, sizeof info);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < m->n; i++)
            if (m->child[i].pid == pid) {
                tell_end(m->child[i].watch, status, 0);
                m->child[i] = m->child[--m->n];
                break;
            }
}

/* The nursery's life. */
static void nurse(struct mother *m)
{
    struct pollfd at[MAX_CHILDREN + 2];

    for (;;) {
        at[0] = (struct pollfd){.fd = m->rank, .events = POLLIN};
        at[1] = (struct pollfd){.fd = m->signals, .events = POLLIN};
        for (size_t i = 0; i < m->n; i++)
            at[2 + i] = (struct pollfd){.fd = m->child[i].killed ? -1 : m->child[i].watch, .events = POLLIN};
        if (poll(at, (nfds_t)m->n + 2, -1) < 0)
            continue;
        for (size_t i = 0; i < m->n; i++) /* a word or its end: whoever asked wants it gone */
            if (at[2 + i].revents) {
                kill(m->child[i].pid, SIGKILL);
                m->child[i].killed = true;
            }
        if (at[1].revents)
            reap(m); /* after the look at `at`: it moves children */
        if (at[0].revents && !take_order(m))
            return;
    }
}

static int nursery_main(int sock, pid_t parent, vx_nursery_fn *fn)
{
    struct mother m = {.fn = fn};
    sigset_t chld;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return EXIT_FAILURE;
    ignore_signals();
    standard_files_to_null();
    if (dup2(sock, 3) < 0)
        return EXIT_FAILURE;
    close_from(4);
    m.rank = 3;
    fcntl(m.rank, F_SETFD, FD_CLOEXEC);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_SETMASK, &chld, NULL);
    if ((m.signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return EXIT_FAILURE;
    nurse(&m);
    for (size_t i = 0; i < m.n; i++)
        kill(m.child[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    return EXIT_SUCCESS;
}

enum vx_status vx_nursery_open(struct vx_nursery **out, vx_nursery_fn *fn, struct vx_err *err)
{
    struct vx_nursery *n = vx_calloc(1, sizeof *n);
    const pid_t parent = getpid();
    int pair[2];

    *out = NULL;
    if (!n)
        return vx_fail_nomem(err, "the nursery of decoders");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(n);
        return vx_fail_sys(err, "a socket to the nursery of decoders");
    }
    n->sock = pair[0];
    if ((n->pid = fork()) == 0)
        _exit(nursery_main(pair[1], parent, fn));
    close(pair[1]);
    if (n->pid < 0) {
        const enum vx_status rc = vx_fail_sys(err, "cannot fork the nursery of decoders");
        close(n->sock);
        free(n);
        return rc;
    }
    *out = n;
    return VX_OK;
}

void vx_nursery_close(struct vx_nursery **nursery)
{
    struct vx_nursery *n = *nursery;

    if (!n)
        return;
    close(n->sock);
    while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(n);
    *nursery = NULL;
}

/* fds [N_FDS] go along. */
static enum vx_status send_order(int sock, const void *config, size_t len, const int fds[N_FDS], struct vx_err *err)
{
    struct iovec part = {(void *)(uintptr_t)config, len};
    union control control;
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t sent;

    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(N_FDS * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), fds, N_FDS * sizeof *fds);
    do
        sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? vx_fail_sys(err, "the nursery of decoders is gone") : VX_OK;
}

enum vx_status vx_nursery_spawn(struct vx_nursling *out, struct vx_nursery *nursery, int memory, const void *config, size_t len,
                                struct vx_err *err)
{
    int work[2] = {-1, -1}, watch[2] = {-1, -1};
    enum vx_status rc;

    *out = (struct vx_nursling){-1, -1};
    if (len > VX_NURSERY_CONFIG)
        return vx_fail(err, VX_EINVAL, "%zu bytes to tell a decoder, at most %d", len, VX_NURSERY_CONFIG);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, work) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, watch) != 0)
        rc = vx_fail_sys(err, "sockets to a decoder");
    else
        rc = send_order(nursery->sock, config, len, (const int[N_FDS]){work[1], memory, watch[1]}, err);
    if (work[1] >= 0)
        close(work[1]);
    if (watch[1] >= 0)
        close(watch[1]);
    if (rc == VX_OK) {
        *out = (struct vx_nursling){.sock = work[0], .watch = watch[0]};
        return VX_OK;
    }
    if (work[0] >= 0)
        close(work[0]);
    if (watch[0] >= 0)
        close(watch[0]);
    return rc;
}

enum vx_status vx_nursling_end(struct vx_nursling *n, struct vx_nursery_end *end, struct vx_err *err)
{
    struct pollfd at = {.fd = n->watch, .events = POLLIN};
    ssize_t got = -1;
    int ready;

    *end = (struct vx_nursery_end){0};
    (void)!send(n->watch, "k", 1, MSG_NOSIGNAL); /* fails where the end is told already */
    while ((ready = poll(&at, 1, KILL_MS)) < 0 && errno == EINTR)
        ;
    /* closed over our unread word, the other end leaves an error in front of its own word */
    while (ready > 0 && (got = recv(n->watch, end, sizeof *end, 0)) < 0 && (errno == EINTR || errno == ECONNRESET))
        ;
    close(n->watch);
    close(n->sock);
    *n = (struct vx_nursling){-1, -1};
    if (ready == 0) { /* in the kernel, on a disk that does not answer: it will not get out of there alive */
        end->status = SIGKILL;
        return VX_OK;
    }
    return got == sizeof *end ? VX_OK : vx_fail(err, VX_ESYS, "the nursery of decoders is gone");
}
