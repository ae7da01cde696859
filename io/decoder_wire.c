#include "io/decoder_wire.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CHANNELS 1024 /* that a recording may have */

union control { /* aligned for the header */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

enum vx_status vx_dec_send(int sock, const void *head, size_t len, const void *more, size_t more_len, int fd, struct vx_err *err)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)head, len}, {(void *)(uintptr_t)more, more_len}};
    union control control;
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = more_len > 0 ? 2 : 1};
    ssize_t sent;

    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        msg.msg_control = &control;
        msg.msg_controllen = sizeof control;
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    do
        sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN)
        return vx_fail(err, VX_EFORMAT, "it does not take what it is told");
    return sent < 0 ? vx_fail_sys(err, "between rank and decoder") : VX_OK;
}

/* The first descriptor that came with msg, -1 for none; others are closed. */
static int take_descriptor(struct msghdr *msg)
{
    int first = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            if (first < 0)
                first = fd;
            else
                close(fd);
        }
    }
    return first;
}

enum vx_status vx_dec_receive(int sock, void *to, size_t cap, size_t *len, int *fd, struct vx_err *err)
{
    struct iovec part = {to, cap};
    union control control;
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    int came;

    *len = 0;
    if (fd)
        *fd = -1;
    do
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ECONNRESET)
        return VX_DONE;
    if (got < 0)
        return vx_fail_sys(err, "between rank and decoder");
    came = take_descriptor(&msg);
    if (came >= 0 && (!fd || got == 0)) {
        close(came);
        came = -1;
    }
    if (got == 0)
        return VX_DONE;
    if (fd)
        *fd = came;
    if (msg.msg_flags & MSG_TRUNC) {
        if (came >= 0)
            close(came);
        if (fd)
            *fd = -1;
        return vx_fail(err, VX_EFORMAT, "a message of more than %zu bytes", cap);
    }
    *len = (size_t)got;
    return VX_OK;
}

enum vx_status vx_dec_send_item(int sock, const struct vx_dec_order *given, const struct vx_item *item, int fd, struct vx_err *err)
{
    const size_t path = strlen(item->path) + 1, member = item->member ? strlen(item->member) + 1 : 0;
    const struct vx_dec_order order = {.what = given->what, .no_file = given->no_file, .kind = (int32_t)item->kind,
                                       .path_len = (uint32_t)path, .member_len = (uint32_t)member, .keeps_room = given->keeps_room,
                                       .ordinal = item->ordinal, .offset = item->offset, .size = item->size, .mtime = item->mtime};
    char names[VX_DEC_NAMES];

    if (path + member > sizeof names)
        return vx_fail(err, VX_ELIMIT, "a name of %zu bytes; %zu are possible: shorten it (scan: or --decode-in threads)", path + member - 1,
                       sizeof names);
    memcpy(names, item->path, path);
    if (member > 0)
        memcpy(names + path, item->member, member);
    return vx_dec_send(sock, &order, sizeof order, names, path + member, fd, err);
}

bool vx_dec_read_item(void *message, size_t len, struct vx_dec_order *order, struct vx_item *item)
{
    char *const names = (char *)message + sizeof *order;

    if (len < sizeof *order)
        return false;
    memcpy(order, message, sizeof *order);
    if ((order->what != VX_DEC_ITEM && order->what != VX_DEC_BYTES) || order->path_len < 1 || len - sizeof *order != (size_t)order->path_len + order->member_len ||
        names[order->path_len - 1] != '\0' || (order->member_len > 0 && names[order->path_len + order->member_len - 1] != '\0'))
        return false;
    *item = (struct vx_item){.kind = (enum vx_item_kind)order->kind, .path = names, .ordinal = order->ordinal,
                             .offset = order->offset, .size = order->size, .mtime = order->mtime,
                             .member = order->member_len > 0 ? names + order->path_len : NULL};
    return true;
}

size_t vx_dec_note_bytes(uint32_t n)
{
    return offsetof(struct vx_dec_note, windows) + n * sizeof(struct vx_window_score);
}

