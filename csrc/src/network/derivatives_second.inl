/* derivatives_second.inl: second derivatives of the outputs of a network in its inputs.  Part of derivatives.c.
 *
 * With z the arguments of the activations phi, a = phi(z) and s a sum of outputs,
 *     d2 s / dx dx' = sum over all neurons of  ds/da phi''(z)  dz/dx (dz/dx)',
 * since what is linear between them bends nothing.  So a piece of rows goes forward once, back once for every Hessian of a
 * row, which gives ds/da, and forward once more with the tangents dz/dx of every input. */

/* Numbers of a piece's tangents, bends and Hessians that stay in the cache: 1 MB. */
#define FEW_TANGENTS ((size_t)1 << 17)

typedef struct TY(bending) {
    TY(derivation) of;
    const hbcd_table *multipliers, *hessian; /* multipliers may be NULL */
    size_t n, pairs;     /* Hessians of a row; numbers of a triangle of one */
    size_t last;         /* no layer from this one on bends anything */
    REAL *bend;          /* per thread: (n, neurons, size): ds/da phi''(z) */
    REAL *tangent;       /* per thread: (2, n_in, width, size): of what a layer gets, and of what it gives */
    REAL *squares;       /* per thread: (n, pairs, size) */
} TY(bending);

static int FN(is_straight)(const TY(layer) *layer)
{
    return layer->n_pieces == 0 && (layer->activation.flags & HBCD_ACT_STRAIGHT) != 0;
}

/* What bends in a layer: its activation, which smooth pieces have for their last outputs alone. */
static const TY(activation) *FN(curve_of)(const TY(layer) *layer, size_t *first)
{
    *first = layer->n_pieces ? layer->n_in : 0;
    return layer->n_pieces ? &layer->kernels->activation[HBCD_TANH] : &layer->activation;
}

