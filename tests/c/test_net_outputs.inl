/* test_net_outputs.inl: outputs of a network and the pullback of a gradient through it. */

static int FN(predict)(const TY(world) *world, const hbcd_table *x, int n_threads, const hbcd_table *out)
{
    hbcd_arena count = {NULL, 0, 0};
    int status = FN(net_predict)(world->net, x, world->theta, n_threads, NULL, &count, out);
    if (status != HBCD_OK) return status;
    memory m = borrow(count.used);
    status = FN(net_predict)(world->net, x, world->theta, n_threads, NULL, &m.arena, out);
    give_back(&m);
    return status;
}

/* Into tables of any precision and stride, with the same bits at any number of threads; nothing else is touched. */
static void FN(test_predictions_are_the_outputs)(void)
{
    const size_t rows[] = {1, HBCD_TILE - 1, HBCD_TILE, HBCD_TILE + 1, 9001};
    problem p;
    TY(world) world;
    double out[3];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        make_problem(&p, 12, 2, 3, HBCD_SIGMOID, rows[k], 0);
        FN(open_world)(&p, &world);
        double *plain = calloc(3 * rows[k], sizeof *plain), *spread = calloc(12 * rows[k], sizeof *spread);
        float *narrow = calloc(3 * rows[k], sizeof *narrow);
        if (!plain || !spread || !narrow) abort();
        const ptrdiff_t d = sizeof *plain;
        hbcd_table x = table_of(p.x, HBCD_F64, rows[k], 12);
        hbcd_table to = table_of(plain, HBCD_F64, rows[k], 3);
        hbcd_table wide = {spread + 1, HBCD_F64, rows[k], 3, 2 * d, 2 * d * (ptrdiff_t)rows[k], NULL, NULL, NULL};
        hbcd_table small = table_of(narrow, HBCD_F32, rows[k], 3);
        CHECK(FN(predict)(&world, &x, 1, &to) == HBCD_OK && FN(predict)(&world, &x, 4, &wide) == HBCD_OK);
        CHECK(FN(predict)(&world, &x, 2, &small) == HBCD_OK);
        double apart = 0;
        int differ = 0;
        for (size_t r = 0; r < rows[k]; r++) {
            oracle_row(&p.spec, p.theta, p.x + 12 * r, out);
            for (size_t o = 0; o < 3; o++) {
                size_t at = 1 + 2 * r + 2 * rows[k] * o;
                apart = fmax(apart, fabs(plain[3 * r + o] - out[o]));
                differ += spread[at] != plain[3 * r + o] || spread[at - 1] != 0;
                differ += narrow[3 * r + o] != (float)plain[3 * r + o];
            }
        }
        CHECK(apart <= (REAL_IS_F32 ? 2e-6 : 5e-15));
        CHECK(differ == 0);
        hbcd_table few = to, thin = x;
        few.cols = 2, thin.cols = 11;
        CHECK(FN(predict)(&world, &x, 1, &few) == HBCD_ERR_ARGUMENT);
        CHECK(FN(predict)(&world, &thin, 1, &to) == HBCD_ERR_ARGUMENT);
        free(plain), free(spread), free(narrow);
        FN(close_world)(&world);
        free_problem(&p);
    }
}

/* sum_r v_r . out_r, whose slopes a pullback of v is. */
static double FN(weighted_outputs)(const problem *p, const double *v)
{
    double sum = 0, out[64];
    for (size_t r = 0; r < p->rows; r++) {
        oracle_row(&p->spec, p->theta, p->x + r * p->spec.n_in, out);
        for (size_t o = 0; o < p->n_out; o++) sum += v[r * p->n_out + o] * out[o];
    }
    return sum;
}

static double FN(slope_at)(const problem *p, const double *v, double *variable)
{
    const double here = *variable, h = 1e-5;
    *variable = here + h;
    double up = FN(weighted_outputs)(p, v);
    *variable = here - h;
    up -= FN(weighted_outputs)(p, v);
    *variable = here;
    return up / (2 * h);
}

static void FN(test_pullback_is_the_transposed_slope)(void)
{
    const size_t rows[] = {1, 16, 129};
    const double slack = REAL_IS_F32 ? 1e-5 : 1e-8;
    problem p;
    TY(world) world;
    for (size_t k = 0; k < 3; k++)
        for (size_t depth = 0; depth <= 2; depth++) {
            make_problem(&p, 3, depth, 2, HBCD_TANH, rows[k], 0);
            FN(open_world)(&p, &world);
            double grad[MAX_PARAMS], grad_x[3 * 129], wanted[MAX_PARAMS], wanted_x[3 * 129];
            hbcd_table x = table_of(p.x, HBCD_F64, p.rows, 3), v = table_of(p.y, HBCD_F64, p.rows, 2);
            hbcd_table to = table_of(grad_x, HBCD_F64, p.rows, 3);
            hbcd_arena count = {NULL, 0, 0};
            CHECK(FN(net_pullback)(world.net, &x, world.theta, &v, &count, &to, grad) == HBCD_OK);
            memory m = borrow(count.used);
            CHECK(FN(net_pullback)(world.net, &x, world.theta, &v, &m.arena, &to, grad) == HBCD_OK);
            for (size_t i = 0; i < p.n_params; i++) wanted[i] = FN(slope_at)(&p, p.y, &p.theta[i]);
            for (size_t i = 0; i < 3 * p.rows; i++) wanted_x[i] = FN(slope_at)(&p, p.y, &p.x[i]);
            CHECK(distance(p.n_params, grad, wanted) <= slack);
            CHECK(distance(3 * p.rows, grad_x, wanted_x) <= slack);
            m.arena.used = 0; /* without grad_x: the same */
            CHECK(FN(net_pullback)(world.net, &x, world.theta, &v, &m.arena, NULL, wanted) == HBCD_OK);
            CHECK(memcmp(grad, wanted, p.n_params * sizeof *grad) == 0);
            hbcd_arena small = {m.base, count.used - HBCD_ALIGN, 0};
            CHECK(FN(net_pullback)(world.net, &x, world.theta, &v, &small, NULL, wanted) == HBCD_ERR_MEMORY);
            v.cols = 1;
            CHECK(FN(net_pullback)(world.net, &x, world.theta, &v, &count, NULL, wanted) == HBCD_ERR_ARGUMENT);
            give_back(&m);
            FN(close_world)(&world);
            free_problem(&p);
        }
}

static void FN(test_outputs)(void)
{
    FN(test_predictions_are_the_outputs)();
    FN(test_pullback_is_the_transposed_slope)();
}
