/* wire.h - the messages between workers and coordinator, as bytes
 * Little-endian, a magic and version in front, every length checked when read: a garbled message is VX_EFORMAT, never
 * an overrun. Encoders append to a vx_buf they reset first; decoders give structs the caller clears. */
#ifndef VX_MPI_WIRE_H
#define VX_MPI_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"

#define VX_WIRE_MAX_ITEMS 65536              /* in a lease */
#define VX_WIRE_MAX_BYTES ((size_t)64 << 20) /* of a message; links refuse to send more (VX_ELIMIT) */

enum vx_msg_type {
    VX_MSG_HELLO = 1, /* worker → coordinator: ready, give me work */
    VX_MSG_LEASE,     /* coordinator → worker: these items */
    VX_MSG_DONE,      /* worker → coordinator: the lease is committed */
    VX_MSG_NOTE,      /* worker → coordinator: alive; windows so far, for the progress line */
    VX_MSG_FINISH,    /* coordinator → worker: nothing more will come; commit what is complete and say BYE */
    VX_MSG_BYE,       /* worker → coordinator: all is committed, it works no more */
    VX_MSG_FAIL,      /* worker → coordinator: cannot go on, it works no more; its leases are free */
    VX_MSG_ALIVE,     /* coordinator → worker: rank 0 is there; a worker that hears nothing for long gives up */
    VX_MSG_CLAIM,     /* worker → coordinator: what these items are (--dedupe); waits for ANSWER */
    VX_MSG_ANSWER,    /* coordinator → worker: which items are scored for them */
    VX_MSG_PART,      /* coordinator → worker: all is done; is this rank ready to end? (mpi/parting.h) */
    VX_MSG_READY,     /* worker → coordinator: it is, last message */
    VX_MSG_END,       /* coordinator → worker: end, together or alone */
};

struct vx_msg_hello {
    int32_t rank, pid, threads;
    char host[256], engine[128];
};
struct vx_msg_lease {
    int64_t lease;
    size_t n;
    struct vx_item *items; /* owned; without metadata */
};
struct vx_tally { /* of finished items */
    int64_t items, scored, not_scored, failed;
    int64_t windows;     /* all */
    int64_t verdicts[4]; /* by enum vx_verdict */
    double audio_s;
};
struct vx_msg_done {
    int64_t lease;
    struct vx_tally tally;
};
struct vx_msg_note {
    int64_t windows_scored; /* by this worker since its start, committed or not */
};
struct vx_energy { /* of whole hosts, base/joules.h */
    bool cpu_known, gpu_known;
    double cpu_j, gpu_j; /* 0 where not known */
};
struct vx_msg_bye {
    double cpu_s, peak_rss;          /* of the rank */
    double engine_wait_s;            /* lanes waited for sound, over all lanes */
    double decode_wait_s;            /* decoders waited for room */
    struct vx_energy energy;         /* of its host, if it is the one of the host's ranks that measures it; else not known */
    int64_t windows_scored;
};
struct vx_msg_fail {
    int32_t status; /* enum vx_status */
    char text[1024];
};

#define VX_WIRE_MAX_CLAIMS 256
struct vx_claim {
    int64_t item;
    struct vx_hash_key key; /* mpi/claims.h */
};
struct vx_msg_claim {
    size_t n;
    struct vx_claim claims[VX_WIRE_MAX_CLAIMS];
};
struct vx_msg_answer {
    size_t n;
    struct vx_answer {
        int64_t item, scored; /* scored in its place: item itself, or another one */
    } answers[VX_WIRE_MAX_CLAIMS];
};

void vx_tally_add(struct vx_tally *to, const struct vx_tally *from);

enum vx_status vx_wire_type(const struct vx_buf *b, enum vx_msg_type *type, struct vx_err *err) VX_CHECKED;

void vx_wire_put_hello(struct vx_buf *b, const struct vx_msg_hello *m);
void vx_wire_put_lease(struct vx_buf *b, const struct vx_msg_lease *m);
void vx_wire_put_done(struct vx_buf *b, const struct vx_msg_done *m);
void vx_wire_put_note(struct vx_buf *b, const struct vx_msg_note *m);
void vx_wire_put_finish(struct vx_buf *b);
void vx_wire_put_alive(struct vx_buf *b);
void vx_wire_put_part(struct vx_buf *b);
void vx_wire_put_ready(struct vx_buf *b);
void vx_wire_put_end(struct vx_buf *b, bool together);
void vx_wire_put_bye(struct vx_buf *b, const struct vx_msg_bye *m);
void vx_wire_put_fail(struct vx_buf *b, const struct vx_msg_fail *m);
void vx_wire_put_claim(struct vx_buf *b, const struct vx_msg_claim *m);
void vx_wire_put_answer(struct vx_buf *b, const struct vx_msg_answer *m);

enum vx_status vx_wire_get_hello(const struct vx_buf *b, struct vx_msg_hello *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_lease(const struct vx_buf *b, struct vx_msg_lease *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_done(const struct vx_buf *b, struct vx_msg_done *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_note(const struct vx_buf *b, struct vx_msg_note *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_bye(const struct vx_buf *b, struct vx_msg_bye *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_fail(const struct vx_buf *b, struct vx_msg_fail *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_claim(const struct vx_buf *b, struct vx_msg_claim *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_answer(const struct vx_buf *b, struct vx_msg_answer *m, struct vx_err *err) VX_CHECKED;
enum vx_status vx_wire_get_end(const struct vx_buf *b, bool *together, struct vx_err *err) VX_CHECKED;
void vx_msg_lease_clear(struct vx_msg_lease *m);

#endif
