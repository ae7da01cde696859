/* fuzz.h - what the fuzz targets share: input as a file under a name of one's choice, and the rest of a run's bytes as numbers
 * A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput; tests/fuzz/run.sh runs it. */
#ifndef VX_TESTS_FUZZ_H
#define VX_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file called `name` that holds the data until the next call, in a folder of its own in memory: dirname is the
 * folder. Names of earlier calls are gone. Borrowed. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);
const char *fuzz_folder(void);

/* Ends the run as a crash, which libFuzzer reports with the input. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

/* Takes bytes from the front of the data; 0 where there are none left. */
struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
};
uint8_t fuzz_byte(struct fuzz_bytes *b);
uint32_t fuzz_below(struct fuzz_bytes *b, uint32_t n); /* 0 … n-1 of two bytes, n ≤ 65536 */

#endif
