/* private.h: what the files of the core share among themselves; never installed, never seen by bindings. */
#ifndef HBCD_PRIVATE_H
#define HBCD_PRIVATE_H

#include "base/sizes.h"
#include "linalg/box_qp.h"
#include "hbcd.h"

/* What a line search is asked for: f(x + t d) <= f + armijo t g'd, |g(x + t d)'d| <= wolfe |g'd|. */
typedef struct line_rule {
    double armijo, wolfe; /* 0 < armijo < wolfe < 1 */
    size_t max_trials;    /* evaluations */
} line_rule;

#define HBCD_EACH "base/private_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#endif
