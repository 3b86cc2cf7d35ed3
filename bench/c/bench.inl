/* bench.inl: one evaluation and one step of an optimizer, in either precision. */

typedef struct TY(bench) {
    TY(net) *net;
    TY(data) data;
    TY(bound) bound;
    TY(objective) objective;
    REAL *start, *x, *g, *lo, *hi; /* (n_params) each */
    TY(optimizer) optimizer;
    void *state;
    hbcd_stop stop;
    const TY(box) *box;
    size_t steps;                  /* of the last call of the optimizer */
} TY(bench);

static void FN(make_bench_net)(int isa, TY(net) **net)
{
    hbcd_layer_spec layers[N_LAYERS] = {{0}};
    for (size_t l = 0; l < N_LAYERS; l++) {
        layers[l].n_out = widths[l];
        layers[l].activation = l + 1 < N_LAYERS ? HBCD_TANH : HBCD_IDENTITY;
    }
    hbcd_net_spec spec = {.n_in = N_IN, .n_layers = N_LAYERS, .layers = layers, .isa = isa};
    hbcd_arena count = {NULL, 0, 0};
    must(FN(net_make)(&spec, &count, net));
    hbcd_arena arena = borrow(count.used);
    must(FN(net_make)(&spec, &arena, net));
}

static void FN(make_bench_data)(size_t rows, TY(data) *data)
{
    hbcd_table x = {table_x, HBCD_F64, rows, N_IN, N_IN * sizeof *table_x, sizeof *table_x, NULL, NULL};
    hbcd_table y = {table_y, HBCD_F64, rows, 1, sizeof *table_y, sizeof *table_y, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    must(FN(data_make)(&x, &y, NULL, &count, data));
    hbcd_arena arena = borrow(count.used);
    must(FN(data_make)(&x, &y, NULL, &arena, data));
}

/* Glorot's scale and zero bias would do as well: what is timed does not depend on the numbers. */
static void FN(draw_start)(size_t n, REAL *theta)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 2, 0);
    for (size_t k = 0; k < n; k++) theta[k] = (REAL)(0.4 * hbcd_rng_normal(&rng));
}

static TY(bench) FN(make_bench)(int isa, int threads, size_t rows)
{
    TY(bench) b = {0};
    FN(make_bench_net)(isa, &b.net);
    FN(make_bench_data)(rows, &b.data);
    size_t n = b.net->n_params;
    hbcd_arena count = {NULL, 0, 0};
    FN(bound_make)(b.net, rows, rows, threads, NULL, &count, &b.bound);
    hbcd_arena arena = borrow(count.used);
    FN(bound_make)(b.net, rows, rows, threads, NULL, &arena, &b.bound);
    arena = borrow(5 * (n * sizeof(REAL) + HBCD_ALIGN));
    b.start = hbcd_arena_take(&arena, n, sizeof(REAL));
    b.x = hbcd_arena_take(&arena, n, sizeof(REAL));
    b.g = hbcd_arena_take(&arena, n, sizeof(REAL));
    b.lo = hbcd_arena_take(&arena, n, sizeof(REAL));
    b.hi = hbcd_arena_take(&arena, n, sizeof(REAL));
    FN(draw_start)(n, b.start);
    for (size_t k = 0; k < n; k++) b.lo[k] = -4, b.hi[k] = 4;
    memcpy(b.bound.theta, b.start, n * sizeof(REAL));
    hbcd_stop_default(&b.stop);
    b.stop.pg_tol = 0, b.stop.f_tol = -1;
    return b;
}

static void FN(bind)(TY(bench) *b, int block)
{
    must(FN(objective_bind)(&b->bound, &b->data, block));
    b->objective = FN(objective_of)(&b->bound);
    memcpy(b->x, b->start + b->bound.start, b->bound.n * sizeof(REAL));
}

static void FN(call_gradient)(void *self)
{
    TY(bench) *b = self;
    double f;
    must(b->objective.eval(b->objective.self, b->x, &f, b->g));
}

