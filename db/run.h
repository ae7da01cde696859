/* run.h - what a run was: one row of the table `runs`, written into every shard and into the result
 * Everything that explains a score: model, profile, versions, effective options. */
#ifndef VX_DB_RUN_H
#define VX_DB_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct vx_run { /* all text is borrowed UTF-8; NULL where unknown */
    const char *uuid;        /* 32 hex digits: shards with the same one belong together */
    const char *fingerprint; /* SHA-256 over what affects results; only equal ones are merged or resumed */
    const char *started, *finished; /* ISO 8601 UTC */
    const char *state;       /* "running", "complete", "stopped", "merged" */
    const char *command;     /* as typed */
    const char *config_json; /* effective options */
    const char *model_path, *model_name, *model_sha256;
    bool model_trained;
    const char *labels_json; /* id2label as a list, in order, with the side each was taken for */
    const char *profile_name, *profile_json, *profile_sha256;
    const char *engine, *precision;
    double window_s, hop_s, min_s, silence_dbfs, real_below, fake_from;
    double calibration_scale, calibration_offset; /* 1 and 0: none */
    const char *calibrated_on;
    const char *versions_json; /* voxtrawl, decoders, resampler, oneDNN, SQLite, MPI … */
    const char *hosts_json;    /* [{"rank":0,"host":…,"threads":…}] */
    int ranks;
    double wall_s, cpu_s, audio_s; /* of the whole run; 0 until finished, the first two also where it was resumed */
    bool custody;         /* every item has a SHA-256 */
    const char *revision; /* of the program's source */
    double gpu_wh, cpu_wh; /* watt-hours of the hosts while it ran; 0: unknown */
    double grid_g_per_kwh; /* CO2 a kilowatt-hour, as the user said; 0: unknown */
    double engine_wait_s, decode_wait_s; /* engine threads waited for sound, decoders for room: sums; known with wall_s */
};

#endif
