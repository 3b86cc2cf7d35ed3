/* net.h: the inside of a network and of tiled data, for the files of this folder and of training. */
#ifndef HBCD_NET_H
#define HBCD_NET_H

#include "base/ranks.h"
#include "base/sizes.h"
#include "linalg/vec.h"
#include "simd/kernels.h"

enum { HBCD_MOST_FIXED = 1 << 28 }; /* bytes */
enum { HBCD_PANEL = HBCD_TILE }; /* rows of a panel of the Jacobian: at least those of a tile */

#define HBCD_EACH "network/net_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
