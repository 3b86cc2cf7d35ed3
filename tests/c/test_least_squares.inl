/* test_least_squares.inl: the typed half of test_least_squares.c. */

typedef struct TY(probe) {
    double x[N];          /* all variables: those that are not optimized stay */
    size_t first, n;      /* those that are */
    int fault;
    size_t calls, ends_at, wild_at, of_kind[N_KINDS]; /* calls from 1; 0: none */
    int code;
} TY(probe);

/* 0, or how the objective ends the run; the value of one call may be replaced by NaN. */
static int FN(called)(TY(probe) *p, int kind, const REAL *x, double *f)
{
    for (size_t i = 0; i < p->n; i++) p->x[p->first + i] = (double)x[i];
    p->of_kind[kind]++;
    if (++p->calls == p->ends_at) return p->code;
    if (p->calls == p->wild_at && f) *f = NAN;
    return HBCD_OK;
}

static int FN(value)(void *self, const REAL *x, double *f, REAL *g)
{
    TY(probe) *p = self;
    double r[ROWS], j[ROWS][N];
    *f = 0;
    const int status = FN(called)(p, VALUE, x, f);
    *f += least_squares(p->x, r, j);
    for (size_t a = 0; g && a < p->n; a++) {
        double slope = 0;
        for (size_t k = 0; k < ROWS; k++) slope += j[k][p->first + a] * r[k];
        g[a] = (REAL)slope;
    }
    return status;
}

static int FN(normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj)
{
    TY(probe) *p = self;
    *f = 0;
    const int status = FN(called)(p, NORMAL, x, f);
    *f += normal_equations(p->x, p->first, p->n, p->fault, jtwr, jtwj);
    return status;
}

static int FN(normal_of)(void *self, const REAL *x, size_t block, double *f, double *jtwr, double *jtwj)
{
    TY(probe) *p = self;
    *f = 0;
    const int status = FN(called)(p, BLOCK, x, f);
    *f += normal_equations(p->x, block * HIDDEN, HIDDEN, p->fault, jtwr, jtwj);
    return status;
}

static int FN(gram)(void *self, const REAL *x, double *gram)
{
    TY(probe) *p = self;
    const int status = FN(called)(p, GRAM_MATRIX, x, NULL);
    gram_matrix(p->x, p->fault, gram);
    return status;
}

typedef struct TY(bench) {
    TY(probe) probe;
    TY(objective) objective;
    REAL x[N];
    const TY(box) *box;
    hbcd_stop stop;
    hbcd_report report;
    const REAL *start;
} TY(bench);

static const TY(block) FN(blocks)[] = {{.start = 0, .size = HIDDEN, .n_in = 1, .n_out = HIDDEN},
                                       {.start = HIDDEN, .size = N - HIDDEN, .n_in = 1, .n_out = 1}};
static const TY(block) FN(alone) = {.start = 0, .size = N - HIDDEN, .n_in = 1, .n_out = 1};
static const REAL FN(inside)[N] = {(REAL)0.3, (REAL)-0.4, (REAL)0.5, (REAL)0.1}, FN(zero)[N] = {0};

/* All variables, or the output layer alone. */
static void FN(prepare)(TY(bench) *b, int output_alone, int fault, const REAL *start)
{
    const size_t first = output_alone ? HIDDEN : 0;
    memset(b, 0, sizeof *b);
    b->probe = (TY(probe)){.first = first, .n = N - first, .fault = fault};
    for (size_t i = 0; i < N; i++) b->probe.x[i] = (double)start[i];
    b->objective = (TY(objective)){.n = N - first, .eval = FN(value), .self = &b->probe, .normal = FN(normal),
                                   .n_blocks = output_alone ? 1 : 2, .blocks = output_alone ? &FN(alone) : FN(blocks),
                                   .normal_of = FN(normal_of), .output_gram = FN(gram)};
    memcpy(b->x, start + first, (N - first) * sizeof *start);
    hbcd_stop_default(&b->stop);
    b->stop.f_tol = -1;
    b->stop.pg_tol = 0;
    b->stop.max_iterations = 100;
    b->start = start + first;
}

