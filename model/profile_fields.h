/* profile_fields.h - the table of a profile's keys, for reading and writing them; for sources of model/ only
 * A profile is a JSON object, some of whose keys lie in objects of their own ("groups"). */
#ifndef VX_MODEL_PROFILE_FIELDS_H
#define VX_MODEL_PROFILE_FIELDS_H

#include "base/buf.h"
#include "model/json.h"
#include "model/profile.h"

enum vx_profile_kind {
    VX_FIELD_NAME,
    VX_FIELD_TEXT,
    VX_FIELD_BOOL,
    VX_FIELD_WHOLE,
    VX_FIELD_REAL,
    VX_FIELD_CHANNELS,
    VX_FIELD_RANGE,
    VX_FIELD_COLOUR,
    VX_FIELD_FILTER,
};

enum vx_profile_need {
    VX_NEED_ALWAYS, /* of a key in a group: where the group is there */
    VX_NEED_NOT,
    VX_NEED_UNLESS_REF_MAX,
    VX_NEED_UNLESS_PROCESSOR,
    VX_NEED_WHEN_SET, /* not, and not written while it has the default: profiles from before it was added keep their hash */
};

struct vx_profile_field {
    const char *key; /* "group.key": `key` in the object `group` */
    enum vx_profile_kind kind;
    size_t offset;   /* in struct vx_profile; of TEXT and NAME an array of `max` chars */
    double min, max; /* of WHOLE, REAL, CHANNELS and RANGE */
    enum vx_profile_need need;
};

#define VX_PROFILE_N_FIELDS 35
extern const struct vx_profile_field vx_profile_fields[VX_PROFILE_N_FIELDS]; /* in the order in which they are written */
extern const struct vx_profile vx_profile_defaults;                         /* what keys that are left out have */

/* item's value into p; false: it is not what the field takes, and that field of p has no meaning. */
bool vx_profile_field_read(const struct vx_profile_field *f, const cJSON *item, struct vx_profile *p);
/* VX_EFORMAT: origin, the key and what was expected. */
enum vx_status vx_profile_field_refuse(const struct vx_profile_field *f, const char *origin, struct vx_err *err);
/* Its value in p as JSON. */
void vx_profile_field_write(const struct vx_profile_field *f, const struct vx_profile *p, struct vx_buf *b);
/* Of TEXT, RANGE and REAL: whether p has something other than the default there. */
bool vx_profile_field_is_set(const struct vx_profile_field *f, const struct vx_profile *p);

#endif
