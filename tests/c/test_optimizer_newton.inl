/* test_optimizer_newton.inl: the typed half of test_optimizer_newton.c. */

/* An objective that counts, remembers the lowest value it gave out, and misbehaves on request. */
typedef struct TY(probe) {
    int problem;
    size_t count, nan_every; /* every nan_every-th evaluation is not finite; 0: none */
    size_t stop_at;          /* this evaluation returns stop_status; 0: none */
    int stop_status;
    double lowest;
    int left_box;
    REAL lo[MAX_N], hi[MAX_N];
} TY(probe);

static double FN(value)(int problem, size_t n, const REAL *x, REAL *g)
{
    double f = problem == CONSTANT ? 7.0 : 0.0;
    for (size_t i = 0; i < n; i++) {
        double c = pow(10.0, 4.0 * (double)i / (double)(n - 1)), a = x[i], b = x[(i ^ 1) < n ? i ^ 1 : i], slope = 0.0;
        int odd = i % 2 != 0;
        switch (problem) {
        case QUADRATIC: f += c * (a - 1) * (a - 1) / 2, slope = c * (a - 1); break;
        case ROSENBROCK:
            if (!odd) f += 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a);
            slope = odd ? 200 * (a - b * b) : -400 * a * (b - a * a) - 2 * (1 - a);
            break;
        case ACTIVE: {
            double to = odd ? -1.0 : 0.25;
            f += c * (a - to) * (a - to) / 2 + a * b / 4, slope = c * (a - to) + b / 2;
            break;
        }
        case SADDLE_BOX: f += odd ? -a * a : a * a, slope = odd ? -2 * a : 2 * a; break;
        case LINEAR_BOX:
        case LINEAR_FREE: f += (double)(i + 1) * a, slope = (double)(i + 1); break;
        case CONCAVE_FREE: f -= a * a, slope = -2 * a; break;
        case BARRIER: f += a > 0 ? a - log(a) : NAN, slope = 1 - 1 / a; break;
        default: break;
        }
        g[i] = (REAL)slope;
    }
    return f;
}

static int FN(probe_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    TY(probe) *probe = self;
    const size_t n = problems[probe->problem].n;
    probe->count++;
    if (probe->count == probe->stop_at) return probe->stop_status;
    for (size_t i = 0; i < n; i++) probe->left_box |= x[i] < probe->lo[i] || x[i] > probe->hi[i];
    *f = FN(value)(probe->problem, n, x, g);
    if (probe->nan_every && probe->count % probe->nan_every == 0) {
        if (probe->count % 2) *f = NAN;
        else g[n - 1] = (REAL)INFINITY;
    }
    if (isfinite(*f) && FN(all_finite)(n, g) && *f < probe->lowest) probe->lowest = *f;
    return 0;
}

/* One state, one objective; call `again` as often as wanted. */
typedef struct TY(bench) {
    TY(probe) probe;
    TY(optimizer) optimizer;
    TY(objective) objective;
    TY(box) box;
    hbcd_stop stop;
    hbcd_report report;
    REAL x[MAX_N];
    void *state;
} TY(bench);

static void FN(bench_start)(TY(bench) *b, int problem, const method *how)
{
    const size_t n = problems[problem].n;
    *b = (TY(bench)){.probe = {.problem = problem, .lowest = INFINITY}};
    for (size_t i = 0; i < n; i++) {
        b->probe.lo[i] = (REAL)problems[problem].lo;
        b->probe.hi[i] = (REAL)problems[problem].hi;
        b->x[i] = (REAL)problems[problem].start;
    }
    b->box = (TY(box)){b->probe.lo, b->probe.hi};
    b->objective = (TY(objective)){.n = n, .eval = FN(probe_eval), .self = &b->probe};
    CHECK(FN(optimizer_make)(how->kind, how->options, &b->optimizer) == HBCD_OK);
    size_t bytes = b->optimizer.state_size(how->options, &(hbcd_shape){.n = n});
    b->state = malloc(bytes);
    memset(b->state, 0xAB, bytes);
    b->optimizer.reset(how->options, b->state, n);
    hbcd_stop_default(&b->stop);
    b->stop.max_evaluations = 5000;
}

