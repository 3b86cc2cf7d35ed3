/* predict.c: a network on tables, for float and double. */
#include "network/net.h"

#include <string.h>

#define HBCD_EACH "network/predict.inl"
#include "hbcd_each_real.h"
