/* baseline.c: the kernels for any processor: 16-byte vectors (SSE2), or plain C, where the compiler has no vector types
 * and on AArch64, whose vectors are those of neon.c. */
#include "simd/kernels.h"

#ifdef HBCD_ARM64
#undef HBCD_VECTOR_TYPES
#endif

#include <math.h>
#include <string.h>

#define VECTOR_BYTES 16
#define OUT_BLOCK 6
#define ROW_BLOCK 2
#define GRAD_IN 3
#define GRAD_OUT 3
#define GRAD_STEPS 1
#define SYRK_STRIPS 1
#define SYRK_COLUMNS 2
#define KERNEL_ISA HBCD_ISA_BASELINE
#define KERNEL_TABLE FN(kernels_baseline)

#include "simd/kernels_all.inl"
