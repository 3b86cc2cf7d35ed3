/* opt_exact.c: the exact output layer as an optimizer; the body is opt_exact.inl. */
#include "optimizers/optimizer.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "optimizers/opt_exact.inl"
#include "hbcd_each_real.h"
