/* output.c: the exact solution of a linear output layer; the body is output.inl. */
#include "optimizers/optimizer.h"

#include <math.h>

#define HBCD_EACH "optimizers/exact_output.inl"
#include "hbcd_each_real.h"
