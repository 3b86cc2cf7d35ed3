/* kernels.inl: the whole set of kernels for one instruction set and one precision.
 * The including file sets VECTOR_BYTES, the blocking (OUT_BLOCK, ROW_BLOCK, GRAD_IN, GRAD_OUT, SYRK_STRIPS,
 * SYRK_COLUMNS), how many vectors of rows one turn of a loop takes (GRAD_STEPS, a divisor of those in HBCD_PAD rows),
 * KERNEL_ISA and KERNEL_TABLE. */
#include "simd/affine.inl"
#include "simd/affine_row.inl"
#include "simd/activation.inl"
#include "simd/loss.inl"
#include "simd/syrk.inl"
#include "simd/vectors.inl"

extern const TY(kernels) KERNEL_TABLE;
const TY(kernels) KERNEL_TABLE = {
    .isa = KERNEL_ISA,
    .affine = FN(affine),
    .affine_row = FN(affine_row),
    .affine_gradient = FN(affine_gradient),
    .activation = ACTIVATION_ROWS,
    .loss = LOSS_ROWS,
    .exponential = FN(exponential),
    .syrk = FN(syrk),
    .packed_update_times = packed_update_times,
    .dot = FN(kernel_dot),
    .axpy = FN(kernel_axpy),
};
