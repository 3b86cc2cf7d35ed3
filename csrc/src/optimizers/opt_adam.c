/* opt_adam.c: ADAM in both precisions; the body is opt_adam.inl. */
#include "optimizers/optimizer.h"

#include <math.h>

#define HBCD_EACH "optimizers/opt_adam.inl"
#include "hbcd_each_real.h"
