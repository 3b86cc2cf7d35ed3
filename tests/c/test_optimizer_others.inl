/* test_optimizer_others.inl: the typed body of test_optimizer_others.c. */

/* An objective that remembers what was asked of it. */
typedef struct TY(probe) {
    int kind;
    size_t n, calls, gradients;
    double best;               /* least finite value handed out */
    size_t best_call;          /* and the call it was the answer to */
    REAL best_x[MAX_N];
    size_t wild_from, wild_to; /* calls in [from, to) give NaN */
    double wild_beyond;        /* NaN where |x_0| is larger; 0: nowhere */
    size_t end_at;             /* this call returns `code`; 0: never */
    int code;
    int outside;               /* calls outside the box of the problem */
} TY(probe);

static double FN(value)(int kind, size_t n, const double *x, double *g)
{
    const double pi = 3.14159265358979323846;
    double f = 0.0;
    for (size_t i = 0; i < n; i++) g[i] = 0.0;
    switch (kind) {
    case QUADRATIC:
    case EDGE:
        for (size_t i = 0; i < n; i++) {
            double c = pow(10.0, (double)i), r = x[i] - 0.25 * (double)i;
            f += 0.5 * c * r * r;
            g[i] = c * r;
        }
        return f;
    case ROSENBROCK: {
        double r = x[1] - x[0] * x[0];
        g[0] = -400.0 * x[0] * r - 2.0 * (1.0 - x[0]);
        g[1] = 200.0 * r;
        return 100.0 * r * r + (1.0 - x[0]) * (1.0 - x[0]);
    }
    case ACTIVE:
        for (size_t i = 0; i < n; i++) f += 0.5 * (x[i] - 3.0) * (x[i] - 3.0), g[i] = x[i] - 3.0;
        return f;
    case SADDLE:
        g[0] = x[0], g[1] = -x[1];
        return 0.5 * (x[0] * x[0] - x[1] * x[1]);
    case CONSTANT: return 7.0;
    case LINEAR:
        g[0] = 1.0, g[1] = -2.0;
        return x[0] - 2.0 * x[1];
    default:
        for (size_t i = 0; i < n; i++) {
            f += 10.0 + x[i] * x[i] - 10.0 * cos(2.0 * pi * x[i]);
            g[i] = 2.0 * x[i] + 20.0 * pi * sin(2.0 * pi * x[i]);
        }
        return f;
    }
}

static int FN(probe_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    TY(probe) *probe = self;
    const problem *p = &problems[probe->kind];
    double point[MAX_N] = {0}, slope[MAX_N];
    probe->calls++;
    probe->gradients += g != NULL;
    if (probe->end_at && probe->calls == probe->end_at) return probe->code;
    for (size_t i = 0; i < probe->n; i++) {
        point[i] = (double)x[i];
        if (point[i] < (double)(REAL)p->lo[i] || point[i] > (double)(REAL)p->hi[i]) probe->outside++;
    }
    *f = FN(value)(probe->kind, probe->n, point, slope);
    for (size_t i = 0; g && i < probe->n; i++) g[i] = (REAL)slope[i];
    if (probe->calls >= probe->wild_from && probe->calls < probe->wild_to) *f = NAN;
    if (probe->wild_beyond > 0.0 && fabs(point[0]) > probe->wild_beyond) *f = NAN;
    if (*f < probe->best) {
        probe->best = *f;
        probe->best_call = probe->calls;
        memcpy(probe->best_x, x, probe->n * sizeof *x);
    }
    return HBCD_OK;
}

/* One optimizer on one problem, with everything it needs. */
typedef struct TY(bench) {
    TY(optimizer) optimizer;
    TY(objective) objective;
    TY(probe) probe;
    TY(box) box;
    REAL x[MAX_N], lo[MAX_N], hi[MAX_N];
    hbcd_stop stop;
    hbcd_rng rng;
    hbcd_report report;
    _Alignas(HBCD_ALIGN) unsigned char state[STATE_BYTES];
} TY(bench);

