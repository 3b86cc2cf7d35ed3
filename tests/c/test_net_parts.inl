/* test_net_parts.inl: layers and activations supplied from outside, and what a network refuses. */

typedef struct TY(hook) {
    size_t n_in, n_out;
    int calls, fail_at; /* the call that fails, counted from 1; 0: none */
    int wrong_dtype;
} TY(hook);

static int FN(hook_status)(TY(hook) *hook, int dtype)
{
    hook->wrong_dtype |= dtype != REAL_DTYPE;
    return ++hook->calls == hook->fail_at ? HBCD_ERR_HOOK : HBCD_OK;
}

/* A dense layer in plain loops, on the rows that count. */
static int FN(slow_forward)(void *self, int dtype, size_t rows, size_t ld, const void *theta_, const void *x_,
                            void *out_)
{
    TY(hook) *hook = self;
    const REAL *theta = theta_, *x = x_;
    REAL *out = out_;
    for (size_t o = 0; o < hook->n_out; o++)
        for (size_t r = 0; r < rows; r++) {
            double sum = (double)theta[hook->n_in * hook->n_out + o];
            for (size_t i = 0; i < hook->n_in; i++) sum += (double)theta[i * hook->n_out + o] * (double)x[i * ld + r];
            out[o * ld + r] = (REAL)sum;
        }
    return FN(hook_status)(hook, dtype);
}

static int FN(slow_backward)(void *self, int dtype, size_t rows, size_t ld, const void *theta_, const void *x_,
                             const void *out, const void *grad_out, void *grad_x, void *grad_theta)
{
    TY(hook) *hook = self;
    const REAL *theta = theta_, *x = x_, *d = grad_out;
    REAL *below = grad_x, *grad = grad_theta;
    (void)out;
    for (size_t i = 0; below && i < hook->n_in; i++)
        for (size_t r = 0; r < rows; r++) {
            below[i * ld + r] = 0;
            for (size_t o = 0; o < hook->n_out; o++) below[i * ld + r] += theta[i * hook->n_out + o] * d[o * ld + r];
        }
    for (size_t o = 0; grad && o < hook->n_out; o++)
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < hook->n_in; i++) grad[i * hook->n_out + o] += x[i * ld + r] * d[o * ld + r];
            grad[hook->n_in * hook->n_out + o] += d[o * ld + r];
        }
    return FN(hook_status)(hook, dtype);
}

static int FN(slow_tanh)(void *self, int dtype, size_t n, const void *z, void *a)
{
    for (size_t k = 0; k < n; k++) ((REAL *)a)[k] = (REAL)tanh((double)((const REAL *)z)[k]);
    return FN(hook_status)(self, dtype);
}

/* From z, which must still be there. */
static int FN(slow_tanh_slope)(void *self, int dtype, size_t n, const void *z, const void *a, void *g)
{
    (void)a;
    for (size_t k = 0; k < n; k++) {
        double t = tanh((double)((const REAL *)z)[k]);
        ((REAL *)g)[k] *= (REAL)(1 - t * t);
    }
    return FN(hook_status)(self, dtype);
}

static void FN(hang_in)(problem *p, size_t layer, int as_layer, TY(hook) *hook)
{
    hbcd_layer_spec *spec = &p->layers[layer];
    *hook = (TY(hook)){.n_in = layer ? p->layers[layer - 1].n_out : p->spec.n_in, .n_out = spec->n_out};
    if (as_layer) {
        spec->kind = HBCD_LAYER_HOOK;
        spec->n_params = (hook->n_in + 1) * hook->n_out;
        spec->layer_hook = (hbcd_layer_hook){FN(slow_forward), FN(slow_backward), hook};
    } else {
        spec->activation = HBCD_ACTIVATION_HOOK;
        spec->activation_hook = (hbcd_activation_hook){FN(slow_tanh), FN(slow_tanh_slope), hook, NULL};
    }
}

