/* derivatives.inl: first derivatives of the outputs of a network, in its inputs and in its parameters.
 *
 * A tile goes forward once, and then back from every output by itself; all of it is row by row, so that the bits do not depend
 * on the tiles or the threads. */

/* Of tables: what one thread after another works on. */
typedef struct TY(derivation) {
    const TY(net) *net;
    const hbcd_table *x, *out, *jacobian; /* out may be NULL */
    const REAL *theta;
    int in_theta;
    size_t size;         /* rows of a piece */
    REAL *input, *below; /* per thread: (n_in, HBCD_TILE) each */
    double *sums;        /* per thread: parameters of the largest block */
    TY(work) *work;
} TY(derivation);

/* Counts or carves what n_threads need. */
static void FN(derivation_make)(TY(derivation) *d, int n_threads, hbcd_arena *arena)
{
    const size_t inputs = hbcd_times((size_t)n_threads * HBCD_TILE, d->net->n_in);
    d->input = hbcd_arena_take(arena, inputs, sizeof(REAL));
    d->below = hbcd_arena_take(arena, inputs, sizeof(REAL));
    d->sums = hbcd_arena_take(arena, hbcd_times((size_t)n_threads, d->in_theta ? d->net->largest : 0), sizeof *d->sums);
    d->work = hbcd_arena_take(arena, (size_t)n_threads, sizeof *d->work);
    for (int t = 0; t < n_threads; t++) {
        TY(work) one;
        FN(work_make)(d->net, arena, &one);
        if (arena->base && hbcd_arena_check(arena) == HBCD_OK) d->work[t] = one;
    }
}

static int FN(threads_for)(const TY(net) *net, int n_threads, size_t pieces)
{
    if (n_threads < 1 || net->serial) return 1;
    return (size_t)n_threads > pieces ? (pieces ? (int)pieces : 1) : n_threads;
}

/* Piece `piece` forward: its rows and leading dimension; its outputs go into `out` where there is one. */
static int FN(piece_forward)(const TY(derivation) *d, size_t piece, int thread, size_t *rows, size_t *ld)
{
    const TY(net) *net = d->net;
    const TY(work) *work = &d->work[thread];
    const size_t begin = piece * d->size, left = d->x->rows - begin;
    REAL *input = d->input + (size_t)thread * HBCD_TILE * net->n_in;
    *rows = left < d->size ? left : d->size;
    *ld = FN(padded)(*rows);
    FN(pack_tile)(d->x, begin, *rows, *ld, input);
    HBCD_TRY(FN(tile_forward)(net, 0, net->n_layers, *rows, *ld, d->theta, input, work));
    if (d->out) FN(unpack_tile)(work->a + net->layers[net->n_layers - 1].a * HBCD_TILE, begin, *rows, *ld, d->out);
    return HBCD_OK;
}

/* work->delta: output k alone. */
static void FN(seed_output)(const TY(net) *net, size_t k, size_t ld, const TY(work) *work)
{
    memset(work->delta, 0, net->n_out * ld * sizeof *work->delta);
    for (size_t r = 0; r < ld; r++) work->delta[k * ld + r] = 1;
}

/* What layer l sees: the inputs of the network or the outputs of the layer before. */
static const REAL *FN(input_of_layer)(const TY(net) *net, size_t l, const REAL *x, const TY(work) *work)
{
    return l == 0 ? x : work->a + net->layers[l - 1].a * HBCD_TILE;
}

static const REAL *FN(kept_z)(const TY(layer) *layer, const TY(work) *work)
{
    return layer->activation.flags & HBCD_ACT_KEEP_Z ? work->z + layer->z * HBCD_TILE : NULL;
}

