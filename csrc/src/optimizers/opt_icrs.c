/* opt_icrs.c: controlled random search in both precisions; the body is opt_icrs.inl. */
#include "optimizers/optimizer.h"

#include <math.h>

#define HBCD_EACH "optimizers/opt_icrs.inl"
#include "hbcd_each_real.h"
