#include "base/newfile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(struct vx_newfile *f)
{
    free(f->path);
    free(f->partial);
    *f = (struct vx_newfile){0};
}

enum vx_status vx_newfile_open(struct vx_newfile *f, const char *path, struct vx_err *err)
{
    enum vx_status rc;

    *f = (struct vx_newfile){.path = strdup(path)};
    if (asprintf(&f->partial, "%s.part", path) < 0)
        f->partial = NULL;
    if (!f->path || !f->partial)
        rc = vx_fail_nomem(err, "a path");
    else if (!(f->to = fopen(f->partial, "we")))
        rc = vx_fail_sys(err, "create %s", f->partial);
    else
        return VX_OK;
    end(f);
    return rc;
}

static enum vx_status finish(struct vx_newfile *f, bool sync, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    if (fflush(f->to) != 0 || ferror(f->to) || (sync && fsync(fileno(f->to)) != 0))
        rc = vx_fail_sys(err, "write %s", f->partial);
    if (fclose(f->to) != 0 && rc == VX_OK)
        rc = vx_fail_sys(err, "write %s", f->partial);
    if (rc == VX_OK && rename(f->partial, f->path) != 0)
        rc = vx_fail_sys(err, "rename %s to %s", f->partial, f->path);
    if (rc != VX_OK)
        unlink(f->partial);
    end(f);
    return rc;
}

enum vx_status vx_newfile_commit(struct vx_newfile *f, struct vx_err *err)
{
    return finish(f, true, err);
}

enum vx_status vx_newfile_publish(struct vx_newfile *f, struct vx_err *err)
{
    return finish(f, false, err);
}

void vx_newfile_drop(struct vx_newfile *f)
{
    if (!f->to)
        return;
    fclose(f->to);
    unlink(f->partial);
    end(f);
}