/* From work->delta down to the inputs: grad_x (n_in, ld). */
static int FN(back_to_inputs)(const TY(net) *net, size_t rows, size_t ld, const REAL *theta, const REAL *x,
                              const TY(work) *work, REAL *grad_x)
{
    REAL *delta = work->delta, *below = work->below;
    for (size_t l = net->n_layers; l-- > 0;) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE, *z = FN(kept_z)(layer, work);
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        HBCD_TRY(layer->kind->backward(layer, rows, ld, theta + layer->start, FN(input_of_layer)(net, l, x, work),
                                       z ? z : a, delta, l > 0 ? below : grad_x, NULL, work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
    return HBCD_OK;
}

/* The columns of a table from `first` on, n of them. */
static hbcd_table FN(columns_of)(const hbcd_table *table, size_t first, size_t n)
{
    hbcd_table found = *table;
    found.data = (char *)table->data + (ptrdiff_t)first * table->col_stride;
    found.cols = n;
    return found;
}

/* Rows of the parameters of a part, columns `at` onwards: x (n_in, ld) its inputs, d (n_out, ld). */
static void FN(put_part)(const TY(part) *part, size_t begin, size_t rows, size_t ld, const REAL *x, const REAL *d,
                         const hbcd_table *jacobian, size_t at)
{
    REAL column[HBCD_TILE];
    for (size_t i = 0; i < part->n_in; i++)
        for (size_t o = 0; o < part->n_out; o++, at++) {
            for (size_t r = 0; r < rows; r++) column[r] = x[i * ld + r] * d[o * ld + r];
            const hbcd_table to = FN(columns_of)(jacobian, at, 1);
            FN(unpack_tile)(column, begin, rows, HBCD_TILE, &to);
        }
    const hbcd_table biases = FN(columns_of)(jacobian, at, part->n_out);
    FN(unpack_tile)(d, begin, rows, ld, &biases);
}

/* The same of a hook, which adds over rows and so is asked for one after another. */
static int FN(put_hook)(const TY(derivation) *p, const TY(layer) *layer, int thread, size_t begin, size_t rows, size_t ld,
                        const REAL *x, const REAL *out, const REAL *d, const hbcd_table *jacobian)
{
    double *sums = p->sums + (size_t)thread * p->net->largest;
    REAL *scratch = p->work[thread].scratch;
    for (size_t r = 0; r < rows; r++) {
        memset(sums, 0, layer->n_params * sizeof *sums);
        HBCD_TRY(layer->kind->backward(layer, 1, ld, p->theta + layer->start, x + r, out + r, d + r, NULL, sums, scratch));
        for (size_t k = 0; k < layer->n_params; k++) scratch[k] = (REAL)sums[k];
        FN(unpack_tile)(scratch, begin + r, 1, 1, jacobian);
    }
    return HBCD_OK;
}

/* From work->delta down to the lowest layer with parameters; `jacobian` are the columns of this output. */
static int FN(back_to_parameters)(const TY(derivation) *p, int thread, size_t begin, size_t rows, size_t ld, const REAL *x,
                                  const hbcd_table *jacobian)
{
    const TY(net) *net = p->net;
    const TY(work) *work = &p->work[thread];
    REAL *delta = work->delta, *below = work->below;
    const size_t lowest = net->n_blocks ? net->blocks[0].layer : net->n_layers;
    for (size_t l = net->n_layers; l-- > lowest;) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE, *z = FN(kept_z)(layer, work);
        const REAL *in = FN(input_of_layer)(net, l, x, work);
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        const hbcd_table own = FN(columns_of)(jacobian, layer->start, layer->n_params);
        for (const TY(part) *part = layer->parts; part < layer->parts + layer->n_parts; part++)
            FN(put_part)(part, begin, rows, ld, in + part->in_at * ld, delta + part->out_at * ld, &own, part->at);
        if (layer->n_parts == 0 && layer->n_params > 0)
            HBCD_TRY(FN(put_hook)(p, layer, thread, begin, rows, ld, in, z ? z : a, delta, &own));
        if (l == lowest) break;
        HBCD_TRY(layer->kind->backward(layer, rows, ld, p->theta + layer->start, in, z ? z : a, delta, below, NULL,
                                       work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
    return HBCD_OK;
}

static int FN(jacobian_tile)(void *self, size_t tile, int thread)
{
    const TY(derivation) *d = self;
    const TY(net) *net = d->net;
    const TY(work) *work = &d->work[thread];
    const REAL *input = d->input + (size_t)thread * HBCD_TILE * net->n_in;
    REAL *below = d->below + (size_t)thread * HBCD_TILE * net->n_in;
    size_t rows, ld;
    HBCD_TRY(FN(piece_forward)(d, tile, thread, &rows, &ld));
    const size_t begin = tile * d->size, n = d->in_theta ? net->n_params : net->n_in;
    for (size_t k = 0; k < net->n_out; k++) {
        const hbcd_table own = FN(columns_of)(d->jacobian, k * n, n);
        FN(seed_output)(net, k, ld, work);
        if (d->in_theta) {
            HBCD_TRY(FN(back_to_parameters)(d, thread, begin, rows, ld, input, &own));
            continue;
        }
        HBCD_TRY(FN(back_to_inputs)(net, rows, ld, d->theta, input, work, below));
        FN(unpack_tile)(below, begin, rows, ld, &own);
    }
    return HBCD_OK;
}

static int FN(jacobian_of)(TY(derivation) *d, int n_threads, hbcd_watch *watch, hbcd_arena *arena)
{
    const TY(net) *net = d->net;
    const size_t rows = d->x->rows, tiles = FN(n_tiles)(rows), n = d->in_theta ? net->n_params : net->n_in;
    if (d->x->cols != net->n_in || d->jacobian->rows != rows) return HBCD_ERR_ARGUMENT;
    if (d->jacobian->cols != hbcd_times(net->n_out, n)) return HBCD_ERR_ARGUMENT;
    if (d->out && (d->out->rows != rows || d->out->cols != net->n_out)) return HBCD_ERR_ARGUMENT;
    const hbcd_team team = {FN(threads_for)(net, n_threads, tiles), watch};
    d->size = HBCD_TILE;
    FN(derivation_make)(d, team.n_threads, arena);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    double cost = (2.0 + 2.0 * (double)net->n_out) * (double)rows * (double)net->n_params;
    int status = hbcd_tiles_run(&team, tiles, FN(repays)(net, cost), FN(jacobian_tile), d);
    return status;
}

int FN(net_jacobian)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads, hbcd_watch *watch,
                     hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian)
{
    TY(derivation) d = {.net = net, .x = x, .out = out, .jacobian = jacobian, .theta = theta};
    return FN(jacobian_of)(&d, n_threads, watch, arena);
}

int FN(net_jacobian_theta)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads, hbcd_watch *watch,
                           hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian)
{
    TY(derivation) d = {.net = net, .x = x, .out = out, .jacobian = jacobian, .theta = theta, .in_theta = 1};
    return FN(jacobian_of)(&d, n_threads, watch, arena);
}