/* A layer or an activation in plain loops gives what the built-in one gives, for the whole and for every block. */
static void FN(test_parts_from_outside_do_the_same)(void)
{
    const double slack = REAL_IS_F32 ? 2e-6 : 1e-14;
    const size_t rows[] = {1, 20, 600};
    for (size_t k = 0; k < 3; k++)
        for (size_t layer = 0; layer < 3; layer++)
            for (int as_layer = 0; as_layer <= 1; as_layer++) {
                problem p;
                TY(world) world;
                TY(hook) hook;
                double f, f_hook, g[MAX_PARAMS], g_hook[MAX_PARAMS];
                REAL block[MAX_PARAMS];
                make_problem(&p, 3, 2, 2, HBCD_TANH, rows[k], 0);
                FN(gradient_of)(&p, 1, &f, g);
                FN(hang_in)(&p, layer, as_layer, &hook);
                p.spec.serial = 1;
                FN(open_world)(&p, &world);
                FN(bind_world)(&world, 4, NULL);
                CHECK(world.bound.team.n_threads == 1);
                for (int b = -1; b < 3; b++) {
                    CHECK(FN(eval_block)(&world, b, &f_hook, block) == HBCD_OK);
                    for (size_t i = 0; i < world.bound.n; i++) g_hook[i] = (double)block[i];
                    CHECK_NEAR(f_hook, f, slack);
                    CHECK(distance(world.bound.n, g_hook, g + world.bound.start) <= 10 * slack);
                }
                CHECK(hook.calls > 0 && !hook.wrong_dtype);
                FN(close_world)(&world);
                free_problem(&p);
            }
}

static int FN(root)(void *self, int dtype, size_t n, const void *z, void *a)
{
    for (size_t k = 0; k < n; k++) ((REAL *)a)[k] = (REAL)sqrt((double)((const REAL *)z)[k]);
    return FN(hook_status)(self, dtype);
}

static int FN(root_slope)(void *self, int dtype, size_t n, const void *z, const void *a, void *g)
{
    (void)z;
    for (size_t k = 0; k < n; k++) ((REAL *)g)[k] *= (REAL)0.5 / ((const REAL *)a)[k];
    return FN(hook_status)(self, dtype);
}

/* The rows behind the last one are nobody's: an activation that is not a number there (the root of a negative bias)
 * leaves value and gradient alone. */
static void FN(test_padding_never_reaches_the_gradient)(void)
{
    for (size_t layer = 0; layer < 2; layer++) {
        problem p;
        TY(world) world;
        TY(hook) hook;
        double f;
        REAL g[MAX_PARAMS], block[MAX_PARAMS];
        make_problem(&p, 2, 1, 1, HBCD_IDENTITY, 5, 0);
        for (size_t k = 0; k < 2 * p.rows; k++) p.x[k] = 2 + (double)k;
        for (size_t k = 0; k < p.n_params; k++) p.theta[k] = 1;
        for (size_t o = 0; o < 5; o++) p.theta[10 + o] = -1;  /* bias of the first layer: z > 0 only where x > 0 */
        p.theta[p.n_params - 1] = -1;
        FN(hang_in)(&p, layer, 0, &hook);
        p.layers[layer].activation_hook = (hbcd_activation_hook){FN(root), FN(root_slope), &hook, NULL};
        FN(open_world)(&p, &world);
        FN(bind_world)(&world, 1, NULL);
        CHECK(FN(eval_block)(&world, -1, &f, g) == HBCD_OK && isfinite(f));
        for (size_t k = 0; k < p.n_params; k++) CHECK(isfinite(g[k]));
        for (int b = 0; b < 2; b++) {
            CHECK(FN(eval_block)(&world, b, &f, block) == HBCD_OK);
            CHECK(memcmp(block, g + world.bound.start, world.bound.n * sizeof *g) == 0 && isfinite(block[0]));
        }
        FN(close_world)(&world);
        free_problem(&p);
    }
}

