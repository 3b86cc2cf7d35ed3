/* guard.inl: the pieces of work of guard.c, in either precision. */

typedef struct TY(guard) {
    TY(net) *net;
    TY(data) data;
    TY(bound) bound;
    REAL *start, *x, *g, *lo, *hi; /* (n_params) each */
} TY(guard);

static TY(net) *FN(guard_net)(int isa)
{
    hbcd_layer_spec layers[N_LAYERS] = {{0}};
    for (size_t l = 0; l < N_LAYERS; l++) {
        layers[l].n_out = widths[l];
        layers[l].activation = l + 1 < N_LAYERS ? HBCD_TANH : HBCD_IDENTITY;
    }
    hbcd_net_spec spec = {.n_in = N_IN, .n_layers = N_LAYERS, .layers = layers, .isa = isa};
    TY(net) *net;
    hbcd_arena arena = {NULL, 0, 0};
    must(FN(net_make)(&spec, &arena, &net));
    arena = borrow(arena.used);
    must(FN(net_make)(&spec, &arena, &net));
    return net;
}

static TY(guard) FN(guard_make)(int isa)
{
    TY(guard) w = {.net = FN(guard_net)(isa)};
    hbcd_table x = {table_x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *table_x, sizeof *table_x, NULL, NULL};
    hbcd_table y = {table_y, HBCD_F64, ROWS, 1, sizeof *table_y, sizeof *table_y, NULL, NULL};
    hbcd_arena arena = {NULL, 0, 0};
    must(FN(data_make)(&x, &y, NULL, NULL, 1, &arena, &w.data));
    arena = borrow(arena.used);
    must(FN(data_make)(&x, &y, NULL, NULL, 1, &arena, &w.data));
    arena = (hbcd_arena){NULL, 0, 0};
    FN(bound_make)(w.net, ROWS, 0, ROWS, 1, NULL, &arena, &w.bound);
    arena = borrow(arena.used);
    FN(bound_make)(w.net, ROWS, 0, ROWS, 1, NULL, &arena, &w.bound);
    size_t n = w.net->n_params;
    arena = (hbcd_arena){NULL, 0, 0};
    must(FN(normal_make)(&w.bound, n, &arena));
    arena = borrow(arena.used);
    must(FN(normal_make)(&w.bound, n, &arena));
    REAL **vectors[] = {&w.start, &w.x, &w.g, &w.lo, &w.hi};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
        *vectors[k] = (REAL *)(void *)borrow((n * sizeof(REAL) / HBCD_ALIGN + 1) * HBCD_ALIGN).base;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 2, 0);
    for (size_t k = 0; k < n; k++) w.start[k] = (REAL)(0.4 * hbcd_rng_normal(&rng)), w.lo[k] = -4, w.hi[k] = 4;
    memcpy(w.bound.theta, w.start, n * sizeof(REAL));
    return w;
}

static void FN(guard_evaluate)(TY(guard) *w, int block, int with_gradient, size_t repeats)
{
    must(FN(objective_bind)(&w->bound, &w->data, block));
    TY(objective) objective = FN(objective_of)(&w->bound);
    memcpy(w->x, w->start + w->bound.start, objective.n * sizeof(REAL));
    double f;
    for (size_t k = 0; k < repeats; k++) must(objective.eval(objective.self, w->x, &f, with_gradient ? w->g : NULL));
}

/* As many evaluations or iterations of an optimizer as there are repeats. */
static void FN(guard_minimize)(TY(guard) *w, int kind, const void *options, size_t repeats)
{
    must(FN(objective_bind)(&w->bound, &w->data, -1));
    TY(objective) objective = FN(objective_of)(&w->bound);
    TY(optimizer) optimizer;
    must(FN(optimizer_make)(kind, options, &optimizer));
    size_t size = optimizer.state_size(options, &(hbcd_shape){.n = objective.n});
    void *state = borrow((size / HBCD_ALIGN + 1) * HBCD_ALIGN).base;
    const TY(box) box = {w->lo, w->hi};
    hbcd_stop stop;
    hbcd_stop_default(&stop);
    stop.pg_tol = 0, stop.f_tol = -1;
    if (optimizer.flags & HBCD_OPT_VALUE_ONLY) stop.max_evaluations = repeats;
    else stop.max_iterations = repeats;
    hbcd_report report;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 0);
    memcpy(w->x, w->start, objective.n * sizeof(REAL));
    optimizer.reset(options, state, objective.n);
    must(optimizer.minimize(options, state, &objective, &box, w->x, &stop, &rng, &report));
    size_t made = optimizer.flags & HBCD_OPT_VALUE_ONLY ? report.n_evaluations : report.n_iterations;
    if (made != repeats) {
        fprintf(stderr, "guard: %zu steps instead of %zu\n", made, repeats);
        exit(1);
    }
}

/* 0: no such case. */
static int FN(guard_run)(const char *name, int isa, size_t repeats)
{
    TY(guard) w = FN(guard_make)(isa);
    if (strcmp(name, "gradient") == 0) FN(guard_evaluate)(&w, -1, 1, repeats);
    else if (strcmp(name, "value") == 0) FN(guard_evaluate)(&w, -1, 0, repeats);
    else if (strcmp(name, "block gradient") == 0) FN(guard_evaluate)(&w, 2, 1, repeats);
    else if (strcmp(name, "icrs trial") == 0) FN(guard_minimize)(&w, HBCD_ICRS, &icrs, repeats);
    else if (strcmp(name, "adam step") == 0) FN(guard_minimize)(&w, HBCD_ADAM, &adam, repeats);
    else if (strcmp(name, "lbfgs iteration") == 0) FN(guard_minimize)(&w, HBCD_LBFGS, &lbfgs, repeats);
    else if (strcmp(name, "lm iteration") == 0) {
        hbcd_lm of_isa = lm;
        of_isa.isa = isa;
        FN(guard_minimize)(&w, HBCD_LM, &of_isa, repeats);
    }
    else return FN(guard_kernel)(name, isa, repeats);
    return 1;
}
