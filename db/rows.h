/* rows.h - structs of base/ and db/run.h as rows of the schema */
#ifndef VX_DB_ROWS_H
#define VX_DB_ROWS_H

#include "base/item.h"
#include "db/run.h"
#include "db/sqlite.h"

/* Columns of runs after `run`, in the order vx_rows_bind_run binds them. */
#define VX_RUN_COLUMNS                                                                                                 \
    VX_RUN_COLUMNS_3 ", custody, revision, gpu_wh, cpu_wh, grid_g_per_kwh, engine_wait_s, decode_wait_s"
#define VX_RUN_COLUMNS_3 /* of files before schema version 4 */                                                        \
    VX_RUN_COLUMNS_2 ", calibration_scale, calibration_offset, calibrated_on"
#define VX_RUN_COLUMNS_2 /* of files before schema version 3 */                                                        \
    "uuid, fingerprint, started, finished, state, command, config, model_path, model_name, model_sha256, "             \
    "model_trained, labels, profile_name, profile, profile_sha256, engine, precision, window_s, hop_s, min_s, "         \
    "silence_dbfs, real_below, fake_from, versions, hosts, ranks, wall_s, cpu_s, audio_s"
#define VX_RUN_VALUES "?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?"
#define VX_RUN_COUNT 39

/* Columns of items after `item` and `run`: what vx_rows_bind_item and then vx_rows_bind_result bind. */
#define VX_ITEM_COLUMNS VX_ITEM_COLUMNS_2 ", hash, same_as, warning"
#define VX_ITEM_COLUMNS_2 /* of files before schema version 4 */                                                       \
    VX_ITEM_COLUMNS_1 ", level_dbfs, bandwidth_hz, active_share, outside"
#define VX_ITEM_COLUMNS_1 /* of files of schema version 1 */                                                           \
    "path, path_raw, member, member_raw, kind, size, mtime, format, decoder, sample_rate, channels, duration_s, "      \
    "louder_channel, status, error, n_windows, n_scored, mean_fake, max_fake, worst_fake, fraction_over, "             \
    "longest_run_s, verdict"
#define VX_ITEM_VALUES "?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?"
#define VX_ITEM_COUNT 30

void vx_rows_bind_run(struct vx_bind *b, const struct vx_run *run);   /* VX_RUN_COLUMNS */
void vx_rows_bind_item(struct vx_bind *b, const struct vx_item *item); /* path … mtime */

/* format … warning. VX_EINVAL: windows not ascending, a logit or aggregate that is no finite number (SQLite would
 * store NaN as NULL), counts or verdict that do not fit the status. Names the item. */
enum vx_status vx_rows_check_result(const struct vx_item_result *result, struct vx_err *err) VX_CHECKED;
void vx_rows_bind_result(struct vx_bind *b, const struct vx_item_result *result);

/* For an item that no shard has: format … warning of one that is pending, or, when it could not even be listed,
 * failed with its problem. */
void vx_rows_bind_unseen(struct vx_bind *b, const char *problem);

/* Columns of channels after `item`: channel … verdict. */
#define VX_CHANNEL_COLUMNS                                                                                             \
    "channel, n_windows, n_scored, mean_fake, max_fake, worst_fake, fraction_over, longest_run_s, verdict"
#define VX_CHANNEL_VALUES "?,?,?,?,?,?,?,?,?"
void vx_rows_bind_channel(struct vx_bind *b, int channel, const struct vx_aggregate *aggregate);

const char *vx_rows_kind_name(enum vx_item_kind kind);

#endif
