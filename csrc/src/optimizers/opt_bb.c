/* opt_bb.c: Barzilai-Borwein steps in both precisions; the body is opt_bb.inl. */
#include "optimizers/optimizer.h"

#include <math.h>

#define HBCD_EACH "optimizers/opt_bb.inl"
#include "hbcd_each_real.h"
