/* fuzz_wire.c - a message between ranks: what can be read is written as the same bytes */
#include "mpi/wire.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void same(const struct vx_buf *in, struct vx_buf *out)
{
    FUZZ_CHECK(out->failed || (out->len == in->len && memcmp(out->data, in->data, in->len) == 0));
    vx_buf_free(out);
}

/* Floats may be any bits, and texts have room behind them: those are read only. */
#define READ(name, in)                                                                                                 \
    do {                                                                                                               \
        static struct vx_msg_##name m;                                                                                 \
        (void)!vx_wire_get_##name(in, &m, &err);                                                                       \
    } while (0)
#define READ_AND_WRITE(name, in)                                                                                       \
    do {                                                                                                               \
        static struct vx_msg_##name m;                                                                                 \
        struct vx_buf again = {0};                                                                                     \
        if (vx_wire_get_##name(in, &m, &err) == VX_OK) {                                                               \
            vx_wire_put_##name(&again, &m);                                                                            \
            same(in, &again);                                                                                          \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vx_buf in = {0};
    struct vx_msg_lease lease = {0};
    enum vx_msg_type type;
    struct vx_err err;

    vx_buf_add(&in, data, size);
    if (in.failed || vx_wire_type(&in, &type, &err) != VX_OK)
        goto done;
    switch (type) {
    case VX_MSG_HELLO:
        READ(hello, &in);
        break;
    case VX_MSG_LEASE:
        if (vx_wire_get_lease(&in, &lease, &err) == VX_OK) {
            struct vx_buf again = {0};
            vx_wire_put_lease(&again, &lease);
            same(&in, &again);
            vx_msg_lease_clear(&lease);
        }
        break;
    case VX_MSG_DONE:
        READ(done, &in);
        break;
    case VX_MSG_NOTE:
        READ_AND_WRITE(note, &in);
        break;
    case VX_MSG_BYE:
        READ(bye, &in);
        break;
    case VX_MSG_FAIL:
        READ(fail, &in);
        break;
    case VX_MSG_CLAIM:
        READ_AND_WRITE(claim, &in);
        break;
    case VX_MSG_ANSWER:
        READ_AND_WRITE(answer, &in);
        break;
    case VX_MSG_END: {
        bool together;
        struct vx_buf again = {0};
        if (vx_wire_get_end(&in, &together, &err) == VX_OK) {
            vx_wire_put_end(&again, together);
            same(&in, &again);
        }
        break;
    }
    case VX_MSG_FINISH:
    case VX_MSG_ALIVE:
    case VX_MSG_PART:
    case VX_MSG_READY:
        break;
    }
done:
    vx_buf_free(&in);
    return 0;
}
