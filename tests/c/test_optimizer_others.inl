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
    CHECK(b->optimizer.reset(b->optimizer.options, b->state, p->n) == HBCD_OK);
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

/* ---- ADAM ---- */

static void FN(test_adam_first_steps_by_hand)(void)
{
    /* x = (0.2, 0.3), g = (1, -2) always: m / sqrt(v) after bias correction is (1, -1) at every t. */
    TY(bench) b;
    FN(prepare)(&b, HBCD_ADAM, &adam_options, LINEAR, 1);
    b.stop.max_iterations = 3;
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_ITERATIONS);
    CHECK_NEAR(b.x[0], 0.05, 1e-6);
    CHECK_NEAR(b.x[1], 0.45, 1e-6);
    CHECK(b.probe.calls == 4 && b.probe.gradients == 3); /* the last evaluation asks for the value only */
}

static void FN(test_adam_goes_on_across_calls)(void)
{
    TY(bench) whole, parts, again;
    FN(prepare)(&whole, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    FN(prepare)(&parts, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    FN(prepare)(&again, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    whole.stop.keep_last = parts.stop.keep_last = again.stop.keep_last = 1;
    whole.stop.max_iterations = 30;
    parts.stop.max_iterations = again.stop.max_iterations = 3;
    CHECK(FN(go)(&whole, &whole.box) == HBCD_STOP_ITERATIONS);
    CHECK(whole.probe.calls == 30 && isnan(whole.report.f) && isfinite(whole.report.f_start));
    for (int i = 0; i < 10; i++) {
        CHECK(FN(go)(&parts, &parts.box) == HBCD_STOP_ITERATIONS);
        CHECK(parts.report.n_iterations == 3 && parts.report.n_evaluations == 3);
        again.optimizer.reset(again.optimizer.options, again.state, 3);
        FN(go)(&again, &again.box);
    }
    CHECK(memcmp(whole.x, parts.x, sizeof whole.x) == 0);
    CHECK(memcmp(whole.x, again.x, sizeof whole.x) != 0); /* with a reset the moments are gone */
}

static void FN(test_adam_by_cosine_takes_steps_that_fall_to_nothing)(void)
{
    /* Every step has the length of the rate: of T = 4 they are 1, 0.8536, 0.5 and 0.1464 of the first. */
    hbcd_adam cosine = adam_options;
    cosine.schedule = HBCD_ADAM_COSINE;
    const double moved[4] = {1.0, 1.8535534, 2.3535534, 2.5};
    for (size_t k = 0; k < 4; k++) {
        TY(bench) b, far;
        FN(prepare)(&b, HBCD_ADAM, &cosine, LINEAR, 1);
        CHECK(b.optimizer.flags & HBCD_OPT_SCHEDULED);
        b.stop.run_iterations = 4;
        b.stop.max_iterations = k + 1;
        FN(go)(&b, &b.box);
        CHECK_NEAR(b.x[0], 0.2 - 0.05 * moved[k], 1e-6);
        FN(prepare)(&far, HBCD_ADAM, &cosine, LINEAR, 1); /* a run that has no end, and one that is over */
        far.stop.run_iterations = SIZE_MAX;
        far.stop.max_iterations = k + 1;
        FN(go)(&far, &far.box);
        CHECK_NEAR(far.x[0], 0.2 - 0.05 * (double)(k + 1), 1e-6);
        FN(prepare)(&far, HBCD_ADAM, &cosine, LINEAR, 1);
        far.stop.run_iterations = 4, far.stop.iterations_before = 4 + k;
        far.stop.max_iterations = 1;
        FN(go)(&far, &far.box);
        CHECK(far.x[0] == (REAL)0.2);
    }
    TY(bench) alone; /* a call that is a run */
    FN(prepare)(&alone, HBCD_ADAM, &cosine, LINEAR, 1);
    alone.stop.max_iterations = 4;
    FN(go)(&alone, &alone.box);
    CHECK_NEAR(alone.x[0], 0.2 - 0.05 * 2.5, 1e-6);
    cosine.schedule = HBCD_ADAM_COSINE + 1;
    CHECK(FN(optimizer_make)(HBCD_ADAM, &cosine, &alone.optimizer) == HBCD_ERR_ARGUMENT);
}

static void FN(test_adam_by_cosine_is_the_same_in_one_call_and_in_many)(void)
{
    hbcd_adam cosine = adam_options;
    cosine.schedule = HBCD_ADAM_COSINE;
    TY(bench) whole, parts;
    FN(prepare)(&whole, HBCD_ADAM, &cosine, QUADRATIC, 1);
    FN(prepare)(&parts, HBCD_ADAM, &cosine, QUADRATIC, 1);
    whole.stop.keep_last = parts.stop.keep_last = 1;
    whole.stop.max_iterations = parts.stop.run_iterations = 30;
    parts.stop.max_iterations = 3;
    CHECK(FN(go)(&whole, &whole.box) == HBCD_STOP_ITERATIONS);
    for (; parts.stop.iterations_before < 30; parts.stop.iterations_before += 3) FN(go)(&parts, &parts.box);
    CHECK(memcmp(whole.x, parts.x, sizeof whole.x) == 0);
}

static void FN(test_adam_keeps_the_best_when_it_overshoots)(void)
{
    const hbcd_adam fast = {.learning_rate = 1.5, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    TY(bench) b;
    FN(prepare)(&b, HBCD_ADAM, &fast, QUADRATIC, 1);
    b.stop.max_iterations = 10;
    FN(go)(&b, NULL);
    CHECK(b.report.f == b.probe.best && b.report.f <= b.report.f_start);
}

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

/* ---- ICRS ---- */

static void FN(test_icrs_needs_a_finite_box)(void)
{
    TY(bench) b;
    FN(prepare)(&b, HBCD_ICRS, &icrs_options, QUADRATIC, 1);
    CHECK(FN(go)(&b, NULL) == HBCD_ERR_BOUNDS);
    b.box.hi = NULL;
    CHECK(FN(go)(&b, &b.box) == HBCD_ERR_BOUNDS);
    b.box.hi = b.hi;
    b.hi[1] = (REAL)INFINITY;
    CHECK(FN(go)(&b, &b.box) == HBCD_ERR_BOUNDS);
    CHECK(b.probe.calls == 0);
    if (REAL_IS_F32) return; /* the width of any box of float32 is a double */
    const double wide = 1e308;
    b.lo[1] = (REAL)-wide, b.hi[1] = (REAL)wide;
    CHECK(FN(go)(&b, &b.box) == HBCD_ERR_BOUNDS);
    CHECK(b.probe.calls == 0);
}

static void FN(test_icrs_leaves_a_bound_only_with_a_floor)(void)
{
    hbcd_icrs stuck = icrs_options;
    stuck.floor = 0.0;
    TY(bench) b;
    FN(prepare)(&b, HBCD_ICRS, &stuck, EDGE, 1);
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_LINE_SEARCH); /* no trial is no success */
    CHECK(b.report.f == b.report.f_start && b.probe.calls == 1); /* the trap, if it were not for the floor */
    hbcd_icrs patient = icrs_options;
    patient.reset_width = 1;
    for (uint64_t seed = 0; seed < 10; seed++) {
        FN(prepare)(&b, HBCD_ICRS, &patient, EDGE, seed);
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH);
        CHECK(b.report.f <= 1e-4);
    }
}

static void FN(test_icrs_counts_trials_and_budget)(void)
{
    hbcd_icrs options = icrs_options;
    TY(bench) b;
    FN(prepare)(&b, HBCD_ICRS, &options, QUADRATIC, 1);
    b.stop.max_iterations = 7;
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_ITERATIONS);
    CHECK(b.report.n_evaluations == 1 + 7 * 3); /* the start, then n = 3 trials an iteration */
    options.max_evaluations = 20;
    FN(prepare)(&b, HBCD_ICRS, &options, QUADRATIC, 1);
    for (int call = 0; call < 2; call++) {
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_EVALUATIONS);
        CHECK(b.report.n_evaluations == 20);
    }
}

