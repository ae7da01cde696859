/* export_name.h - names for files made of recordings: safe on every system, whatever the recording is called
 * ASCII letters, digits, '-', '_' and '.' alone, never first a dot, at most 180 bytes, no two alike in one export: the
 * item's number is in front. */
#ifndef VX_JOBS_EXPORT_NAME_H
#define VX_JOBS_EXPORT_NAME_H

#include "db/stretches.h"

#define VX_EXPORT_NAME 192

/* "000017-interview": what follows the number is the name of the file or member without folders and suffix, every run of
 * other bytes in it as one '_'; nothing where that leaves nothing. */
void vx_export_name(char out[VX_EXPORT_NAME], const struct vx_stretches_item *item);

/* "000017-interview-ch2-00h12m03.500s.flac"; the N most suspicious have their rank in front, "0001-", so that they sort by it. */
void vx_export_clip_name(char out[VX_EXPORT_NAME], const struct vx_stretches_item *item, const struct vx_stretch_place *place,
                         const char *suffix);

#endif