static void FN(prepare)(TY(bench) *b, int optimizer, const void *options, int kind, uint64_t seed)
{
    const problem *p = &problems[kind];
    memset(b, 0, sizeof *b);
    CHECK(FN(optimizer_make)(optimizer, options, &b->optimizer) == HBCD_OK);
    b->probe = (TY(probe)){.kind = kind, .n = p->n, .best = INFINITY};
    b->objective = (TY(objective)){.n = p->n, .eval = FN(probe_eval), .self = &b->probe};
    for (size_t i = 0; i < p->n; i++) {
        b->x[i] = (REAL)p->start[i], b->lo[i] = (REAL)p->lo[i], b->hi[i] = (REAL)p->hi[i];
    }
    b->box = (TY(box)){b->lo, b->hi};
    hbcd_stop_default(&b->stop);
    b->stop.f_tol = -1.0;
    b->stop.max_iterations = 3000;
    hbcd_rng_seed(&b->rng, seed, 0);
    CHECK(b->optimizer.state_size(b->optimizer.options, &(hbcd_shape){.n = p->n}) <= STATE_BYTES);
    b->optimizer.reset(b->optimizer.options, b->state, p->n);
}

static int FN(go)(TY(bench) *b, const TY(box) *box)
{
    int status = b->optimizer.minimize(b->optimizer.options, b->state, &b->objective, box, b->x, &b->stop, &b->rng,
                                       &b->report);
    CHECK(status == b->report.status);
    return status;
}

/* What holds after every call: the returned point is the best one evaluated, and the report tells the truth. */
static void FN(check_best)(const TY(bench) *b)
{
    CHECK(b->report.f == b->probe.best);
    CHECK(memcmp(b->x, b->probe.best_x, b->probe.n * sizeof *b->x) == 0);
    CHECK(b->report.n_evaluations == b->probe.calls);
    CHECK(b->report.f <= b->report.f_start);
    CHECK(b->probe.outside == 0);
    if (b->optimizer.flags & HBCD_OPT_VALUE_ONLY) CHECK(b->probe.gradients == 0 && isnan(b->report.pg));
}

static void FN(test_all_problems_are_solved)(void)
{
    for (int k = 0; k < N_KINDS; k++)
        for (int kind = 0; kind < N_PROBLEMS; kind++) {
            const problem *p = &problems[kind];
            TY(bench) b;
            FN(prepare)(&b, kinds[k], options_of(kinds[k]), kind, 1);
            int status = FN(go)(&b, &b.box);
            FN(check_best)(&b);
            CHECK(status > 0);
            /* Rastrigin is for ICRS; ADAM circles a minimum within a step of 0.05. */
            if (kind == RASTRIGIN && kinds[k] != HBCD_ICRS) continue;
            double reach = kinds[k] == HBCD_ICRS ? p->reach : kinds[k] == HBCD_ADAM ? 5e-3 : REAL_IS_F32 ? 1e-5 : 1e-9;
            if (!(b.report.f - p->minimum <= reach))
                fprintf(stderr, "%s, problem %d: f = %g, status %d\n", b.optimizer.name, kind, b.report.f, status);
            CHECK(b.report.f - p->minimum <= reach);
            CHECK(b.report.f >= p->minimum - 1e-6);
        }
}

static void FN(test_gradient_methods_need_no_box)(void)
{
    for (int k = 0; k < 2; k++)
        for (int kind = QUADRATIC; kind <= ROSENBROCK; kind++) {
            TY(bench) b;
            FN(prepare)(&b, kinds[k], options_of(kinds[k]), kind, 1);
            FN(go)(&b, NULL);
            CHECK(b.report.f == b.probe.best);
            CHECK(b.report.f <= 5e-3);
        }
}

static void FN(test_stop_at_any_iteration_returns_the_best)(void)
{
    for (int k = 0; k < N_KINDS; k++)
        for (int kind = 0; kind < N_PROBLEMS; kind++) {
            double before = INFINITY;
            for (size_t limit = 0; limit <= 50; limit++) {
                TY(bench) b;
                FN(prepare)(&b, kinds[k], options_of(kinds[k]), kind, 3);
                b.stop.max_iterations = limit;
                int status = FN(go)(&b, &b.box);
                FN(check_best)(&b);
                CHECK(b.report.n_iterations <= limit);
                CHECK(status != HBCD_STOP_ITERATIONS || b.report.n_iterations == limit);
                CHECK(b.report.f <= before); /* the same run, cut later */
                before = b.report.f;
            }
            for (size_t limit = 1; limit <= 50; limit++) {
                TY(bench) b;
                FN(prepare)(&b, kinds[k], options_of(kinds[k]), kind, 3);
                b.stop.max_evaluations = limit;
                int status = FN(go)(&b, &b.box);
                FN(check_best)(&b);
                CHECK(b.probe.calls <= limit);
                CHECK(status != HBCD_STOP_EVALUATIONS || b.probe.calls == limit);
            }
        }
}

