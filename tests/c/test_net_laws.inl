/* test_net_laws.inl: laws of one evaluation: layout, blocks, known values, weights, threads, polls. */

static const REAL TY(UNTOUCHED) = 77;

static void FN(test_blocks_are_the_layers_one_after_another)(void)
{
    problem p;
    TY(world) world;
    make_problem(&p, 4, 2, 3, HBCD_TANH, 10, 0);
    FN(open_world)(&p, &world);
    const TY(net) *net = world.net;
    CHECK(net->n_params == p.n_params && net->n_blocks == 3 && net->n_in == 4 && net->n_out == 3 && net->width == 5);
    size_t start = 0, n_in = 4;
    for (size_t b = 0; b < net->n_blocks; b++) {
        CHECK(net->blocks[b].start == start && net->blocks[b].layer == b && net->blocks[b].n_in == n_in);
        CHECK(net->blocks[b].n_out == p.layers[b].n_out && net->blocks[b].size == (n_in + 1) * p.layers[b].n_out);
        start += net->blocks[b].size;
        n_in = p.layers[b].n_out;
    }
    CHECK(start == net->n_params);
    FN(close_world)(&world);
    free_problem(&p);
}

/* A block's gradient is the slice of the whole one, to the last bit; also where the block has moved, and without a
 * gradient the value is the same and the last gradient stays as it is. */
static void FN(test_a_block_sees_its_slice)(void)
{
    problem p;
    TY(world) world;
    double f, f_block, f_value;
    REAL g[MAX_PARAMS], g_block[MAX_PARAMS], moved[MAX_PARAMS];
    for (int activation = 0; activation < HBCD_N_ACTIVATIONS; activation++)
        for (size_t depth = 0; depth <= 3; depth++) {
            make_problem(&p, 3, depth, 2, activation, 300, 1);
            FN(open_world)(&p, &world);
            FN(bind_world)(&world, 1, NULL);
            for (int b = 0; b < (int)world.net->n_blocks; b++) {
                const TY(block) *slice = &world.net->blocks[b];
                CHECK(FN(eval_block)(&world, -1, &f, g) == HBCD_OK);
                for (size_t k = 0; k < MAX_PARAMS; k++) g_block[k] = TY(UNTOUCHED);
                CHECK(FN(eval_block)(&world, b, &f_block, g_block) == HBCD_OK);
                CHECK(f_block == f && memcmp(g_block, g + slice->start, slice->size * sizeof *g) == 0);
                CHECK(g_block[slice->size] == TY(UNTOUCHED));

                TY(objective) objective = FN(objective_of)(&world.bound);
                for (size_t k = 0; k < slice->size; k++)
                    moved[k] = world.bound.theta[slice->start + k] + (REAL)(0.125 * (double)(k % 3));
                CHECK(objective.eval(objective.self, moved, &f_value, NULL) == HBCD_OK);
                CHECK(objective.eval(objective.self, moved, &f_block, g_block) == HBCD_OK);
                CHECK(f_value == f_block && (f_block != f || activation == HBCD_RELU)); /* all dead */
                CHECK(FN(eval_block)(&world, -1, &f, g) == HBCD_OK); /* the point is where the block left it */
                CHECK(f == f_block && memcmp(g_block, g + slice->start, slice->size * sizeof *g) == 0);
            }
            CHECK(FN(objective_bind)(&world.bound, &world.data, (int)world.net->n_blocks) == HBCD_ERR_ARGUMENT);
            FN(close_world)(&world);
            free_problem(&p);
        }
}

static void FN(test_a_known_value_is_used_at_exactly_its_point)(void)
{
    problem p;
    TY(world) world;
    double f;
    REAL known[MAX_PARAMS], g[MAX_PARAMS], x[MAX_PARAMS];
    make_problem(&p, 3, 1, 1, HBCD_TANH, 50, 0);
    p.theta[0] = 0;
    FN(open_world)(&p, &world);
    FN(bind_world)(&world, 1, NULL);
    for (size_t k = 0; k < p.n_params; k++) known[k] = (REAL)k;
    for (int b = -1; b < 2; b++) {
        CHECK(FN(objective_bind)(&world.bound, &world.data, b) == HBCD_OK);
        FN(objective_prime)(&world.bound, 1234, known);
        CHECK(FN(eval_block)(&world, b, &f, g) == HBCD_OK && f < 100); /* forgotten by the next bind */
        TY(objective) objective = FN(objective_of)(&world.bound);
        FN(objective_prime)(&world.bound, 1234, known);
        memcpy(x, world.bound.theta + world.bound.start, objective.n * sizeof *x);
        CHECK(objective.eval(objective.self, x, &f, g) == HBCD_OK && f == 1234);
        CHECK(memcmp(g, known + world.bound.start, objective.n * sizeof *g) == 0);
        CHECK(objective.eval(objective.self, x, &f, NULL) == HBCD_OK && f == 1234);
        for (size_t k = 0; k < objective.n; k += objective.n - 1) { /* the first and the last variable */
            REAL here = x[k];
            x[k] = REAL_IS_F32 ? (REAL)nextafterf((float)here, 9) : (REAL)nextafter((double)here, 9);
            CHECK(objective.eval(objective.self, x, &f, g) == HBCD_OK && f < 100);
            x[k] = here;
        }
        CHECK(objective.eval(objective.self, x, &f, g) == HBCD_OK && f == 1234);
    }
    FN(close_world)(&world);
    free_problem(&p);
}

