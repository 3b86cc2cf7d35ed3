/* normal.inl: the normal equations J'We and J'WHJ, H = 1 for a sum of squares, tile by tile.  Part of objective.c.
 *
 * For every output of a tile its seed, a column of a root of w_r H_r in every row (sqrt(w_r) for a sum of squares),
 * goes back through the layers; a row of sqrt(W) J is then
 * a_{l-1}(i, r) d_l(o, r) for the weights of layer l and d_l(o, r) for its bias.  These rows are written in double into
 * the panel of a thread, and a full panel is added to the sums of its lane.  Value and gradient come from an ordinary
 * evaluation of the same tile, so they have its bits.
 *
 * Threads do lanes side by side where the sums of one, n^2 / 2 numbers, are not too large; else one thread goes through
 * the rows, and all of them share the squares that a full panel is added to: there the panel is next to nothing. */

#define TOO_MANY_PARAMETERS ((size_t)1 << 24)
/* Numbers in the squares up to which a thread has sums of its own: 8 MB, 1400 parameters. */
#define MOST_SQUARES ((size_t)1 << 20)
/* Strips of sums between two looks at the watch, or for one thread. */
#define STRIPS_AT_ONCE 48
#define STRIPS_OF_A_THREAD 6

struct TY(normal) {
    size_t n;        /* the most there is room for */
    hbcd_sums few, many; /* squares up to MOST_SQUARES and more: squares, gradient, value */
    double *panel;   /* (n_threads, strips of n, HBCD_PANEL, HBCD_STRIP) */
    size_t *filled;  /* (n_threads): rows in a panel */
};

static size_t FN(n_strips)(size_t n) { return (n + HBCD_STRIP - 1) / HBCD_STRIP; }
static size_t FN(squares)(size_t n) { return hbcd_square(FN(n_strips)(n), 0); }

static double *FN(panel_of)(const TY(normal) *normal, int thread)
{
    return normal->panel + (size_t)thread * FN(n_strips)(normal->n) * HBCD_PANEL * HBCD_STRIP;
}

static size_t FN(n_sums)(size_t n) { return hbcd_plus(hbcd_plus(FN(squares)(n), n), 1); }

/* The most parameters whose squares are few, as far as n goes. */
static size_t FN(few_of)(size_t n)
{
    while (FN(squares)(n) > MOST_SQUARES) n -= n > 2048 ? n / 2 : 1;
    return n;
}

int FN(normal_make)(TY(bound) *bound, size_t n, hbcd_arena *arena)
{
    if (n > TOO_MANY_PARAMETERS) return HBCD_ERR_MEMORY;
    const size_t threads = (size_t)bound->team.n_threads, tiles = FN(n_tiles)(bound->all), few = FN(few_of)(n);
    TY(normal) made = {.n = n};
    TY(normal) *room = hbcd_arena_take(arena, 1, sizeof *room);
    hbcd_sums_make(tiles, bound->in_ranges, FN(n_sums)(few), (int)threads, arena, &made.few);
    if (few < n) hbcd_sums_make(tiles, bound->in_ranges, FN(n_sums)(n), 1, arena, &made.many);
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
    if (n > bound->normal->n || bound->data->all > bound->all) return 0;
    for (size_t l = bound->first; l < (bound->block < 0 ? net->n_layers : bound->first + 1); l++)
        if (net->layers[l].n_parts == 0 && net->layers[l].n_params > 0) return 0;
    return 1;
}

int FN(has_normal)(const TY(bound) *bound) { return FN(has_room)(bound, bound->n); }

/* Whether a block can be bound for a while: there is room for what lies below it, or none is needed. */
static int FN(keeps_below)(const TY(bound) *bound)
{
    return bound->data->rows <= bound->cache_rows || bound->data->tiles != NULL;
}

int FN(has_normal_of)(const TY(bound) *bound)
{
    return bound->block < 0 && FN(keeps_below)(bound) && FN(has_room)(bound, bound->net->largest);
}

/* ---- one tile --------------------------------------------------------------------------------------------------- */

