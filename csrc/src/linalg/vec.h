/* vec.h: the vector arithmetic of the optimizers and of the projected gradient. */
#ifndef HBCD_VEC_H
#define HBCD_VEC_H

#include "hbcd.h"

#define HBCD_EACH "linalg/vec_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
