/* test_minimize_trouble.c: an objective that fails, asks to stop or is not finite at one of its evaluations, for every
 * optimizer: an error or a stop ends the run at once, what is not finite is never kept. */
#include "train_world.h"

enum { N = 6, RESIDUALS = 2 * (N - 1), MOST_TRIES = 30 };
enum { FAILS, STOPS, INFINITE, NAN_VALUE, INFINITE_SLOPE, N_TROUBLES };

/* Rosenbrock's valley in a chain: residuals 10 (x[i + 1] - x[i]^2) and 1 - x[i]. */
typedef struct valley {
    int dtype, calls, at, trouble; /* the evaluation that has it, from 1; 0: none */
} valley;

static double residuals(int dtype, const void *x, double *r, double (*j)[N])
{
    double f = 0;
    memset(j, 0, RESIDUALS * sizeof *j);
    for (size_t i = 0; i + 1 < N; i++) {
        const double a = get(dtype, x, i), b = get(dtype, x, i + 1);
        r[2 * i] = 10 * (b - a * a), j[2 * i][i] = -20 * a, j[2 * i][i + 1] = 10;
        r[2 * i + 1] = 1 - a, j[2 * i + 1][i] = -1;
    }
    for (size_t k = 0; k < RESIDUALS; k++) f += 0.5 * r[k] * r[k];
    return f;
}

/* What this evaluation comes to; its value and the first number of its gradient may be replaced. */
static int trouble_of(valley *v, double *f, double *slope)
{
    if (++v->calls != v->at) return HBCD_OK;
    if (v->trouble == FAILS) return HBCD_ERR_HOOK;
    if (v->trouble == STOPS) return HBCD_STOP_CALLBACK;
    if (v->trouble == INFINITE_SLOPE) *slope = INFINITY;
    else *f = v->trouble == INFINITE ? INFINITY : NAN;
    return HBCD_OK;
}

static int eval(void *self, const void *x, double *f, void *g)
{
    valley *v = self;
    double r[RESIDUALS], j[RESIDUALS][N], slope[N] = {0};
    *f = residuals(v->dtype, x, r, j);
    for (size_t k = 0; k < RESIDUALS; k++)
        for (size_t i = 0; i < N; i++) slope[i] += r[k] * j[k][i];
    const int status = trouble_of(v, f, &slope[0]);
    for (size_t i = 0; g && i < N; i++) set(v->dtype, g, i, slope[i]);
    return status;
}

static int normal(void *self, const void *x, double *f, double *jtwr, double *jtwj)
{
    valley *v = self;
    double r[RESIDUALS], j[RESIDUALS][N];
    *f = residuals(v->dtype, x, r, j);
    memset(jtwr, 0, N * sizeof *jtwr);
    memset(jtwj, 0, N * N * sizeof *jtwj);
    for (size_t k = 0; k < RESIDUALS; k++)
        for (size_t i = 0; i < N; i++) {
            jtwr[i] += r[k] * j[k][i];
            for (size_t o = 0; o < N; o++) jtwj[i * N + o] += j[k][i] * j[k][o];
        }
    return trouble_of(v, f, &jtwr[0]);
}

typedef struct result {
    int status;
    vector x;
    hbcd_report report;
} result;

static result minimize_until(valley *v, const hbcd_optimizer_spec *spec, const void *lo, const void *hi, int keep_last)
{
    const hbcd_objective_any any = {v->dtype, N, eval, v, normal};
    hbcd_stop stop;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_rng rng;
    result out;
    memset(&out, 0, sizeof out);
    hbcd_stop_default(&stop);
    stop.max_evaluations = 300;
    stop.keep_last = keep_last;
    hbcd_rng_seed(&rng, 5, 0);
    for (size_t i = 0; i < N; i++) set(v->dtype, &out.x, i, i % 2 ? 1 : -1.2);
    out.status = hbcd_minimize(spec, &any, lo, hi, &out.x, &stop, &rng, &count, &out.report);
    if (out.status != HBCD_OK) return out;
    memory m = borrow(count.used);
    out.status = hbcd_minimize(spec, &any, lo, hi, &out.x, &stop, &rng, &m.arena, &out.report);
    give_back(&m);
    return out;
}

static result minimize(valley *v, const hbcd_optimizer_spec *spec, const void *lo, const void *hi)
{
    return minimize_until(v, spec, lo, hi, 0);
}

static double value_at(const valley *v, const vector *x)
{
    double r[RESIDUALS], j[RESIDUALS][N];
    return residuals(v->dtype, x, r, j);
}

