/* clones.h - one loop compiled for several instruction sets, the best one picked when the program starts
 * For plain loops that the compiler vectorises by itself. With floating-point contraction off (the build sets it) every
 * clone computes the same bits as long as the loop does not reorder sums. */
#ifndef VX_BASE_CLONES_H
#define VX_BASE_CLONES_H

/* The loader picks a clone before a sanitizer is ready to run code. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define VX_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VX_CLONES
#endif

#endif