void vx_dec_tidy(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

/* Bytes from elsewhere may be no bool. */
static void tidy_bool(bool *b)
{
    unsigned char byte;

    memcpy(&byte, b, sizeof byte);
    *b = byte != 0;
}

/* One of ours, or "". */
static bool is_hash(char *text, size_t size)
{
    struct vx_hash_rule rule;

    text[size - 1] = '\0';
    return !*text || vx_hash_rule_of(text, &rule, NULL) == VX_OK;
}

static bool amount(double v, double most)
{
    return v >= 0 && v <= most; /* NaN is not */
}

static enum vx_status check_end(struct vx_dec_note *note, struct vx_err *err)
{
    struct vx_audio_info *const info = &note->end.result.info;
    struct vx_item_domain *const domain = &note->end.result.domain;

    vx_dec_tidy(note->end.text, sizeof note->end.text);
    vx_dec_tidy(info->format, sizeof info->format);
    vx_dec_tidy(info->decoder, sizeof info->decoder);
    vx_dec_tidy(note->end.result.warning, sizeof note->end.result.warning);
    if (!is_hash(note->end.result.hash, sizeof note->end.result.hash))
        return vx_fail(err, VX_EFORMAT, "a hash that is none");
    tidy_bool(&info->louder_channel);
    domain->compared = false;
    domain->outside = 0;
    if (note->end.status < VX_OK || note->end.status >= VX_ESTOP || note->end.status == VX_DONE) /* only the rank stops */
        return vx_fail(err, VX_EFORMAT, "status %d", (int)note->end.status);
    if (info->sample_rate < 0 || info->sample_rate > 16000000 || info->channels < 0 || info->channels > MAX_CHANNELS ||
        !amount(info->duration_s, 1e10))
        return vx_fail(err, VX_EFORMAT, "%d channels at %d Hz, %g s", info->channels, info->sample_rate, info->duration_s);
    if (domain->n_windows < 0 || isinf(domain->level_dbfs) || isinf(domain->bandwidth_hz) || isinf(domain->active_share))
        return vx_fail(err, VX_EFORMAT, "levels of %d windows that are none", (int)domain->n_windows);
    if (!amount(note->end.cpu_s, 1e10) || !amount(note->end.peak_rss, 1e18))
        return vx_fail(err, VX_EFORMAT, "%g s of processor time, %g bytes", note->end.cpu_s, note->end.peak_rss);
    return VX_OK;
}

enum vx_status vx_dec_note_check(struct vx_dec_note *note, size_t len, struct vx_err *err)
{
    const unsigned known = VX_WINDOW_PADDED | VX_WINDOW_SILENT | VX_WINDOW_TOO_SHORT | VX_WINDOW_CLEANED | VX_WINDOW_CLIPPED |
                           VX_WINDOW_CANCELLED;

    if (len < vx_dec_note_bytes(0) || note->n > VX_DEC_WINDOWS || len != vx_dec_note_bytes(note->n) || note->given_up > 1)
        return vx_fail(err, VX_EFORMAT, "a message of %zu bytes", len);
    for (uint32_t i = 0; i < note->n; i++) {
        struct vx_window_score *const w = &note->windows[i];
        if (w->index < 0 || w->start_ms < 0 || (w->flags & ~known) || w->channel < 0 || w->channel > VX_MAX_CHANNELS)
            return vx_fail(err, VX_EFORMAT, "window %d at %lld ms with flags %#x", (int)w->index, (long long)w->start_ms,
                           (unsigned)w->flags);
        w->real = w->fake = 0;
    }
    switch ((enum vx_dec_says)note->says) {
    case VX_DEC_NOTE:
    case VX_DEC_OPEN:
        return VX_OK;
    case VX_DEC_CONTENT:
        if (!is_hash(note->content, sizeof note->content))
            return vx_fail(err, VX_EFORMAT, "a hash that is none");
        return VX_OK;
    case VX_DEC_ROOM:
        if ((note->shape.kind != VX_INPUT_PCM && note->shape.kind != VX_INPUT_IMAGE) ||
            (note->shape.kind == VX_INPUT_PCM && (note->shape.samples < 1 || note->shape.sample_rate < 1)))
            return vx_fail(err, VX_EFORMAT, "room for windows of %d samples at %d Hz", note->shape.samples, note->shape.sample_rate);
        return VX_OK;
    case VX_DEC_END:
        return check_end(note, err);
    }
    return vx_fail(err, VX_EFORMAT, "a message of kind %u", (unsigned)note->says);
}
