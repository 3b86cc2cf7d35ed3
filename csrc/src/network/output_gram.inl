/* output_gram.inl: one block's equations while all parameters are bound, and the products [Phi 1 Y]'W[Phi 1 Y] of a
 * linear output layer.  Part of objective.c, after normal.inl.
 *
 * Both bind the block for the time of the call: what lies below it is computed once, and stands in bound->input. */

int FN(objective_normal_of)(void *self, const REAL *x, size_t block, double *f, double *jtwr, double *jtwj)
{
    TY(bound) *bound = self;
    memcpy(bound->theta, x, bound->n * sizeof *x);
    int status = FN(objective_bind)(bound, bound->data, (int)block);
    if (status == 0) status = FN(objective_normal)(bound, x + bound->start, f, jtwr, jtwj);
    int back = FN(objective_bind)(bound, bound->data, -1);
    return status != 0 ? status : back;
}

int FN(has_output)(const TY(bound) *bound)
{
    const TY(net) *net = bound->net;
    const TY(layer) *layer = &net->layers[net->n_layers - 1];
    int last = (int)net->n_blocks - 1;
    if (layer->kind != FN(layer_kind_row)(HBCD_DENSE)) return 0;
    if (layer->activation.forward != net->kernels->activation[HBCD_IDENTITY].forward) return 0;
    if (bound->block != last && (bound->block >= 0 || !FN(keeps_below)(bound))) return 0;
    return bound->normal && (net->loss.flags & HBCD_LOSS_LEAST_SQUARES) && bound->data->all <= bound->all &&
           layer->n_in + 1 + layer->n_out <= bound->normal->n;
}

/* Column p of a panel from row `at` on: sqrt(w) v, v NULL for ones. */
static void FN(write_column)(size_t rows, const REAL *w, const REAL *v, double *panel, size_t p, size_t at)
{
    double *to = FN(panel_column)(panel, p, at);
    for (size_t r = 0; r < rows; r++) to[r * HBCD_STRIP] = (w ? sqrt((double)w[r]) : 1.0) * (v ? (double)v[r] : 1.0);
}

static int FN(gram_tile)(void *self, double *sums, size_t tile, int ends, int thread)
{
    const TY(equations) *equations = self;
    const TY(bound) *bound = equations->bound;
    const TY(data) *data = bound->data;
    const TY(work) *work = &bound->work[thread];
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), at = (tile - bound->at.first) * HBCD_TILE, p = 0;
    size_t *filled = &bound->normal->filled[thread];
    HBCD_TRY(FN(forward_to)(bound, bound->first, tile, work));
    const REAL *w = bound->at.w ? bound->at.w + at : NULL, *x = FN(input_of)(bound, tile, work);
    const REAL *y = bound->at.y + at * data->n_out;
    double *panel = FN(panel_of)(bound->normal, thread);
    int status = *filled + rows > HBCD_PANEL ? FN(empty_panel)(equations, sums, thread) : 0;
    if (status != 0) return status;
    for (size_t i = 0; i < bound->own.n_in; i++) FN(write_column)(rows, w, x + i * ld, panel, p++, *filled);
    FN(write_column)(rows, w, NULL, panel, p++, *filled);
    for (size_t k = 0; k < data->n_out; k++) FN(write_column)(rows, w, y + k * ld, panel, p++, *filled);
    *filled += rows;
    return ends ? FN(empty_panel)(equations, sums, thread) : 0;
}

/* With the penalty the weights of output k solve (Phi'W Phi + penalty I) w = Phi'W y + penalty c; without a center biases
 * are free. */
static void FN(gram_penalty)(const TY(bound) *bound, size_t n, double *gram)
{
    const double penalty = bound->data->penalty;
    const size_t n_out = bound->net->n_out, first = n - n_out, last = bound->net->n_blocks - 1;
    const REAL *center = bound->data->center ? bound->data->center + bound->net->blocks[last].start : NULL;
    for (size_t i = 0; i < bound->own.n_in + (center != NULL); i++) {
        gram[i * n + i] += penalty;
        for (size_t k = 0; center && k < n_out; k++) {
            gram[i * n + first + k] += penalty * (double)center[i * n_out + k];
            gram[(first + k) * n + i] = gram[i * n + first + k];
        }
    }
}

int FN(objective_output_gram)(void *self, const REAL *x, double *gram)
{
    TY(bound) *bound = self;
    const int all = bound->block < 0;
    int status = HBCD_OK, back = HBCD_OK;
    memcpy(bound->theta + bound->start, x, bound->n * sizeof *x);
    if (all) status = FN(objective_bind)(bound, bound->data, (int)bound->net->n_blocks - 1);
    double *total = NULL;
    TY(equations) equations = {.bound = bound, .n = bound->own.n_in + 1 + bound->net->n_out};
    if (status == 0) status = FN(sum_products)(&equations, 0, FN(gram_tile), &total);
    if (status == 0) FN(unpack_squares)(equations.n, total, FN(share_of)(bound), gram);
    if (status == 0 && bound->data->penalty != 0) FN(gram_penalty)(bound, equations.n, gram);
    if (all) back = FN(objective_bind)(bound, bound->data, -1);
    return status != 0 ? status : back;
}
