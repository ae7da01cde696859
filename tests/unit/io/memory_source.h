/* memory_source.h - a vx_source over bytes in memory, for the tests of what reads sources
 * It defines the functions of io/source.h itself, so a test that links it must not use vx_reader. */
#ifndef VX_TESTS_MEMORY_SOURCE_H
#define VX_TESTS_MEMORY_SOURCE_H

#include "io/source.h"

struct vx_source {
    const unsigned char *data; /* borrowed [size], or [held] when that is not 0: zeros follow */
    int64_t size, held, at;
    int64_t fail_at; /* reads that pass this offset fail with EIO; 0: none */
    int error;
    const char *suffix; /* borrowed; NULL: none */
};

#endif
