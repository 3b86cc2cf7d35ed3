/* train.c: the plan and the one loop, for float and double. */
#include "training/plan.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "training/train.inl"
#include "hbcd_each_real.h"
