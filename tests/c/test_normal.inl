/* test_normal.inl: what net_normal and an objective with room for normal equations return. */

typedef struct TY(world) {
    const problem *p;
    TY(net) *net;
    TY(data) data;
    REAL theta[MOST_PARAMS];
    memory net_memory, data_memory;
} TY(world);

static void FN(open_world)(const problem *p, TY(world) *world)
{
    hbcd_arena count = {NULL, 0, 0};
    hbcd_table x = table_of(p->x, p->rows, p->spec.n_in), y = table_of(p->y, p->rows, p->n_out);
    hbcd_table w = table_of(p->w, p->rows, 1);
    world->p = p;
    CHECK(FN(net_make)(&p->spec, &count, &world->net) == HBCD_OK);
    world->net_memory = borrow(count.used);
    CHECK(FN(net_make)(&p->spec, &world->net_memory.arena, &world->net) == HBCD_OK);
    count.used = 0;
    CHECK(FN(data_make)(&x, &y, p->w ? &w : NULL, NULL, 1, &count, &world->data) == HBCD_OK);
    world->data_memory = borrow(count.used);
    CHECK(FN(data_make)(&x, &y, p->w ? &w : NULL, NULL, 1, &world->data_memory.arena, &world->data) == HBCD_OK);
    for (size_t k = 0; k < MOST_PARAMS; k++) world->theta[k] = (REAL)p->theta[k];
}

static void FN(close_world)(TY(world) *world)
{
    give_back(&world->data_memory);
    give_back(&world->net_memory);
}

/* In memory exactly as large as measured; rubbish first, so that what is not set shows. */
static int FN(normal_of)(TY(world) *world, int block, int threads, hbcd_watch *watch, double *f, double *jtwr,
                         double *jtwj)
{
    hbcd_arena count = {NULL, 0, 0};
    int status = FN(net_normal)(world->net, &world->data, world->theta, block, threads, watch, &count, f, jtwr, jtwj);
    if (status != HBCD_OK) return status;
    memory m = borrow(count.used);
    memset(jtwj, RUBBISH, 8 * sizeof *jtwj);
    status = FN(net_normal)(world->net, &world->data, world->theta, block, threads, watch, &m.arena, f, jtwr, jtwj);
    give_back(&m);
    return status;
}

/* f and jtwr are an ordinary evaluation: to the last bit in double, rounded in float. */
static int FN(is_an_evaluation)(TY(world) *world, size_t start, size_t n, double f, const double *jtwr)
{
    REAL g[MOST_PARAMS];
    double f_eval;
    hbcd_arena count = {NULL, 0, 0};
    FN(net_loss)(world->net, &world->data, world->theta, 1, NULL, &count, &f_eval, g);
    memory m = borrow(count.used);
    CHECK(FN(net_loss)(world->net, &world->data, world->theta, 1, NULL, &m.arena, &f_eval, g) == HBCD_OK);
    give_back(&m);
    int differ = f != f_eval;
    for (size_t k = 0; k < n; k++) differ += (REAL)jtwr[k] != g[start + k];
    return differ == 0;
}

/* Two orders of summation of at most some thousand products in double; in float the rounding of each factor, through
 * at most four layers. */
static const double TY(SLACK) = REAL_IS_F32 ? 2e-5 : 1e-13;

static double FN(farthest)(size_t n, const double *h, const double *wanted)
{
    double apart = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double size = sqrt(wanted[i * n + i] * wanted[j * n + j]);
            double off = fabs(h[i * n + j] - wanted[i * n + j]);
            apart = fmax(apart, off > 0 ? off / (size > 1e-12 ? size : 1e-12) : off);
            if (!(off < INFINITY) || h[i * n + j] != h[j * n + i]) return INFINITY;
        }
    return apart;
}