static void FN(call_value)(void *self)
{
    TY(bench) *b = self;
    double f;
    must(b->objective.eval(b->objective.self, b->x, &f, NULL));
}

static void FN(call_bind)(void *self)
{
    TY(bench) *b = self;
    must(FN(objective_bind)(&b->bound, &b->data, b->bound.block));
}

static void FN(bench_gradient)(int isa, int threads)
{
    TY(bench) b = FN(make_bench)(isa, threads, ROWS);
    FN(bind)(&b, -1);
    print_line("gradient", REAL_DTYPE, isa, threads, time_of(FN(call_gradient), &b), ROWS, ROWS * operations(0, 1, 1));
    print_line("value only", REAL_DTYPE, isa, threads, time_of(FN(call_value), &b), ROWS, ROWS * operations(0, 0, 1));
}

static void FN(bench_blocks)(int isa)
{
    TY(bench) b = FN(make_bench)(isa, 1, ROWS);
    char what[64];
    for (int block = 0; block < N_LAYERS; block++) {
        double with = operations((size_t)block, 1, 0), without = operations((size_t)block, 0, 0);
        FN(bind)(&b, block);
        snprintf(what, sizeof what, "layer %d: gradient, %.0f%% of the operations", block + 1,
                 100 * with / operations(0, 1, 1));
        print_line(what, REAL_DTYPE, isa, 1, time_of(FN(call_gradient), &b), ROWS, ROWS * with);
        snprintf(what, sizeof what, "layer %d: value only, %.0f%%", block + 1, 100 * without / operations(0, 0, 1));
        print_line(what, REAL_DTYPE, isa, 1, time_of(FN(call_value), &b), ROWS, ROWS * without);
        snprintf(what, sizeof what, "layer %d: bind", block + 1);
        print_line(what, REAL_DTYPE, isa, 1, time_of(FN(call_bind), &b), ROWS, 0);
    }
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* One call of the optimizer from the same start with the same random numbers; counts its steps. */
static void FN(call_optimizer)(void *self)
{
    TY(bench) *b = self;
    hbcd_report report;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 0);
    memcpy(b->x, b->start + b->bound.start, b->objective.n * sizeof(REAL));
    must(b->optimizer.reset(b->optimizer.options, b->state, b->objective.n));
    must(b->optimizer.minimize(b->optimizer.options, b->state, &b->objective, b->box, b->x, &b->stop, &rng, &report));
    b->steps = b->optimizer.flags & HBCD_OPT_VALUE_ONLY ? report.n_evaluations : report.n_iterations;
}

static void FN(time_steps)(TY(bench) *b, int isa, int kind, const void *options, const char *what, double rows,
                           double row_operations)
{
    must(FN(optimizer_make)(kind, options, &b->optimizer));
    b->state = borrow(b->optimizer.state_size(options, &(hbcd_shape){.n = b->objective.n})).base;
    timing t = time_of(FN(call_optimizer), b);
    t.median /= (double)b->steps;
    print_line(what, REAL_DTYPE, isa, 1, t, rows, rows * row_operations);
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
    TY(bench) b = FN(make_bench)(isa, 1, BATCH);
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
        FN(time_steps)(&b, isa, HBCD_ICRS, &icrs, what, BATCH, operations(block < 0 ? 0 : (size_t)block, 0, 0));
    }
    b.box = NULL;
    b.stop.max_evaluations = SIZE_MAX;
    b.stop.max_iterations = 100;
    FN(bind)(&b, -1);
    FN(time_steps)(&b, isa, HBCD_ADAM, &adam, "ADAM step", BATCH, operations(0, 1, 1));
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration", BATCH, 0);
    size_t n = b.net->n_params;
    b.objective = (TY(objective)){.n = n, .eval = FN(cheap_eval), .self = &n};
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration, its own work", 0, 0);
    b.box = &box;
    FN(time_steps)(&b, isa, HBCD_LBFGS, &lbfgs, "L-BFGS iteration in a box, its own work", 0, 0);
}