typedef struct TY(equations) {
    TY(bound) *bound;
    size_t n;            /* features of a panel */
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
    for (size_t l = net->n_layers - 1;; l--) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE;
        const REAL *z = layer->activation.flags & HBCD_ACT_KEEP_Z ? work->z + layer->z * HBCD_TILE : NULL;
        const REAL *in = l == bound->first ? x : work->a + net->layers[l - 1].a * HBCD_TILE;
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        if (layer->n_params > 0 && (bound->block < 0 || l == bound->first))
            FN(write_layer)(layer, rows, ld, in, delta, panel, layer->start - bound->start, at);
        if (l == end) return HBCD_OK;
        HBCD_TRY(layer->kind->backward(layer, rows, ld, bound->theta + layer->start, in, z ? z : a, delta, below, NULL,
                                       work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
}

/* A panel that is added to sums, some strips at a time. */
typedef struct TY(emptying) {
    const TY(equations) *equations;
    double *sums;
    int thread;
    size_t at_once;
} TY(emptying);

static int FN(empty_strips)(void *self, size_t part, int thread)
{
    (void)thread;
    const TY(emptying) *work = self;
    const TY(bound) *bound = work->equations->bound;
    const TY(normal) *normal = bound->normal;
    size_t strips = FN(n_strips)(work->equations->n), first = part * work->at_once;
    size_t last = strips - first < work->at_once ? strips : first + work->at_once;
    bound->net->kernels->syrk(first, last, 0, last, normal->filled[work->thread], HBCD_PANEL,
                              FN(panel_of)(normal, work->thread), work->sums);
    return HBCD_OK;
}

/* Adds a thread's panel to the sums of a lane; by all threads where the calling one alone goes through the rows. */
static int FN(empty_panel)(const TY(equations) *equations, double *sums, int thread)
{
    const TY(bound) *bound = equations->bound;
    TY(normal) *normal = bound->normal;
    const size_t n = equations->n, strips = FN(n_strips)(n);
    const int many = FN(squares)(n) > MOST_SQUARES;
    TY(emptying) work = {equations, sums, thread, many ? STRIPS_OF_A_THREAD : STRIPS_AT_ONCE};
    const size_t parts = (strips + work.at_once - 1) / work.at_once;
    int status = HBCD_OK;
    if (many) {
        double cost = (double)normal->filled[thread] * (double)n * (double)n;
        status = hbcd_tiles_run(&bound->team, parts, FN(repays)(bound->net, cost), FN(empty_strips), &work);
    } else {
        for (size_t part = 0; part < parts && status == HBCD_OK; part++) {
            FN(empty_strips)(&work, part, thread);
            status = thread == 0 ? hbcd_watch_tick(bound->team.watch) : HBCD_OK;
        }
    }
    normal->filled[thread] = 0;
    return status;
}

/* sums: squares of the equations' n, then gradient and value. */
static int FN(normal_tile)(void *self, double *sums, size_t tile, int ends, int thread)
{
    const TY(equations) *equations = self;
    TY(bound) *bound = equations->bound;
    const TY(data) *data = bound->data;
    const TY(work) *work = &bound->work[thread];
    TY(normal) *normal = bound->normal;
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), n_out = bound->net->n_out;
    TY(evaluation) evaluation = {bound, 1};
    HBCD_TRY(FN(evaluate_tile)(&evaluation, sums + FN(squares)(equations->n), tile, ends, thread));

    const size_t at = (tile - bound->at.first) * HBCD_TILE;
    size_t *filled = &normal->filled[thread];
    const TY(loss) *loss = &bound->net->loss;
    const REAL *out = work->a + bound->net->layers[bound->net->n_layers - 1].a * HBCD_TILE;
    const REAL *x = FN(input_of)(bound, tile, work);
    int status = 0;
    for (size_t k = 0; k < n_out && status == 0; k++) {
        if (*filled + rows > HBCD_PANEL) status = FN(empty_panel)(equations, sums, thread);
        if (status != 0) break;
        loss->hessian_root(loss->self, k, rows, ld, n_out, out, bound->at.y + at * n_out,
                           bound->at.w ? bound->at.w + at : NULL, work->delta);
        status = FN(write_tile)(bound, rows, ld, x, work, FN(panel_of)(normal, thread), *filled);
        *filled += rows;
    }
    return status == 0 && ends ? FN(empty_panel)(equations, sums, thread) : status;
}

/* ---- all tiles --------------------------------------------------------------------------------------------------- */

/* What one square, of the features i onwards by those j onwards, says of jtwj (n, n): i >= j. */
static void FN(unpack_square)(size_t n, const double *square, double share, size_t i, size_t j, double *jtwj)
{
    enum { S = HBCD_STRIP };
    double scaled[S * S];
    for (size_t k = 0; k < S * S; k++) scaled[k] = square[k] * share;
    const size_t below = n - i, left = n - j;
    if (below >= S && i > j) {
        for (size_t c = 0; c < S; c++) memcpy(jtwj + (j + c) * n + i, scaled + c * S, S * sizeof *scaled);
        for (size_t v = 0; v < S; v++)
            for (size_t c = 0; c < S; c++) jtwj[(i + v) * n + j + c] = scaled[c * S + v];
        return;
    }
    for (size_t c = 0; c < S && c < left; c++)
        for (size_t v = i == j ? c : 0; v < S && v < below; v++)
            jtwj[(i + v) * n + j + c] = jtwj[(j + c) * n + i + v] = scaled[c * S + v];
}

/* jtwj (n, n) <- share times the squares, both triangles. */
static void FN(unpack_squares)(size_t n, const double *squares, double share, double *jtwj)
{
    for (size_t s = 0; s < FN(n_strips)(n); s++)
        for (size_t t = 0; t <= s; t++)
            FN(unpack_square)(n, squares + hbcd_square(s, t), share, s * HBCD_STRIP, t * HBCD_STRIP, jtwj);
}

/* One pass over the rows of what is bound: the sums of products of n features that `work` writes, and `more` sums. */
static int FN(sum_products)(TY(equations) *equations, size_t more, hbcd_sum_work work, double **total)
{
    TY(bound) *bound = equations->bound;
    TY(normal) *normal = bound->normal;
    size_t n = equations->n, strips = FN(n_strips)(n), rows = bound->data->rows;
    for (int thread = 0; thread < bound->team.n_threads; thread++) {
        normal->filled[thread] = 0; /* what pads the last strip is added up, but never read */
        double *last = FN(panel_of)(normal, thread) + (strips - 1) * HBCD_PANEL * HBCD_STRIP;
        memset(last, 0, HBCD_PANEL * HBCD_STRIP * sizeof *last);
    }
    double cost = (double)rows * (double)n * ((double)n * (double)bound->net->n_out + 6);
    hbcd_sums *sums = FN(squares)(n) > MOST_SQUARES ? &normal->many : &normal->few;
    return FN(sum_rows)(bound, sums, FN(squares)(n) + more, cost, work, equations, total);
}

int FN(objective_normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj)
{
    TY(bound) *bound = self;
    if (!FN(has_normal)(bound)) return HBCD_ERR_ARGUMENT;
    size_t n = bound->n;
    double *total;
    TY(equations) equations = {.bound = bound, .n = n};
    memcpy(bound->theta + bound->start, x, n * sizeof *x);
    int status = FN(sum_products)(&equations, n + 1, FN(normal_tile), &total);
    if (status != 0) return status;

    const double share = FN(share_of)(bound);
    double *gradient = total + FN(squares)(n);
    *f = gradient[n] * share + FN(penalty)(bound);
    FN(unpack_squares)(n, total, share, jtwj);
    for (size_t k = 0; k < n; k++) gradient[k] *= share;
    FN(penalty_gradient)(bound, gradient);
    memcpy(jtwr, gradient, n * sizeof *jtwr);
    FN(penalty_matrix)(bound, jtwj);
    return HBCD_OK;
}
