/* test_quadratics.c: quadratic functions drawn at random, convex and not, in boxes that hold many variables or none, on one
 * side or both: where a quasi-Newton method ends the conditions of Kuhn and Tucker hold.  Also with many variables. */
#include "train_world.h"

enum { MOST_N = 500, DRAWS = 60 };

/* f = x'Ax / 2 - b'x with A = diag(d) + scale v v'. */
typedef struct quadratic {
    int dtype;
    size_t n;
    double d[MOST_N], v[MOST_N], b[MOST_N], scale;
} quadratic;

static int eval(void *self, const void *x, double *f, void *g)
{
    const quadratic *q = self;
    double vx = 0;
    for (size_t i = 0; i < q->n; i++) vx += q->v[i] * get(q->dtype, x, i);
    *f = 0.5 * q->scale * vx * vx;
    for (size_t i = 0; i < q->n; i++) {
        const double xi = get(q->dtype, x, i);
        *f += 0.5 * q->d[i] * xi * xi - q->b[i] * xi;
        if (g) set(q->dtype, g, i, q->d[i] * xi + q->scale * vx * q->v[i] - q->b[i]);
    }
    return HBCD_OK;
}

static double x_room[MOST_N], lo_room[MOST_N], hi_room[MOST_N], g_room[MOST_N]; /* of either precision */

enum { NO_BOUNDS, LOWER, UPPER, BOTH, N_SIDES };

static int minimize(quadratic *q, const hbcd_optimizer_spec *how, int sides, hbcd_report *report)
{
    const hbcd_objective_any any = {q->dtype, q->n, eval, q, NULL};
    const void *lo = sides & LOWER ? lo_room : NULL, *hi = sides & UPPER ? hi_room : NULL;
    hbcd_stop stop;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_stop_default(&stop);
    stop.f_tol = -1;
    stop.pg_tol = q->dtype == HBCD_F32 ? 1e-3 : 1e-8;
    stop.max_evaluations = 3000;
    CHECK(hbcd_minimize(how, &any, lo, hi, x_room, &stop, NULL, &count, report) == HBCD_OK);
    memory m = borrow(count.used);
    const int status = hbcd_minimize(how, &any, lo, hi, x_room, &stop, NULL, &m.arena, report);
    give_back(&m);
    return status;
}

/* The gradient vanishes or points out of the box where x is on a bound; `most` of it is allowed. */
static void check_end(quadratic *q, int sides, double most)
{
    double f, worst = 0;
    int outside = 0;
    CHECK(eval(q, x_room, &f, g_room) == HBCD_OK);
    for (size_t i = 0; i < q->n; i++) {
        const double x = get(q->dtype, x_room, i), g = get(q->dtype, g_room, i);
        const double lo = sides & LOWER ? get(q->dtype, lo_room, i) : -INFINITY;
        const double hi = sides & UPPER ? get(q->dtype, hi_room, i) : INFINITY;
        outside += x < lo || x > hi;
        worst = fmax(worst, fabs(fmin(fmax(x - g, lo), hi) - x));
    }
    CHECK(outside == 0 && worst <= most);
}

static void draw(quadratic *q, hbcd_rng *rng, size_t n, int concave, double width)
{
    q->n = n;
    q->scale = hbcd_rng_uniform(rng);
    for (size_t i = 0; i < n; i++) {
        q->d[i] = exp(2 * hbcd_rng_normal(rng)) * (concave && i % 2 ? -1 : 1);
        q->v[i] = hbcd_rng_normal(rng);
        q->b[i] = 3 * hbcd_rng_normal(rng);
        const double middle = hbcd_rng_normal(rng), half = width * hbcd_rng_uniform(rng);
        set(q->dtype, lo_room, i, middle - half);
        set(q->dtype, hi_room, i, i % 7 == 6 ? middle - half : middle + half); /* some cannot move at all */
        set(q->dtype, x_room, i, middle + width * hbcd_rng_normal(rng));
    }
}

/* At no more than `most` evaluations a draw: a wrong model costs a third more, and is noticed by nothing else. */
static void test_ends_in_boxes_are_stationary(int dtype, const hbcd_optimizer_spec *how, size_t most)
{
    static quadratic q;
    size_t evaluations = 0;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 17, 0);
    q.dtype = dtype;
    for (int k = 0; k < DRAWS; k++) {
        const size_t n = 1 + (size_t)hbcd_rng_below(&rng, k % 3 == 2 ? 40 : 4);
        const int sides = k % N_SIDES, concave = sides == BOTH && k % 8 >= 4;
        hbcd_report report;
        draw(&q, &rng, n, concave, k % 5 == 0 ? 0.05 : 2);
        const int status = minimize(&q, how, sides, &report);
        CHECK(status == HBCD_STOP_GRADIENT || status == HBCD_STOP_LINE_SEARCH);
        check_end(&q, sides, dtype == HBCD_F32 ? 0.02 : 1e-5);
        evaluations += report.n_evaluations;
    }
    CHECK(evaluations <= DRAWS * most);
}

/* So many that matrices are passed over in blocks. */
static void test_many_variables(int dtype, const hbcd_optimizer_spec *how)
{
    static quadratic q;
    hbcd_rng rng;
    hbcd_report report;
    hbcd_rng_seed(&rng, 19, 0);
    q.dtype = dtype;
    draw(&q, &rng, MOST_N, 0, 2);
    for (size_t i = 0; i < MOST_N; i++) q.d[i] = 1 + (double)(i % 5);
    const int status = minimize(&q, how, BOTH, &report);
    CHECK(status == HBCD_STOP_GRADIENT || status == HBCD_STOP_LINE_SEARCH);
    CHECK(report.n_evaluations <= 60); /* six eigenvalues */
    check_end(&q, BOTH, dtype == HBCD_F32 ? 0.02 : 1e-5);
}

int main(void)
{
    static const hbcd_lbfgs damped = {.memory = 3, .damping = 1, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
    static const hbcd_bfgs first = {.scaling = HBCD_BFGS_FIRST, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
    static const hbcd_bfgs self = {.scaling = HBCD_BFGS_OREN_LUENBERGER, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
    const hbcd_optimizer_spec methods[] = {{HBCD_LBFGS, &lbfgs_options}, {HBCD_LBFGS, &damped}, {HBCD_BFGS, &bfgs_options},
                                           {HBCD_BFGS, &first},          {HBCD_BFGS, &self}};
    static const size_t most[][2] = {{28, 44}, {40, 75}, {20, 24}, {30, 36}, {20, 24}};
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++)
        for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
            test_ends_in_boxes_are_stationary(dtype, &methods[k], most[k][dtype == HBCD_F64]);
            if (k % 2 == 0) test_many_variables(dtype, &methods[k]);
        }
    CHECK_DONE("test_quadratics");
}
