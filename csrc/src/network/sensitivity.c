/* sensitivity.c: measures of a block in both precisions; the body is sensitivity.inl. */
#include "network/net.h"

#include <math.h>

#define HBCD_EACH "network/sensitivity.inl"
#include "hbcd_each_real.h"
