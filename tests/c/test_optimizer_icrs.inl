/* test_optimizer_icrs.inl: laws of ICRS, part of test_optimizer_others.inl. */

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
