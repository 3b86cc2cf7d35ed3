/* data.c: rows in tiles, for float and double. */
#include "network/net.h"

#include <string.h>

#define HBCD_EACH "network/data.inl"
#include "hbcd_each_real.h"
