/* net.h: the inside of a network and of tiled data, for net.c, layer.c, objective.c and train.c. */
#ifndef HBCD_NET_H
#define HBCD_NET_H

#include "base/lanes.h"
#include "base/private.h"
#include "simd/kernels.h"

enum { HBCD_PANEL = HBCD_TILE }; /* rows of a panel of the Jacobian: at least those of a tile */

#define HBCD_EACH "network/net_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
