/* test_optimizer_lm.c: laws of Levenberg-Marquardt on sums of squares with known minima, in the smallest memory that
 * it asks for.  The typed body is test_optimizer_lm.inl. */
#include "check.h"
#include "memory.h"
#include "optimizers/optimizer.h"

enum { MOST_N = 4, MOST_M = 5 };

enum { ROSENBROCK, LINEAR, ACTIVE, DEPENDENT, CONSTANT, CORNER, N_PROBLEMS };

typedef struct problem {
    size_t n, m;
    double start[MOST_N], lo[MOST_N], hi[MOST_N];
    double minimum; /* of half the squares, in the box */
} problem;

static const problem problems[N_PROBLEMS] = {
    /* 10 (x_1 - x_0^2), 1 - x_0 */
    [ROSENBROCK] = {2, 2, {-1.2, 1}, {-2, -2}, {2, 2}, 0.0},
    /* (i + 1) (x_i - i / 4), and a residual of 2 that nothing changes */
    [LINEAR] = {3, 4, {-1, 1, 0.9}, {-2, -2, -2}, {2, 2, 2}, 2.0},
    /* x_i - 3: the corner (1, 1, 1) */
    [ACTIVE] = {3, 3, {-1, 0.5, 0}, {-1, -1, -1}, {1, 1, 1}, 6.0},
    /* x_0 + x_1 - 1, x_0 + x_1 - 2: a valley of minima */
    [DEPENDENT] = {2, 2, {0.3, -0.4}, {-5, -5}, {5, 5}, 0.25},
    [CONSTANT] = {2, 1, {0.5, 0.5}, {-1, -1}, {1, 1}, 4.5},
    /* Rosenbrock's behind a wall: x_0 <= 1/2 */
    [CORNER] = {2, 2, {-1.2, 1}, {-2, -2}, {0.5, 2}, 0.125},
};

static const hbcd_lm options[] = {{HBCD_LM_JOINT, HBCD_LM_NIELSEN, 1e-3, 1, 0, 0},
                                 {HBCD_LM_JOINT, HBCD_LM_MARQUARDT, 1e-3, 1, 0, 0},
                                 {HBCD_LM_JOINT, HBCD_LM_TRUST_REGION, 1e-3, 1, 0, 0}};

/* r (m) and J (m, n) by rows. */
static void residuals(int kind, const double *x, double *r, double *jac)
{
    const problem *p = &problems[kind];
    memset(jac, 0, p->m * p->n * sizeof *jac);
    switch (kind) {
    case ROSENBROCK:
    case CORNER:
        r[0] = 10 * (x[1] - x[0] * x[0]), r[1] = 1 - x[0];
        jac[0] = -20 * x[0], jac[1] = 10, jac[2] = -1;
        return;
    case LINEAR:
        for (size_t i = 0; i < 3; i++) {
            jac[i * 3 + i] = (double)(i + 1);
            r[i] = (double)(i + 1) * (x[i] - 0.25 * (double)i);
        }
        r[3] = 2;
        return;
    case ACTIVE:
        for (size_t i = 0; i < 3; i++) r[i] = x[i] - 3, jac[i * 3 + i] = 1;
        return;
    case DEPENDENT:
        for (size_t i = 0; i < 2; i++) r[i] = x[0] + x[1] - (double)(i + 1), jac[2 * i] = jac[2 * i + 1] = 1;
        return;
    default: r[0] = 3;
    }
}

#define HBCD_EACH "../../tests/c/test_optimizer_lm.inl"
#include "hbcd_each_real.h"

int main(void)
{
    hbcd_test_lm_f32();
    hbcd_test_lm_f64();
    CHECK_DONE("test_optimizer_lm");
}