static double FN(value_at)(const TY(bench) *b, const REAL *x)
{
    double all[N], r[ROWS], j[ROWS][N];
    memcpy(all, b->probe.x, sizeof all);
    for (size_t i = 0; i < b->objective.n; i++) all[b->probe.first + i] = (double)x[i];
    return least_squares(all, r, j);
}

/* A value from the equations of a float and of a double differ in nothing but the point; a compiler may fuse operations. */
static int FN(run)(TY(bench) *b, int kind, const void *options)
{
    TY(optimizer) optimizer;
    const size_t n = b->objective.n;
    const hbcd_shape shape = {.n = n, .largest = n, .squares = n * n, .inputs = 1, .outputs = 1};
    CHECK(FN(optimizer_make)(kind, options, &optimizer) == HBCD_OK);
    memory state = borrow(optimizer.state_size(options, &shape));
    state.arena.used = state.arena.size;
    optimizer.reset(options, state.base, n);
    const int status = optimizer.minimize(options, state.base, &b->objective, b->box, b->x, &b->stop, NULL, &b->report);
    give_back(&state);
    CHECK(status == b->report.status);
    for (size_t i = 0; i < n; i++) CHECK(isfinite(b->x[i]));
    if (b->probe.calls <= 1) {
        CHECK(memcmp(b->x, b->start, n * sizeof *b->x) == 0);
    } else if (isfinite(b->report.f)) {
        CHECK_NEAR(b->report.f, FN(value_at)(b, b->x), 1e-12);
        CHECK(b->report.f <= FN(value_at)(b, b->start) * (1 + 1e-12));
    }
    return status;
}

static void FN(test_equations_that_are_wrong)(int scope, int damping)
{
    const hbcd_lm options = {.scope = scope, .damping = damping, .mu = 1e-3, .radius = 1, .ridge = 1e-9};
    for (int fault = 0; fault < N_FAULTS; fault++)
        for (int start = 0; start < 2; start++) {
            TY(bench) b;
            FN(prepare)(&b, 0, fault, start ? FN(zero) : FN(inside));
            const int status = FN(run)(&b, HBCD_LM, &options), expected = end_of(scope, fault);
            CHECK(status > 0 && (expected == 0 || status == expected));
            if (expected && scope != HBCD_LM_PROJECTED) CHECK(memcmp(b.x, b.start, sizeof b.x) == 0);
            if (expected == 0 && start == 0) CHECK(b.report.f < b.report.f_start);
            if (fault == NOTHING && start == 0) CHECK_NEAR(b.report.f, minimum(), 1e-6);
        }
}

static void FN(test_every_call_may_be_the_last_one)(int scope, int damping)
{
    const hbcd_lm options = {.scope = scope, .damping = damping, .mu = 1e-3, .radius = 1, .ridge = 1e-9};
    for (size_t at = 1; at <= 15; at++)
        for (int what = 0; what < 4; what++) {
            TY(bench) b;
            FN(prepare)(&b, 0, NOTHING, FN(inside));
            b.probe.code = what == 0 ? HBCD_ERR_HOOK : HBCD_STOP_CALLBACK;
            if (what < 2) b.probe.ends_at = at;
            else if (what == 2) b.probe.wild_at = at;
            else b.stop.max_evaluations = at - 1;
            const int status = FN(run)(&b, HBCD_LM, &options);
            CHECK(what == 0 || status > 0);
            if (what < 2 && b.probe.calls >= at) CHECK(status == b.probe.code && b.probe.calls == at);
            if (what == 3) CHECK(b.report.n_evaluations <= at - 1);
            if (what == 3 && at < 4) CHECK(status == HBCD_STOP_EVALUATIONS);
        }
}

