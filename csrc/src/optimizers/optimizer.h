/* optimizer.h: what the optimizers share among themselves; they know an objective and no network. */
#ifndef HBCD_OPTIMIZER_H
#define HBCD_OPTIMIZER_H

#include "base/lanes.h"
#include "base/sizes.h"
#include "linalg/box_qp.h"
#include "linalg/vec.h"

/* What a line search is asked for: f(x + t d) <= f + armijo t g'd, |g(x + t d)'d| <= wolfe |g'd|. */
typedef struct line_rule {
    double armijo, wolfe; /* 0 < armijo < wolfe < 1 */
    size_t max_trials;    /* evaluations */
} line_rule;

#define HBCD_EACH "optimizers/optimizer_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
