/* private.h: what the files of the core share among themselves; never installed, never seen by bindings. */
#ifndef HBCD_PRIVATE_H
#define HBCD_PRIVATE_H

#include "hbcd.h"

#define HBCD_EACH "private_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
