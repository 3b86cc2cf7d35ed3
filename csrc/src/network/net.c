/* net.c: layout, forward and backward on a tile, for float and double. */
#include "network/net.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "network/net.inl"
#include "hbcd_each_real.h"
