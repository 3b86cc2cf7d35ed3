/* opt_lm.c: Levenberg-Marquardt in both precisions; the body is opt_lm.inl. */
#include "private.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define HBCD_EACH "opt_lm.inl"
#include "hbcd_each_real.h"
