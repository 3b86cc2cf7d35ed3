/* test_net_derivatives.inl: derivatives of the outputs of a network in its inputs and its parameters. */

typedef struct TY(derived) {
    double out[MOST_ROWS * MOST_OUT], inputs[MOST_ROWS * MOST_OUT * MOST_IN], theta[MOST_ROWS * MOST_OUT * 60];
    double hessian[MOST_ROWS * MOST_OUT * MOST_IN * MOST_IN], product[MOST_ROWS * MOST_IN * MOST_IN];
} TY(derived);

/* One call, counted and then carved: 0 in the inputs, 1 in theta, 2 the Hessians, 3 with multipliers. */
static int FN(derive)(const TY(world) *world, int what, int n_threads, const hbcd_table *factors, const hbcd_table *out,
                      const hbcd_table *to)
{
    const problem *p = world->p;
    const hbcd_table x = table_of((void *)(uintptr_t)p->x, HBCD_F64, p->rows, p->spec.n_in);
    hbcd_arena count = {NULL, 0, 0};
    memory m = {0};
    int status = HBCD_OK;
    for (int carve = 0; carve <= 1 && status == HBCD_OK; carve++) {
        if (carve) m = borrow(count.used);
        hbcd_arena *arena = carve ? &m.arena : &count;
        if (what == 0) status = FN(net_jacobian)(world->net, &x, world->theta, n_threads, NULL, arena, out, to);
        else if (what == 1) status = FN(net_jacobian_theta)(world->net, &x, world->theta, n_threads, NULL, arena, out, to);
        else status = FN(net_hessian)(world->net, &x, world->theta, factors, n_threads, NULL, arena, to);
    }
    if (m.base) give_back(&m);
    return status;
}

static void FN(derive_all)(const TY(world) *world, int n_threads, TY(derived) *d)
{
    const problem *p = world->p;
    const size_t n_in = p->spec.n_in, n_out = p->n_out;
    const hbcd_table out = table_of(d->out, HBCD_F64, p->rows, n_out);
    const hbcd_table inputs = table_of(d->inputs, HBCD_F64, p->rows, n_out * n_in);
    const hbcd_table hessian = table_of(d->hessian, HBCD_F64, p->rows, n_out * n_in * n_in);
    const hbcd_table product = table_of(d->product, HBCD_F64, p->rows, n_in * n_in);
    const hbcd_table factors = table_of(p->y, HBCD_F64, p->rows, n_out);
    CHECK(FN(derive)(world, 0, n_threads, NULL, &out, &inputs) == HBCD_OK);
    CHECK(FN(derive)(world, 2, n_threads, NULL, NULL, &hessian) == HBCD_OK);
    CHECK(FN(derive)(world, 3, n_threads, &factors, NULL, &product) == HBCD_OK);
    if (p->n_params > 60) return;
    const hbcd_table theta = table_of(d->theta, HBCD_F64, p->rows, n_out * p->n_params);
    CHECK(FN(derive)(world, 1, n_threads, NULL, NULL, &theta) == HBCD_OK);
}

/* Outputs of a row with two of its inputs moved. */
static void FN(moved_outputs)(problem *p, size_t r, size_t i, size_t j, double di, double dj, double *out)
{
    double *x = p->x + r * p->spec.n_in, here_i = x[i], here_j;
    x[i] += di;
    here_j = x[j];
    x[j] += dj;
    oracle_row(&p->spec, p->theta, x, out);
    x[j] = here_j;
    x[i] = here_i;
}

/* Differences of the oracle, for one row. */
static void FN(check_row)(problem *p, const TY(derived) *d, size_t r, int bends)
{
    const size_t n_in = p->spec.n_in, n_out = p->n_out;
    const double h = 1e-5, wide = 1e-3;
    double up[4][64];
    oracle_row(&p->spec, p->theta, p->x + r * n_in, up[0]);
    for (size_t k = 0; k < n_out; k++) CHECK(fabs(d->out[r * n_out + k] - up[0][k]) <= (REAL_IS_F32 ? 5e-6 : 1e-13));
    for (size_t i = 0; i < n_in; i++) {
        FN(moved_outputs)(p, r, i, i, h, 0, up[0]);
        FN(moved_outputs)(p, r, i, i, -h, 0, up[1]);
        for (size_t k = 0; k < n_out; k++) {
            double wanted = (up[0][k] - up[1][k]) / (2 * h);
            CHECK(fabs(d->inputs[(r * n_out + k) * n_in + i] - wanted) <= (REAL_IS_F32 ? 2e-5 : 1e-8));
        }
        for (size_t j = 0; bends && j < n_in; j++) {
            for (int s = 0; s < 4; s++)
                FN(moved_outputs)(p, r, i, j, s & 1 ? -wide : wide, s & 2 ? -wide : wide, up[s]);
            double product = 0;
            for (size_t k = 0; k < n_out; k++) {
                double wanted = (up[0][k] - up[1][k] - up[2][k] + up[3][k]) / (4 * wide * wide);
                double found = d->hessian[((r * n_out + k) * n_in + i) * n_in + j];
                CHECK(fabs(found - wanted) <= 1e-4);
                CHECK(found == d->hessian[((r * n_out + k) * n_in + j) * n_in + i]);
                product += p->y[r * n_out + k] * found;
            }
            CHECK(fabs(d->product[(r * n_in + i) * n_in + j] - product) <= (REAL_IS_F32 ? 1e-4 : 1e-12));
        }
    }
}

