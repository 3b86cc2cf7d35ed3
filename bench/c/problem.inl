/* problem.inl: a network bound to rows of the table, in either precision. */

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
    hbcd_arena room[4];            /* of net, data, bound, vectors */
} TY(bench);

static void FN(make_bench_net)(size_t width, int isa, TY(bench) *b)
{
    hbcd_layer_spec layers[N_LAYERS] = {{0}};
    for (size_t l = 0; l < N_LAYERS; l++) {
        layers[l].n_out = width_of(l, width);
        layers[l].activation = l + 1 < N_LAYERS ? HBCD_TANH : HBCD_IDENTITY;
    }
    hbcd_net_spec spec = {.n_in = N_IN, .n_layers = N_LAYERS, .layers = layers, .isa = isa};
    hbcd_arena count = {NULL, 0, 0};
    must(FN(net_make)(&spec, &count, &b->net));
    b->room[0] = borrow(count.used);
    must(FN(net_make)(&spec, &b->room[0], &b->net));
}

static void FN(make_bench_data)(size_t rows, TY(bench) *b)
{
    hbcd_table x = {table_x, HBCD_F64, rows, N_IN, N_IN * sizeof *table_x, sizeof *table_x, NULL, NULL};
    hbcd_table y = {table_y, HBCD_F64, rows, 1, sizeof *table_y, sizeof *table_y, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    must(FN(data_make)(&x, &y, NULL, NULL, 1, &count, &b->data));
    b->room[1] = borrow(count.used);
    must(FN(data_make)(&x, &y, NULL, NULL, 1, &b->room[1], &b->data));
}

/* Glorot's scale and zero bias would do as well: what is timed does not depend on the numbers. */
static void FN(draw_start)(size_t n, REAL *theta)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 2, 0);
    for (size_t k = 0; k < n; k++) theta[k] = (REAL)(0.4 * hbcd_rng_normal(&rng));
}

static TY(bench) FN(make_bench)(size_t width, int isa, int threads, size_t rows)
{
    TY(bench) b = {0};
    FN(make_bench_net)(width, isa, &b);
    FN(make_bench_data)(rows, &b);
    size_t n = b.net->n_params;
    hbcd_arena count = {NULL, 0, 0};
    FN(bound_make)(b.net, rows, 0, rows, threads, NULL, &count, &b.bound);
    b.room[2] = borrow(count.used);
    FN(bound_make)(b.net, rows, 0, rows, threads, NULL, &b.room[2], &b.bound);
    b.room[3] = borrow(5 * (n * sizeof(REAL) + HBCD_ALIGN));
    REAL **vectors[] = {&b.start, &b.x, &b.g, &b.lo, &b.hi};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
        *vectors[k] = hbcd_arena_take(&b.room[3], n, sizeof(REAL));
    FN(draw_start)(n, b.start);
    for (size_t k = 0; k < n; k++) b.lo[k] = -4, b.hi[k] = 4;
    memcpy(b.bound.theta, b.start, n * sizeof(REAL));
    hbcd_stop_default(&b.stop);
    b.stop.pg_tol = 0, b.stop.f_tol = -1;
    return b;
}

static void FN(free_bench)(TY(bench) *b)
{
    for (size_t k = 0; k < sizeof b->room / sizeof *b->room; k++) free(b->room[k].base);
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
