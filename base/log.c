#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct vx_log {
    pthread_mutex_t lock;
    enum vx_log_level level;
    bool terminal;
    char tag[32];
    char progress[512]; /* what the terminal's last line shows now; empty when nothing */
};

enum vx_status vx_log_open(struct vx_log **out, const char *tag, enum vx_log_level level, struct vx_err *err)
{
    struct vx_log *log = vx_calloc(1, sizeof *log);

    *out = NULL;
    if (!log)
        return vx_fail_nomem(err, "the log");
    pthread_mutex_init(&log->lock, NULL);
    log->level = level;
    log->terminal = isatty(STDERR_FILENO) == 1;
    if (tag)
        snprintf(log->tag, sizeof log->tag, "[%s] ", tag);
    *out = log;
    return VX_OK;
}

void vx_log_close(struct vx_log **log)
{
    if (!*log)
        return;
    vx_log_progress(*log, "");
    pthread_mutex_destroy(&(*log)->lock);
    free(*log);
    *log = NULL;
}

void vx_log_say(struct vx_log *log, enum vx_log_level level, const char *fmt, ...)
{
    static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
    char line[2048], *printable;
    va_list ap;

    if (level > log->level)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    printable = vx_text_printable(line); /* names of files are in it, which a terminal should not obey */
    pthread_mutex_lock(&log->lock);
    if (log->progress[0])
        fputs("\r\033[K", stderr);
    fprintf(stderr, "voxtrawl: %s%s%s\n", log->tag, word[level], printable ? printable : "(no memory to say it)");
    if (log->progress[0])
        fputs(log->progress, stderr);
    fflush(stderr);
    pthread_mutex_unlock(&log->lock);
    free(printable);
}

void vx_log_progress(struct vx_log *log, const char *text)
{
    struct winsize window;

    if (!log->terminal) {
        if (text[0])
            vx_log_say(log, VX_LOG_INFO, "%s", text);
        return;
    }
    pthread_mutex_lock(&log->lock);
    if (text[0] || log->progress[0])
        fputs("\r\033[K", stderr);
    snprintf(log->progress, sizeof log->progress, "%s", text);
    /* a line longer than the window would wrap, and \r could not take it back */
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 &&
        strlen(log->progress) >= window.ws_col)
        log->progress[window.ws_col - 1] = '\0';
    fputs(log->progress, stderr);
    fflush(stderr);
    pthread_mutex_unlock(&log->lock);
}

bool vx_log_is_terminal(const struct vx_log *log)
{
    return log->terminal;
}
