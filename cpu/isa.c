#include "cpu/isa.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Leaf 7, EDX: compilers know the bit by name only since GCC 13. Whether the system lets a process use it is
 * oneDNN's business, which then does without. */
static bool has_amx_bf16(void)
{
    unsigned eax, ebx, ecx, edx;

    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 22 & 1);
}
#endif

struct vx_isa vx_isa_detect(void)
{
    struct vx_isa isa = {0};

#if defined(__x86_64__)
    __builtin_cpu_init();
    isa.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    isa.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    isa.avx512_bf16 = isa.avx512 && __builtin_cpu_supports("avx512bf16");
    isa.amx_bf16 = isa.avx512_bf16 && has_amx_bf16();
#endif
    const char *const most = getenv("VOXTRAWL_MAX_ISA");
    if (most && (strcmp(most, "avx2") == 0 || strcmp(most, "baseline") == 0))
        isa = (struct vx_isa){.avx2 = isa.avx2 && strcmp(most, "avx2") == 0};
    return isa;
}

const char *vx_isa_name(const struct vx_isa *isa)
{
    if (isa->avx512_bf16)
        return "AVX-512 BF16";
    if (isa->avx512)
        return "AVX-512";
    return isa->avx2 ? "AVX2" : "baseline";
}
