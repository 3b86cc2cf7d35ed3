/* normal.inl: the normal equations J'We and J'WHJ, H = 1 for a sum of squares, tile by tile.  Part of objective.c.
 *
 * For every output of a tile its seed, a column of a root of w_r H_r in every row (sqrt(w_r) for a sum of squares),
 * goes back through the layers; a row of sqrt(W) J is then
 * a_{l-1}(i, r) d_l(o, r) for the weights of layer l and d_l(o, r) for its bias.  These rows are written in double into
 * the panel of a thread, and a full panel is added to the sums of its lane.  Value and gradient come from an ordinary
 * evaluation of the same tile, so they have its bits.
 *
 * A lane here is several neighboring ones of an evaluation: its sums are n^2 / 2 numbers. */

/* Sums of 16 lanes up to here (at most 18 MB); beyond, those of 4 take twice the memory of the result. */
#define MANY_PARAMETERS 512
#define TOO_MANY_PARAMETERS ((size_t)1 << 24)
/* Lanes of fewer tiles spend their time on clearing and adding sums. */
#define TILES_OF_A_LANE 2
/* Strips of sums between two looks at the watch: 0.05 s at 10 000 parameters. */
#define STRIPS_AT_ONCE 48

struct TY(normal) {
    size_t n, rows;  /* the most there is room for */
    double *sums;    /* (lanes, squares of n parameters) */
    double *panel;   /* (n_threads, strips of n, HBCD_PANEL, HBCD_STRIP) */
    size_t *filled;  /* (n_threads): rows in a panel */
};

static size_t FN(n_strips)(size_t n) { return (n + HBCD_STRIP - 1) / HBCD_STRIP; }
static size_t FN(squares)(size_t n) { return hbcd_square(FN(n_strips)(n), 0); }

static double *FN(panel_of)(const TY(normal) *normal, int thread)
{
    return normal->panel + (size_t)thread * FN(n_strips)(normal->n) * HBCD_PANEL * HBCD_STRIP;
}

/* A power of two, so that a lane begins where one of the 16 of an evaluation does. */
static size_t FN(normal_lanes)(size_t rows, size_t n)
{
    size_t tiles = FN(n_tiles)(rows), most = n <= MANY_PARAMETERS ? HBCD_LANES : 4, lanes = 1;
    while (2 * lanes <= most && 2 * lanes * TILES_OF_A_LANE <= tiles) lanes *= 2;
    return lanes;
}

int FN(normal_make)(TY(bound) *bound, size_t max_rows, size_t n, hbcd_arena *arena)
{
    if (n > TOO_MANY_PARAMETERS) return HBCD_ERR_MEMORY;
    size_t few = n < MANY_PARAMETERS ? n : MANY_PARAMETERS; /* a smaller block may have more lanes */
    size_t sums = hbcd_times(FN(normal_lanes)(max_rows, n), FN(squares)(n));
    size_t sums_few = FN(normal_lanes)(max_rows, few) * FN(squares)(few);
    size_t threads = (size_t)bound->team.n_threads, lanes = FN(normal_lanes)(max_rows, few);
    if (threads > lanes) threads = lanes;
    TY(normal) made = {.n = n, .rows = max_rows};
    TY(normal) *room = hbcd_arena_take(arena, 1, sizeof *room);
    made.sums = hbcd_arena_take(arena, sums > sums_few ? sums : sums_few, sizeof(double));
    made.panel = hbcd_arena_take(arena, hbcd_times(threads * FN(n_strips)(n), HBCD_PANEL * HBCD_STRIP), sizeof(double));
    made.filled = hbcd_arena_take(arena, threads, sizeof *made.filled);
    if (arena->base && hbcd_arena_check(arena) == HBCD_OK) {
        *room = made;
        bound->normal = room;
    }
    return HBCD_OK;
}

/* Whether there is room for n features, and the layers of what is bound have a Jacobian. */
static int FN(has_room)(const TY(bound) *bound, size_t n)
{
    const TY(net) *net = bound->net;
    if (!bound->normal || bound->n == 0 || !net->loss.hessian_root) return 0;
    if (n > bound->normal->n || bound->data->rows > bound->normal->rows) return 0;
    for (size_t l = bound->first; l < (bound->block < 0 ? net->n_layers : bound->first + 1); l++)
        if (net->layers[l].n_parts == 0 && net->layers[l].n_params > 0) return 0;
    return 1;
}

int FN(has_normal)(const TY(bound) *bound) { return FN(has_room)(bound, bound->n); }

int FN(has_normal_of)(const TY(bound) *bound)
{
    return bound->block < 0 && bound->data->rows <= bound->cache_rows && FN(has_room)(bound, bound->net->largest);
}

