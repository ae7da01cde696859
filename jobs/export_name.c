#include "jobs/export_name.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STEM 60 /* bytes of the recording's own name that are kept */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* The name's last part without its suffix; returns its length, at most STEM. */
static size_t stem_of(const char *name, char out[STEM + 1])
{
    const char *slash = strrchr(name, '/'), *from = slash ? slash + 1 : name, *dot = strrchr(from, '.');
    const char *const end = dot && dot > from ? dot : from + strlen(from);
    size_t n = 0;

    for (; from < end && n < STEM; from++) {
        if (is_plain(*from))
            out[n++] = *from;
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
    return n;
}

void vx_export_name(char out[VX_EXPORT_NAME], const struct vx_stretches_item *item)
{
    char stem[STEM + 1];
    const size_t n = stem_of(item->member ? item->member : item->path, stem);

    snprintf(out, VX_EXPORT_NAME, "%06lld%s%s", (long long)item->item, n > 0 ? "-" : "", stem);
}

void vx_export_clip_name(char out[VX_EXPORT_NAME], const struct vx_stretches_item *item, const struct vx_stretch_place *place,
                         const char *suffix)
{
    const long long ms = llround(place->stretch.clip_start_s * 1000);
    char name[VX_EXPORT_NAME], rank[24] = "", channel[16] = "";

    vx_export_name(name, item);
    if (place->rank > 0)
        snprintf(rank, sizeof rank, "%04zu-", place->rank);
    if (place->channel > 0)
        snprintf(channel, sizeof channel, "-ch%d", place->channel);
    snprintf(out, VX_EXPORT_NAME, "%s%.90s%s-%02lldh%02lldm%02lld.%03llds.%.4s", rank, name, channel, ms / 3600000, ms / 60000 % 60,
             ms / 1000 % 60, ms % 1000, suffix);
}
