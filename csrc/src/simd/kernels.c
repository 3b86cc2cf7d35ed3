/* kernels.c: which instruction sets there are, and their tables. */
#include "simd/kernels.h"

#ifndef HBCD_ISA_AT_MOST
#define HBCD_ISA_AT_MOST 2
#endif

static int best_of_processor(void)
{
#ifdef HBCD_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
        return HBCD_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return HBCD_ISA_AVX2;
#elif defined(HBCD_ARM64)
    return HBCD_ISA_NEON; /* every one has it */
#endif
    return HBCD_ISA_BASELINE;
}

int hbcd_isa_detect(void)
{
    const int best = best_of_processor();
    return best < HBCD_ISA_AT_MOST ? best : HBCD_ISA_AT_MOST;
}

const char *hbcd_isa_name(int isa)
{
    switch (isa) {
    case HBCD_ISA_BASELINE: return "baseline";
#ifdef HBCD_X86
    case HBCD_ISA_AVX2: return "avx2";
    case HBCD_ISA_AVX512: return "avx512";
#elif defined(HBCD_ARM64)
    case HBCD_ISA_NEON: return "neon";
#endif
    default: return NULL;
    }
}

#define HBCD_EACH "simd/kernels_of.inl"
#include "hbcd_each_real.h"