/* ---- one tile --------------------------------------------------------------------------------------------------- */

typedef struct TY(equations) {
    TY(bound) *bound;
    size_t n;            /* features of a panel */
    size_t tiles, lanes; /* lanes of this pass */
} TY(equations);

/* Column p of a panel from row `at` on. */
static double *FN(panel_column)(double *panel, size_t p, size_t at)
{
    return panel + (p / HBCD_STRIP * HBCD_PANEL + at) * HBCD_STRIP + p % HBCD_STRIP;
}

/* Rows of the Jacobian of one part of a layer, columns p onwards: x (n_in, ld) its input, d (n_out, ld). */
static void FN(write_part)(const TY(part) *part, size_t rows, size_t ld, const REAL *x, const REAL *d, double *panel,
                           size_t p, size_t at)
{
    for (size_t i = 0; i < part->n_in; i++)
        for (size_t o = 0; o < part->n_out; o++, p++) {
            double *restrict to = FN(panel_column)(panel, p, at);
            const REAL *xi = x + i * ld, *od = d + o * ld;
            for (size_t r = 0; r < rows; r++) to[r * HBCD_STRIP] = (double)xi[r] * (double)od[r];
        }
    for (size_t o = 0; o < part->n_out; o++, p++) {
        double *restrict to = FN(panel_column)(panel, p, at);
        for (size_t r = 0; r < rows; r++) to[r * HBCD_STRIP] = (double)d[o * ld + r];
    }
}

static void FN(write_layer)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *x, const REAL *d, double *panel,
                            size_t p, size_t at)
{
    for (const TY(part) *part = layer->parts; part < layer->parts + layer->n_parts; part++)
        FN(write_part)(part, rows, ld, x + part->in_at * ld, d + part->out_at * ld, panel, p + part->at, at);
}

