/* kernels.c: which instruction sets there are, and their tables. */
#include "simd/kernels.h"

#include "simd/cpuid.h"

#ifndef HBCD_ISA_AT_MOST
#define HBCD_ISA_AT_MOST 2
#endif

#ifdef HBCD_X86
/* Four registers of the instruction cpuid, subleaf 0. */
typedef struct {
    uint32_t eax, ebx, ecx, edx;
} registers;

static registers cpuid_leaf(uint32_t leaf)
{
    registers r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "0"(leaf), "2"(0));
    return r;
}

/* The instructions are asked, not the run-time library of the compiler, which with zig finds AVX nowhere. */
static int best_of_processor(void)
{
    hbcd_cpuid cpuid = {cpuid_leaf(0).eax, cpuid_leaf(1).ecx, cpuid_leaf(7).ebx, 0};
    if (cpuid.leaf_1_ecx & HBCD_CPUID_OSXSAVE) { /* without it xgetbv is no instruction */
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        cpuid.xcr0 = (uint64_t)high << 32 | low;
    }
    return hbcd_isa_of_cpuid(&cpuid);
}

/* One more than the best instruction set, 0 before it was asked for: in a virtual machine cpuid takes 20 us, and sums of
 * vectors ask each time.  Every thread finds the same, so whoever writes it writes what is there. */
static int remembered;

static int best_of_all(void)
{
    int best = __atomic_load_n(&remembered, __ATOMIC_RELAXED);
    if (best == 0) {
        best = best_of_processor() + 1;
        __atomic_store_n(&remembered, best, __ATOMIC_RELAXED);
    }
    return best - 1;
}
#elif defined(HBCD_ARM64)
static int best_of_all(void) { return HBCD_ISA_NEON; } /* every one has it */
#else
static int best_of_all(void) { return HBCD_ISA_BASELINE; }
#endif

int hbcd_isa_detect(void)
{
    const int best = best_of_all();
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
