#include "base/item.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void vx_item_clear(struct vx_item *item)
{
    for (size_t i = 0; item->meta && i < 2 * item->n_meta; i++)
        free(item->meta[i]);
    free(item->meta);
    free(item->path);
    free(item->member);
    free(item->problem);
    *item = (struct vx_item){0};
}

static int copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return from && !*to ? -1 : 0;
}

int vx_item_copy(struct vx_item *to, const struct vx_item *from)
{
    *to = *from;
    to->path = to->member = to->problem = NULL;
    to->meta = NULL;
    if (copy_text(&to->path, from->path) || copy_text(&to->member, from->member) ||
        copy_text(&to->problem, from->problem))
        goto fail;
    if (from->n_meta) {
        to->meta = vx_calloc(from->n_meta, 2 * sizeof(char *));
        if (!to->meta)
            goto fail;
        for (size_t i = 0; i < 2 * from->n_meta; i++)
            if (copy_text(&to->meta[i], from->meta[i]))
                goto fail;
    }
    return 0;
fail:
    vx_item_clear(to);
    return -1;
}

void vx_item_suffix(const char *name, char suffix[VX_ITEM_SUFFIX])
{
    const char *slash = strrchr(name, '/'), *dot = strrchr(slash ? slash + 1 : name, '.');
    size_t n = 0;

    if (dot && strlen(dot + 1) < VX_ITEM_SUFFIX)
        for (dot++; dot[n] && n + 1 < VX_ITEM_SUFFIX; n++)
            suffix[n] = dot[n] >= 'A' && dot[n] <= 'Z' ? (char)(dot[n] - 'A' + 'a') : dot[n];
    suffix[n] = '\0';
}

void vx_item_result_clear(struct vx_item_result *result)
{
    vx_item_clear(&result->item);
    free(result->windows);
    free(result->channels);
    *result = (struct vx_item_result){0};
}

const char *vx_verdict_name(enum vx_verdict v)
{
    switch (v) {
    case VX_VERDICT_REAL:
        return "real";
    case VX_VERDICT_UNCERTAIN:
        return "uncertain";
    case VX_VERDICT_FAKE:
        return "fake";
    case VX_VERDICT_NONE:
        break;
    }
    return "not_scored";
}
