/* opt_bb.c: Barzilai-Borwein steps in both precisions; the body is opt_bb.inl. */
#include "private.h"

#include <math.h>

#define HBCD_EACH "opt_bb.inl"
#include "hbcd_each_real.h"
