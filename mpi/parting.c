#include "mpi/parting.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mpi/wire.h"

#include <math.h>
#include <stdlib.h>

static const double LOOK_SECONDS = 0.1, MARGIN_SECONDS = 10; /* a look at the clock; beyond rank 0's wait for the others */

static void send_to_others(struct vx_hub *hub, const struct vx_buf *message)
{
    struct vx_err ignored; /* a rank that cannot be told does not answer either, and that counts */

    for (int i = 1; i < vx_hub_workers(hub); i++)
        (void)!vx_hub_send(hub, i, message, &ignored);
}

/* How many of the others have not said READY in time. */
static int await_others(struct vx_hub *hub, bool *ready, struct vx_buf *message, double seconds)
{
    const double until = vx_clock_now() + seconds;
    int missing = vx_hub_workers(hub) - 1;
    enum vx_msg_type type;
    struct vx_err err;
    bool got;
    int i;

    while (missing > 0 && vx_clock_now() < until) {
        if (vx_hub_receive(hub, &i, message, LOOK_SECONDS, &got, &err) != VX_OK)
            break;
        if (!got || vx_wire_type(message, &type, &err) != VX_OK || type != VX_MSG_READY || i == 0 || ready[i])
            continue; /* what a rank that was lost had still to say */
        ready[i] = true;
        missing--;
    }
    return missing;
}

bool vx_parting_lead(struct vx_hub *hub, double seconds)
{
    bool *ready = vx_calloc((size_t)vx_hub_workers(hub), sizeof *ready);
    struct vx_buf message = {0};
    bool together;

    vx_wire_put_finish(&message); /* for one that was lost and is at work all the same */
    send_to_others(hub, &message);
    vx_wire_put_part(&message);
    send_to_others(hub, &message);
    together = ready && await_others(hub, ready, &message, seconds) == 0;
    vx_wire_put_end(&message, together);
    send_to_others(hub, &message);
    together = together && !message.failed;
    vx_buf_free(&message);
    free(ready);
    return together;
}

bool vx_parting_follow(struct vx_link *link, double seconds)
{
    struct vx_buf message = {0};
    double until = INFINITY;
    enum vx_msg_type type;
    bool got, together = false, ended = false;
    struct vx_err err;

    while (!ended && vx_clock_now() < until) {
        if (vx_link_receive(link, &message, LOOK_SECONDS, &got, &err) != VX_OK)
            break;
        if (!got || vx_wire_type(&message, &type, &err) != VX_OK)
            continue;
        if (type == VX_MSG_PART) {
            until = vx_clock_now() + seconds + MARGIN_SECONDS;
            vx_wire_put_ready(&message);
            if (vx_link_send(link, &message, &err) != VX_OK)
                break;
        } else if (type == VX_MSG_END) {
            ended = vx_wire_get_end(&message, &together, &err) == VX_OK;
        }
    }
    vx_buf_free(&message);
    return ended && together;
}
