/* objective.inl: binds net + data + block and caches what the block cannot change.
 *
 * With block l active the layers below l are constants of the batch: their output is computed once, at bind, and an
 * evaluation runs layers l .. L only.  Sums are formed in double, lane by lane (base/lanes.h). */

void FN(bound_make)(const TY(net) *net, size_t all, int in_ranges, size_t cache_rows, int n_threads, hbcd_watch *watch,
                    hbcd_arena *arena, TY(bound) *bound)
{
    const size_t tiles = FN(n_tiles)(all);
    if (n_threads < 1 || net->serial) n_threads = 1;
    if ((size_t)n_threads > tiles) n_threads = tiles > 0 ? (int)tiles : 1;
    TY(bound) made = {.net = net, .all = all, .in_ranges = in_ranges, .cache_rows = cache_rows};
    made.team = (hbcd_team){n_threads, watch};
    made.theta = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    made.known_x = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    made.known_g = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    hbcd_sums_make(tiles, in_ranges, hbcd_plus(net->n_params, 1), n_threads, arena, &made.sums);
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

static int FN(cache_tile)(void *self, size_t tile, int thread)
{
    const TY(bound) *bound = self;
    const TY(data) *data = bound->data;
    tile += bound->own_tiles;
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

/* What the layers below `first` make of the rows goes to `to`, and passes begin there from now on. */
static int FN(fill_cache)(TY(bound) *bound, REAL *to)
{
    enum { OPERATIONS = 15 }; /* of one number of smooth pieces */
    const TY(net) *net = bound->net;
    const hbcd_cut cut = FN(cut_of)(bound->data);
    const size_t before = cut.before, from = cut.from * cut.tiles / cut.lanes - before;
    const size_t tiles = cut.to * cut.tiles / cut.lanes - before - from;
    bound->begin = bound->first;
    bound->kept = to;
    bound->own_tiles = from;
    double each = 2.0 * (double)net->layers[bound->first].start + OPERATIONS * (double)net->n_pieces;
    double cost = (double)bound->data->rows * each;
    return hbcd_tiles_run(&bound->team, tiles, FN(repays)(net, cost), FN(cache_tile), bound);
}

int FN(objective_bind)(TY(bound) *bound, const TY(data) *data, int block)
{
    const TY(net) *net = bound->net;
    if (data->center && data->n_center != net->n_params) return HBCD_ERR_ARGUMENT;
    bound->data = data;
    bound->known = 0;
    bound->n_known = 0;
    bound->block = block;
    bound->start = bound->first = bound->begin = 0;
    bound->n = net->n_params;
    bound->kept = NULL;
    if (block < 0) {
        if (bound->fixed_rows == 0 || data->rows > bound->fixed_rows || data->tiles) return HBCD_OK;
        bound->first = net->lowest;
        return FN(fill_cache)(bound, bound->fixed);
    }
    if ((size_t)block >= net->n_blocks) return HBCD_ERR_ARGUMENT;
    bound->start = net->blocks[block].start;
    bound->n = net->blocks[block].size;
    bound->own = net->blocks[block];
    bound->own.start = 0;
    bound->first = net->blocks[block].layer;
    if (bound->first == 0 || data->tiles) return HBCD_OK;
    return data->rows > bound->cache_rows ? HBCD_ERR_ARGUMENT : FN(fill_cache)(bound, bound->cache);
}

/* A tile of the input of layer `begin`. */
static const REAL *FN(begin_of)(const TY(bound) *bound, size_t tile)
{
    if (bound->kept == NULL) return bound->at.x + (tile - bound->at.first) * HBCD_TILE * bound->net->n_in;
    return bound->kept + tile * HBCD_TILE * bound->net->layers[bound->begin - 1].n_out;
}

/* A tile of the input of layer `first`, after a pass. */
static const REAL *FN(input_of)(const TY(bound) *bound, size_t tile, const TY(work) *work)
{
    if (bound->begin == bound->first) return FN(begin_of)(bound, tile);
    return work->a + bound->net->layers[bound->first - 1].a * HBCD_TILE;
}

/* Forward through a tile, up to layer `last` - 1. */
static int FN(forward_to)(const TY(bound) *bound, size_t last, size_t tile, const TY(work) *work)
{
    const size_t rows = FN(tile_rows)(bound->data, tile);
    return FN(tile_forward)(bound->net, bound->begin, last, rows, FN(padded)(rows), bound->theta, FN(begin_of)(bound, tile),
                            work);
}

typedef struct TY(evaluation) {
    TY(bound) *bound;
    int with_gradient;
} TY(evaluation);

/* Adds to sums: the gradient (n of what is bound), if it is asked for, then the value. */
static int FN(evaluate_tile)(void *self, double *sums, size_t tile, int ends, int thread)
{
    (void)ends;
    const TY(evaluation) *evaluation = self;
    const TY(bound) *bound = evaluation->bound;
    const TY(net) *net = bound->net;
    const TY(data) *data = bound->data;
    const TY(work) *work = &bound->work[thread];
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), at = (tile - bound->at.first) * HBCD_TILE;
    const REAL *out = work->a + net->layers[net->n_layers - 1].a * HBCD_TILE;
    HBCD_TRY(FN(forward_to)(bound, net->n_layers, tile, work));
    HBCD_TRY(net->loss.eval(net->loss.self, rows, ld, net->n_out, out, bound->at.y + at * net->n_out,
                            bound->at.w ? bound->at.w + at : NULL, sums + (evaluation->with_gradient ? bound->n : 0),
                            evaluation->with_gradient ? work->delta : NULL));
    if (!evaluation->with_gradient) return HBCD_OK;
    return FN(tile_backward)(net, bound->first, bound->block >= 0, rows, ld, bound->theta,
                             FN(input_of)(bound, tile, work), work, sums, NULL);
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

/* What turns sums over rows into the mean; a batch without weight has nothing to say. */
static double FN(share_of)(const TY(bound) *bound)
{
    int of_row = (bound->net->loss.flags & HBCD_LOSS_OF_ROW) != 0;
    double share = (of_row ? 1.0 : (double)bound->net->n_out) * bound->data->weight_sum;
    return share > 0 ? 1 / share : 0;
}

/* Sums of n numbers over the rows of all ranks, in *total. */
static int FN(sum_rows)(TY(bound) *bound, hbcd_sums *sums, size_t n, double cost, hbcd_sum_work work, void *context,
                        double **total)
{
    const hbcd_ranks *ranks = bound->data->range.ranks;
    hbcd_sums_begin(sums, n);
    int status = FN(data_sum)(bound->data, sums, &bound->team, FN(repays)(bound->net, cost), work, context, &bound->at);
    uint64_t point = ranks ? hbcd_hash(bound->theta, bound->net->n_params * sizeof(REAL)) : 0;
    return hbcd_sums_total(sums, ranks, bound->team.watch, point, status, total);
}

static int FN(objective_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    TY(bound) *bound = self;
    const TY(net) *net = bound->net;
    if (FN(known_value)(bound, x, f, g)) return hbcd_watch_tick(bound->team.watch);
    memcpy(bound->theta + bound->start, x, bound->n * sizeof *x);

    TY(evaluation) evaluation = {bound, g != NULL};
    double cost = (g ? 6.0 : 2.0) * (double)bound->data->rows * (double)(net->n_params - bound->start), *total;
    size_t n = g ? bound->n : 0;
    int status = FN(sum_rows)(bound, &bound->sums, n + 1, cost, FN(evaluate_tile), &evaluation, &total);
    if (status != 0) return status;

    const double share = FN(share_of)(bound);
    *f = total[n] * share + FN(penalty)(bound);
    if (g == NULL) return HBCD_OK;
    for (size_t k = 0; k < n; k++) total[k] *= share;
    FN(penalty_gradient)(bound, total);
    for (size_t k = 0; k < n; k++) g[k] = (REAL)total[k];
    return HBCD_OK;
}

TY(objective) FN(objective_of)(TY(bound) *bound)
{
    TY(objective) made = {.n = bound->n, .eval = FN(objective_eval), .self = bound, .n_threads = bound->team.n_threads};
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