/* Whichever call of a part fails, the error comes back, and the next evaluation is right again. */
static void FN(test_an_error_of_a_part_comes_back)(void)
{
    for (int as_layer = 0; as_layer <= 1; as_layer++)
        for (int call = 1; call <= 6; call++) { /* three tiles, forward and backward */
            problem p;
            TY(world) world;
            TY(hook) hook;
            double f, f_right;
            REAL g[MAX_PARAMS];
            make_problem(&p, 3, 2, 2, HBCD_TANH, 600, 0);
            FN(hang_in)(&p, 1, as_layer, &hook);
            FN(open_world)(&p, &world);
            CHECK(FN(whole)(&world, 1, NULL, &f_right, g) == HBCD_OK);
            hook.fail_at = hook.calls + call;
            CHECK(FN(whole)(&world, 1, NULL, &f, g) == HBCD_ERR_HOOK);
            CHECK(hook.calls == hook.fail_at);
            CHECK(FN(whole)(&world, 1, NULL, &f, g) == HBCD_OK && f == f_right);
            FN(close_world)(&world);
            free_problem(&p);
        }
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static int FN(made)(const hbcd_net_spec *spec)
{
    hbcd_arena count = {NULL, 0, 0};
    TY(net) *net;
    int status = FN(net_make)(spec, &count, &net);
    CHECK(net == NULL);
    if (status != HBCD_OK) return status;
    memory m = borrow(count.used);
    status = FN(net_make)(spec, &m.arena, &net);
    CHECK((net != NULL) == (status == HBCD_OK));
    give_back(&m);
    return status;
}

static void FN(test_invalid_networks_are_refused)(void)
{
    problem p;
    make_problem(&p, 3, 2, 1, HBCD_LEAKY_RELU, 1, 0);
    const hbcd_net_spec good = p.spec;
    const hbcd_layer_spec layer = p.layers[1];
    CHECK(FN(made)(&good) == HBCD_OK);
    hbcd_net_spec bad[4] = {good, good, good, good};
    bad[0].n_in = 0;
    bad[1].n_layers = 0;
    bad[2].loss = -1;
    bad[3].loss = HBCD_N_LOSSES;
    for (size_t k = 0; k < 4; k++) CHECK(FN(made)(&bad[k]) == HBCD_ERR_ARGUMENT);
    for (int k = 0; k < 7; k++) {
        p.layers[1] = layer;
        switch (k) {
        case 0: p.layers[1].n_out = 0; break;
        case 1: p.layers[1].kind = -1; break;
        case 2: p.layers[1].kind = HBCD_DENSE + 1; break;
        case 3: p.layers[1].activation = -1; break;
        case 4: p.layers[1].activation = HBCD_N_ACTIVATIONS; break;
        case 5: p.layers[1].activation_parameter = -0.125; break;
        default: p.layers[1].activation_parameter = NAN; break;
        }
        CHECK(FN(made)(&good) == HBCD_ERR_ARGUMENT);
    }
    free_problem(&p);
}

static void FN(test_too_little_memory_is_refused)(void)
{
    problem p;
    TY(world) world;
    TY(net) *net;
    double f, out[600];
    make_problem(&p, 3, 2, 1, HBCD_TANH, 600, 0);
    FN(open_world)(&p, &world);
    hbcd_table x = table_of(p.x, HBCD_F64, 600, 3), to = table_of(out, HBCD_F64, 600, 1);
    hbcd_arena count[3] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    CHECK(FN(net_make)(&p.spec, &count[0], &net) == HBCD_OK);
    CHECK(FN(net_loss)(world.net, &world.data, world.theta, 2, NULL, &count[1], &f, NULL) == HBCD_OK);
    CHECK(FN(net_predict)(world.net, &x, world.theta, 2, NULL, &count[2], &to) == HBCD_OK);
    for (size_t call = 0; call < 3; call++)
        for (size_t piece = 0; piece < 64; piece++) { /* every 64th part of it */
            size_t size = count[call].used * piece / 64 / HBCD_ALIGN * HBCD_ALIGN;
            memory m = borrow(size);
            int status = call == 0 ? FN(net_make)(&p.spec, &m.arena, &net)
                       : call == 1 ? FN(net_loss)(world.net, &world.data, world.theta, 2, NULL, &m.arena, &f, NULL)
                                   : FN(net_predict)(world.net, &x, world.theta, 2, NULL, &m.arena, &to);
            CHECK(status == HBCD_ERR_MEMORY);
            CHECK(m.arena.used == count[call].used); /* it still says how much it takes */
            m.arena.used = m.arena.size;
            give_back(&m);
        }
    FN(close_world)(&world);
    free_problem(&p);
}

static void FN(test_parts)(void)
{
    FN(test_parts_from_outside_do_the_same)();
    FN(test_padding_never_reaches_the_gradient)();
    FN(test_an_error_of_a_part_comes_back)();
    FN(test_invalid_networks_are_refused)();
    FN(test_too_little_memory_is_refused)();
}
