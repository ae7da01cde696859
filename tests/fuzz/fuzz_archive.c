/* fuzz_archive.c - an archive: its members are listed, and each that is listed can be asked for. The checksums of a tar's
 * headers are mended after each mutation. */
#include "io/members.h"
#include "io/source.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512
#define MOST_READ 8
#define MOST_BYTES (1u << 20)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void mend_tar(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
        uint8_t *const h = data + at;
        unsigned sum = 8 * ' ';
        if (memcmp(h + 257, "ustar", 5) != 0)
            continue;
        for (int i = 0; i < BLOCK; i++)
            sum += i < 148 || i >= 156 ? h[i] : 0;
        snprintf((char *)h + 148, 8, "%06o", sum & 0777777);
        h[155] = ' ';
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8)
        mend_tar(data, size);
    return size;
}

static void read_member(struct vx_reader *reader, const struct vx_item *item)
{
    struct vx_source *source;
    uint8_t bytes[4096];
    struct vx_err err;

    if (vx_reader_open(reader, item, &source, &err) == VX_OK)
        while (vx_source_read(source, bytes, sizeof bytes) > 0)
            continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vx_corpus_limits limits = {.depth = 2, .max_bytes = MOST_BYTES};
    struct vx_item item = {.kind = VX_ITEM_AUDIO, .ordinal = -1, .size = (int64_t)size};
    struct vx_members *members = NULL;
    struct vx_reader *reader = NULL;
    struct vx_err err;
    enum vx_status rc = VX_DONE;
    int n = 0;

    if (!(item.path = strdup(fuzz_file("a.tar", data, size))) || vx_members_open(&members, &item, &limits, &err) != VX_OK ||
        vx_reader_create(&reader, MOST_BYTES, &err) != VX_OK)
        goto done;
    while ((rc = vx_members_next(members, &item, &err)) == VX_OK) {
        FUZZ_CHECK(item.path && (item.kind == VX_ITEM_BROKEN ? item.problem != NULL : item.member != NULL));
        if (item.kind != VX_ITEM_BROKEN && n++ < MOST_READ)
            read_member(reader, &item);
        vx_item_clear(&item);
    }
done:
    FUZZ_CHECK(rc == VX_DONE);
    vx_item_clear(&item);
    vx_reader_destroy(&reader);
    vx_members_close(&members);
    return 0;
}
