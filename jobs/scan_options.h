/* scan_options.h - the command line of voxtrawl scan */
#ifndef VX_JOBS_SCAN_OPTIONS_H
#define VX_JOBS_SCAN_OPTIONS_H

#include "base/hash.h"
#include "io/corpus.h"
#include "io/windows.h"
#include "jobs/command.h"
#include "jobs/part.h"
#include "jobs/scanner.h"
#include "jobs/tolerance.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_scan_options {
    struct vx_scanner_options scanner;
    const char *out, *work; /* work NULL: out + ".work" */
    const char *scratch;    /* of the node, where shards are written; NULL: in work */
    struct vx_hash_rule hash; /* of items' content */
    bool dedupe, custody;
    bool overwrite, keep_work, quiet, fresh, retry_failed;
    double hop_seconds; /* 0: the window */
    double min_seconds, silence_dbfs;
    enum vx_channels channels;
    long threads;     /* 0: the rank's processors */
    long lease;       /* items a lease at most */
    double grid_g_per_kwh; /* grams of CO2 a kilowatt-hour; 0: not said */
    double lost_after; /* seconds of silence until a rank is given up */
    long max_member_mib;
    long archive_depth; /* archives within each other, the outermost included */
    const char *decode_in; /* "processes", "threads" */
    const char *sandbox;   /* "auto", "on", "off" */
    long decoders;         /* a rank; 0: as many as its engine wants */
    double decode_timeout; /* seconds without sound from a decoder process */
    long decode_memory_mib; /* that one may take; 0: what the largest member may have, and room to work */
    struct vx_part part; /* of the corpus */
    struct vx_tolerance max_failed; /* items, for the exit status */
    const char *const *inputs;
    int n_inputs;
};

struct vx_scan_options vx_scan_options_default(void);
const char *vx_channels_name(enum vx_channels channels); /* "mix", "each", "first" */

/* -1 to go on, else the exit status. Only a rank with quiet 0 says anything. */
int vx_scan_options_parse(struct vx_scan_options *o, const struct vx_command *self, int argc, char **argv, int quiet);

long vx_scan_decode_memory(const struct vx_scan_options *o); /* MiB that a decoder process may take */

/* The effective window rule, once the profile is known. */
struct vx_window_rule vx_scan_rule(const struct vx_scan_options *o, const struct vx_profile *profile);
struct vx_corpus_limits vx_scan_limits(const struct vx_scan_options *o); /* of archives, for listing them */

#endif
