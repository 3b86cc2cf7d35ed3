/* layer.c: the kinds of layer, for float and double. */
#include "network/net.h"

#include <string.h>

#define HBCD_EACH "network/layer.inl"
#include "hbcd_each_real.h"
