/* test_optimizer_lbfgs.c: laws of L-BFGS with bounds, of its line search and of the vector arithmetic below them.
 * The typed body is test_optimizer_lbfgs.inl. */
#include "check.h"
#include "private.h"

#include <float.h>

enum { MAX_N = 40 };

enum { QUADRATIC, ROSENBROCK, ACTIVE, SADDLE_BOX, LINEAR_BOX, LINEAR_FREE, CONCAVE_FREE, CONSTANT, BARRIER,
       N_PROBLEMS };

/* Laws that hold for every problem go through this table; `bounded`: it has a minimum, whose value is `minimum`. */
typedef struct law_problem {
    const char *name;
    size_t n;
    double start, lo, hi; /* of every variable */
    int bounded;
    double minimum;
} law_problem;

static const law_problem problems[N_PROBLEMS] = {
    /* sum c_i (x_i - 1)^2 / 2, c = 1 ... 1e4 */
    [QUADRATIC] = {"quadratic", 40, -1.0, -INFINITY, INFINITY, 1, 0.0},
    /* pairs of 100 (b - a^2)^2 + (1 - a)^2 */
    [ROSENBROCK] = {"rosenbrock", 10, -1.2, -INFINITY, INFINITY, 1, 0.0},
    /* the quadratic plus coupling, its minimizer partly outside the box */
    [ACTIVE] = {"active", 40, 0.0, -0.75, 0.5, 1, NAN},
    /* sum over pairs of a^2 - b^2: b on a bound */
    [SADDLE_BOX] = {"saddle in a box", 4, 0.5, -2.0, 3.0, 1, -18.0},
    /* sum i x_i: the lowest corner */
    [LINEAR_BOX] = {"linear in a box", 6, 0.5, -2.0, 3.0, 1, -42.0},
    [LINEAR_FREE] = {"linear", 6, 0.5, -INFINITY, INFINITY, 0, 0.0},
    [CONCAVE_FREE] = {"concave", 3, 0.5, -INFINITY, INFINITY, 0, 0.0},
    [CONSTANT] = {"constant", 3, 0.5, -1.0, INFINITY, 1, 7.0},
    /* sum x - log x: not finite for x <= 0 */
    [BARRIER] = {"barrier", 3, 30.0, -INFINITY, INFINITY, 1, 3.0},
};

static const hbcd_lbfgs all_options[] = {
    {.memory = 10, .damping = 0, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.memory = 1, .damping = 0, .armijo = 1e-4, .wolfe = 0.5, .max_line_search = 20},
    {.memory = 5, .damping = 1, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.memory = 3, .damping = 0, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 1},
};
enum { N_OPTIONS = sizeof all_options / sizeof *all_options };

#define HBCD_EACH "../../tests/c/test_optimizer_lbfgs.inl"
#include "hbcd_each_real.h"

static void test_options_outside_their_range_are_refused(void)
{
    const hbcd_lbfgs good = all_options[0];
    hbcd_lbfgs bad[7] = {good, good, good, good, good, good, good};
    hbcd_optimizer_f64 optimizer;
    bad[0].memory = 0;
    bad[1].armijo = 0.0;
    bad[2].armijo = 0.95;
    bad[3].wolfe = 1.0;
    bad[4].wolfe = NAN;
    bad[5].max_line_search = 0;
    bad[6].damping = 2;
    for (size_t i = 0; i < 7; i++) CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, &bad[i], &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, NULL, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(-1, &good, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_N_OPTIMIZERS, &good, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, &good, &optimizer) == HBCD_OK);
}

int main(void)
{
    test_options_outside_their_range_are_refused();
    hbcd_test_all_f32();
    hbcd_test_all_f64();
    CHECK_DONE("test_optimizer_lbfgs");
}
