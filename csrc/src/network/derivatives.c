/* derivatives.c: derivatives of the outputs of a network, for float and double. */
#include "network/net.h"

#include <string.h>

#define HBCD_EACH "network/derivatives.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "network/derivatives_second.inl"
#include "hbcd_each_real.h"
