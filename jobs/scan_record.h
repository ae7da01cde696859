/* scan_record.h - what is written down about a scan: its row in `runs`, and its fingerprint
 * The fingerprint is a digest of everything that can change a score, and of nothing else: two scans with one
 * fingerprint may be merged and resumed. */
#ifndef VX_JOBS_SCAN_RECORD_H
#define VX_JOBS_SCAN_RECORD_H

#include "base/buf.h"
#include "base/sha256.h"
#include "db/run.h"
#include "jobs/scan_options.h"
#include "jobs/scanner.h"

#include <stdbool.h>

struct vx_scan_record {
    char uuid[33];    /* 32 hex digits */
    char started[25]; /* ISO 8601 UTC */
    char fingerprint[VX_SHA256_HEX];
    const char *content; /* what items are hashed by, in a word: "xxh3", "sha256", "pcm-xxh3", "none" */
    struct vx_buf decisive; /* owned: what the fingerprint is taken of, as the members of a JSON object */
    struct vx_buf command, config_json, versions_json; /* owned */
};

/* The command as typed, for the record. Before the options are parsed, which reorders argv. */
enum vx_status vx_scan_record_command(struct vx_scan_record *record, int argc, char **argv, struct vx_err *err) VX_CHECKED;

/* uuid and started are set by whoever begins the run; this fills the rest. */
enum vx_status vx_scan_record_fill(struct vx_scan_record *record, const struct vx_scan_options *o,
                                   const struct vx_scanner *scanner, struct vx_err *err) VX_CHECKED;
/* Whether two records' decisive text differs, and if so each member that does: `hop_s 2 -> 1, precision "bf16" -> "fp32"`. */
bool vx_scan_record_differences(const char *old, const char *now, char *out, size_t size);
void vx_scan_record_free(struct vx_scan_record *record);

/* The row, with state "running"; text borrowed from record, scanner and options. */
struct vx_run vx_scan_record_run(const struct vx_scan_record *record, const struct vx_scan_options *o,
                                 const struct vx_scanner *scanner);

#endif