/* On a constant every trial fails: the number of evaluations follows from the options. */
static void FN(test_icrs_options_say_when_it_shrinks)(void)
{
    struct { double per_parameter; size_t fixed, failures; } cases[] = {
        {4.0, 0, 8}, {1.0, 0, 2}, {0.1, 0, 1}, {0.75, 0, 2}, {4.0, 3, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hbcd_icrs options = icrs_options;
        options.failures_per_parameter = cases[i].per_parameter;
        options.max_failures = cases[i].fixed;
        TY(bench) b;
        FN(prepare)(&b, HBCD_ICRS, &options, CONSTANT, 1);
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH);
        /* distance to the bound 0.5 of width 2: k1 / 4 / 2^k < 1e-4 first at k = 10 */
        CHECK(b.probe.calls == 1 + 10 * cases[i].failures);
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH); /* kappa stays small */
        CHECK(b.report.n_evaluations == 1);
        b.optimizer.reset(b.optimizer.options, b.state, 2);
        CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH);
        CHECK(b.report.n_evaluations == 1 + 10 * cases[i].failures);
    }
}

static size_t FN(icrs_evaluations)(const hbcd_icrs *options)
{
    size_t total = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        TY(bench) b;
        FN(prepare)(&b, HBCD_ICRS, options, QUADRATIC, seed);
        b.stop.max_iterations = SIZE_MAX;
        b.stop.max_evaluations = 100000;
        FN(go)(&b, &b.box);
        FN(check_best)(&b);
        total += b.probe.calls;
    }
    return total;
}

