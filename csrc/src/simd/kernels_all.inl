/* kernels_all.inl: what a file of one instruction set includes: elementary functions of both precisions, the losses of
 * one output, which are double in both, and then the kernels. */
#define HBCD_EACH "simd/elementary.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#include "simd/loss_one.inl"
#define HBCD_EACH "simd/kernels.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
