/* peak_loops.h - the loops of peak.c, one a kind of multiply-add
 * Each runs `rounds` times through chains that do not wait for one another, more than a processor's latency times its multiply-adds
 * a cycle, and no more than there are registers for. Returns something of the sums, so that nothing is optimised away. */
#ifndef VX_CPU_PEAK_LOOPS_H
#define VX_CPU_PEAK_LOOPS_H

#define VX_PEAK_CHAINS_256 12
#define VX_PEAK_CHAINS_512 24

typedef float vx_peak_loop(long rounds);

#define VX_PEAK_PLAIN_WIDTH 64 /* floats that vx_peak_plain() multiplies and adds a round */
vx_peak_loop vx_peak_plain;
#if defined(__x86_64__)
vx_peak_loop vx_peak_avx2;      /* 8 multiply-adds a chain and round; where vx_isa.avx2 */
vx_peak_loop vx_peak_avx2_int8; /* 32 */
vx_peak_loop vx_peak_avx512;      /* 16; where vx_isa.avx512 */
vx_peak_loop vx_peak_avx512_bf16; /* 32; where vx_isa.avx512_bf16 */
vx_peak_loop vx_peak_avx512_int8; /* 64; where the processor has AVX512_VNNI */
#endif

#endif
