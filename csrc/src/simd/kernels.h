/* kernels.h: the table of hot kernels, one per instruction set and precision. */
#ifndef HBCD_KERNELS_H
#define HBCD_KERNELS_H

#include "hbcd.h"
#include "target.h"

enum { HBCD_STRIP = 8 }; /* features of a strip: one vector of AVX-512 */

/* Where the square of the strips (s, t), t <= s, begins among those of a lower triangle; (n, 0): their size in all for
 * n strips. */
static inline size_t hbcd_square(size_t s, size_t t) { return (s * (s + 1) / 2 + t) * HBCD_STRIP * HBCD_STRIP; }

#define HBCD_EACH "simd/kernels_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
