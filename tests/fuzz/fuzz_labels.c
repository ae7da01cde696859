/* fuzz_labels.c - a label file; the first byte says which format it is to be taken for, or that this is to be found out */
#include "io/labels.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const char *chosen(uint8_t byte)
{
    const char *const *formats = vx_labels_formats();
    size_t n = 0;

    while (formats[n])
        n++;
    return byte % (n + 1) < n ? formats[byte % (n + 1)] : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vx_labels *labels = NULL;
    struct vx_err err;
    ptrdiff_t found;

    if (size == 0 || vx_labels_open(&labels, fuzz_file("labels.txt", data + 1, size - 1), chosen(data[0]), &err) != VX_OK)
        return 0;
    for (size_t i = 0; i < vx_labels_count(labels) && i < 16; i++) {
        const struct vx_label_row *row = vx_labels_row(labels, i);
        FUZZ_CHECK(row && row->name && row->line > 0);
        for (size_t k = 0; k < vx_labels_columns(labels); k++)
            FUZZ_CHECK(vx_labels_column(labels, k) && row->cells[k]);
        if (vx_labels_match(labels, row->name, NULL, &found, &err) == VX_OK)
            FUZZ_CHECK(found >= -1 && found < (ptrdiff_t)vx_labels_count(labels));
    }
    (void)!vx_labels_match(labels, "a/b.wav", "c/d.flac", &found, &err);
    vx_labels_close(&labels);
    return 0;
}
