/* kernels_all.inl: what a file of one instruction set includes: elementary functions of both precisions, the losses of
 * one output and the pass over a packed matrix, which are double in both, and then the kernels. */
#define HBCD_EACH "simd/elementary.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#include "simd/loss_one.inl"
#include "simd/packed_update.inl"
#define HBCD_EACH "simd/kernels.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
