/* What cJSON lets pass and we do not. */
#include "model/json.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Depth is bounded by cJSON's own limit on nesting. */
static enum vx_status check_keys(const cJSON *value, const char *origin, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    const char **keys = NULL;
    const cJSON *child;
    size_t n = 0;

    if (cJSON_IsObject(value) && value->child) {
        cJSON_ArrayForEach(child, value)
            n++;
        keys = calloc(n, sizeof *keys);
        if (!keys)
            return vx_fail_nomem(err, origin);
        n = 0;
        cJSON_ArrayForEach(child, value)
            keys[n++] = child->string;
        qsort(keys, n, sizeof *keys, by_text);
        for (size_t i = 1; i < n && rc == VX_OK; i++)
            if (strcmp(keys[i - 1], keys[i]) == 0)
                rc = vx_fail(err, VX_EFORMAT, "%s: key \"%s\" twice in one object", origin, keys[i]);
        free(keys);
    }
    for (child = value->child; child && rc == VX_OK; child = child->next)
        if (child->child)
            rc = check_keys(child, origin, err);
    return rc;
}

enum vx_status vx_json_parse(cJSON **out, const char *text, size_t len, const char *origin, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    const char *end = NULL;
    cJSON *root;

    *out = NULL;
    if (strlen(text) != len || strstr(text, "\\u0000"))
        return vx_fail(err, VX_EFORMAT, "%s: holds a NUL character, expected JSON", origin);
    if (!vx_text_utf8(text))
        return vx_fail(err, VX_EFORMAT, "%s: not UTF-8, expected JSON", origin);
    errno = 0; /* cJSON does not tell broken text from no memory; malloc does */
    root = cJSON_ParseWithOpts(text, &end, 1);
    if (!root && errno == ENOMEM)
        return vx_fail_nomem(err, origin);
    if (!root)
        return vx_fail(err, VX_EFORMAT, "%s: not JSON from byte %zu on", origin, end ? (size_t)(end - text) : 0);
    if (!cJSON_IsObject(root))
        rc = vx_fail(err, VX_EFORMAT, "%s: expected a JSON object", origin);
    else
        rc = check_keys(root, origin, err);
    if (rc != VX_OK)
        cJSON_Delete(root);
    else
        *out = root;
    return rc;
}

enum vx_status vx_json_load(cJSON **out, const char *path, size_t max, struct vx_err *err)
{
    enum vx_status rc;
    char *text;
    size_t len;

    *out = NULL;
    if ((rc = vx_file_read(path, max, &text, &len, err)) != VX_OK)
        return rc;
    rc = vx_json_parse(out, text, len, path, err);
    free(text);
    return rc;
}

bool vx_json_whole(const cJSON *item, int64_t min, int64_t max, int64_t *out)
{
    const double v = cJSON_IsNumber(item) ? item->valuedouble : -0x1p60;

    if (!(v >= (double)min && v <= (double)max) || (double)(int64_t)v != v)
        return false;
    *out = (int64_t)v;
    return true;
}
