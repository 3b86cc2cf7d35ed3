/* neon.c: the kernels for AArch64: 16-byte vectors, 32 registers of them. */
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

#ifdef HBCD_ARM64
#define VECTOR_BYTES 16
#define OUT_BLOCK 6
#define ROW_BLOCK 4
#define ROW_VECS 8
#define GRAD_IN 5
#define GRAD_OUT 5
#define GRAD_STEPS 4
#define SYRK_STRIPS 1
#define SYRK_COLUMNS 4
#define SYRK_BY_ELEMENT
#define OVERWRITES_SUMMAND
#define SQUARES_BY_VECTORS
#define KERNEL_ISA HBCD_ISA_NEON
#define KERNEL_TABLE FN(kernels_neon)

/* One instruction that keeps NaN, instead of a comparison and a choice. */
#ifdef __has_builtin
#if __has_builtin(__builtin_elementwise_minimum) && __has_builtin(__builtin_elementwise_maximum)
#define HBCD_MINIMUM __builtin_elementwise_minimum
#define HBCD_MAXIMUM __builtin_elementwise_maximum
#endif
#endif

/* Before a loop whose body is worth being repeated n times, so that less is counted. */
#define HBCD_PRAGMA(words) _Pragma(#words)
#ifdef __clang__
#define HBCD_REPEATED(n) HBCD_PRAGMA(clang loop unroll_count(n))
#else
#define HBCD_REPEATED(n) HBCD_PRAGMA(GCC unroll n)
#endif

/* Two vectors at once: they are loaded and stored in pairs.  More of them side by side would not fit into the registers
 * of a long body, so that it is repeated instead: less of the counting of the loop. */
#ifdef __clang__
#undef HBCD_INDEPENDENT
#define HBCD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety) interleave_count(2) unroll_count(8)")
#undef HBCD_INDEPENDENT_LONG
#define HBCD_INDEPENDENT_LONG _Pragma("clang loop vectorize(assume_safety) interleave_count(2) unroll_count(2)")
#endif

#include "simd/kernels_all.inl"
#endif
