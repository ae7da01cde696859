/* profile_builtin.h - the JSON texts of the built-in profiles; only for profile.c, which parses them */
#ifndef VX_MODEL_PROFILE_BUILTIN_H
#define VX_MODEL_PROFILE_BUILTIN_H

struct vx_profile_builtin {
    const char *name, *json;
};
/* NULL past the last one. */
const struct vx_profile_builtin *vx_profile_builtin(int i);

#endif
