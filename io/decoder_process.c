#include "io/decoder_process.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct vx_decoder_process {
    struct vx_nursling at;
    struct vx_dec_note note;
};

enum vx_status vx_decoder_spawn(struct vx_nursling *at, struct vx_nursery *nursery, int memory, const void *config, size_t len,
                                struct vx_err *err)
{
    enum vx_status rc = vx_nursery_spawn(at, nursery, memory, config, len, err);

    /* One that asks on and on and takes no answer shall not stop the rank. Who keeps to its turn finds room for every answer. */
    if (rc == VX_OK && fcntl(at->sock, F_SETFL, O_NONBLOCK) != 0) {
        struct vx_nursery_end end;
        struct vx_err unheard;
        rc = vx_fail_sys(err, "a socket to a decoder");
        (void)!vx_nursling_end(at, &end, &unheard);
    }
    return rc;
}

enum vx_status vx_decoder_process_start(struct vx_decoder_process **out, struct vx_nursery *nursery, int memory,
                                        const struct vx_decoder_config *config, struct vx_err *err)
{
    struct vx_decoder_process *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *out = NULL;
    if (!p)
        return vx_fail_nomem(err, "a decoder");
    if ((rc = vx_decoder_spawn(&p->at, nursery, memory, config, sizeof *config, err)) == VX_OK)
        *out = p;
    else
        free(p);
    return rc;
}

enum vx_status vx_decoder_process_item(struct vx_decoder_process *p, const struct vx_item *item, int fd, int no_file,
                                       bool keeps_room, struct vx_err *err)
{
    const struct vx_dec_order order = {.what = VX_DEC_ITEM, .no_file = no_file, .keeps_room = keeps_room};

    return vx_dec_send_item(p->at.sock, &order, item, fd, err);
}

enum vx_status vx_decoder_process_file(struct vx_decoder_process *p, int fd, int no_file, struct vx_err *err)
{
    const struct vx_dec_order order = {.what = VX_DEC_HERE_IS_FILE, .no_file = no_file};

    return vx_dec_send(p->at.sock, &order, sizeof order, NULL, 0, fd, err);
}

enum vx_status vx_decoder_process_room(struct vx_decoder_process *p, uint64_t at, uint32_t windows, struct vx_err *err)
{
    const struct vx_dec_order order = {.what = VX_DEC_HERE_IS_ROOM, .at = at, .room = windows};

    return vx_dec_send(p->at.sock, &order, sizeof order, NULL, 0, -1, err);
}

enum vx_status vx_decoder_process_wanted(struct vx_decoder_process *p, bool wanted, bool keeps_room, struct vx_err *err)
{
    const struct vx_dec_order order = {.what = VX_DEC_WANTED, .wanted = wanted, .keeps_room = keeps_room};

    return vx_dec_send(p->at.sock, &order, sizeof order, NULL, 0, -1, err);
}

enum vx_status vx_decoder_process_hear(struct vx_decoder_process *p, const struct vx_dec_note **note, double seconds,
                                       struct vx_err *err)
{
    struct pollfd at = {.fd = p->at.sock, .events = POLLIN};
    enum vx_status rc;
    size_t len;
    int ready;

    *note = NULL;
    if ((ready = poll(&at, 1, (int)(seconds * 1000))) < 0 && errno != EINTR)
        return vx_fail_sys(err, "waiting for a decoder");
    if (ready <= 0)
        return VX_DONE;
    if ((rc = vx_dec_receive(p->at.sock, &p->note, sizeof p->note, &len, NULL, err)) == VX_DONE)
        return vx_fail(err, VX_ESYS, "the decoder is gone");
    if (rc != VX_OK || (rc = vx_dec_note_check(&p->note, len, err)) != VX_OK)
        return rc;
    *note = &p->note;
    return VX_OK;
}

enum vx_status vx_decoder_bury(struct vx_nursling *at, char why[96], struct vx_err *err)
{
    struct vx_nursery_end end;
    enum vx_status rc;

    why[0] = '\0';
    if ((rc = vx_nursling_end(at, &end, err)) != VX_OK)
        return rc;
    if (end.fork_error)
        return vx_fail(err, VX_ESYS, "cannot fork a decoder: %s", strerror(end.fork_error));
    if (WIFSIGNALED(end.status)) {
        const char *name = sigabbrev_np(WTERMSIG(end.status));
        snprintf(why, 96, "decoder killed by SIG%s%s", name ? name : "?",
                 WTERMSIG(end.status) == SIGSYS ? ": it tried what the sandbox forbids" : "");
        return VX_OK;
    }
    if (WEXITSTATUS(end.status) == VX_DECODER_EXIT_START)
        return vx_fail(err, VX_ESYS, "a decoder could not begin: is its memory limit too low (--decode-memory)?");
    if (WEXITSTATUS(end.status) == VX_DECODER_EXIT_SANDBOX)
        return vx_fail(err, VX_ESYS, "a decoder could not enter its sandbox; --sandbox off does without");
    snprintf(why, 96, "decoder ended with status %d", WEXITSTATUS(end.status));
    return VX_OK;
}

enum vx_status vx_decoder_process_end(struct vx_decoder_process **process, char why[96], struct vx_err *err)
{
    struct vx_decoder_process *p = *process;
    enum vx_status rc;

    why[0] = '\0';
    if (!p)
        return VX_OK;
    rc = vx_decoder_bury(&p->at, why, err);
    free(p);
    *process = NULL;
    return rc;
}
