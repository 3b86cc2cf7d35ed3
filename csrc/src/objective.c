/* objective.c: net + data + block as a function to minimize (objective.inl, penalty.inl) and as
 * least squares (normal.inl, output_gram.inl), for float and double. */
#include "net.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "penalty.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "objective.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "normal.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "output_gram.inl"
#include "hbcd_each_real.h"
