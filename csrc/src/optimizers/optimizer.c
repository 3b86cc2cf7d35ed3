/* optimizer.c: the table of optimizers, the ranges of their options, and the counted evaluation they share. */
#include "optimizers/optimizer.h"

#include <math.h>

/* Comparisons are written so that NaN fails them. */

static int adam_valid(const hbcd_adam *options)
{
    return options->learning_rate > 0 && isfinite(options->learning_rate) && options->beta1 >= 0 &&
           options->beta1 < 1 && options->beta2 >= 0 && options->beta2 < 1 && options->epsilon > 0 &&
           isfinite(options->epsilon) && options->schedule >= HBCD_ADAM_CONSTANT &&
           options->schedule <= HBCD_ADAM_COSINE;
}

static int lbfgs_valid(const hbcd_lbfgs *options)
{
    enum { MAX_MEMORY = 10000 }; /* keeps the (memory, memory) products countable in size_t */
    return options->memory >= 1 && options->memory <= MAX_MEMORY && options->damping >= 0 && options->damping <= 1 &&
           options->armijo > 0 && options->armijo < options->wolfe && options->wolfe < 1 &&
           options->max_line_search >= 1;
}

static int bb_valid(const hbcd_bb *options)
{
    int abbmin_valid = options->step != HBCD_ABBMIN ||
                       (options->tau > 0 && options->tau <= 1 && options->abb_memory >= 1);
    return options->step >= HBCD_BB1 && options->step <= HBCD_ABBMIN && options->history >= 1 &&
           options->armijo > 0 && options->armijo < 1 && options->step_min > 0 &&
           options->step_min <= options->step_max && isfinite(options->step_max) && abbmin_valid;
}

static int icrs_valid(const hbcd_icrs *options)
{
    int failures_valid = options->max_failures > 0 ||
                         (options->failures_per_parameter > 0 && isfinite(options->failures_per_parameter));
    return options->k1 > 0 && isfinite(options->k1) && options->k2 > 0 && options->k2 < 1 && failures_valid &&
           options->tolerance >= 0 && isfinite(options->tolerance) && options->floor >= 0 && options->floor < 1;
}

static int bfgs_valid(const hbcd_bfgs *options)
{
    return options->scaling >= HBCD_BFGS_FIRST && options->scaling <= HBCD_BFGS_OREN_LUENBERGER &&
           options->armijo > 0 && options->armijo < options->wolfe && options->wolfe < 1 &&
           options->max_line_search >= 1;
}

static int lm_valid(const hbcd_lm *options)
{
    return options->scope >= HBCD_LM_JOINT && options->scope <= HBCD_LM_PROJECTED &&
           options->damping >= HBCD_LM_NIELSEN && options->damping <= HBCD_LM_TRUST_REGION && options->mu > 0 &&
           isfinite(options->mu) && options->radius > 0 && isfinite(options->radius) && options->ridge >= 0 &&
           isfinite(options->ridge);
}

static int options_valid(int kind, const void *options);

/* Any other optimizer may solve the other blocks. */
static int exact_valid(const hbcd_exact_output *options)
{
    int inner_valid = options->inner == -1 || (options->inner != HBCD_EXACT_OUTPUT && options->inner_options != NULL &&
                                               options_valid(options->inner, options->inner_options));
    return options->ridge >= 0 && isfinite(options->ridge) && inner_valid;
}

static int options_valid(int kind, const void *options)
{
    switch (kind) {
    case HBCD_ADAM: return adam_valid(options);
    case HBCD_LBFGS: return lbfgs_valid(options);
    case HBCD_BB: return bb_valid(options);
    case HBCD_ICRS: return icrs_valid(options);
    case HBCD_BFGS: return bfgs_valid(options);
    case HBCD_LM: return lm_valid(options);
    case HBCD_EXACT_OUTPUT: return exact_valid(options);
    default: return 0;
    }
}

#define HBCD_EACH "optimizers/optimizer.inl"
#include "hbcd_each_real.h"
