/* vec.c: the vector arithmetic of the optimizers, for both precisions. */
#include "linalg/vec.h"

#include <float.h>
#include <math.h>

enum { LANES = 8 }; /* partial sums: lets the compiler use vector registers without changing any order */

#define HBCD_EACH "linalg/vec.inl"
#include "hbcd_each_real.h"
