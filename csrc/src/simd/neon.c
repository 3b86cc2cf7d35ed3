/* neon.c: the kernels for AArch64: 16-byte vectors, 32 registers of them. */
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

#ifdef HBCD_ARM64
#define VECTOR_BYTES 16
#define OUT_BLOCK 6
#define ROW_BLOCK 4
#define GRAD_IN 5
#define GRAD_OUT 5
#define GRAD_STEPS 4
#define SYRK_STRIPS 1
#define SYRK_COLUMNS 4
#define SYRK_BY_ELEMENT
#define TERMS_IN_THREES
#define KERNEL_ISA HBCD_ISA_NEON
#define KERNEL_TABLE FN(kernels_neon)

/* One instruction that keeps NaN, instead of a comparison and a choice. */
#ifdef __has_builtin
#if __has_builtin(__builtin_elementwise_minimum)
#define HBCD_MINIMUM __builtin_elementwise_minimum
#endif
#endif

/* Two vectors at once: they are loaded and stored in pairs. */
#ifdef __clang__
#undef HBCD_INDEPENDENT
#define HBCD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety) interleave_count(4)")
#endif

#include "simd/kernels_all.inl"
#endif