/* From work->delta down: ds/da phi'' of every layer below `last`. */
static int FN(bends)(const TY(bending) *b, int thread, size_t rows, size_t ld, REAL *bend)
{
    const TY(net) *net = b->of.net;
    const TY(work) *work = &b->of.work[thread];
    const REAL *x = b->of.input + (size_t)thread * HBCD_TILE * net->n_in;
    REAL *delta = work->delta, *below = work->below;
    for (size_t l = net->n_layers - 1;; l--) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE, *z = FN(kept_z)(layer, work);
        if (l < b->last && !FN(is_straight)(layer)) {
            size_t first;
            const TY(activation) *curve = FN(curve_of)(layer, &first);
            REAL *to = bend + layer->a * b->of.size;
            memset(to, 0, first * ld * sizeof *to);
            memcpy(to + first * ld, delta + first * ld, (layer->n_out - first) * ld * sizeof *to);
            HBCD_TRY(curve->curvature(curve->self, (layer->n_out - first) * ld, z, a + first * ld, to + first * ld));
        }
        if (l == 0) return HBCD_OK;
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        HBCD_TRY(layer->kind->backward(layer, rows, ld, b->of.theta + layer->start, FN(input_of_layer)(net, l, x, work),
                                       z ? z : a, delta, below, NULL, work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
}

/* How z of the first layer changes with input i: a row of its weights. */
static void FN(first_tangent)(const TY(layer) *layer, size_t i, size_t ld, const REAL *theta, REAL *to)
{
    for (const TY(part) *part = layer->parts; part < layer->parts + layer->n_parts; part++) {
        const int reads = i >= part->in_at && i - part->in_at < part->n_in;
        const REAL *w = theta + part->at + (reads ? (i - part->in_at) * part->n_out : 0);
        for (size_t o = 0; o < part->n_out; o++)
            for (size_t r = 0; r < ld; r++) to[(part->out_at + o) * ld + r] = reads ? w[o] : 0;
    }
}

/* How z of a layer changes where its input changes by `from` (n_in, ld). */
static void FN(next_tangent)(const TY(layer) *layer, size_t ld, const REAL *theta, const REAL *from, REAL *to)
{
    for (const TY(part) *part = layer->parts; part < layer->parts + layer->n_parts; part++)
        layer->kernels->affine(part->n_in, part->n_out, ld, theta + part->at, part->n_out, 1, NULL, from + part->in_at * ld,
                               to + part->out_at * ld);
    if (layer->n_pieces) memcpy(to, from, layer->n_in * ld * sizeof *to);
    for (size_t j = 0; j < layer->n_pieces; j++) {
        const REAL *column = from + layer->columns[j] * ld, steepness = layer->steepness[j];
        REAL *piece = to + (layer->n_in + j) * ld;
        for (size_t r = 0; r < ld; r++) piece[r] = steepness * column[r];
    }
}

/* Adds bend t t' of the neurons of one layer, t the tangents of z; `step` numbers from one input to the next. */
static void FN(add_squares)(const TY(bending) *b, const TY(layer) *layer, size_t ld, const REAL *bend, const REAL *tangent,
                            size_t step, REAL *squares)
{
    REAL bent[HBCD_TILE];
    size_t first;
    FN(curve_of)(layer, &first);
    for (size_t k = 0; k < b->n; k++)
        for (size_t o = first; o < layer->n_out; o++) {
            const REAL *c = bend + (k * b->of.net->neurons + layer->a) * b->of.size + o * ld;
            REAL *to = squares + k * b->pairs * ld;
            for (size_t i = 0; i < b->of.net->n_in; i++) {
                const REAL *ti = tangent + i * step + o * ld;
                for (size_t r = 0; r < ld; r++) bent[r] = c[r] * ti[r];
                for (size_t j = 0; j <= i; j++, to += ld) {
                    const REAL *tj = tangent + j * step + o * ld;
                    HBCD_INDEPENDENT for (size_t r = 0; r < ld; r++) to[r] += bent[r] * tj[r];
                }
            }
        }
}

/* The tangents of all inputs through the layers that bend something. */
static int FN(tangents)(const TY(bending) *b, int thread, size_t ld, const REAL *bend, REAL *squares)
{
    const TY(net) *net = b->of.net;
    const TY(work) *work = &b->of.work[thread];
    const size_t step = net->width * ld;
    REAL *from = b->tangent + (size_t)thread * 2 * net->n_in * net->width * b->of.size, *to = from + net->n_in * step;
    for (size_t i = 0; i < net->n_in; i++) /* of the inputs themselves */
        for (size_t c = 0; c < net->n_in; c++)
            for (size_t r = 0; r < ld; r++) from[i * step + c * ld + r] = c == i;
    for (size_t l = 0; l < b->last; l++) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE, *z = FN(kept_z)(layer, work), *theta = b->of.theta + layer->start;
        for (size_t i = 0; i < net->n_in; i++) {
            if (l == 0 && layer->n_parts) FN(first_tangent)(layer, i, ld, theta, to + i * step);
            else FN(next_tangent)(layer, ld, theta, from + i * step, to + i * step);
        }
        if (!FN(is_straight)(layer)) FN(add_squares)(b, layer, ld, bend, to, step, squares);
        for (size_t i = 0; l + 1 < b->last && i < net->n_in; i++) {
            size_t first;
            const TY(activation) *curve = FN(curve_of)(layer, &first);
            HBCD_TRY(curve->backward(curve->self, (layer->n_out - first) * ld, z, a + first * ld, to + i * step + first * ld));
        }
        REAL *swap = from;
        from = to;
        to = swap;
    }
    return HBCD_OK;
}

/* Both triangles of every Hessian of a row. */
static void FN(put_squares)(const TY(bending) *b, size_t begin, size_t rows, size_t ld, const REAL *squares)
{
    const size_t n = b->of.net->n_in;
    for (size_t k = 0; k < b->n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++, squares += ld)
                for (int mirrored = 0; mirrored <= (j < i); mirrored++) {
                    const hbcd_table to = FN(columns_of)(b->hessian, (k * n + (mirrored ? j : i)) * n + (mirrored ? i : j), 1);
                    FN(unpack_tile)(squares, begin, rows, ld, &to);
                }
}

static int FN(hessian_piece)(void *self, size_t piece, int thread)
{
    const TY(bending) *b = self;
    const TY(net) *net = b->of.net;
    const TY(work) *work = &b->of.work[thread];
    const size_t at_once = b->n * net->neurons * b->of.size, begin = piece * b->of.size;
    REAL *bend = b->bend + (size_t)thread * at_once, *squares = b->squares + (size_t)thread * b->n * b->pairs * b->of.size;
    size_t rows, ld;
    HBCD_TRY(FN(piece_forward)(&b->of, piece, thread, &rows, &ld));
    for (size_t k = 0; k < b->n; k++) {
        if (b->multipliers) FN(pack_tile)(b->multipliers, begin, rows, ld, work->delta);
        else FN(seed_output)(net, k, ld, work);
        HBCD_TRY(FN(bends)(b, thread, rows, ld, bend + k * net->neurons * b->of.size));
    }
    memset(squares, 0, b->n * b->pairs * ld * sizeof *squares);
    HBCD_TRY(FN(tangents)(b, thread, ld, bend, squares));
    FN(put_squares)(b, begin, rows, ld, squares);
    return HBCD_OK;
}

/* How far up something bends; HBCD_ERR_ARGUMENT where a layer has no second derivative. */
static int FN(last_bend)(const TY(net) *net, size_t *last)
{
    *last = 0;
    for (size_t l = 0; l < net->n_layers; l++) {
        const TY(layer) *layer = &net->layers[l];
        if (layer->n_parts == 0 && layer->n_pieces == 0) return HBCD_ERR_ARGUMENT;
        if (layer->activation.curvature == NULL) return HBCD_ERR_ARGUMENT;
        if (!FN(is_straight)(layer)) *last = l + 1;
    }
    return HBCD_OK;
}

int FN(net_hessian)(const TY(net) *net, const hbcd_table *x, const REAL *theta, const hbcd_table *multipliers, int n_threads,
                    hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *hessian)
{
    TY(bending) b = {.of = {.net = net, .x = x, .theta = theta, .size = HBCD_TILE},
                     .multipliers = multipliers,
                     .hessian = hessian,
                     .n = multipliers ? 1 : net->n_out,
                     .pairs = hbcd_times(net->n_in, net->n_in + 1) / 2};
    const size_t rows = x->rows, squares = hbcd_times(b.n, hbcd_times(net->n_in, net->n_in));
    if (x->cols != net->n_in || hessian->rows != rows || hessian->cols != squares) return HBCD_ERR_ARGUMENT;
    if (multipliers && (multipliers->rows != rows || multipliers->cols != net->n_out)) return HBCD_ERR_ARGUMENT;
    HBCD_TRY(FN(last_bend)(net, &b.last));
    const size_t bends = hbcd_times(b.n, net->neurons), tangents = hbcd_times(hbcd_times(2, net->n_in), net->width);
    const size_t numbers = hbcd_plus(hbcd_plus(bends, tangents), hbcd_times(b.n, b.pairs));
    while (b.of.size > HBCD_PAD && hbcd_times(b.of.size, numbers) > FEW_TANGENTS) b.of.size /= 2;
    const size_t pieces = rows / b.of.size + (rows % b.of.size != 0);
    const hbcd_team team = {FN(threads_for)(net, n_threads, pieces), watch};
    const size_t lines = hbcd_times((size_t)team.n_threads, b.of.size);
    FN(derivation_make)(&b.of, team.n_threads, arena);
    b.bend = hbcd_arena_take(arena, hbcd_times(lines, bends), sizeof(REAL));
    b.tangent = hbcd_arena_take(arena, hbcd_times(lines, tangents), sizeof(REAL));
    b.squares = hbcd_arena_take(arena, hbcd_times(lines, hbcd_times(b.n, b.pairs)), sizeof(REAL));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    const double inputs = (double)net->n_in, seen = (double)b.n * inputs * inputs * (double)net->neurons;
    const double cost = (double)rows * (2.0 * (double)net->n_params * (1.0 + (double)b.n + inputs) + seen);
    int status = hbcd_tiles_run(&team, pieces, FN(repays)(net, cost), FN(hessian_piece), &b);
    return status;
}
