/* steps.inl: one step of an optimizer on 1.1 rows per parameter, in either precision. */

/* One call of the optimizer from the same start with the same random numbers; counts its steps. */
static void FN(call_optimizer)(void *self)
{
    TY(bench) *b = self;
    hbcd_report report;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 0);
    memcpy(b->x, b->start + b->bound.start, b->objective.n * sizeof(REAL));
    b->optimizer.reset(b->optimizer.options, b->state, b->objective.n);
    must(b->optimizer.minimize(b->optimizer.options, b->state, &b->objective, b->box, b->x, &b->stop, &rng, &report));
    b->steps = b->optimizer.flags & HBCD_OPT_VALUE_ONLY ? report.n_evaluations : report.n_iterations;
}

static void FN(time_steps)(TY(bench) *b, int isa, int kind, const void *parameters, const char *what, double rows,
                           double row_operations)
{
    line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = 1, .rows = rows, .work = rows * row_operations};
    snprintf(l.what, sizeof l.what, "%s", what);
    if (!wanted(&l)) return;
    must(FN(optimizer_make)(kind, parameters, &b->optimizer));
    b->state = borrow(b->optimizer.state_size(parameters, &(hbcd_shape){.n = b->objective.n})).base;
    l.time = time_of(options.seconds, FN(call_optimizer), b);
    l.time.median /= (double)b->steps;
    report(&l);
    free(b->state);
}

/* f = sum c_i x_i^2 / 2, c from 1 to 1e6: nothing to compute, much to iterate. */
static int FN(cheap_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    size_t n = *(const size_t *)self;
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        REAL c = 1 + (REAL)(k * k) * (REAL)1e6 / (REAL)(n * n);
        sum += (double)(c * x[k] * x[k]);
        if (g) g[k] = c * x[k];
    }
    *f = 0.5 * sum;
    return HBCD_OK;
}

static void FN(bench_steps)(int isa)
{
    TY(bench) b = FN(make_bench)(10, isa, 1, BATCH);
    const TY(box) box = {b.lo, b.hi};
    TY(box) part;
    char what[64];
    for (int block = -1; block < N_LAYERS; block++) {
        FN(bind)(&b, block);
        part = (TY(box)){b.lo + b.bound.start, b.hi + b.bound.start};
        b.box = &part;
        b.stop.max_evaluations = 500;
        if (block < 0) snprintf(what, sizeof what, "ICRS trial, all layers");
        else snprintf(what, sizeof what, "ICRS trial, layer %d", block + 1);
        FN(time_steps)(&b, isa, HBCD_ICRS, &icrs, what, BATCH, operations(10, block < 0 ? 0 : (size_t)block, 0, 0));
    }
    b.box = NULL;
    b.stop.max_evaluations = SIZE_MAX;
    b.stop.max_iterations = 100;
    FN(bind)(&b, -1);
    FN(time_steps)(&b, isa, HBCD_ADAM, &adam, "ADAM step", BATCH, operations(10, 0, 1, 1));
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration", BATCH, 0);
    size_t n = b.net->n_params;
    b.objective = (TY(objective)){.n = n, .eval = FN(cheap_eval), .self = &n};
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration, its own work", 0, 0);
    b.box = &box;
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration in a box, its own work", 0, 0);
    FN(free_bench)(&b);
}
