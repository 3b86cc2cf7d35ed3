/* objective.c: net + data + block as a function to minimize, for float and double. */
#include "net.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "objective.inl"
#include "hbcd_each_real.h"
