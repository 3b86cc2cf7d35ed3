/* avx2.c: the kernels for x86-64 processors with AVX2 and FMA. */
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

#ifdef HBCD_X86
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define VECTOR_BYTES 32
#define OUT_BLOCK 6
#define ROW_BLOCK 2
#define GRAD_IN 3
#define GRAD_OUT 4
#define GRAD_STEPS 1
#define SYRK_STRIPS 1
#define SYRK_COLUMNS 4
#define KERNEL_ISA HBCD_ISA_AVX2
#define KERNEL_TABLE FN(kernels_avx2)

#include "simd/kernels_all.inl"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
