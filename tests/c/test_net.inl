/* test_net.inl: a network and its data in memory exactly as large as measured, and one evaluation. */

typedef struct TY(world) {
    const problem *p;
    TY(net) *net;
    TY(data) data;
    TY(bound) bound; /* after bind_world */
    REAL theta[MAX_PARAMS];
    memory net_memory, data_memory, bound_memory;
} TY(world);

static void FN(open_world)(const problem *p, TY(world) *world)
{
    hbcd_arena count = {NULL, 0, 0};
    world->p = p;
    world->bound_memory.base = NULL;
    CHECK(FN(net_make)(&p->spec, &count, &world->net) == HBCD_OK && world->net == NULL);
    world->net_memory = borrow(count.used);
    CHECK(FN(net_make)(&p->spec, &world->net_memory.arena, &world->net) == HBCD_OK);
    hbcd_table x = table_of(p->x, HBCD_F64, p->rows, p->spec.n_in), y = table_of(p->y, HBCD_F64, p->rows, p->n_out);
    hbcd_table w = table_of(p->w, HBCD_F64, p->rows, 1);
    FN(carve_data)(&x, &y, p->w ? &w : NULL, &world->data_memory, &world->data);
    for (size_t k = 0; k < p->n_params; k++) world->theta[k] = (REAL)p->theta[k];
}

/* An objective over all rows, theta as the problem has it; not bound to a block yet. */
static void FN(bind_world)(TY(world) *world, int n_threads, hbcd_watch *watch)
{
    hbcd_arena count = {NULL, 0, 0};
    size_t rows = world->p->rows;
    FN(bound_make)(world->net, rows, 0, rows, n_threads, watch, &count, &world->bound);
    world->bound_memory = borrow(count.used);
    FN(bound_make)(world->net, rows, 0, rows, n_threads, watch, &world->bound_memory.arena, &world->bound);
    memcpy(world->bound.theta, world->theta, world->p->n_params * sizeof(REAL));
}

static void FN(close_world)(TY(world) *world)
{
    if (world->bound_memory.base) give_back(&world->bound_memory);
    give_back(&world->data_memory);
    give_back(&world->net_memory);
}

/* f and, unless NULL, g of all parameters through net_loss. */
static int FN(whole)(TY(world) *world, int n_threads, hbcd_watch *watch, double *f, REAL *g)
{
    hbcd_arena count = {NULL, 0, 0};
    CHECK(FN(net_loss)(world->net, &world->data, world->theta, n_threads, watch, &count, f, g) == HBCD_OK);
    memory m = borrow(count.used);
    int status = FN(net_loss)(world->net, &world->data, world->theta, n_threads, watch, &m.arena, f, g);
    give_back(&m);
    return status;
}

/* f and g of a block (-1: all) at the point where the objective is. */
static int FN(eval_block)(TY(world) *world, int block, double *f, REAL *g)
{
    REAL x[MAX_PARAMS];
    int status = FN(objective_bind)(&world->bound, &world->data, block);
    if (status) return status;
    TY(objective) objective = FN(objective_of)(&world->bound);
    memcpy(x, world->bound.theta + world->bound.start, objective.n * sizeof *x);
    return objective.eval(objective.self, x, f, g);
}

static void FN(gradient_of)(const problem *p, int n_threads, double *f, double *g)
{
    TY(world) world;
    REAL typed[MAX_PARAMS];
    FN(open_world)(p, &world);
    CHECK(FN(whole)(&world, n_threads, NULL, f, typed) == HBCD_OK);
    for (size_t k = 0; k < p->n_params; k++) g[k] = (double)typed[k];
    FN(close_world)(&world);
}
