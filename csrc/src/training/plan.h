/* plan.h: the memory of a run, measured phase by phase, for train.c and the binding. */
#ifndef HBCD_PLAN_H
#define HBCD_PLAN_H

#include "network/net.h"

enum { HBCD_WINDOW = 256 }; /* tiles whose rows are shuffled together */

#define HBCD_EACH "training/plan_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