/* Back from the seed in work->delta; the Jacobian of what is bound goes into the panel from row `at` on. */
static int FN(write_tile)(const TY(bound) *bound, size_t rows, size_t ld, const REAL *x, const TY(work) *work,
                          double *panel, size_t at)
{
    const TY(net) *net = bound->net;
    REAL *delta = work->delta, *below = work->below;
    const size_t end = bound->first > net->lowest ? bound->first : net->lowest;
    for (size_t l = net->n_layers; l-- > end;) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE;
        const REAL *z = layer->activation.flags & HBCD_ACT_KEEP_Z ? work->z + layer->z * HBCD_TILE : NULL;
        const REAL *in = l == bound->first ? x : work->a + net->layers[l - 1].a * HBCD_TILE;
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        if (layer->n_params > 0 && (bound->block < 0 || l == bound->first))
            FN(write_layer)(layer, rows, ld, in, delta, panel, layer->start - bound->start, at);
        if (l == end) break;
        HBCD_TRY(layer->kind->backward(layer, rows, ld, bound->theta + layer->start, in, z ? z : a, delta, below, NULL,
                                       work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
    return HBCD_OK;
}

/* Adds a thread's panel to the sums of a lane. */
static int FN(empty_panel)(const TY(equations) *equations, size_t lane, int thread)
{
    const TY(bound) *bound = equations->bound;
    const TY(normal) *normal = bound->normal;
    size_t strips = FN(n_strips)(equations->n);
    const double *panel = FN(panel_of)(normal, thread);
    double *sums = normal->sums + lane * FN(squares)(equations->n);
    for (size_t first = 0; first < strips; first += STRIPS_AT_ONCE) {
        size_t last = strips - first < STRIPS_AT_ONCE ? strips : first + STRIPS_AT_ONCE;
        bound->net->kernels->syrk(first, last, 0, last, normal->filled[thread], HBCD_PANEL, panel, sums);
        int status = thread == 0 ? hbcd_watch_tick(bound->team.watch) : 0;
        if (status != 0) return status;
    }
    normal->filled[thread] = 0;
    return HBCD_OK;
}

static int FN(ends_lane)(const TY(equations) *equations, size_t lane, size_t tile)
{
    return tile + 1 == (lane + 1) * equations->tiles / equations->lanes;
}

static int FN(normal_tile)(void *self, size_t lane, size_t tile, int thread)
{
    const TY(equations) *equations = self;
    TY(bound) *bound = equations->bound;
    const TY(data) *data = bound->data;
    const TY(work) *work = &bound->work[thread];
    TY(normal) *normal = bound->normal;
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), at = tile * HBCD_TILE, n_out = bound->net->n_out;
    size_t ordinary = ((tile + 1) * hbcd_n_lanes(equations->tiles) - 1) / equations->tiles; /* lane of an evaluation */
    TY(evaluation) evaluation = {bound, 1};
    HBCD_TRY(FN(evaluate_tile)(&evaluation, ordinary, tile, thread));

    size_t *filled = &normal->filled[thread];
    const TY(loss) *loss = &bound->net->loss;
    const REAL *out = work->a + bound->net->layers[bound->net->n_layers - 1].a * HBCD_TILE;
    int status = 0;
    for (size_t k = 0; k < n_out && status == 0; k++) {
        if (*filled + rows > HBCD_PANEL) status = FN(empty_panel)(equations, lane, thread);
        if (status != 0) break;
        HBCD_TRY(loss->hessian_root(loss->self, k, rows, ld, n_out, out, data->y + at * n_out,
                                    data->w ? data->w + at : NULL, work->delta));
        status = FN(write_tile)(bound, rows, ld, bound->input + at * bound->input_width, work,
                                FN(panel_of)(normal, thread), *filled);
        *filled += rows;
    }
    return status == 0 && FN(ends_lane)(equations, lane, tile) ? FN(empty_panel)(equations, lane, thread) : status;
}

/* ---- all tiles --------------------------------------------------------------------------------------------------- */

/* jtwj (n, n) <- share times the sum over lanes, both triangles. */
static void FN(unpack_squares)(size_t lanes, size_t n, const double *sums, double share, double *jtwj)
{
    double square[HBCD_STRIP * HBCD_STRIP];
    for (size_t s = 0; s < FN(n_strips)(n); s++)
        for (size_t t = 0; t <= s; t++) {
            hbcd_lanes_sum(lanes, FN(squares)(n), HBCD_STRIP * HBCD_STRIP, sums + hbcd_square(s, t), square);
            for (size_t c = 0, j = t * HBCD_STRIP; c < HBCD_STRIP && j < n; c++, j++)
                for (size_t v = s == t ? c : 0, i = s * HBCD_STRIP + v; v < HBCD_STRIP && i < n; v++, i++)
                    jtwj[i * n + j] = jtwj[j * n + i] = square[c * HBCD_STRIP + v] * share;
        }
}

/* One pass over the rows of what is bound: the sums of products of n features that `work` writes, all lanes apart. */
static int FN(sum_products)(TY(equations) *equations, hbcd_tile_work work)
{
    const TY(bound) *bound = equations->bound;
    size_t n = equations->n, rows = bound->data->rows, strips = FN(n_strips)(n);
    size_t tiles = equations->tiles = FN(n_tiles)(rows), lanes = equations->lanes = FN(normal_lanes)(rows, n);
    memset(bound->normal->sums, 0, lanes * FN(squares)(n) * sizeof(double));
    int threads = (size_t)bound->team.n_threads < lanes ? bound->team.n_threads : (int)lanes;
    for (int thread = 0; thread < threads; thread++) { /* what pads the last strip is added up, but never read */
        bound->normal->filled[thread] = 0;
        double *last = FN(panel_of)(bound->normal, thread) + (strips - 1) * HBCD_PANEL * HBCD_STRIP;
        memset(last, 0, HBCD_PANEL * HBCD_STRIP * sizeof *last);
    }
    double cost = (double)rows * (double)n * ((double)n * (double)bound->net->n_out + 6);
    return hbcd_lanes_run_in(&bound->team, lanes, tiles, FN(repays)(bound->net, cost), work, equations);
}

int FN(objective_normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj)
{
    TY(bound) *bound = self;
    if (!FN(has_normal)(bound)) return HBCD_ERR_ARGUMENT;
    const TY(net) *net = bound->net;
    size_t n = bound->n, ordinary = hbcd_n_lanes(FN(n_tiles)(bound->data->rows));
    TY(equations) equations = {.bound = bound, .n = n};
    memcpy(bound->theta + bound->start, x, n * sizeof *x);
    FN(clear_lanes)(bound, ordinary, 1);
    int status = FN(sum_products)(&equations, FN(normal_tile));
    if (status != 0) return status;

    double share = FN(share_of)(bound), sum;
    hbcd_lanes_sum(ordinary, 1, 1, bound->f_lane, &sum);
    *f = sum * share + FN(penalty)(bound);
    hbcd_lanes_sum(ordinary, net->n_params, n, bound->grad + bound->start, bound->total);
    FN(unpack_squares)(equations.lanes, n, bound->normal->sums, share, jtwj);
    for (size_t k = 0; k < n; k++) bound->total[k] *= share;
    FN(penalty_gradient)(bound);
    memcpy(jtwr, bound->total, n * sizeof *jtwr);
    FN(penalty_matrix)(bound, jtwj);
    return HBCD_OK;
}