static void FN(again)(TY(bench) *b)
{
    /* No bound anywhere may be said in two ways. */
    const TY(box) *box = isinf(problems[b->probe.problem].lo) && b->probe.count % 2 ? NULL : &b->box;
    b->probe.count = 0;
    int status = b->optimizer.minimize(b->optimizer.options, b->state, &b->objective, box, b->x, &b->stop, NULL,
                                       &b->report);
    CHECK(status == b->report.status && status != HBCD_OK);
    CHECK(b->report.n_evaluations == b->probe.count);
    CHECK(b->report.n_evaluations <= b->stop.max_evaluations);
    CHECK(!b->probe.left_box);
}

/* What must hold after every call: x is the best point evaluated, and f its value. */
static void FN(check_best)(TY(bench) *b)
{
    REAL g[MAX_N];
    CHECK(b->report.f == b->probe.lowest);
    CHECK(FN(value)(b->probe.problem, b->objective.n, b->x, g) == b->report.f);
}

static void FN(test_minima_are_found)(const method *methods)
{
    for (int problem = 0; problem < N_PROBLEMS; problem++)
        for (size_t o = 0; o < N_OPTIONS; o++) {
            TY(bench) b;
            const double minimum = problems[problem].minimum, tol = REAL_IS_F32 ? 1e-4 : 1e-6;
            FN(bench_start)(&b, problem, &methods[o]);
            FN(again)(&b);
            FN(check_best)(&b);
            CHECK(b.report.n_evaluations < 2000); /* also where there is no minimum */
            if (!problems[problem].bounded) CHECK(b.report.f < -1e6);
            /* One trial per search is too few for a certain end: it only must not get stuck in a loop. */
            else if (methods[o].max_line_search > 1 && !isnan(minimum)) CHECK_NEAR(b.report.f, minimum, tol);
            free(b.state);
        }
}

/* Kuhn-Tucker: the gradient vanishes where x is free and points outwards where it is not. */
static void FN(test_active_bounds_fulfil_the_optimality_conditions)(const method *methods)
{
    for (size_t o = 0; o < 3; o++) {
        TY(bench) b;
        REAL g[MAX_N];
        size_t on_bound = 0;
        FN(bench_start)(&b, ACTIVE, &methods[o]);
        b.stop.f_tol = -1.0;
        FN(again)(&b);
        FN(value)(ACTIVE, b.objective.n, b.x, g);
        for (size_t i = 0; i < b.objective.n; i++) {
            on_bound += b.x[i] == b.probe.lo[i] || b.x[i] == b.probe.hi[i];
            if (b.x[i] == b.probe.lo[i]) CHECK(g[i] >= 0);
            else if (b.x[i] == b.probe.hi[i]) CHECK(g[i] <= 0);
            else CHECK_NEAR(g[i], 0.0, REAL_IS_F32 ? 2e-3 : 2e-5); /* float: 1e4 times the rounding of x */
        }
        CHECK(on_bound >= 20);
        free(b.state);
    }
}

static void FN(test_an_early_stop_never_loses_the_best_point)(const method *methods)
{
    for (int problem = 0; problem < N_PROBLEMS; problem++) {
        double last_by_iterations = INFINITY, last_by_evaluations = INFINITY;
        for (size_t limit = 1; limit <= 50; limit++) {
            TY(bench) b;
            FN(bench_start)(&b, problem, &methods[0]);
            b.stop.max_iterations = limit;
            FN(again)(&b);
            FN(check_best)(&b);
            CHECK(b.report.n_iterations <= limit);
            CHECK(b.report.f <= last_by_iterations);
            last_by_iterations = b.report.f;
            free(b.state);

            FN(bench_start)(&b, problem, &methods[0]);
            b.stop.max_evaluations = limit;
            FN(again)(&b);
            FN(check_best)(&b);
            CHECK(b.report.f <= last_by_evaluations);
            last_by_evaluations = b.report.f;
            free(b.state);
        }
    }
}