static void FN(test_evaluation_that_ends_early_returns_the_best)(void)
{
    const int codes[] = {HBCD_STOP_INTERRUPTED, HBCD_ERR_HOOK};
    for (int k = 0; k < N_KINDS; k++)
        for (size_t call = 1; call <= 20; call++)
            for (int c = 0; c < 2; c++) {
                TY(bench) b;
                FN(prepare)(&b, kinds[k], options_of(kinds[k]), ROSENBROCK, 5);
                b.probe.end_at = call;
                b.probe.code = codes[c];
                CHECK(FN(go)(&b, &b.box) == codes[c]);
                CHECK(b.probe.calls == call);
                if (call == 1) CHECK(isnan(b.report.f) && b.x[0] == (REAL)problems[ROSENBROCK].start[0]);
                else FN(check_best)(&b);
            }
}

static void FN(test_start_point_may_be_the_end)(void)
{
    for (int k = 0; k < N_KINDS; k++) {
        TY(bench) b;
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), QUADRATIC, 1);
        b.stop.target = 1e6;
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_TARGET);
        CHECK(b.report.n_iterations == 0 && b.report.n_evaluations == 1 && b.report.f == b.report.f_start);
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), QUADRATIC, 1);
        b.stop.target = 0.5;
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_TARGET);
        CHECK(b.report.f <= 0.5);
        CHECK(b.probe.best_call == b.probe.calls); /* not one evaluation more */
        if (kinds[k] == HBCD_ICRS) continue;
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), CONSTANT, 1);
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_GRADIENT);
        CHECK(b.report.n_evaluations == 1 && b.report.pg == 0.0);
    }
}

static void FN(test_start_is_projected_onto_the_box)(void)
{
    for (int k = 0; k < N_KINDS; k++) {
        TY(bench) b;
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), ACTIVE, 1);
        for (size_t i = 0; i < 3; i++) b.x[i] = 100;
        FN(go)(&b, &b.box);
        CHECK(b.report.f_start == 6.0); /* (1, 1, 1) is the minimum */
        CHECK(b.report.f == 6.0);
        CHECK(b.probe.outside == 0);
    }
}

static void FN(test_values_that_are_not_finite)(void)
{
    for (int k = 0; k < N_KINDS; k++) {
        TY(bench) b;
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), QUADRATIC, 1);
        b.probe.wild_to = 2; /* the start point */
        int status = FN(go)(&b, &b.box);
        if (kinds[k] == HBCD_ICRS) CHECK(status == HBCD_STOP_WIDTH && b.report.f <= 1e-4 && isinf(b.report.f_start));
        else CHECK(status == HBCD_STOP_NOT_FINITE && b.report.n_evaluations == 1);
        FN(prepare)(&b, kinds[k], options_of(kinds[k]), QUADRATIC, 1);
        b.probe.wild_from = 3, b.probe.wild_to = 5; /* later */
        status = FN(go)(&b, &b.box);
        FN(check_best)(&b);
        if (kinds[k] == HBCD_ADAM) CHECK(status == HBCD_STOP_NOT_FINITE); /* it has no step to shorten */
        if (kinds[k] == HBCD_BB) CHECK(status == HBCD_STOP_GRADIENT && b.report.f < 1e-9);
        if (kinds[k] == HBCD_ICRS) CHECK(status == HBCD_STOP_WIDTH && b.report.f <= 1e-4);
    }
}

#include "test_optimizer_adam.inl"

/* ---- Barzilai-Borwein ---- */

static void FN(test_bb_every_step_rule_converges)(void)
{
    for (int step = HBCD_BB1; step <= HBCD_ABBMIN; step++)
        for (int kind = QUADRATIC; kind <= LINEAR; kind++) {
            hbcd_bb options = bb_options;
            options.step = step;
            TY(bench) b;
            FN(prepare)(&b, HBCD_BB, &options, kind, 1);
            int status = FN(go)(&b, &b.box);
            FN(check_best)(&b);
            CHECK(REAL_IS_F32 || status == HBCD_STOP_GRADIENT); /* 1e-5 is below the rounding of a float gradient */
            CHECK(b.report.f - problems[kind].minimum <= (REAL_IS_F32 ? 1e-5 : 1e-9));
        }
}

/* Values of the iterates, through the callback. */
static int FN(count_uphill)(void *self, size_t n, const void *x, double f)
{
    double *seen = self; /* last value, how often it rose */
    (void)n, (void)x;
    if (f > seen[0]) seen[1] += 1.0;
    seen[0] = f;
    return HBCD_OK;
}