static void FN(check_problem)(problem *p)
{
    double f, f_wanted, jtwr[MOST_PARAMS], jtwr_wanted[MOST_PARAMS];
    double *h = numbers(MOST_PARAMS * MOST_PARAMS), *wanted = numbers(MOST_PARAMS * MOST_PARAMS);
    TY(world) world;
    FN(open_world)(p, &world);
    for (int block = -1; block < (int)world.net->n_blocks; block++) {
        size_t start = block < 0 ? 0 : world.net->blocks[block].start;
        size_t n = block < 0 ? p->n_params : world.net->blocks[block].size;
        CHECK(FN(normal_of)(&world, block, 1, NULL, &f, jtwr, h) == HBCD_OK);
        oracle(p, start, n, &f_wanted, jtwr_wanted, wanted);
        CHECK_NEAR(f, f_wanted, TY(SLACK));
        double off = 0, size = 0, trace = 0;
        for (size_t k = 0; k < n; k++) {
            off += (jtwr[k] - jtwr_wanted[k]) * (jtwr[k] - jtwr_wanted[k]);
            size += jtwr_wanted[k] * jtwr_wanted[k];
            trace += h[k * n + k];
        }
        CHECK(sqrt(off) <= TY(SLACK) * (sqrt(size) + 0.1 * sqrt(trace)));
        double apart = FN(farthest)(n, h, wanted);
        if (!(apart <= TY(SLACK)))
            fprintf(stderr, "block %d, %zu layers, %zu outputs, %zu rows, isa %d: off by %g\n", block,
                    p->spec.n_layers, p->n_out, p->rows, p->spec.isa, apart);
        CHECK(apart <= TY(SLACK));
        CHECK(is_semidefinite(n, h, 1e-13 * trace + 1e-300));
        CHECK(FN(is_an_evaluation)(&world, start, n, f, jtwr));
    }
    FN(close_world)(&world);
    free(h);
    free(wanted);
}

static void FN(test_any_net_on_any_rows)(void)
{
    const size_t rows[] = {1, 100, 129, 700};
    problem p;
    for (size_t depth = 0; depth <= 3; depth++)
        for (size_t n_out = 1; n_out <= 3; n_out++)
            for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
                if (rows[k] == 700 && (depth + n_out) % 2) continue; /* the oracle is slow */
                make_problem(&p, 4, depth, n_out, depth == 2 ? HBCD_SIGMOID : HBCD_TANH, rows[k],
                             n_out == 2 || depth == 1);
                for (p.spec.isa = 0; p.spec.isa <= hbcd_isa_detect(); p.spec.isa++) FN(check_problem)(&p);
                free_problem(&p);
            }
    make_problem(&p, 17, 3, 2, HBCD_LEAKY_RELU, 150, 1); /* layers of several strips */
    for (p.spec.isa = 0; p.spec.isa <= hbcd_isa_detect(); p.spec.isa++) FN(check_problem)(&p);
    free_problem(&p);
}

static void FN(test_same_bits_at_any_number_of_threads)(void)
{
    problem p;
    TY(world) world;
    const size_t n = MOST_PARAMS;
    double f, f_many, jtwr[MOST_PARAMS], jtwr_many[MOST_PARAMS], *h = numbers(2 * n * n), *h_many = h + n * n;
    make_problem(&p, 6, 3, 2, HBCD_TANH, 4 * 16 * HBCD_TILE + 9, 1); /* all 16 lanes */
    FN(open_world)(&p, &world);
    for (int block = -1; block < 4; block++) {
        size_t size = block < 0 ? p.n_params : world.net->blocks[block].size;
        CHECK(FN(normal_of)(&world, block, 1, NULL, &f, jtwr, h) == HBCD_OK);
        CHECK(FN(is_an_evaluation)(&world, block < 0 ? 0 : world.net->blocks[block].start, size, f, jtwr));
        for (int threads = 2; threads <= 32; threads *= 2) {
            CHECK(FN(normal_of)(&world, block, threads, NULL, &f_many, jtwr_many, h_many) == HBCD_OK);
            CHECK(f == f_many && memcmp(jtwr, jtwr_many, size * sizeof *jtwr) == 0);
            CHECK(memcmp(h, h_many, size * size * sizeof *h) == 0);
        }
    }
    FN(close_world)(&world);
    free(h);
    free_problem(&p);
}

/* All parameters bound, with room for the equations of n. */
static memory FN(bind_all)(TY(world) *world, TY(bound) *bound, size_t n)
{
    hbcd_arena count = {NULL, 0, 0};
    const size_t rows = world->p->rows;
    FN(bound_make)(world->net, rows, 0, rows, 2, NULL, &count, bound);
    CHECK(FN(normal_make)(bound, n, &count) == HBCD_OK);
    memory m = borrow(count.used);
    FN(bound_make)(world->net, rows, 0, rows, 2, NULL, &m.arena, bound);
    CHECK(FN(normal_make)(bound, n, &m.arena) == HBCD_OK);
    CHECK(FN(objective_bind)(bound, &world->data, -1) == HBCD_OK);
    return m;
}

