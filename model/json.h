/* json.h - strict reading of the JSON files that come with a model
 * cJSON underneath, and what it lets pass made an error: bytes that are no UTF-8, NUL characters, text after the end,
 * a key twice in one object. For sources of model/ only. */
#ifndef VX_MODEL_JSON_H
#define VX_MODEL_JSON_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* text[len] with a NUL at text[len]; its root must be an object. On success *out is the caller's (cJSON_Delete).
 * VX_EFORMAT names origin and, where JSON itself is broken, the byte. */
enum vx_status vx_json_parse(cJSON **out, const char *text, size_t len, const char *origin, struct vx_err *err) VX_CHECKED;

/* The same of a file of at most max bytes. */
enum vx_status vx_json_load(cJSON **out, const char *path, size_t max, struct vx_err *err) VX_CHECKED;

/* A whole number within [min, max], both within ±2^53, the range that JSON carries exactly; NULL is fine: false. */
bool vx_json_whole(const cJSON *item, int64_t min, int64_t max, int64_t *out);

#endif
