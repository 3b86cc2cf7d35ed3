/* objective.inl: binds net + data + block and caches what the block cannot change.
 *
 * With block l active the layers below l are constants of the batch: their output is computed once, at bind, and an
 * evaluation runs layers l .. L only.  Sums are kept per lane in double and added in lane order. */

void FN(bound_make)(const TY(net) *net, size_t max_rows, size_t cache_rows, int n_threads, hbcd_watch *watch,
                    hbcd_arena *arena, TY(bound) *bound)
{
    size_t lanes = hbcd_n_lanes(FN(n_tiles)(max_rows));
    if (n_threads < 1 || net->serial) n_threads = 1;
    if ((size_t)n_threads > lanes) n_threads = (int)lanes;
    TY(bound) made = {.net = net, .cache_rows = cache_rows};
    made.team = (hbcd_team){n_threads, watch};
    made.theta = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    made.known_x = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    made.known_g = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    made.grad = hbcd_arena_take(arena, hbcd_times(lanes, net->n_params), sizeof(double));
    made.total = hbcd_arena_take(arena, net->n_params, sizeof(double));
    size_t inner = 0; /* widest output that can be the constant input of a block */
    for (size_t l = 0; l + 1 < net->n_layers; l++)
        if (net->layers[l].n_out > inner) inner = net->layers[l].n_out;
    made.cache = hbcd_arena_take(arena, hbcd_times(inner, FN(padded)(cache_rows)), sizeof(REAL));
    TY(work) *work = hbcd_arena_take(arena, (size_t)n_threads, sizeof *work);
    for (int t = 0; t < n_threads; t++) {
        TY(work) one;
        FN(work_make)(net, arena, &one);
        if (arena->base && hbcd_arena_check(arena) == HBCD_OK) work[t] = one;
    }
    made.work = work;
    *bound = made;
}

void FN(bound_keep_fixed)(TY(bound) *bound, size_t max_rows, hbcd_arena *arena)
{
    const size_t lowest = bound->net->lowest;
    if (lowest == 0 || lowest == bound->net->n_layers) return;
    const size_t numbers = hbcd_times(bound->net->layers[lowest - 1].n_out, FN(padded)(max_rows));
    if (numbers > HBCD_MOST_FIXED / sizeof(REAL)) return;
    bound->fixed = hbcd_arena_take(arena, numbers, sizeof(REAL));
    bound->fixed_rows = max_rows;
}

static int FN(cache_tile)(void *self, size_t lane, size_t tile, int thread)
{
    (void)lane;
    const TY(bound) *bound = self;
    const TY(data) *data = bound->data;
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows);
    const TY(work) *work = &bound->work[thread];
    HBCD_TRY(FN(tile_forward)(bound->net, 0, bound->first, rows, ld, bound->theta,
                              data->x + tile * HBCD_TILE * data->n_in, work));
    const TY(layer) *below = &bound->net->layers[bound->first - 1];
    REAL *to = bound->block < 0 ? bound->fixed : bound->cache;
    memcpy(to + tile * HBCD_TILE * below->n_out, work->a + below->a * HBCD_TILE,
           below->n_out * ld * sizeof(REAL));
    return HBCD_OK;
}

/* What the layers below `first` make of the rows goes to `to`, and is the input from now on. */
static int FN(fill_cache)(TY(bound) *bound, size_t first, REAL *to)
{
    enum { OPERATIONS = 15 }; /* of one number of smooth pieces */
    const TY(net) *net = bound->net;
    bound->first = first;
    bound->input = to;
    bound->input_width = net->layers[first - 1].n_out;
    double each = 2.0 * (double)net->layers[first].start + OPERATIONS * (double)net->n_pieces;
    double cost = (double)bound->data->rows * each;
    return hbcd_lanes_run(&bound->team, FN(n_tiles)(bound->data->rows), FN(repays)(net, cost), FN(cache_tile), bound);
}

int FN(objective_bind)(TY(bound) *bound, const TY(data) *data, int block)
{
    const TY(net) *net = bound->net;
    if (data->center && data->n_center != net->n_params) return HBCD_ERR_ARGUMENT;
    bound->data = data;
    bound->known = 0;
    bound->n_known = 0;
    bound->block = block;
    bound->start = 0;
    bound->n = net->n_params;
    bound->first = 0;
    bound->input = data->x;
    bound->input_width = net->n_in;
    if (block < 0 && data->rows > bound->fixed_rows) return HBCD_OK;
    if (block < 0) return FN(fill_cache)(bound, net->lowest, bound->fixed);
    if ((size_t)block >= net->n_blocks || data->rows > bound->cache_rows) return HBCD_ERR_ARGUMENT;
    bound->start = net->blocks[block].start;
    bound->n = net->blocks[block].size;
    bound->own = net->blocks[block];
    bound->own.start = 0;
    return net->blocks[block].layer == 0 ? HBCD_OK : FN(fill_cache)(bound, net->blocks[block].layer, bound->cache);
}

