/* opt_lm.c: Levenberg-Marquardt in both precisions; the body is opt_lm.inl. */
#include "optimizers/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define HBCD_EACH "optimizers/opt_lm.inl"
#include "hbcd_each_real.h"