static void FN(test_icrs_variants_search_shorter_or_longer)(void)
{
    hbcd_icrs cumulative = icrs_options, expanding = icrs_options;
    cumulative.cumulative = 1;
    expanding.reset_width = 1;
    CHECK(FN(icrs_evaluations)(&cumulative) < FN(icrs_evaluations)(&icrs_options));
    CHECK(FN(icrs_evaluations)(&expanding) > FN(icrs_evaluations)(&icrs_options));
}

static void FN(test_icrs_lives_with_odd_boxes)(void)
{
    TY(bench) b;
    FN(prepare)(&b, HBCD_ICRS, &icrs_options, QUADRATIC, 1);
    b.lo[1] = b.hi[1] = b.x[1] = (REAL)0.5; /* one variable is fixed */
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH);
    CHECK(b.x[1] == (REAL)0.5);
    CHECK(b.report.f - 0.3125 <= 1e-3); /* 10 (0.5 - 0.25)^2 / 2 */
    FN(prepare)(&b, HBCD_ICRS, &icrs_options, QUADRATIC, 1);
    for (size_t i = 0; i < 3; i++) b.lo[i] = b.hi[i] = 0; /* all are */
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_WIDTH);
    CHECK(b.probe.calls == 1);
    hbcd_icrs wide = icrs_options; /* draws that nearly always miss the box */
    wide.k1 = 1e6;
    FN(prepare)(&b, HBCD_ICRS, &wide, QUADRATIC, 1);
    b.stop.max_iterations = 100;
    FN(go)(&b, &b.box);
    FN(check_best)(&b);
}

/* Rastrigin has 121 minima in the box.  How many of 40 seeds end in the least one, by failures per parameter and
 * with or without going back to the first width after a success. */
static void FN(test_icrs_on_rastrigin)(void)
{
    enum { SEEDS = 40 };
    const double per_parameter[] = {1.0, 4.0, 10.0, 40.0};
    int hits[2][4] = {{0}};
    for (int reset = 0; reset < 2; reset++)
        for (int k = 0; k < 4; k++) {
            size_t calls = 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                hbcd_icrs options = icrs_options;
                options.failures_per_parameter = per_parameter[k];
                options.reset_width = reset;
                options.max_evaluations = 20000;
                TY(bench) b;
                FN(prepare)(&b, HBCD_ICRS, &options, RASTRIGIN, seed);
                b.stop.max_iterations = SIZE_MAX;
                FN(go)(&b, &b.box);
                FN(check_best)(&b);
                hits[reset][k] += b.report.f < 0.5; /* the next best minimum has f = 1 */
                calls += b.probe.calls;
            }
            if (getenv("VERBOSE"))
                printf("rastrigin %s reset_width=%d n_e=%g: %d of %d, %zu evaluations each\n",
                       REAL_IS_F32 ? "f32" : "f64", reset, per_parameter[k], hits[reset][k], SEEDS, calls / SEEDS);
        }
    CHECK(hits[0][0] <= SEEDS / 10); /* a local search */
    CHECK(hits[0][3] > hits[0][0] && hits[1][3] > hits[0][3]); /* patience pays */
    CHECK(hits[1][3] >= SEEDS / 2);
}

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
