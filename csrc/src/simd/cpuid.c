/* cpuid.c: see cpuid.h.  The bits are those of the manuals of Intel (volume 2, CPUID; volume 1, chapter 13) and AMD. */
#include "simd/cpuid.h"

#include "hbcd_base.h"

#define BIT(k) (UINT32_C(1) << (k))

enum {
    /* Leaf 1, ECX. */
    SSE3 = 0, SSSE3 = 9, FMA = 12, SSE4_1 = 19, SSE4_2 = 20, POPCNT = 23, XSAVE = 26, AVX = 28, F16C = 29,
    /* Leaf 7, EBX. */
    AVX2 = 5, AVX512F = 16, AVX512DQ = 17, AVX512BW = 30, AVX512VL = 31
};

/* What the kernels are compiled with: see the targets that avx2.c and avx512.c name. */
static const uint32_t AVX2_LEAF_1 = BIT(SSE3) | BIT(SSSE3) | BIT(FMA) | BIT(SSE4_1) | BIT(SSE4_2) | BIT(POPCNT) | BIT(XSAVE) |
                                    HBCD_CPUID_OSXSAVE | BIT(AVX);
static const uint32_t AVX512_LEAF_1 = BIT(F16C); /* beside those of AVX2, like the next */
static const uint32_t AVX512_LEAF_7 = BIT(AVX512F) | BIT(AVX512DQ) | BIT(AVX512BW) | BIT(AVX512VL);

/* XCR0: the registers XMM and the upper halves of YMM; the masks, the upper halves of ZMM0 to 15, all of ZMM16 to 31.
 * macOS turns those of AVX-512 on for a thread at its first such instruction, and XCR0 may not show them before:
 * there the answer can be AVX2 on a processor with AVX-512. */
static const uint64_t YMM_SAVED = 0x06, ZMM_SAVED = 0xe6;

static int has(uint64_t bits, uint64_t wanted) { return (bits & wanted) == wanted; }

int hbcd_isa_of_cpuid(const hbcd_cpuid *cpuid)
{
    if (cpuid->highest < 7 || !has(cpuid->leaf_1_ecx, AVX2_LEAF_1) || !has(cpuid->leaf_7_ebx, BIT(AVX2)) ||
        !has(cpuid->xcr0, YMM_SAVED))
        return HBCD_ISA_BASELINE;
    if (has(cpuid->leaf_1_ecx, AVX512_LEAF_1) && has(cpuid->leaf_7_ebx, AVX512_LEAF_7) && has(cpuid->xcr0, ZMM_SAVED))
        return HBCD_ISA_AVX512;
    return HBCD_ISA_AVX2;
}
