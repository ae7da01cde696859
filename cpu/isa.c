#include "cpu/isa.h"

struct vx_isa vx_isa_detect(void)
{
    struct vx_isa isa = {0};

#if defined(__x86_64__)
    __builtin_cpu_init();
    isa.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    isa.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    isa.avx512_bf16 = isa.avx512 && __builtin_cpu_supports("avx512bf16");
#endif
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
