#include "jobs/tolerance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum vx_status vx_tolerance_parse(struct vx_tolerance *t, const char *text, struct vx_err *err)
{
    const size_t length = strlen(text), digits = strspn(text, "0123456789");
    double percent;
    int end = 0;

    *t = (struct vx_tolerance){0};
    if (digits == length && digits > 0 && digits <= 18 && sscanf(text, "%" SCNd64, &t->items) == 1)
        return VX_OK;
    if (strspn(text, "0123456789.") + 1 == length && sscanf(text, "%lf%%%n", &percent, &end) == 1 && (size_t)end == length &&
        percent <= 100) {
        t->percent = percent;
        return VX_OK;
    }
    return vx_fail(err, VX_EINVAL, "--max-failed %s: expected a number of items, such as 100, or a share of them, such as 0.5%%", text);
}

bool vx_tolerance_holds(const struct vx_tolerance *t, int64_t failed, int64_t items)
{
    return t->items > 0 ? failed <= t->items : (double)failed * 100 <= t->percent * (double)items;
}
