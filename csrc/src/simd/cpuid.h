/* cpuid.h: which instruction set of x86-64 a processor and its operating system run. */
#ifndef HBCD_CPUID_H
#define HBCD_CPUID_H

#include <stdint.h>

#define HBCD_CPUID_OSXSAVE (UINT32_C(1) << 27) /* of leaf 1, ECX: the system lets programs read XCR0 by xgetbv */

/* The registers that say it, as the instructions cpuid and xgetbv give them; 0 what there isn't. */
typedef struct {
    uint32_t highest;    /* leaf 0, EAX: the highest leaf; what a leaf above it says has no meaning */
    uint32_t leaf_1_ecx; /* leaf 1, ECX: features up to AVX and FMA, and whether there is an XCR0 */
    uint32_t leaf_7_ebx; /* leaf 7, subleaf 0, EBX: AVX2 and AVX-512 */
    uint64_t xcr0;       /* extended control register 0: the registers that the system saves for each thread */
} hbcd_cpuid;

/* HBCD_ISA_BASELINE, _AVX2 or _AVX512: the best of them of which all features are there, those that the compilers
 * derive included (-mavx2 allows SSE4.2 and POPCNT, avx512f of clang F16C), and whose registers the system saves.
 * Depends on the argument alone, on every platform. */
int hbcd_isa_of_cpuid(const hbcd_cpuid *cpuid);

#endif
