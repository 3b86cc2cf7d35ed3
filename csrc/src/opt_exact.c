/* opt_exact.c: the exact output layer as an optimizer; the body is opt_exact.inl. */
#include "private.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "opt_exact.inl"
#include "hbcd_each_real.h"
