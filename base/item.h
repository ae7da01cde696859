/* item.h - one recording or picture of the corpus, and what scanning it gave
 * The words that io/, db/ and mpi/ share. A path is bytes as the file system gives them (no NUL), not
 * necessarily UTF-8. */
#ifndef VX_BASE_ITEM_H
#define VX_BASE_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vx_item_kind {
    VX_ITEM_AUDIO = 0,
    VX_ITEM_IMAGE = 1,  /* PNG or JPEG: skips the audio front end */
    VX_ITEM_BROKEN = 2, /* could not even be listed; `problem` says why, there is nothing to open */
};

struct vx_item {
    int64_t id; /* 1, 2, 3… in listing order; 0 before the list of the run has given one */
    enum vx_item_kind kind;
    char *path;      /* owned: the file, or the archive that holds the member */
    char *member;    /* owned: path inside the archive, through archives in it too ("in.zip/a.wav"); NULL for plain files */
    int64_t ordinal; /* of the member among the archive's entries, from 0 (of one in an archive within: that one's); -1 for plain files */
    int64_t offset;  /* of the member's headers in the file, where it can be read without what lies before; -1: unknown */
    int64_t bundle;  /* the same, not 0, for members that are unpacked one after the other: best read in order by one process */
    int64_t size;    /* bytes, -1 unknown */
    int64_t mtime;   /* seconds since 1970 of the file or archive entry, 0 unknown */
    char *problem;   /* owned: VX_ITEM_BROKEN's reason, else NULL */
    size_t n_meta;   /* a manifest's other columns */
    char **meta;     /* owned [2·n_meta]: key, value, key, value…, valid UTF-8 */
};

void vx_item_clear(struct vx_item *item); /* frees what it owns and zeroes it */
/* Deep copy; 0 on success, -1 out of memory with *to zeroed. */
int vx_item_copy(struct vx_item *to, const struct vx_item *from);

/* What a name says of what it holds: its extension in lower case without the dot, "" for none or more than 7 bytes. */
#define VX_ITEM_SUFFIX 8
void vx_item_suffix(const char *name, char suffix[VX_ITEM_SUFFIX]);

enum vx_item_status {
    VX_ITEM_SCORED,     /* at least one window has logits */
    VX_ITEM_NOT_SCORED, /* read, but no window holds usable signal */
    VX_ITEM_FAILED,     /* `error` says why */
    VX_ITEM_SAME,       /* another item with the same content is scored in its place: a merge settles what that came to */
};

enum vx_window_flag {
    VX_WINDOW_PADDED = 1,       /* the end of the sound, zero-padded */
    VX_WINDOW_SILENT = 2,       /* no signal: not scored */
    VX_WINDOW_TOO_SHORT = 4,    /* the end of the sound, too little of it: not scored */
    VX_WINDOW_CLEANED = 8,      /* held NaN or infinity, set to 0 */
    VX_WINDOW_CLIPPED = 16,     /* 1 % or more of the samples of a tenth of a second at full scale */
    VX_WINDOW_CANCELLED = 32,   /* its channels cancel each other in the mean, for a tenth of a second */
    VX_WINDOW_NOT_SCORED = VX_WINDOW_SILENT | VX_WINDOW_TOO_SHORT,
};

struct vx_window_score {
    int32_t index;    /* 0, 1, 2… within the item */
    uint32_t flags;   /* VX_WINDOW_… */
    int64_t start_ms; /* from the start of the recording */
    float real, fake; /* logits; without meaning when flags & VX_WINDOW_NOT_SCORED */
    int32_t channel;  /* 1, 2… where channels are scored on their own; 0: their mix */
};

/* How a recording was read; all zero where it was not. */
struct vx_audio_info {
    char format[48];   /* "FLAC, 16 bit", "PNG" */
    char decoder[48];  /* "libsndfile 1.2.0" */
    int sample_rate;   /* of the file, Hz */
    int channels;      /* of the file */
    double duration_s; /* of the sound actually decoded */
    bool louder_channel; /* its channels cancel each other, so the loudest was taken instead of their mean */
};

enum vx_verdict { VX_VERDICT_NONE, VX_VERDICT_REAL, VX_VERDICT_UNCERTAIN, VX_VERDICT_FAKE }; /* NONE: not scored or failed */
const char *vx_verdict_name(enum vx_verdict v); /* "real", "uncertain", "fake"; "not_scored" for NONE */

/* From windows to a file (all over scored windows; p = P(fake)). */
struct vx_aggregate {
    int32_t n_windows, n_scored;
    double mean_fake, max_fake; /* of p */
    double worst_fake;          /* mean of the k largest p, k = max(1, ceil(n_scored/10)) */
    double fraction_over;       /* share of windows with p >= fake_from */
    double longest_run_s;       /* longest stretch of consecutive windows with p >= fake_from, seconds */
    enum vx_verdict verdict;    /* of mean_fake */
};

/* How a recording lies to the sound its model was measured on (model/outside.h): bits, none set is inside. */
enum vx_outside {
    VX_OUTSIDE_LEVEL_BELOW = 1,
    VX_OUTSIDE_LEVEL_ABOVE = 2,
    VX_OUTSIDE_BANDWIDTH_BELOW = 4,
    VX_OUTSIDE_BANDWIDTH_ABOVE = 8,
    VX_OUTSIDE_ACTIVE_BELOW = 16,
    VX_OUTSIDE_ACTIVE_ABOVE = 32,
};
enum { VX_N_OUTSIDE = 6 };

/* What a recording sounds like, whatever a model makes of it: medians over its scored windows (io/domain.h defines them). */
struct vx_item_domain {
    int32_t n_windows;   /* measured; 0 (a picture, nothing scored): the rest has no meaning */
    double level_dbfs;
    double bandwidth_hz; /* NaN: nothing in it rises above its own floor */
    double active_share; /* 0…1; NaN: its windows are too short to tell */
    bool compared;       /* what the model was measured on is known, `outside` says how this lies to it */
    uint32_t outside;    /* VX_OUTSIDE_… */
};

struct vx_item_result {
    struct vx_item item; /* owned */
    enum vx_item_status status;
    char error[512]; /* of VX_ITEM_FAILED, and the reason of VX_ITEM_NOT_SCORED; UTF-8 once written to a database */
    char warning[256]; /* read, but there is something people should know; "": nothing */
    char hash[80];     /* of its content, "xxh3:…", "sha256:…"; "": not hashed */
    int64_t same_as;   /* id of the item with the same content that is scored in its place; 0: none */
    struct vx_audio_info info;
    struct vx_aggregate aggregate;
    struct vx_item_domain domain;
    size_t n_windows, cap_windows;
    struct vx_window_score *windows; /* owned, ascending index */
    size_t n_channels;
    struct vx_aggregate *channels; /* owned [n_channels]: of channel 1, 2… where they are scored on their own */
};

void vx_item_result_clear(struct vx_item_result *result);

#endif
