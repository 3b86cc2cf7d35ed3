/* kernels.h: the table of hot kernels, one per instruction set and precision. */
#ifndef HBCD_KERNELS_H
#define HBCD_KERNELS_H

#include "hbcd.h"
#include "target.h"

#define HBCD_EACH "simd/kernels_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
