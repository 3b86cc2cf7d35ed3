/* layer.c: the kinds of layer, for float and double. */
#include "network/net.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "network/pieces.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/layer.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/parts.inl"
#include "hbcd_each_real.h"
