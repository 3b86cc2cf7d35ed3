/* baseline.c: the kernels for any processor: 16-byte vectors (SSE2, NEON) or plain C. */
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

#define VECTOR_BYTES 16
#define OUT_BLOCK 6
#define ROW_BLOCK 2
#define GRAD_IN 3
#define GRAD_OUT 3
#define SYRK_STRIPS 1
#define SYRK_COLUMNS 2
#define KERNEL_ISA HBCD_ISA_BASELINE
#define KERNEL_TABLE FN(kernels_baseline)

#include "simd/kernels_all.inl"
