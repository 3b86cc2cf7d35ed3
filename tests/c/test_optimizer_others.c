/* test_optimizer_others.c: laws of ADAM, Barzilai-Borwein and ICRS on small problems with known minima.
 * The typed body is test_optimizer_others.inl; `VERBOSE=1` in the environment prints the table of Rastrigin. */
#include "check.h"
#include "optimizers/optimizer.h"

enum { MAX_N = 4, STATE_BYTES = 8192 };

enum { QUADRATIC, ROSENBROCK, ACTIVE, SADDLE, CONSTANT, LINEAR, EDGE, RASTRIGIN, N_PROBLEMS };

typedef struct problem {
    size_t n;
    double start[MAX_N], lo[MAX_N], hi[MAX_N];
    double minimum; /* in the box */
    double reach;   /* how far above it ICRS may end */
} problem;

static const problem problems[N_PROBLEMS] = {
    /* sum c_i (x_i - i / 4)^2 / 2, c = 1, 10, 100 */
    [QUADRATIC] = {3, {-1, 1, 0.9}, {-2, -2, -2}, {2, 2, 2}, 0.0, 1e-4},
    /* 100 (x_1 - x_0^2)^2 + (1 - x_0)^2; no prize for ICRS at the end of the valley */
    [ROSENBROCK] = {2, {-1.2, 1}, {-2, -2}, {2, 2}, 0.0, 0.5},
    /* sum (x_i - 3)^2 / 2: the corner (1, 1, 1) */
    [ACTIVE] = {3, {-1, 0.5, 0}, {-1, -1, -1}, {1, 1, 1}, 6.0, 0.1},
    /* (x_0^2 - x_1^2) / 2: (0, +-2) */
    [SADDLE] = {2, {1, 0.1}, {-2, -2}, {2, 2}, -2.0, 0.05},
    [CONSTANT] = {2, {0.5, 0.5}, {-1, -1}, {1, 1}, 7.0, 0.0},
    /* x_0 - 2 x_1: (-1, 1) */
    [LINEAR] = {2, {0.2, 0.3}, {-1, -1}, {1, 1}, -3.0, 0.05},
    /* the quadratic from a corner of the box, f = 140: the coordinates on a bound must leave it */
    [EDGE] = {3, {2, -2, 2}, {-2, -2, -2}, {2, 2, 2}, 0.0, 3.0},
    /* 20 + sum x_i^2 - 10 cos 2 pi x_i: minima on the integers, the least 0 at 0 */
    [RASTRIGIN] = {2, {3.3, -4.2}, {-5.12, -5.12}, {5.12, 5.12}, 0.0, 35.0},
};

static const hbcd_adam adam_options = {.learning_rate = 0.05, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const hbcd_bb bb_options = {.step = HBCD_ABBMIN, .history = 10, .armijo = 1e-4, .step_min = 1e-10,
                                   .step_max = 1e10, .tau = 0.8, .abb_memory = 5};
static const hbcd_icrs icrs_options = {.k1 = 1.0 / 3.0, .k2 = 0.5, .failures_per_parameter = 4.0, .tolerance = 1e-4,
                                       .floor = 0.05, .max_evaluations = SIZE_MAX};

static const int kinds[] = {HBCD_ADAM, HBCD_BB, HBCD_ICRS};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static const void *options_of(int kind)
{
    return kind == HBCD_ADAM ? (const void *)&adam_options
         : kind == HBCD_BB   ? (const void *)&bb_options
                             : (const void *)&icrs_options;
}

#define HBCD_EACH "../../tests/c/test_optimizer_others.inl"
#include "hbcd_each_real.h"

int main(void)
{
    hbcd_test_all_f32();
    hbcd_test_all_f64();
    CHECK_DONE("test_optimizer_others");
}
