/* test_optimizer_lm.inl: the typed body of test_optimizer_lm.c. */

/* An objective that remembers what was asked of it. */
typedef struct TY(probe) {
    int kind;
    size_t calls, normals;     /* both kinds together; normal equations alone */
    double best;
    REAL best_x[MOST_N];
    size_t wild_from, wild_to; /* calls in [from, to) give NaN */
    size_t end_at;             /* this call returns `code` */
    int code, outside;
} TY(probe);

static int FN(ask)(TY(probe) *probe, const REAL *x, double *f, double *g, double *h)
{
    const problem *p = &problems[probe->kind];
    double point[MOST_N] = {0}, r[MOST_M] = {0}, jac[MOST_M * MOST_N];
    probe->calls++;
    if (probe->calls == probe->end_at) return probe->code;
    for (size_t i = 0; i < p->n; i++) {
        point[i] = (double)x[i];
        probe->outside += point[i] < (double)(REAL)p->lo[i] || point[i] > (double)(REAL)p->hi[i];
    }
    residuals(probe->kind, point, r, jac);
    *f = 0;
    for (size_t k = 0; k < p->m; k++) *f += 0.5 * r[k] * r[k];
    for (size_t i = 0; g && i < p->n; i++) {
        g[i] = 0;
        for (size_t k = 0; k < p->m; k++) g[i] += jac[k * p->n + i] * r[k];
        for (size_t j = 0; h && j < p->n; j++) {
            h[i * p->n + j] = 0;
            for (size_t k = 0; k < p->m; k++) h[i * p->n + j] += jac[k * p->n + i] * jac[k * p->n + j];
        }
    }
    if (probe->calls >= probe->wild_from && probe->calls < probe->wild_to) *f = NAN;
    if (*f < probe->best) {
        probe->best = *f;
        memcpy(probe->best_x, x, p->n * sizeof *x);
    }
    return HBCD_OK;
}

static int FN(probe_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    double slope[MOST_N];
    int status = FN(ask)(self, x, f, slope, NULL);
    for (size_t i = 0; g && i < problems[((TY(probe) *)self)->kind].n; i++) g[i] = (REAL)slope[i];
    return status;
}

static int FN(probe_normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj)
{
    ((TY(probe) *)self)->normals++;
    return FN(ask)(self, x, f, jtwr, jtwj);
}

/* The optimizer on one problem, with everything it needs. */
typedef struct TY(bench) {
    TY(optimizer) optimizer;
    TY(objective) objective;
    TY(probe) probe;
    TY(box) box;
    REAL x[MOST_N], lo[MOST_N], hi[MOST_N];
    hbcd_stop stop;
    hbcd_report report;
    memory state;
} TY(bench);

static void FN(prepare)(TY(bench) *b, const hbcd_lm *with, int kind)
{
    const problem *p = &problems[kind];
    const hbcd_shape shape = {.n = p->n, .largest = p->n, .squares = p->n * p->n};
    memset(b, 0, sizeof *b);
    CHECK(FN(optimizer_make)(HBCD_LM, with, &b->optimizer) == HBCD_OK);
    b->probe = (TY(probe)){.kind = kind, .best = INFINITY};
    b->objective = (TY(objective)){.n = p->n, .eval = FN(probe_eval), .self = &b->probe, .normal = FN(probe_normal)};
    for (size_t i = 0; i < p->n; i++)
        b->x[i] = (REAL)p->start[i], b->lo[i] = (REAL)p->lo[i], b->hi[i] = (REAL)p->hi[i];
    b->box = (TY(box)){b->lo, b->hi};
    hbcd_stop_default(&b->stop);
    b->stop.f_tol = -1;
    b->stop.max_iterations = 500;
    b->state = borrow(b->optimizer.state_size(with, &shape));
    b->state.arena.used = b->state.arena.size;
    b->optimizer.reset(with, b->state.base, p->n);
}

static int FN(go)(TY(bench) *b, const TY(box) *box)
{
    b->probe.calls = b->probe.normals = 0;
    int status = b->optimizer.minimize(b->optimizer.options, b->state.base, &b->objective, box, b->x, &b->stop, NULL,
                                       &b->report);
    CHECK(status == b->report.status);
    return status;
}

/* What holds after every call: the returned point is the best one evaluated, and the report tells the truth. */
static void FN(check_best)(TY(bench) *b)
{
    CHECK(b->report.f == b->probe.best);
    CHECK(memcmp(b->x, b->probe.best_x, problems[b->probe.kind].n * sizeof *b->x) == 0);
    CHECK(b->report.n_evaluations == b->probe.calls);
    CHECK(b->report.f <= b->report.f_start);
    CHECK(b->probe.outside == 0);
}

static void FN(test_all_problems_are_solved)(void)
{
    for (int o = 0; o < 2; o++)
        for (int kind = 0; kind < N_PROBLEMS; kind++) {
            TY(bench) b;
            FN(prepare)(&b, &options[o], kind);
            b.stop.pg_tol = REAL_IS_F32 ? 1e-4 : 1e-7;
            int status = FN(go)(&b, &b.box);
            FN(check_best)(&b);
            CHECK(status == HBCD_STOP_GRADIENT);
            CHECK_NEAR(b.report.f, problems[kind].minimum, REAL_IS_F32 ? 1e-6 : 1e-12);
            CHECK(b.report.n_iterations <= 40);
            CHECK(b.probe.normals == b.report.n_iterations + 1); /* a refused step costs a value alone */
            give_back(&b.state);
            if (kind == ACTIVE || kind == CORNER) continue;
            FN(prepare)(&b, &options[o], kind);
            FN(go)(&b, NULL); /* nor does it need a box */
            CHECK_NEAR(b.report.f, problems[kind].minimum, 1e-6);
            give_back(&b.state);
        }
}

