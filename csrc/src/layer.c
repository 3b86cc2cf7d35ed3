/* layer.c: the kinds of layer, for float and double. */
#include "net.h"

#include <string.h>

#define HBCD_EACH "layer.inl"
#include "hbcd_each_real.h"
