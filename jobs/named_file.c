#include "jobs/named_file.h"
#include "io/corpus.h"

#include <stdlib.h>
#include <string.h>

enum vx_status vx_named_file_open(struct vx_named_file *f, const char *path, struct vx_err *err)
{
    const enum vx_name_class class = vx_corpus_classify(path);
    enum vx_status rc;

    *f = (struct vx_named_file){.item = {.kind = VX_ITEM_AUDIO, .ordinal = -1, .size = -1}};
    if (class == VX_NAME_ARCHIVE || class == VX_NAME_MANIFEST)
        return vx_fail(err, VX_EINVAL, "%s: %s, which voxtrawl scan reads; name one recording or picture here", path,
                       class == VX_NAME_ARCHIVE ? "an archive" : "a list of files");
    if (!(f->item.path = strdup(path)))
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_reader_create(&f->reader, 0, err)) == VX_OK)
        rc = vx_reader_open(f->reader, &f->item, &f->source, err);
    if (rc != VX_OK)
        vx_named_file_close(f);
    return rc;
}

void vx_named_file_close(struct vx_named_file *f)
{
    vx_reader_destroy(&f->reader);
    vx_item_clear(&f->item);
    f->source = NULL;
}
