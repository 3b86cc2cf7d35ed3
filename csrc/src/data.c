/* data.c: rows in tiles, for float and double. */
#include "net.h"

#include <string.h>

#define HBCD_EACH "data.inl"
#include "hbcd_each_real.h"