/* A row of weight 2 is that row twice, a row of weight 0 is no row; weights have no unit. */
static void FN(test_weights_count_rows)(void)
{
    problem p, twice;
    double f, f_twice, g[MAX_PARAMS], g_twice[MAX_PARAMS];
    const double slack = REAL_IS_F32 ? 1e-5 : 1e-13;
    make_problem(&p, 2, 1, 2, HBCD_SIGMOID, 130, 1);
    make_problem(&twice, 2, 1, 2, HBCD_SIGMOID, 4 * 130, 0);
    for (size_t r = 0; r < p.rows; r++) p.w[r] = (double)(r % 4);
    twice.rows = 0;
    for (size_t r = 0; r < p.rows; r++)
        for (size_t times = 0; times < r % 4; times++, twice.rows++) {
            memcpy(twice.x + 2 * twice.rows, p.x + 2 * r, 2 * sizeof(double));
            memcpy(twice.y + 2 * twice.rows, p.y + 2 * r, 2 * sizeof(double));
        }
    FN(gradient_of)(&p, 1, &f, g);
    FN(gradient_of)(&twice, 1, &f_twice, g_twice);
    CHECK_NEAR(f, f_twice, slack);
    CHECK(distance(p.n_params, g, g_twice) <= slack);
    for (size_t r = 0; r < p.rows; r++) p.w[r] *= 0x1p-40;
    FN(gradient_of)(&p, 1, &f_twice, g_twice);
    CHECK(f == f_twice && memcmp(g, g_twice, p.n_params * sizeof *g) == 0); /* a power of two rounds nothing */
    for (size_t r = 0; r < p.rows; r++) p.w[r] = 0;
    FN(gradient_of)(&p, 1, &f, g);
    CHECK(f == 0);
    for (size_t k = 0; k < p.n_params; k++) CHECK(g[k] == 0);
    free_problem(&p);
    free_problem(&twice);
}

/* Sums in float would lose the small terms: 1e6 rows, f and g to float's own accuracy. */
static void FN(test_sums_over_many_rows_do_not_drift)(void)
{
    enum { ROWS = 1000003 };
    problem p;
    double f, g[MAX_PARAMS], sum = 0;
    make_problem(&p, 1, 0, 1, HBCD_IDENTITY, ROWS, 0);
    p.theta[0] = 0, p.theta[1] = 0;
    for (size_t r = 0; r < ROWS; r++) p.x[r] = 1, p.y[r] = 1 + 0.5 * (double)(r % 8), sum += p.y[r];
    FN(gradient_of)(&p, 2, &f, g);
    CHECK_NEAR(f, oracle_loss(&p, p.theta), 1e-7);
    CHECK_NEAR(g[0], -sum / ROWS, 1e-7);
    CHECK_NEAR(g[1], -sum / ROWS, 1e-7);
    free_problem(&p);
}

static void FN(test_same_bits_at_any_number_of_threads)(void)
{
    problem p;
    TY(world) one, many;
    double f, f_many;
    REAL g[MAX_PARAMS], g_many[MAX_PARAMS];
    make_problem(&p, 12, 3, 2, HBCD_TANH, 9001, 1); /* enough work for several threads */
    FN(open_world)(&p, &one);
    FN(bind_world)(&one, 1, NULL);
    for (int threads = 2; threads <= 32; threads *= 2)
        for (int b = -1; b < 4; b++) {
            FN(open_world)(&p, &many);
            FN(bind_world)(&many, threads, NULL);
            CHECK(FN(eval_block)(&one, b, &f, g) == HBCD_OK && FN(eval_block)(&many, b, &f_many, g_many) == HBCD_OK);
            CHECK(f == f_many && memcmp(g, g_many, one.bound.n * sizeof *g) == 0);
            CHECK(FN(eval_block)(&many, b, &f_many, NULL) == HBCD_OK && f == f_many);
            FN(close_world)(&many);
        }
    FN(close_world)(&one);
    free_problem(&p);
}

static int FN(stop_at_once)(void *self, const hbcd_progress *progress)
{
    (void)progress;
    return *(const int *)self;
}

/* A stop code or an error of the poll ends an evaluation, on several threads too. */
static void FN(test_a_poll_ends_an_evaluation)(void)
{
    const int codes[] = {HBCD_STOP_INTERRUPTED, HBCD_STOP_CALLBACK, HBCD_ERR_HOOK};
    problem p;
    TY(world) world;
    double f;
    REAL g[MAX_PARAMS];
    make_problem(&p, 12, 2, 1, HBCD_TANH, 9001, 0);
    FN(open_world)(&p, &world);
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        for (int threads = 1; threads <= 4; threads *= 2) {
            hbcd_watch watch;
            hbcd_watch_start(&watch, INFINITY);
            watch.poll = FN(stop_at_once);
            watch.self = (void *)(uintptr_t)&codes[k];
            watch.interval = 0;
            CHECK(FN(whole)(&world, threads, &watch, &f, g) == codes[k]);
            hbcd_watch_start(&watch, 0);
            CHECK(FN(whole)(&world, threads, &watch, &f, g) == HBCD_STOP_TIME);
        }
    FN(close_world)(&world);
    free_problem(&p);
}

static void FN(test_laws)(void)
{
    FN(test_blocks_are_the_layers_one_after_another)();
    FN(test_a_block_sees_its_slice)();
    FN(test_a_known_value_is_used_at_exactly_its_point)();
    FN(test_weights_count_rows)();
    FN(test_sums_over_many_rows_do_not_drift)();
    FN(test_same_bits_at_any_number_of_threads)();
    FN(test_a_poll_ends_an_evaluation)();
}
