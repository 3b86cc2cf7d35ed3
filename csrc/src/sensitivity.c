/* sensitivity.c: measures of a block in both precisions; the body is sensitivity.inl. */
#include "private.h"

#include <math.h>

#define HBCD_EACH "sensitivity.inl"
#include "hbcd_each_real.h"
