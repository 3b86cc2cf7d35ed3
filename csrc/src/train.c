/* train.c: the plan and the one loop, for float and double. */
#include "net.h"

#include <math.h>
#include <string.h>

enum { PATIENCE = 10 }; /* passes over changing batches without a better value */

#define HBCD_EACH "train.inl"
#include "hbcd_each_real.h"