static void check_trouble(valley *v, const hbcd_optimizer_spec *spec, const void *lo, const void *hi)
{
    const result out = minimize(v, spec, lo, hi);
    if (v->trouble == FAILS || v->trouble == STOPS) {
        CHECK(out.status == (v->trouble == FAILS ? HBCD_ERR_HOOK : HBCD_STOP_CALLBACK) && v->calls == v->at);
        if (v->trouble == FAILS || v->at == 1) return;
    } else CHECK(out.status > 0);
    /* Trouble at the start leaves nothing to compare with. */
    if (v->at > 1) {
        CHECK_NEAR(out.report.f, value_at(v, &out.x), 1e-12); /* a compiler may fuse operations in one of them */
        CHECK(out.report.f <= out.report.f_start);
    }
    for (size_t i = 0; i < N; i++) CHECK(isfinite(get(v->dtype, &out.x, i)));
}

static int try_optimizer(int dtype, const hbcd_optimizer_spec *spec, const void *lo, const void *hi)
{
    valley v = {dtype, 0, 0, 0};
    const result whole = minimize(&v, spec, lo, hi);
    const int calls = v.calls;
    if (whole.status < 0) return 0; /* this one needs a box, or a network */
    CHECK_NEAR(whole.report.f, value_at(&v, &whole.x), 1e-12);
    CHECK(whole.report.f < whole.report.f_start);
    for (v.trouble = 0; v.trouble < N_TROUBLES; v.trouble++)
        for (v.at = 1; v.at <= calls && v.at <= MOST_TRIES; v.at++) {
            v.calls = 0;
            check_trouble(&v, spec, lo, hi);
        }
    return 1;
}

/* Whatever its value: what was asked for is the point that a method comes to, and the best one is another. */
static void test_the_last_point_where_it_is_asked_for(int dtype)
{
    static const hbcd_bb longest = {.step = HBCD_BB1, .history = 10, .armijo = 1e-4, .step_min = 1e-10, .step_max = 1e10};
    static const hbcd_adam fast = {.learning_rate = 0.3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    const hbcd_optimizer_spec specs[] = {{HBCD_ADAM, &fast}, {HBCD_BB, &longest}, {HBCD_LBFGS, &lbfgs_options}};
    for (size_t k = 0; k < 3; k++) {
        int worse = 0;
        for (int trouble = 0; trouble < N_TROUBLES; trouble++)
            for (int at = 5; at < 45; at += 2) {
                valley v = {dtype, 0, at, trouble};
                const result best = minimize_until(&v, &specs[k], NULL, NULL, 0);
                v.calls = 0;
                const result last = minimize_until(&v, &specs[k], NULL, NULL, 1);
                CHECK(last.status == best.status && last.report.n_evaluations == best.report.n_evaluations);
                for (size_t i = 0; i < N; i++) CHECK(isfinite(get(dtype, &last.x, i)));
                worse += value_at(&v, &last.x) > value_at(&v, &best.x);
            }
        CHECK((worse > 0) == (specs[k].kind != HBCD_LBFGS)); /* which comes to none but the best */
    }
}

int main(void)
{
    static const hbcd_lm marquardt = {.damping = HBCD_LM_MARQUARDT, .mu = 1e-3, .radius = 1};
    static const hbcd_lm region = {.damping = HBCD_LM_TRUST_REGION, .mu = 1e-3, .radius = 1};
    static const hbcd_lbfgs short_memory = {.memory = 1, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 3};
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        vector lo, hi;
        int tried = 0;
        for (size_t i = 0; i < N; i++) set(dtype, &lo, i, -2), set(dtype, &hi, i, i == 2 ? 0.5 : 2);
        for (int box = 0; box < 4; box++) { /* 1: from below, 2: from above */
            const void *below = box & 1 ? &lo : NULL, *above = box & 2 ? &hi : NULL;
            for (int kind = 0; kind < HBCD_N_OPTIMIZERS; kind++) {
                const hbcd_optimizer_spec spec = optimizer_spec(kind);
                tried += try_optimizer(dtype, &spec, below, above);
            }
            const hbcd_optimizer_spec others[] = {{HBCD_LM, &marquardt}, {HBCD_LM, &region},
                                                  {HBCD_LBFGS, &short_memory}};
            for (size_t k = 0; k < sizeof others / sizeof *others; k++) tried += try_optimizer(dtype, &others[k], below, above);
        }
        CHECK(tried >= 24);
        test_the_last_point_where_it_is_asked_for(dtype);
    }
    CHECK_DONE("test_minimize_trouble");
}