typedef struct TY(evaluation) {
    TY(bound) *bound;
    int with_gradient;
} TY(evaluation);

static int FN(evaluate_tile)(void *self, size_t lane, size_t tile, int thread)
{
    const TY(evaluation) *evaluation = self;
    TY(bound) *bound = evaluation->bound;
    const TY(net) *net = bound->net;
    const TY(data) *data = bound->data;
    const TY(work) *work = &bound->work[thread];
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), at = tile * HBCD_TILE;
    const REAL *x = bound->input + at * bound->input_width;
    HBCD_TRY(FN(tile_forward)(net, bound->first, net->n_layers, rows, ld, bound->theta, x, work));
    const REAL *out = work->a + net->layers[net->n_layers - 1].a * HBCD_TILE;
    HBCD_TRY(net->loss.eval(net->loss.self, rows, ld, net->n_out, out, data->y + at * net->n_out,
                            data->w ? data->w + at : NULL, &bound->f_lane[lane],
                            evaluation->with_gradient ? work->delta : NULL));
    if (!evaluation->with_gradient) return HBCD_OK;
    return FN(tile_backward)(net, bound->first, bound->block >= 0, rows, ld, bound->theta, x, work,
                             bound->grad + lane * net->n_params, NULL);
}

/* The value known from objective_prime, if x is exactly that point. */
static int FN(known_value)(TY(bound) *bound, const REAL *x, double *f, REAL *g)
{
    if (!bound->known || memcmp(x, bound->known_x, bound->n * sizeof *x) != 0) return 0;
    bound->n_known++;
    *f = bound->known_f;
    if (g) memcpy(g, bound->known_g, bound->n * sizeof *g);
    return 1;
}

/* The sums of f and, if asked for, of the gradient begin at zero. */
static void FN(clear_lanes)(TY(bound) *bound, size_t lanes, int with_gradient)
{
    for (size_t lane = 0; lane < lanes; lane++) {
        bound->f_lane[lane] = 0;
        if (with_gradient)
            memset(bound->grad + lane * bound->net->n_params + bound->start, 0, bound->n * sizeof(double));
    }
}

/* What turns sums over rows into the mean; a batch without weight has nothing to say. */
static double FN(share_of)(const TY(bound) *bound)
{
    int of_row = (bound->net->loss.flags & HBCD_LOSS_OF_ROW) != 0;
    double share = (of_row ? 1.0 : (double)bound->net->n_out) * bound->data->weight_sum;
    return share > 0 ? 1 / share : 0;
}

static int FN(objective_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    TY(bound) *bound = self;
    const TY(net) *net = bound->net;
    if (FN(known_value)(bound, x, f, g)) return hbcd_watch_tick(bound->team.watch);
    memcpy(bound->theta + bound->start, x, bound->n * sizeof *x);

    TY(evaluation) evaluation = {bound, g != NULL};
    size_t tiles = FN(n_tiles)(bound->data->rows), lanes = hbcd_n_lanes(tiles);
    FN(clear_lanes)(bound, lanes, g != NULL);
    double cost = (g ? 6.0 : 2.0) * (double)bound->data->rows * (double)(net->n_params - bound->start);
    int status = hbcd_lanes_run(&bound->team, tiles, FN(repays)(net, cost), FN(evaluate_tile), &evaluation);
    if (status != 0) return status;

    double share = FN(share_of)(bound), sum;
    hbcd_lanes_sum(lanes, 1, 1, bound->f_lane, &sum);
    *f = sum * share + FN(penalty)(bound);
    if (g == NULL) return HBCD_OK;
    hbcd_lanes_sum(lanes, net->n_params, bound->n, bound->grad + bound->start, bound->total);
    for (size_t k = 0; k < bound->n; k++) bound->total[k] *= share;
    FN(penalty_gradient)(bound);
    for (size_t k = 0; k < bound->n; k++) g[k] = (REAL)bound->total[k];
    return HBCD_OK;
}

TY(objective) FN(objective_of)(TY(bound) *bound)
{
    TY(objective) made = {.n = bound->n, .eval = FN(objective_eval), .self = bound};
    if (FN(has_normal)(bound)) made.normal = FN(objective_normal);
    if (FN(has_normal_of)(bound)) made.normal_of = FN(objective_normal_of);
    if (FN(has_output)(bound)) made.output_gram = FN(objective_output_gram);
    made.n_blocks = bound->block < 0 ? bound->net->n_blocks : 1;
    made.blocks = bound->block < 0 ? bound->net->blocks : &bound->own;
    return made;
}

void FN(objective_prime)(TY(bound) *bound, double f, const REAL *g)
{
    memcpy(bound->known_x, bound->theta + bound->start, bound->n * sizeof(REAL));
    memcpy(bound->known_g, g + bound->start, bound->n * sizeof(REAL));
    bound->known_f = f;
    bound->known = 1;
}