static void FN(test_bb_is_non_monotone_but_returns_the_best)(void)
{
    int rises = 0, caught = 0;
    for (size_t history = 1; history <= 10; history += 9)
        for (size_t limit = 1; limit <= 60; limit++) {
            hbcd_bb options = bb_options;
            options.history = history;
            options.step = HBCD_BB1;
            TY(bench) b;
            double seen[2] = {INFINITY, 0.0};
            hbcd_watch watch;
            hbcd_watch_start(&watch, INFINITY);
            watch.iteration = FN(count_uphill);
            watch.self = seen;
            FN(prepare)(&b, HBCD_BB, &options, ROSENBROCK, 1);
            b.stop.max_iterations = limit;
            b.stop.watch = &watch;
            FN(go)(&b, &b.box);
            FN(check_best)(&b);
            if (history == 1) CHECK(seen[1] == 0.0); /* plain Armijo */
            else rises += seen[1] > 0.0, caught += b.report.f < seen[0];
        }
    CHECK(rises > 0 && caught > 0); /* or the test would prove nothing */
}

static void FN(test_bb_comes_back_from_where_nothing_is_finite)(void)
{
    hbcd_bb leaper = bb_options;
    leaper.step_min = 100.0; /* every full step leaves the region where f is finite */
    TY(bench) b;
    FN(prepare)(&b, HBCD_BB, &leaper, SADDLE, 1);
    b.probe.wild_beyond = 1.5;
    b.stop.max_iterations = 20;
    FN(go)(&b, NULL);
    CHECK(b.report.f == b.probe.best && b.report.f < b.report.f_start);
}

static void FN(test_bb_goes_on_where_it_was)(void)
{
    TY(bench) b, fresh;
    FN(prepare)(&b, HBCD_BB, &bb_options, QUADRATIC, 1);
    FN(prepare)(&fresh, HBCD_BB, &bb_options, QUADRATIC, 1);
    b.stop.max_iterations = fresh.stop.max_iterations = 2;
    for (int i = 0; i < 8; i++) {
        FN(go)(&b, &b.box);
        fresh.optimizer.reset(fresh.optimizer.options, fresh.state, 3);
        FN(go)(&fresh, &fresh.box);
    }
    CHECK(b.report.f < fresh.report.f); /* the step length is worth keeping */
}

#include "test_optimizer_icrs.inl"

static void FN(test_same_seed_same_run)(void)
{
    TY(bench) a, b;
    FN(prepare)(&a, HBCD_ICRS, &icrs_options, RASTRIGIN, 17);
    FN(prepare)(&b, HBCD_ICRS, &icrs_options, RASTRIGIN, 17);
    FN(go)(&a, &a.box);
    FN(go)(&b, &b.box);
    CHECK(memcmp(a.x, b.x, sizeof a.x) == 0 && a.report.n_evaluations == b.report.n_evaluations);
}

static void FN(test_all)(void)
{
    FN(test_all_problems_are_solved)();
    FN(test_gradient_methods_need_no_box)();
    FN(test_stop_at_any_iteration_returns_the_best)();
    FN(test_evaluation_that_ends_early_returns_the_best)();
    FN(test_start_point_may_be_the_end)();
    FN(test_start_is_projected_onto_the_box)();
    FN(test_values_that_are_not_finite)();
    FN(test_adam_first_steps_by_hand)();
    FN(test_adam_goes_on_across_calls)();
    FN(test_adam_by_cosine_takes_steps_that_fall_to_nothing)();
    FN(test_adam_by_cosine_is_the_same_in_one_call_and_in_many)();
    FN(test_adam_keeps_the_best_when_it_overshoots)();
    FN(test_bb_every_step_rule_converges)();
    FN(test_bb_is_non_monotone_but_returns_the_best)();
    FN(test_bb_comes_back_from_where_nothing_is_finite)();
    FN(test_bb_goes_on_where_it_was)();
    FN(test_icrs_needs_a_finite_box)();
    FN(test_icrs_leaves_a_bound_only_with_a_floor)();
    FN(test_icrs_counts_trials_and_budget)();
    FN(test_icrs_options_say_when_it_shrinks)();
    FN(test_icrs_variants_search_shorter_or_longer)();
    FN(test_icrs_lives_with_odd_boxes)();
    FN(test_icrs_on_rastrigin)();
    FN(test_same_seed_same_run)();
}
