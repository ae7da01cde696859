#include "jobs/playing.h"
#include "io/lister_serve.h"
#include "io/player_serve.h"
#include "jobs/engines.h"

#include <sys/resource.h>

#define DECODE_ROOM_MIB 1024 /* that a decoder may take beside a member of an archive, as scan's */

const struct vx_playing_options vx_playing_defaults = {.sandbox = "auto", .decode_timeout = 60, .max_member_mib = 1024};

static int process_life(int sock, int memory, const void *config)
{
    const enum vx_life *life = config;

    if (*life == VX_LIFE_LISTER)
        return vx_lister_serve(sock, memory, config);
    return vx_player_serve(sock, memory, config, vx_decoder_before);
}

/* As many files may be open as can be had: each thread has a process, with sockets to it. (Without MPI, whose launchers look at
 * each that could be.) */
static void open_many(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &files);
}

enum vx_status vx_playing_begin(struct vx_playing *p, const struct vx_playing_options *o, struct vx_log *log, struct vx_err *err)
{
    enum vx_status rc;

    *p = (struct vx_playing){.player = {.max_member_bytes = (size_t)o->max_member_mib << 20,
                                        .data_bytes = (uint64_t)(o->max_member_mib + DECODE_ROOM_MIB) << 20,
                                        .timeout_s = o->decode_timeout}};
    open_many();
    if ((rc = vx_sandbox_option_check(o->sandbox, err)) == VX_OK &&
        (rc = vx_sandbox_option_decide(o->sandbox, &p->player.sandbox, log, err)) == VX_OK)
        rc = vx_nursery_open(&p->nursery, process_life, err);
    p->player.nursery = p->nursery;
    return rc;
}

void vx_playing_end(struct vx_playing *p)
{
    vx_nursery_close(&p->nursery);
}