static void FN(test_an_interruption_passes_through_with_the_best_point)(const method *methods)
{
    for (int problem = 0; problem < N_PROBLEMS; problem++)
        for (size_t at = 2; at <= 20; at++) {
            TY(bench) b;
            FN(bench_start)(&b, problem, &methods[0]);
            b.probe.stop_at = at;
            b.probe.stop_status = at % 2 ? HBCD_STOP_INTERRUPTED : HBCD_ERR_HOOK;
            FN(again)(&b);
            if (b.probe.count >= at) CHECK(b.report.status == b.probe.stop_status);
            FN(check_best)(&b);
            free(b.state);
        }
}

static void FN(test_values_that_are_not_finite_only_shorten_steps)(const method *methods)
{
    for (int problem = 0; problem < N_PROBLEMS; problem++)
        for (size_t every = 2; every <= 6; every++) {
            TY(bench) b;
            FN(bench_start)(&b, problem, &methods[every % N_OPTIONS]);
            b.probe.nan_every = every;
            FN(again)(&b);
            FN(check_best)(&b);
            free(b.state);
        }
}

static void FN(test_a_start_that_is_not_finite_is_left_alone)(const method *methods)
{
    TY(bench) b;
    FN(bench_start)(&b, BARRIER, &methods[0]);
    b.x[1] = -1;
    FN(again)(&b);
    CHECK(b.report.status == HBCD_STOP_NOT_FINITE && b.report.n_evaluations == 1 && b.report.n_iterations == 0);
    CHECK(b.x[0] == 30 && b.x[1] == -1);
    free(b.state);
}

static void FN(test_a_good_start_costs_one_evaluation)(const method *methods)
{
    TY(bench) b;
    FN(bench_start)(&b, CONSTANT, &methods[0]);
    FN(again)(&b);
    CHECK(b.report.status == HBCD_STOP_GRADIENT && b.report.n_evaluations == 1 && b.report.n_iterations == 0);
    CHECK(b.report.f_start == 7.0 && b.report.pg == 0.0);
    free(b.state);
    FN(bench_start)(&b, ROSENBROCK, &methods[0]);
    b.stop.target = 1e9;
    FN(again)(&b);
    CHECK(b.report.status == HBCD_STOP_TARGET && b.report.n_evaluations == 1);
    free(b.state);
}

static void FN(test_the_start_is_projected_onto_the_box)(const method *methods)
{
    TY(bench) b;
    FN(bench_start)(&b, LINEAR_BOX, &methods[0]);
    for (size_t i = 0; i < b.objective.n; i++) b.x[i] = i % 2 ? 100 : -100;
    FN(again)(&b);
    CHECK(b.report.f_start == -2.0 * (1 + 3 + 5) + 3.0 * (2 + 4 + 6) && b.report.f == -42.0);
    free(b.state);
}

/* Two iterations per call, as often as needed, are the same run as one long call. */
static void FN(test_calls_without_reset_go_on)(const method *methods)
{
    for (int problem = 0; problem < N_PROBLEMS; problem++) {
        TY(bench) whole, pieces;
        size_t iterations = 0;
        if (!problems[problem].bounded) continue; /* the last step length is at its limit at once */
        FN(bench_start)(&whole, problem, &methods[0]);
        FN(bench_start)(&pieces, problem, &methods[0]);
        FN(again)(&whole);
        pieces.stop.max_iterations = 2;
        do {
            FN(again)(&pieces);
            iterations += pieces.report.n_iterations;
        } while (pieces.report.status == HBCD_STOP_ITERATIONS && iterations < 1000);
        CHECK(iterations == whole.report.n_iterations);
        CHECK(pieces.report.f == whole.report.f);
        free(whole.state);
        free(pieces.state);
    }
}

static void FN(test_a_state_for_another_size_is_refused)(const method *methods)
{
    TY(bench) b;
    FN(bench_start)(&b, ROSENBROCK, &methods[0]);
    b.objective.n = 2;
    FN(again)(&b);
    CHECK(b.report.status == HBCD_ERR_ARGUMENT && b.probe.count == 0);
    free(b.state);
    if (methods[0].kind != HBCD_LBFGS) return;
    FN(bench_start)(&b, ROSENBROCK, &methods[0]);
    b.optimizer.options = methods[1].options; /* of another memory */
    FN(again)(&b);
    CHECK(b.report.status == HBCD_ERR_ARGUMENT && b.probe.count == 0);
    free(b.state);
}