/* Room made once serves every block, again and again, also after a stop; an objective without room has no `normal`. */
static void FN(test_one_room_for_all_blocks)(void)
{
    problem p;
    TY(world) world;
    TY(bound) bound;
    hbcd_watch watch;
    const size_t n = MOST_PARAMS;
    double f, f_room, jtwr[MOST_PARAMS], jtwr_room[MOST_PARAMS], *h = numbers(2 * n * n), *h_room = h + n * n;
    make_problem(&p, 4, 2, 3, HBCD_TANH, 1100, 1);
    FN(open_world)(&p, &world);
    hbcd_arena count = {NULL, 0, 0};
    hbcd_watch_start(&watch, INFINITY);
    FN(bound_make)(world.net, p.rows, 0, p.rows, 2, &watch, &count, &bound);
    memory plain = borrow(count.used);
    FN(bound_make)(world.net, p.rows, 0, p.rows, 2, &watch, &plain.arena, &bound);
    memcpy(bound.theta, world.theta, p.n_params * sizeof(REAL));
    CHECK(FN(objective_bind)(&bound, &world.data, -1) == HBCD_OK && FN(objective_of)(&bound).normal == NULL);
    CHECK(FN(objective_normal)(&bound, world.theta, &f, jtwr, h) == HBCD_ERR_ARGUMENT);
    count.used = 0;
    CHECK(FN(normal_make)(&bound, p.n_params, &count) == HBCD_OK);
    memory room = borrow(count.used);
    CHECK(FN(normal_make)(&bound, p.n_params, &room.arena) == HBCD_OK);
    for (int round = 0; round < 2; round++)
        for (int block = -1; block < 3; block++) {
            CHECK(FN(objective_bind)(&bound, &world.data, block) == HBCD_OK);
            TY(objective) objective = FN(objective_of)(&bound);
            CHECK(objective.normal != NULL);
            const REAL *x = world.theta + bound.start;
            watch.deadline = 0;
            CHECK(objective.normal(objective.self, x, &f_room, jtwr_room, h_room) == HBCD_STOP_TIME);
            watch.deadline = INFINITY;
            CHECK(objective.normal(objective.self, x, &f_room, jtwr_room, h_room) == HBCD_OK);
            CHECK(FN(normal_of)(&world, block, 1, NULL, &f, jtwr, h) == HBCD_OK && f == f_room);
            CHECK(memcmp(jtwr, jtwr_room, objective.n * sizeof *jtwr) == 0);
            CHECK(memcmp(h, h_room, objective.n * objective.n * sizeof *h) == 0);
        }
    give_back(&room);
    give_back(&plain);
    FN(close_world)(&world);
    free(h);
    free_problem(&p);
}

/* With all parameters bound, one block's equations are those of that block bound alone. */
static void FN(test_a_block_while_all_are_bound)(void)
{
    problem p;
    TY(world) world;
    TY(bound) bound;
    const size_t n = MOST_PARAMS;
    double f, f_one, jtwr[MOST_PARAMS], jtwr_one[MOST_PARAMS], *h = numbers(2 * n * n), *h_one = h + n * n;
    make_problem(&p, 4, 2, 3, HBCD_TANH, 1100, 1);
    FN(open_world)(&p, &world);
    memory plain = FN(bind_all)(&world, &bound, world.net->largest);
    TY(objective) objective = FN(objective_of)(&bound);
    CHECK(objective.normal == NULL && objective.normal_of != NULL && objective.n_blocks == 3);
    for (size_t b = 0; b < 3; b++) {
        const size_t size = objective.blocks[b].size;
        memset(bound.theta, RUBBISH, p.n_params * sizeof(REAL)); /* x says where, nothing else */
        CHECK(objective.normal_of(objective.self, world.theta, b, &f_one, jtwr_one, h_one) == HBCD_OK);
        CHECK(FN(normal_of)(&world, (int)b, 1, NULL, &f, jtwr, h) == HBCD_OK && f == f_one);
        CHECK(memcmp(jtwr, jtwr_one, size * sizeof *jtwr) == 0 && memcmp(h, h_one, size * size * sizeof *h) == 0);
        CHECK(bound.block == -1 && bound.n == p.n_params);
    }
    give_back(&plain);
    FN(close_world)(&world);
    free(h);
    free_problem(&p);
}

