/* objective.c: net + data + block as a function to minimize (objective.inl, penalty.inl) and as
 * least squares (normal.inl, linearize.inl, output_gram.inl), for float and double. */
#include "network/net.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "network/penalty.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/objective.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/normal.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/linearize.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/output_gram.inl"
#include "hbcd_each_real.h"