/* The derivatives in theta of one row, against a pullback of that row alone. */
static void FN(check_parameters)(const TY(world) *world, const TY(derived) *d, size_t r)
{
    const problem *p = world->p;
    const size_t n_in = p->spec.n_in, n_out = p->n_out;
    double grad[MAX_PARAMS], seed[MOST_OUT] = {0};
    if (p->n_params > 60) return;
    for (size_t k = 0; k < n_out; k++) {
        seed[k] = 1;
        hbcd_table x = table_of(p->x + r * n_in, HBCD_F64, 1, n_in), v = table_of(seed, HBCD_F64, 1, n_out);
        hbcd_arena count = {NULL, 0, 0};
        CHECK(FN(net_pullback)(world->net, &x, world->theta, &v, &count, NULL, grad) == HBCD_OK);
        memory m = borrow(count.used);
        CHECK(FN(net_pullback)(world->net, &x, world->theta, &v, &m.arena, NULL, grad) == HBCD_OK);
        give_back(&m);
        seed[k] = 0;
        CHECK(distance(p->n_params, d->theta + (r * n_out + k) * p->n_params, grad) <= (REAL_IS_F32 ? 1e-6 : 1e-15));
    }
}

static void FN(check_derivatives)(problem *p, int bends)
{
    TY(world) world;
    TY(derived) *one = calloc(1, sizeof *one), *many = calloc(1, sizeof *many);
    if (!one || !many) abort();
    FN(open_world)(p, &world);
    FN(derive_all)(&world, 1, one);
    FN(derive_all)(&world, 4, many);
    CHECK(memcmp(one, many, sizeof *one) == 0);
    for (size_t r = 0; r < p->rows; r += 1 + p->rows / 5) {
        FN(check_row)(p, one, r, bends);
        FN(check_parameters)(&world, one, r);
    }
    FN(close_world)(&world);
    free(one), free(many);
}

/* A layer or an activation that bends in an unknown way, and tables of other shapes. */
static void FN(test_derivatives_are_refused)(void)
{
    problem p;
    TY(world) world;
    TY(hook) hook = {0};
    double numbers[4 * 3 * 3 * 2];
    make_problem(&p, 3, 1, 2, HBCD_TANH, 4, 0);
    hbcd_table hessian = table_of(numbers, HBCD_F64, 4, 18), inputs = table_of(numbers, HBCD_F64, 4, 6);
    FN(open_world)(&p, &world);
    CHECK(FN(derive)(&world, 2, 1, NULL, NULL, &hessian) == HBCD_OK);
    hessian.cols = 17, inputs.cols = 5;
    CHECK(FN(derive)(&world, 2, 1, NULL, NULL, &hessian) == HBCD_ERR_ARGUMENT);
    CHECK(FN(derive)(&world, 0, 1, NULL, NULL, &inputs) == HBCD_ERR_ARGUMENT);
    CHECK(FN(derive)(&world, 1, 1, NULL, NULL, &inputs) == HBCD_ERR_ARGUMENT);
    hessian.cols = 9, inputs.cols = 3;
    CHECK(FN(derive)(&world, 2, 1, &inputs, NULL, &hessian) == HBCD_ERR_ARGUMENT);
    FN(close_world)(&world);
    p.layers[0].activation = HBCD_ACTIVATION_HOOK;
    p.layers[0].activation_hook = (hbcd_activation_hook){FN(slow_tanh), FN(slow_tanh_slope), &hook, NULL};
    FN(open_world)(&p, &world);
    hessian.cols = 18, inputs.cols = 6;
    CHECK(FN(derive)(&world, 0, 1, NULL, NULL, &inputs) == HBCD_OK);
    CHECK(FN(derive)(&world, 2, 1, NULL, NULL, &hessian) == HBCD_ERR_ARGUMENT);
    FN(close_world)(&world);
    free_problem(&p);
}

static void FN(test_derivatives)(void)
{
    const size_t rows[] = {1, 40, MOST_ROWS};
    problem p;
    for (int activation = 0; activation < HBCD_N_ACTIVATIONS; activation++)
        for (size_t depth = 0; depth <= 3; depth++) {
            make_problem(&p, 3, depth, 2, activation, rows[depth % 3], 0);
            FN(check_derivatives)(&p, activation <= HBCD_TANH);
            free_problem(&p);
        }
    for (int which = 0; which < N_STRUCTURED; which++) {
        make_structured(&p, which, rows[which % 3], 0);
        FN(check_derivatives)(&p, 1);
        free_problem(&p);
    }
    FN(test_derivatives_are_refused)();
}
