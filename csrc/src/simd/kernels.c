/* kernels.c: which instruction sets there are, and their tables. */
#include "simd/kernels.h"

int hbcd_isa_detect(void)
{
#ifdef HBCD_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
        return HBCD_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return HBCD_ISA_AVX2;
#endif
    return HBCD_ISA_BASELINE;
}

const char *hbcd_isa_name(int isa)
{
    switch (isa) {
    case HBCD_ISA_AVX512: return "avx512";
    case HBCD_ISA_AVX2: return "avx2";
    default: return "baseline";
    }
}

#define HBCD_EACH "simd/kernels_of.inl"
#include "hbcd_each_real.h"