/* [Phi 1 Y]'W[Phi 1 Y] by the definition, with all bound and with the last block bound. */
static void FN(test_the_products_of_the_output_layer)(void)
{
    for (size_t depth = 0; depth <= 3; depth += depth == 1 ? 2 : 1)
        for (size_t n_out = 1; n_out <= 3; n_out += 2) {
            problem p, below;
            TY(world) world;
            TY(bound) bound;
            make_problem(&p, 4, depth, n_out, HBCD_TANH, 700, n_out == 3);
            FN(open_world)(&p, &world);
            memory plain = FN(bind_all)(&world, &bound, world.net->largest + 1);
            const size_t inputs = world.net->layers[depth].n_in, wide = inputs + 1 + n_out;
            double *phi = numbers(p.rows * wide), *wanted = numbers(wide * wide), *gram = numbers(wide * wide), sum = 0;
            below = p; /* the net without its last layer says what Phi is */
            below.spec.n_layers = depth;
            below.n_out = inputs;
            double *inner = depth ? numbers(p.rows * inputs) : p.x;
            memory net_memory;
            if (depth) {
                hbcd_net_f64 *net = plain_net(&below, &net_memory);
                outputs(&below, net, p.theta, inner);
                give_back(&net_memory);
            }
            for (size_t r = 0; r < p.rows; r++) {
                memcpy(phi + r * wide, inner + r * inputs, inputs * sizeof *phi);
                phi[r * wide + inputs] = 1;
                memcpy(phi + r * wide + inputs + 1, p.y + r * n_out, n_out * sizeof *phi);
                sum += p.w ? p.w[r] : 1;
                for (size_t i = 0; i < wide; i++)
                    for (size_t j = 0; j < wide; j++)
                        wanted[i * wide + j] += (p.w ? p.w[r] : 1) * phi[r * wide + i] * phi[r * wide + j];
            }
            for (size_t k = 0; k < wide * wide; k++) wanted[k] /= sum * (double)n_out;
            for (int block = -1; block <= (int)depth; block++) {
                memcpy(bound.theta, world.theta, p.n_params * sizeof(REAL));
                CHECK(FN(objective_bind)(&bound, &world.data, block) == HBCD_OK);
                TY(objective) objective = FN(objective_of)(&bound);
                if (block >= 0 && block < (int)depth) {
                    CHECK(objective.output_gram == NULL);
                    continue;
                }
                CHECK(objective.output_gram(objective.self, world.theta + bound.start, gram) == HBCD_OK);
                CHECK(FN(farthest)(wide, gram, wanted) <= TY(SLACK));
                CHECK(bound.block == block);
            }
            give_back(&plain);
            if (depth) free(inner);
            free(phi), free(wanted), free(gram);
            FN(close_world)(&world);
            free_problem(&p);
        }
}

/* Activations from outside work; a layer from outside may stand among the others, but has no Jacobian of its own. */
static void FN(test_parts_from_outside)(void)
{
    problem p;
    TY(world) world;
    size_t width = 5;
    double f, jtwr[MOST_PARAMS], *h = numbers(MOST_PARAMS * MOST_PARAMS);
    make_problem(&p, 3, 2, 2, HBCD_TANH, 150, 1);
    p.layers[0].activation = HBCD_ACTIVATION_HOOK;
    p.layers[0].activation_hook = (hbcd_activation_hook){softplus, softplus_slope, NULL, NULL};
    write_jacobian(&p);
    FN(check_problem)(&p);
    p.layers[3] = p.layers[2];
    p.layers[2] = p.layers[1];
    p.layers[1] = (hbcd_layer_spec){.kind = HBCD_LAYER_HOOK, .n_out = width,
                                    .layer_hook = {skip_forward, skip_backward, &width}};
    p.spec.n_layers = 4;
    write_jacobian(&p);
    FN(check_problem)(&p);
    p.layers[1].n_params = 1;
    FN(open_world)(&p, &world);
    const int wanted[] = {HBCD_ERR_ARGUMENT, HBCD_OK, HBCD_ERR_ARGUMENT, HBCD_OK, HBCD_OK, HBCD_ERR_ARGUMENT};
    for (int block = -1; block < 5; block++)
        CHECK(FN(normal_of)(&world, block, 1, NULL, &f, jtwr, h) == wanted[block + 1]);
    CHECK(FN(normal_of)(&world, -2, 1, NULL, &f, jtwr, h) == HBCD_ERR_ARGUMENT);
    FN(close_world)(&world);
    free(h);
    free_problem(&p);
}

static void FN(test_normal)(void)
{
    FN(test_any_net_on_any_rows)();
    FN(test_same_bits_at_any_number_of_threads)();
    FN(test_one_room_for_all_blocks)();
    FN(test_a_block_while_all_are_bound)();
    FN(test_the_products_of_the_output_layer)();
    FN(test_parts_from_outside)();
}
