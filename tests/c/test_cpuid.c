/* test_cpuid.c: the instruction set found follows from what a processor and its system say, made-up ones included. */
#include "simd/cpuid.h"

#include "check.h"
#include "hbcd.h"

/* Words like those of a Xeon with AVX-512 (Skylake-SP) and of a Core with AVX2 (Haswell): leaf 1 ECX, leaf 7 EBX. */
static const hbcd_cpuid SKYLAKE_SP = {22, 0x7ffefbff, 0xd39ffffb, 0xe7};
static const hbcd_cpuid HASWELL = {13, 0x7ffafbff, 0x000027ab, 0x07};

static const uint32_t LEAF_1_AVX2 = 0x1c981201;   /* SSE3 SSSE3 FMA SSE4.1 SSE4.2 POPCNT XSAVE OSXSAVE AVX */
static const uint32_t LEAF_1_AVX512 = 0x20000000; /* F16C */
static const uint32_t LEAF_7_AVX2 = 0x00000020, LEAF_7_AVX512 = 0xc0030000;

static void test_processors(void)
{
    const hbcd_cpuid none = {0}, all = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX};
    const hbcd_cpuid sandy_bridge = {13, 0x1f9ae3bf, 0, 0x07};  /* AVX, neither FMA nor AVX2 */
    const hbcd_cpuid piledriver = {13, 0x3e98320b, 0x8, 0x07};  /* AVX and FMA without AVX2 */
    const hbcd_cpuid nehalem = {11, 0x009ce3bd, 0, 0};          /* SSE4.2, no AVX */
    const hbcd_cpuid knights = {13, 0x7ff8f3bf, 0x1c0d23ab, 0xe7}; /* Xeon Phi: AVX-512 F without DQ, BW and VL */
    CHECK(hbcd_isa_of_cpuid(&none) == HBCD_ISA_BASELINE);
    CHECK(hbcd_isa_of_cpuid(&nehalem) == HBCD_ISA_BASELINE);
    CHECK(hbcd_isa_of_cpuid(&sandy_bridge) == HBCD_ISA_BASELINE);
    CHECK(hbcd_isa_of_cpuid(&piledriver) == HBCD_ISA_BASELINE);
    CHECK(hbcd_isa_of_cpuid(&HASWELL) == HBCD_ISA_AVX2);
    CHECK(hbcd_isa_of_cpuid(&knights) == HBCD_ISA_AVX2);
    CHECK(hbcd_isa_of_cpuid(&SKYLAKE_SP) == HBCD_ISA_AVX512);
    CHECK(hbcd_isa_of_cpuid(&all) == HBCD_ISA_AVX512);
}

/* No instruction set is taken without one of its features, and no other bit matters. */
static void test_each_feature_is_asked_for(void)
{
    for (int k = 0; k < 32; k++) {
        const uint32_t bit = UINT32_C(1) << k;
        hbcd_cpuid cpuid = SKYLAKE_SP;
        cpuid.leaf_1_ecx &= ~bit;
        CHECK(hbcd_isa_of_cpuid(&cpuid) == (bit & LEAF_1_AVX2     ? HBCD_ISA_BASELINE
                                            : bit & LEAF_1_AVX512 ? HBCD_ISA_AVX2
                                                                  : HBCD_ISA_AVX512));
        cpuid = SKYLAKE_SP;
        cpuid.leaf_7_ebx &= ~bit;
        CHECK(hbcd_isa_of_cpuid(&cpuid) == (bit & LEAF_7_AVX2     ? HBCD_ISA_BASELINE
                                            : bit & LEAF_7_AVX512 ? HBCD_ISA_AVX2
                                                                  : HBCD_ISA_AVX512));
        cpuid = (hbcd_cpuid){7, LEAF_1_AVX2, LEAF_7_AVX2 | (LEAF_7_AVX512 & ~bit), 0xe6};
        CHECK(hbcd_isa_of_cpuid(&cpuid) == HBCD_ISA_AVX2);
    }
    const hbcd_cpuid least = {7, LEAF_1_AVX2 | LEAF_1_AVX512, LEAF_7_AVX2 | LEAF_7_AVX512, 0xe6};
    CHECK(hbcd_isa_of_cpuid(&least) == HBCD_ISA_AVX512);
}

/* Bits 1 and 2 of XCR0 are those of SSE and AVX, 5 to 7 those of AVX-512. */
static void test_the_system_has_to_save_the_registers(void)
{
    for (unsigned xcr0 = 0; xcr0 < 256; xcr0++) {
        const int ymm = (xcr0 & 6) == 6, zmm = ymm && (xcr0 >> 5) == 7;
        hbcd_cpuid cpuid = SKYLAKE_SP;
        cpuid.xcr0 = xcr0;
        CHECK(hbcd_isa_of_cpuid(&cpuid) == (zmm ? HBCD_ISA_AVX512 : ymm ? HBCD_ISA_AVX2 : HBCD_ISA_BASELINE));
        cpuid.xcr0 = (uint64_t)xcr0 << 32;
        CHECK(hbcd_isa_of_cpuid(&cpuid) == HBCD_ISA_BASELINE);
    }
}

/* A leaf that doesn't exist says anything: processors answer with their highest. */
static void test_leaves_above_the_highest_say_nothing(void)
{
    for (uint32_t highest = 0; highest < 10; highest++) {
        hbcd_cpuid cpuid = SKYLAKE_SP;
        cpuid.highest = highest;
        CHECK(hbcd_isa_of_cpuid(&cpuid) == (highest < 7 ? HBCD_ISA_BASELINE : HBCD_ISA_AVX512));
    }
}

/* The answer is the same each time, and one of this architecture. */
static void test_this_processor(void)
{
    const int found = hbcd_isa_detect();
    CHECK(found >= HBCD_ISA_BASELINE && hbcd_isa_name(found) != NULL);
    for (int k = 0; k < 3; k++) CHECK(hbcd_isa_detect() == found);
    printf("test_cpuid: instruction set %s\n", hbcd_isa_name(found));
}

int main(void)
{
    test_processors();
    test_each_feature_is_asked_for();
    test_the_system_has_to_save_the_registers();
    test_leaves_above_the_highest_say_nothing();
    test_this_processor();
    CHECK_DONE("test_cpuid");
}
