/* linearize.inl: what a network does to first order on every row: the outputs of its layers and its Jacobian, kept
 * beside the targets.  Part of objective.c, after normal.inl, whose rows these are. */

typedef struct TY(linearizing) {
    TY(bound) *bound;
    double *outputs, *targets, *jacobian; /* as in FN(net_linearize) */
} TY(linearizing);

static void FN(copy_features)(size_t features, size_t rows, size_t ld, const REAL *from, size_t stride, double *to)
{
    for (size_t i = 0; i < features; i++)
        for (size_t r = 0; r < rows; r++) to[i * stride + r] = (double)from[i * ld + r];
}

static int FN(linearize_tile)(void *self, size_t tile, int thread)
{
    const TY(linearizing) *to = self;
    const TY(bound) *bound = to->bound;
    const TY(data) *data = bound->data;
    const TY(net) *net = bound->net;
    const TY(work) *work = &bound->work[thread];
    size_t rows = FN(tile_rows)(data, tile), ld = FN(padded)(rows), at = tile * HBCD_TILE;
    const REAL *x = data->x + at * data->n_in, *y = data->y + at * net->n_out, *w = data->w ? data->w + at : NULL;
    HBCD_TRY(FN(tile_forward)(net, 0, net->n_layers, rows, ld, bound->theta, x, work));
    FN(copy_features)(net->n_in, rows, ld, x, data->rows, to->outputs + at);
    double *outputs = to->outputs + net->n_in * data->rows + at;
    for (size_t l = 0; l < net->n_layers; l++) {
        const TY(layer) *layer = &net->layers[l];
        FN(copy_features)(layer->n_out, rows, ld, work->a + layer->a * HBCD_TILE, data->rows, outputs);
        outputs += layer->n_out * data->rows;
    }
    const REAL *out = work->a + net->layers[net->n_layers - 1].a * HBCD_TILE;
    double *panel = FN(panel_of)(bound->normal, thread), *targets = to->targets + at;
    const size_t n_out = net->n_out;
    FN(copy_features)(n_out, rows, ld, y, data->rows, targets);
    for (size_t r = 0; r < rows; r++) targets[2 * n_out * data->rows + r] = w ? (double)w[r] : 1.0;
    for (size_t k = 0; k < n_out; k++) {
        net->loss.hessian_root(net->loss.self, k, rows, ld, n_out, out, y, w, work->delta);
        FN(copy_features)(1, rows, ld, work->delta + k * ld, data->rows, targets + (n_out + k) * data->rows);
        HBCD_TRY(FN(write_tile)(bound, rows, ld, x, work, panel, 0));
        for (size_t p = 0; p < net->n_params; p++) {
            const double *from = FN(panel_column)(panel, p, 0);
            double *column = to->jacobian + (p * n_out + k) * data->rows + at;
            for (size_t r = 0; r < rows; r++) column[r] = from[r * HBCD_STRIP];
        }
    }
    return HBCD_OK;
}

int FN(objective_linearize)(TY(bound) *bound, const REAL *theta, double *outputs, double *targets,
                             double *jacobian)
{
    if (!FN(has_normal)(bound) || bound->data->tiles) return HBCD_ERR_ARGUMENT;
    const TY(net) *net = bound->net;
    TY(linearizing) to = {bound, outputs, targets, jacobian};
    memcpy(bound->theta, theta, net->n_params * sizeof *theta);
    double cost = (double)bound->data->rows * (double)net->n_params * (double)(4 * net->n_out + 2);
    return hbcd_tiles_run(&bound->team, FN(n_tiles)(bound->data->rows), FN(repays)(net, cost), FN(linearize_tile), &to);
}
