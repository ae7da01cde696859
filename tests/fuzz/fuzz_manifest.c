/* fuzz_manifest.c - a manifest; the first byte says which kind */
#include "io/manifest.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"m.txt", "m.csv", "m.tsv", "m.csv.gz"};
    struct vx_manifest *m = NULL;
    struct vx_item item = {0};
    struct vx_err err;
    bool archive;
    enum vx_status rc;

    if (size == 0 || vx_manifest_open(&m, fuzz_file(names[data[0] % 4], data + 1, size - 1), &err) != VX_OK)
        return 0;
    while ((rc = vx_manifest_next(m, &item, &archive, &err)) == VX_OK) {
        FUZZ_CHECK(!item.path || *item.path);
        FUZZ_CHECK(item.kind != VX_ITEM_BROKEN || (item.problem && *item.problem));
        vx_item_clear(&item);
    }
    FUZZ_CHECK(rc == VX_DONE);
    vx_manifest_close(&m);
    return 0;
}
