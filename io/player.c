#include "io/player.h"

#include "base/mem.h"
#include "io/picture.h"

#include <stdlib.h>

struct vx_player {
    struct vx_player_process *process; /* NULL: the next two */
    struct vx_reader *reader;
    struct vx_picture_fitter *pictures;
    bool as_scanned;
};

enum vx_status vx_player_create(struct vx_player **out, const struct vx_player_config *config, struct vx_err *err)
{
    struct vx_player *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *out = NULL;
    if (!p)
        return vx_fail_nomem(err, "a player of recordings");
    p->as_scanned = config->as_scanned;
    if (config->nursery)
        rc = vx_player_process_create(&p->process, config, err);
    else if ((rc = vx_reader_create(&p->reader, config->max_member_bytes, err)) == VX_OK)
        rc = vx_picture_fitter_create(&p->pictures, &config->processor, config->image_size, err);
    if (rc == VX_OK) {
        *out = p;
        p = NULL;
    }
    vx_player_destroy(&p);
    return rc;
}

void vx_player_destroy(struct vx_player **player)
{
    if (!*player)
        return;
    vx_player_process_destroy(&(*player)->process);
    vx_reader_destroy(&(*player)->reader);
    vx_picture_fitter_destroy(&(*player)->pictures);
    free(*player);
    *player = NULL;
}

static enum vx_status check_size(const struct vx_player *p, const struct vx_item *item, int64_t size, struct vx_err *err)
{
    if (p->as_scanned && item->size >= 0 && size != item->size)
        return vx_fail(err, VX_EFORMAT, "has %lld bytes, and had %lld when it was scanned: scan it again", (long long)size,
                       (long long)item->size);
    return VX_OK;
}

enum vx_status vx_player_open(struct vx_player *p, const struct vx_item *item, struct vx_sound **out, struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    *out = NULL;
    if (p->process) {
        if ((rc = vx_player_process_open(p->process, item, err)) != VX_OK ||
            (rc = check_size(p, item, vx_player_process_size(p->process), err)) != VX_OK)
            return rc;
        return vx_sound_played(out, p->process, err);
    }
    if ((rc = vx_reader_open(p->reader, item, &source, err)) != VX_OK ||
        (rc = check_size(p, item, vx_source_size(source), err)) != VX_OK)
        return rc;
    return vx_sound_open(out, source, err);
}

enum vx_status vx_player_picture(struct vx_player *p, const struct vx_item *item, uint8_t *out, struct vx_err *err)
{
    struct vx_source *source;
    enum vx_status rc;

    if (p->process)
        return vx_player_process_picture(p->process, item, out, err);
    if ((rc = vx_reader_open(p->reader, item, &source, err)) != VX_OK || (rc = vx_picture_load(p->pictures, source, err)) != VX_OK)
        return rc;
    vx_picture_fit(p->pictures, out);
    return VX_OK;
}