/* Bounds on the output layer that hold it, and bounds that do not. */
static void FN(test_bounds_of_the_output_layer)(void)
{
    const hbcd_lm options = {.scope = HBCD_LM_PROJECTED, .mu = 1e-3, .radius = 1, .ridge = 1e-9};
    double least = INFINITY;
    for (int cut = 4; cut-- > 0;) { /* none, from above, from below, both */
        REAL lo[N] = {-9, -9, -9, -9}, hi[N] = {9, 9, 9, 9};
        const TY(box) box = {lo, hi};
        TY(bench) b;
        if (cut & 1) hi[2] = (REAL)0.5, hi[3] = (REAL)0.1;
        if (cut & 2) lo[2] = (REAL)0.5, lo[3] = (REAL)0.1;
        FN(prepare)(&b, 0, NOTHING, FN(inside));
        b.box = &box;
        CHECK(FN(run)(&b, HBCD_LM, &options) > 0);
        for (size_t i = 0; i < N; i++) CHECK(b.x[i] >= lo[i] && b.x[i] <= hi[i]);
        CHECK(b.report.f < b.report.f_start);
        if (cut == 0) CHECK(b.report.f <= least + 1e-6);
        least = fmin(least, b.report.f);
    }
}

static void FN(test_what_is_missing_is_named)(void)
{
    for (int scope = HBCD_LM_JOINT; scope <= HBCD_LM_PROJECTED; scope++)
        for (int missing = NORMAL; missing < N_KINDS; missing++) {
            const hbcd_lm options = {.scope = scope, .mu = 1e-3, .radius = 1};
            const int needed = scope == HBCD_LM_BLOCKS ? missing == BLOCK : missing == NORMAL;
            const int output = scope == HBCD_LM_PROJECTED && missing == GRAM_MATRIX;
            TY(bench) b;
            FN(prepare)(&b, 0, NOTHING, FN(inside));
            if (missing == NORMAL) b.objective.normal = NULL;
            if (missing == BLOCK) b.objective.normal_of = NULL;
            if (missing == GRAM_MATRIX) b.objective.output_gram = NULL;
            const int status = FN(run)(&b, HBCD_LM, &options);
            if (needed || output) CHECK(status == (output ? HBCD_ERR_OUTPUT : HBCD_ERR_NORMAL) && b.probe.calls == 0);
            else CHECK(status > 0 && b.report.f < b.report.f_start);
        }
}

static void FN(test_an_output_layer_alone)(void)
{
    const hbcd_exact_output options = {.inner = -1};
    TY(bench) b;
    for (int fault = 0; fault < N_FAULTS; fault++) {
        FN(prepare)(&b, 1, fault, FN(inside));
        CHECK(FN(run)(&b, HBCD_EXACT_OUTPUT, &options) > 0);
        const int solves = fault != WRONG_GRAM && fault != NO_GRAM && fault != ENDLESS_GRAM && fault != HOLE_OF_GRAM;
        CHECK(solves ? b.report.f < b.report.f_start : memcmp(b.x, b.start, b.objective.n * sizeof *b.x) == 0);
        CHECK(b.report.status != HBCD_STOP_ITERATIONS); /* a solution that changes nothing is the last one */
    }
    for (size_t at = 1; at <= 3; at++)
        for (int what = 0; what < 3; what++) {
            FN(prepare)(&b, 1, NOTHING, FN(inside));
            b.probe.code = what ? HBCD_STOP_CALLBACK : HBCD_ERR_HOOK;
            if (what < 2) b.probe.ends_at = at;
            else b.probe.wild_at = at;
            const int status = FN(run)(&b, HBCD_EXACT_OUTPUT, &options);
            if (what < 2) CHECK(status == b.probe.code && b.probe.calls == at);
            else CHECK(status == (at == 1 ? HBCD_STOP_NOT_FINITE : status) && status > 0);
        }
}

static void FN(test_least_squares)(void)
{
    for (int scope = HBCD_LM_JOINT; scope <= HBCD_LM_PROJECTED; scope++)
        for (int damping = HBCD_LM_NIELSEN; damping <= HBCD_LM_TRUST_REGION; damping++) {
            FN(test_equations_that_are_wrong)(scope, damping);
            FN(test_every_call_may_be_the_last_one)(scope, damping);
        }
    FN(test_bounds_of_the_output_layer)();
    FN(test_what_is_missing_is_named)();
    FN(test_an_output_layer_alone)();
}
