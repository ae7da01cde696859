/* isa.h - what this processor can do, found at run time */
#ifndef VX_CPU_ISA_H
#define VX_CPU_ISA_H

#include <stdbool.h>

struct vx_isa {
    bool avx2;        /* with FMA */
    bool avx512;      /* F, BW, DQ, VL */
    bool avx512_bf16; /* native bf16 dot products */
    bool amx_bf16;    /* matrix registers for bf16 */
};
/* $VOXTRAWL_MAX_ISA, "avx2" or "baseline", leaves out what is above: to see on a new processor what an old one would do
 * (oneDNN asks $ONEDNN_MAX_CPU_ISA). */
struct vx_isa vx_isa_detect(void);
const char *vx_isa_name(const struct vx_isa *isa); /* "AVX-512 BF16", "AVX2", "baseline" */

#endif