static void FN(test_any_limit_returns_the_best)(void)
{
    for (int o = 0; o < 2; o++)
        for (int kind = 0; kind < N_PROBLEMS; kind++) {
            double before = INFINITY;
            for (size_t limit = 0; limit <= 30; limit++) {
                TY(bench) b;
                FN(prepare)(&b, &options[o], kind);
                b.stop.max_iterations = limit;
                int status = FN(go)(&b, &b.box);
                FN(check_best)(&b);
                CHECK(b.report.n_iterations <= limit && b.report.f <= before);
                CHECK(status != HBCD_STOP_ITERATIONS || b.report.n_iterations == limit);
                CHECK(limit == 0 || b.probe.normals <= limit); /* none for an iteration that does not come */
                before = b.report.f;
                give_back(&b.state);
            }
            before = INFINITY;
            for (size_t limit = 1; limit <= 50; limit++) {
                TY(bench) b;
                FN(prepare)(&b, &options[o], kind);
                b.stop.max_evaluations = limit;
                int status = FN(go)(&b, &b.box);
                FN(check_best)(&b);
                CHECK(b.probe.calls <= limit && b.report.f <= before);
                CHECK(status != HBCD_STOP_EVALUATIONS || b.probe.calls == limit);
                before = b.report.f;
                give_back(&b.state);
            }
        }
}

static void FN(test_a_call_that_ends_early_returns_the_best)(void)
{
    const int codes[] = {HBCD_STOP_INTERRUPTED, HBCD_ERR_HOOK};
    for (size_t call = 1; call <= 20; call++)
        for (int c = 0; c < 2; c++) {
            TY(bench) b;
            FN(prepare)(&b, &options[0], ROSENBROCK);
            b.probe.end_at = call;
            b.probe.code = codes[c];
            CHECK(FN(go)(&b, &b.box) == codes[c] && b.probe.calls == call);
            if (call == 1) CHECK(isnan(b.report.f) && b.x[0] == (REAL)-1.2);
            else FN(check_best)(&b);
            give_back(&b.state);
        }
}

static void FN(test_values_that_are_not_finite)(void)
{
    TY(bench) b;
    FN(prepare)(&b, &options[0], ROSENBROCK);
    b.probe.wild_to = 2; /* the start point */
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_NOT_FINITE && b.report.n_evaluations == 1);
    give_back(&b.state);
    FN(prepare)(&b, &options[0], ROSENBROCK);
    b.probe.wild_from = 2, b.probe.wild_to = 7; /* the first steps: refused */
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_GRADIENT);
    FN(check_best)(&b);
    CHECK(b.report.f < 1e-6);
    give_back(&b.state);
}

/* In pieces of one iteration each it comes to the same points: mu is kept. */
static void FN(test_it_goes_on_where_it_was)(void)
{
    TY(bench) whole, pieces;
    FN(prepare)(&whole, &options[0], ROSENBROCK);
    FN(prepare)(&pieces, &options[0], ROSENBROCK);
    whole.stop.max_iterations = 8;
    pieces.stop.max_iterations = 1;
    FN(go)(&whole, &whole.box);
    for (int k = 0; k < 8; k++) FN(go)(&pieces, &pieces.box);
    CHECK(memcmp(whole.x, pieces.x, 2 * sizeof *whole.x) == 0);
    give_back(&whole.state), give_back(&pieces.state);
}

static void FN(test_without_normal_equations)(void)
{
    TY(bench) b;
    FN(prepare)(&b, &options[0], LINEAR);
    b.objective.normal = NULL;
    CHECK(FN(go)(&b, &b.box) == HBCD_ERR_NORMAL && b.probe.calls == 0);
    give_back(&b.state);
    TY(optimizer) made;
    const hbcd_lm wrong[] = {{.mu = 0, .radius = 1},
                             {.mu = NAN, .radius = 1},
                             {.mu = 1, .radius = 0},
                             {.mu = 1, .radius = INFINITY},
                             {.mu = 1, .radius = 1, .scope = 3},
                             {.mu = 1, .radius = 1, .ridge = -1},
                             {.mu = 1, .radius = 1, .damping = 3}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        CHECK(FN(optimizer_make)(HBCD_LM, &wrong[k], &made) == HBCD_ERR_ARGUMENT);
    const hbcd_exact_output inner = {.inner = HBCD_LM, .inner_options = &options[0]};
    const hbcd_exact_output bad[] = {{.inner = HBCD_EXACT_OUTPUT, .inner_options = &inner},
                                     {.inner = HBCD_LM},
                                     {.inner = HBCD_LM, .inner_options = &wrong[0]},
                                     {.inner = -1, .ridge = -1},
                                     {.inner = -2}};
    CHECK(FN(optimizer_make)(HBCD_EXACT_OUTPUT, &inner, &made) == HBCD_OK && (made.flags & HBCD_OPT_NORMAL));
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(FN(optimizer_make)(HBCD_EXACT_OUTPUT, &bad[k], &made) == HBCD_ERR_ARGUMENT);
}

static void FN(test_lm)(void)
{
    FN(test_all_problems_are_solved)();
    FN(test_any_limit_returns_the_best)();
    FN(test_a_call_that_ends_early_returns_the_best)();
    FN(test_values_that_are_not_finite)();
    FN(test_it_goes_on_where_it_was)();
    FN(test_without_normal_equations)();
}
