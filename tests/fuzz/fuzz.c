#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One for the process, which libFuzzer runs a target in until it ends: the folder lies in memory and goes at exit. */
static char folder[64], path[160];
static int file = -1;

static void leave(void)
{
    if (*path)
        unlink(path);
    rmdir(folder);
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/dev/shm/vx-fuzz-XXXXXX");
    FUZZ_CHECK(mkdtemp(folder));
    FUZZ_CHECK((file = memfd_create("fuzz", MFD_CLOEXEC)) >= 0);
    atexit(leave);
}

const char *fuzz_folder(void)
{
    if (file < 0)
        begin();
    return folder;
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
    char wanted[sizeof path], target[32];

    snprintf(wanted, sizeof wanted, "%s/%s", fuzz_folder(), name);
    FUZZ_CHECK(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    if (strcmp(wanted, path) != 0) { /* a link: the file itself has no name */
        if (*path)
            unlink(path);
        snprintf(target, sizeof target, "/proc/self/fd/%d", file);
        FUZZ_CHECK(symlink(target, wanted) == 0);
        strcpy(path, wanted);
    }
    return path;
}

uint8_t fuzz_byte(struct fuzz_bytes *b)
{
    if (b->size == 0)
        return 0;
    b->size--;
    return *b->data++;
}

uint32_t fuzz_below(struct fuzz_bytes *b, uint32_t n)
{
    const uint32_t high = fuzz_byte(b);

    return (high << 8 | fuzz_byte(b)) % n;
}
