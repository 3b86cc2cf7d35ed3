/* vec.c: the vector arithmetic of the optimizers, for both precisions. */
#include "linalg/vec.h"
#include "simd/kernels.h"

#include <float.h>
#include <math.h>

enum { LANES = 8 }; /* partial sums: lets the compiler use vector registers without changing any order */
enum { LONG = 64 }; /* elements from which on looking for the instruction set pays */

#define HBCD_EACH "linalg/vec.inl"
#include "hbcd_each_real.h"
