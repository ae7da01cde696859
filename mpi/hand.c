#include "mpi/hand.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES ((size_t)1 << 30)

struct vx_hand {
    int fd;
    char *path; /* owned */
};

static void add(struct vx_hand *hand, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One write a line, so that a killed process leaves whole lines. No sync: it need not outlive the machine. */
static void add(struct vx_hand *hand, const char *fmt, ...)
{
    char line[320];
    va_list ap;

    if (!hand)
        return;
    va_start(ap, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < sizeof line)
        (void)!write(hand->fd, line, (size_t)n);
}

struct vx_hand *vx_hand_open(const char *path, const char *host)
{
    struct vx_hand *hand = vx_calloc(1, sizeof *hand);

    if (!hand || !(hand->path = strdup(path)) ||
        (hand->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)) < 0) {
        free(hand ? hand->path : NULL);
        free(hand);
        return NULL;
    }
    add(hand, "host %s\n", host);
    return hand;
}

void vx_hand_take(struct vx_hand *hand, int64_t lease, int64_t first, size_t count)
{
    add(hand, "take %lld %lld %zu\n", (long long)lease, (long long)first, count);
}

void vx_hand_done(struct vx_hand *hand, int64_t lease)
{
    add(hand, "done %lld\n", (long long)lease);
}

void vx_hand_told(struct vx_hand *hand)
{
    add(hand, "told\n");
}

void vx_hand_close(struct vx_hand **hand)
{
    if (!*hand)
        return;
    unlink((*hand)->path);
    close((*hand)->fd);
    free((*hand)->path);
    free(*hand);
    *hand = NULL;
}

static enum vx_status take(struct vx_hand_left *left, long long lease, long long first, long long count, struct vx_err *err)
{
    void *p = left->range;

    if (first < 1 || count < 1 || count > INT64_MAX - first)
        return VX_OK;
    if (vx_grow(&p, &left->cap, left->n + 1, sizeof *left->range) != 0)
        return vx_fail_nomem(err, "what a lost rank had in hand");
    left->range = p;
    left->range[left->n++] = (struct vx_hand_range){.lease = lease, .first = first, .count = count};
    return VX_OK;
}

/* A rank holds few leases at a time: found at once. */
static void drop(struct vx_hand_left *left, long long lease)
{
    for (size_t i = 0; i < left->n; i++)
        if (left->range[i].lease == lease) {
            left->range[i] = left->range[--left->n];
            return;
        }
}

enum vx_status vx_hand_read(struct vx_hand_left *left, const char *path, struct vx_err *err)
{
    char *text = NULL, *rest = NULL;
    long long lease, first, count;
    size_t len;
    enum vx_status rc;

    *left = (struct vx_hand_left){0};
    if ((rc = vx_file_read(path, MAX_BYTES, &text, &len, err)) != VX_OK)
        return rc;
    for (char *line = strtok_r(text, "\n", &rest); rc == VX_OK && line; line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "take %lld %lld %lld", &lease, &first, &count) == 3)
            rc = take(left, lease, first, count, err);
        else if (sscanf(line, "done %lld", &lease) == 1)
            drop(left, lease);
        else if (strcmp(line, "told") == 0)
            left->told = true;
        else if (strncmp(line, "host ", 5) == 0)
            snprintf(left->host, sizeof left->host, "%s", line + 5);
    }
    free(text);
    return rc;
}

void vx_hand_left_clear(struct vx_hand_left *left)
{
    free(left->range);
    *left = (struct vx_hand_left){0};
}
