/* avx512.c: the kernels for x86-64 processors with AVX-512 F, DQ, BW, VL. */
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

#ifdef HBCD_X86
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#endif

#define VECTOR_BYTES 64
#define OUT_BLOCK 6
#define ROW_BLOCK 4
#define GRAD_IN 5
#define GRAD_OUT 5
#define GRAD_STEPS 1
#define SYRK_STRIPS 3
#define SYRK_COLUMNS 8
#define KERNEL_ISA HBCD_ISA_AVX512
#define KERNEL_TABLE FN(kernels_avx512)

#include "simd/kernels_all.inl"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
