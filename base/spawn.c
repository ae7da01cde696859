#include "base/spawn.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 20 /* how late the end of a program that has closed its pipes is noticed */

struct pipes {
    int out[2], err[2]; /* read end, write end; -1: closed */
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close_end(&p->out[i]);
        close_end(&p->err[i]);
    }
}

static enum vx_status start(const char *const *argv, struct pipes *p, pid_t *pid, struct vx_err *err)
{
    static const int caught[] = {SIGPIPE, SIGINT, SIGTERM}; /* what a command may have told itself to ignore */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed;

    if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0)
        return vx_fail_sys(err, "a pipe to %s", argv[0]);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return vx_fail_nomem(err, argv[0]);
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return vx_fail_nomem(err, argv[0]);
    }
    sigemptyset(&defaults);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaddset(&defaults, caught[i]);
    if ((failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO)) == 0 &&
        (failed = posix_spawnattr_setsigdefault(&attributes, &defaults)) == 0 &&
        (failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF)) == 0) {
        /* posix_spawnp changes neither the words nor the list, its type is older than const */
        char **words;
        memcpy(&words, &argv, sizeof words);
        failed = posix_spawnp(pid, argv[0], &actions, &attributes, words, environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return vx_fail(err, VX_EUNSUPPORTED, "%s: there is no such program in PATH", argv[0]);
    return failed ? vx_fail(err, VX_ESYS, "start %s: %s", argv[0], strerror(failed)) : VX_OK;
}

/* What is there to read of one pipe; closes it at its end. */
static void take(int *fd, struct vx_buf *to)
{
    char bytes[4096];
    const ssize_t n = read(*fd, bytes, sizeof bytes);

    if (n > 0 && to->len + (size_t)n <= VX_SPAWN_MAX)
        vx_buf_add(to, bytes, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

/* Reads until the child has ended and no more comes, or until the deadline. True: it has ended. A grandchild that keeps a
 * pipe open is not waited for. */
static bool attend(pid_t pid, struct pipes *p, double deadline, int *status, struct vx_spawned *r)
{
    bool ended = false;

    while (vx_clock_now() < deadline) {
        struct pollfd fds[2] = {{.fd = p->out[0], .events = POLLIN}, {.fd = p->err[0], .events = POLLIN}};
        const int ready = poll(fds, 2, ended ? 0 : POLL_MS);
        if (ready > 0 && fds[0].revents)
            take(&p->out[0], &r->out);
        if (ready > 0 && fds[1].revents)
            take(&p->err[0], &r->err);
        if (ready > 0 && (p->out[0] >= 0 || p->err[0] >= 0))
            continue;
        if (ended)
            return true;
        ended = waitpid(pid, status, WNOHANG) == pid;
    }
    return ended;
}

enum vx_status vx_spawn(const char *const *argv, double seconds, struct vx_spawned *r, struct vx_err *err)
{
    struct pipes pipes = {{-1, -1}, {-1, -1}};
    enum vx_status rc;
    int status = 0;
    pid_t pid;

    *r = (struct vx_spawned){0};
    vx_buf_str(&r->out, "");
    vx_buf_str(&r->err, "");
    if ((rc = start(argv, &pipes, &pid, err)) != VX_OK)
        goto done;
    close_end(&pipes.out[1]);
    close_end(&pipes.err[1]);
    if (!attend(pid, &pipes, vx_clock_now() + seconds, &status, r)) {
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        rc = vx_fail(err, VX_ESYS, "%s: no answer in %g s", argv[0], seconds);
        goto done;
    }
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (r->out.failed || r->err.failed || !r->out.data || !r->err.data)
        rc = vx_fail_nomem(err, argv[0]);
done:
    close_pipes(&pipes);
    return rc;
}

void vx_spawned_free(struct vx_spawned *r)
{
    vx_buf_free(&r->out);
    vx_buf_free(&r->err);
}

const char *vx_spawned_says(struct vx_spawned *r)
{
    char *text = r->err.len > 0 ? r->err.data : r->out.data;

    if (!text)
        return "";
    text[strcspn(text, "\n")] = '\0';
    return text;
}