static void FN(test_vectors)(void)
{
    enum { N = 19 }; /* two full groups of lanes and a rest */
    REAL x[N], y[N], z[N], lo[N], hi[N];
    const REAL nan = (REAL)NAN;
    double dot = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = (REAL)i - 7, y[i] = 2 * (REAL)i;
        dot += (double)x[i] * y[i];
        lo[i] = -1, hi[i] = 1;
    }
    CHECK(FN(dot)(N, x, y) == dot && FN(dot)(0, x, y) == 0);
    CHECK(FN(norm_inf)(N, x) == 11 && FN(all_finite)(N, x) && !FN(is_bounded)(N, NULL));
    for (size_t i = 0; i < N; i++) {
        REAL kept = x[i];
        x[i] = nan;
        CHECK(isnan(FN(norm_inf)(N, x)) && !FN(all_finite)(N, x) && isnan(FN(projected_gradient)(N, NULL, y, x)));
        x[i] = -(REAL)INFINITY;
        CHECK(isinf(FN(norm_inf)(N, x)) && !FN(all_finite)(N, x));
        x[i] = kept;
    }
    /* Squares that overflow or vanish; near the ends of the range of REAL. */
    const REAL huge = REAL_IS_F32 ? (REAL)1e38 : (REAL)1e300, tiny = REAL_IS_F32 ? (REAL)1e-37 : (REAL)1e-300;
    for (size_t i = 0; i < N; i++) z[i] = huge;
    CHECK_NEAR(FN(norm2)(N, z) / huge, sqrt((double)N), 1e-14);
    for (size_t i = 0; i < N; i++) z[i] = tiny;
    CHECK_NEAR(FN(norm2)(N, z) / tiny, sqrt((double)N), 1e-14);
    CHECK(FN(norm2)(0, z) == 0);
    z[5] = (REAL)INFINITY;
    CHECK(isinf(FN(norm2)(N, z)));

    const TY(box) box = {lo, hi}, below = {NULL, hi};
    FN(copy)(N, x, z);
    z[3] = nan;
    FN(project)(N, &box, z);
    CHECK(z[0] == -1 && z[7] == 0 && z[18] == 1 && isnan(z[3]));
    CHECK(FN(is_bounded)(N, &below) && !FN(is_boxed)(N, &below) && FN(is_boxed)(N, &box));
    /* A gradient far below the rounding of x still counts; on a bound only its inward part does. */
    for (size_t i = 0; i < N; i++) z[i] = 1, y[i] = (REAL)1e-20;
    CHECK(FN(projected_gradient)(N, &box, z, y) == (double)(REAL)1e-20);
    for (size_t i = 0; i < N; i++) y[i] = -5;
    CHECK(FN(projected_gradient)(N, &box, z, y) == 0 && FN(projected_gradient)(N, NULL, z, y) == 5);
    for (size_t i = 0; i < N; i++) y[i] = 5;
    CHECK(FN(projected_gradient)(N, &box, z, y) == 2 && FN(projected_gradient)(N, &below, z, y) == 5);
    y[11] = nan;
    CHECK(isnan(FN(projected_gradient)(N, &box, z, y)) && isnan(FN(projected_gradient)(N, &below, z, y)));
}

static void FN(test_all)(const method *methods)
{
    FN(test_minima_are_found)(methods);
    FN(test_active_bounds_fulfil_the_optimality_conditions)(methods);
    FN(test_an_early_stop_never_loses_the_best_point)(methods);
    FN(test_an_interruption_passes_through_with_the_best_point)(methods);
    FN(test_values_that_are_not_finite_only_shorten_steps)(methods);
    FN(test_a_start_that_is_not_finite_is_left_alone)(methods);
    FN(test_a_good_start_costs_one_evaluation)(methods);
    FN(test_the_start_is_projected_onto_the_box)(methods);
    FN(test_calls_without_reset_go_on)(methods);
    FN(test_a_state_for_another_size_is_refused)(methods);
}
