/* predict.c: a network on tables, for float and double. */
#include "net.h"

#include <string.h>

#define HBCD_EACH "predict.inl"
#include "hbcd_each_real.h"
