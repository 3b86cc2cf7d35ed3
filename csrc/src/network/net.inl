/* net.inl: a network laid out in memory, forward and backward on one tile. */

/* Far more than any memory holds; sums of sizes are still far from SIZE_MAX. */
#define MOST_PARAMETERS (sizeof(size_t) > 4 ? 1e14 : 1e8)

/* Whether some activation of a layer comes from outside, and so needs z. */
static int FN(activation_hooks)(const hbcd_layer_spec *spec)
{
    int found = spec->activation == HBCD_ACTIVATION_HOOK;
    for (size_t p = 0; spec->kind == HBCD_BLOCK_DIAGONAL && p < spec->n_parts; p++)
        found |= spec->parts[p].activation == HBCD_ACTIVATION_HOOK;
    return found;
}

/* What a layer adds to the sums of the net; the same for measuring and for carving. */
static int FN(net_add_layer)(const hbcd_layer_spec *spec, size_t n_in, TY(net) *net, size_t *n_params)
{
    double parameters = FN(layer_parameters)(spec, n_in);
    if (parameters < 0) return HBCD_ERR_ARGUMENT;
    if ((double)net->n_params + parameters + (double)spec->n_out > MOST_PARAMETERS) return HBCD_ERR_MEMORY;
    *n_params = (size_t)parameters; /* whole, and far below 2^53 */
    net->lowest += spec->kind == HBCD_SMOOTH_PIECES && net->n_params == 0 && net->n_hooks == 0;
    net->n_params += *n_params;
    net->n_blocks += *n_params > 0;
    net->neurons += spec->n_out;
    const int hooks = FN(activation_hooks)(spec);
    net->kept += hooks ? spec->n_out : 0;
    net->n_hooks += hooks || spec->kind == HBCD_LAYER_HOOK;
    net->n_parts += spec->kind == HBCD_DENSE ? 1 : spec->kind == HBCD_BLOCK_DIAGONAL ? spec->n_parts : 0;
    net->n_pieces += spec->kind == HBCD_SMOOTH_PIECES ? spec->n_pieces : 0;
    if (spec->n_out > net->width) net->width = spec->n_out;
    if (*n_params > net->largest) net->largest = *n_params;
    const int sums = spec->kind == HBCD_BLOCK_DIAGONAL && spec->shared_input;
    size_t scratch = sums ? hbcd_times(n_in, HBCD_TILE) : spec->kind == HBCD_LAYER_HOOK ? *n_params : 0;
    if (scratch > net->scratch) net->scratch = scratch;
    return HBCD_OK;
}

/* One layer and, if it has parameters, its block; `before` holds the sums of the layers below. */
static int FN(net_fill_layer)(const hbcd_layer_spec *spec, size_t n_in, size_t n_params, const TY(net) *before,
                              size_t index, TY(net) *net)
{
    TY(layer) *layer = &net->layers[index];
    *layer = (TY(layer)){.kind = FN(layer_kind_row)(spec->kind),
                         .kernels = net->kernels,
                         .n_in = n_in,
                         .n_out = spec->n_out,
                         .n_params = n_params,
                         .start = before->n_params,
                         .a = before->neurons,
                         .z = before->kept,
                         .layer_hook = spec->layer_hook};
    HBCD_TRY(FN(layer_set_activation)(layer, spec));
    if (spec->kind == HBCD_DENSE || spec->kind == HBCD_BLOCK_DIAGONAL)
        HBCD_TRY(FN(layer_set_parts)(layer, spec, net->parts + before->n_parts));
    if (spec->kind == HBCD_SMOOTH_PIECES)
        FN(layer_set_pieces)(layer, spec, net->columns + before->n_pieces, net->pieces + 2 * before->n_pieces);
    if (n_params > 0)
        net->blocks[before->n_blocks] = (TY(block)){.start = before->n_params,
                                                    .size = n_params,
                                                    .n_in = n_in,
                                                    .n_out = spec->kind == HBCD_DENSE ? spec->n_out : 1,
                                                    .layer = index,
                                                    .n_parts = layer->n_parts,
                                                    .parts = layer->parts};
    return HBCD_OK;
}

int FN(net_make)(const hbcd_net_spec *spec, hbcd_arena *arena, TY(net) **net)
{
    TY(net) sums = {.n_in = spec->n_in, .width = spec->n_in, .n_layers = spec->n_layers, .serial = spec->serial,
                    .threads_sleep = spec->threads_sleep};
    *net = NULL;
    const int known = (spec->loss >= 0 && spec->loss < HBCD_N_LOSSES) || spec->loss == HBCD_LOSS_HOOK;
    if (spec->n_in == 0 || spec->n_layers == 0 || !known) return HBCD_ERR_ARGUMENT;
    size_t n_params, n_in = spec->n_in;
    for (size_t l = 0; l < spec->n_layers; n_in = spec->layers[l++].n_out)
        HBCD_TRY(FN(net_add_layer)(&spec->layers[l], n_in, &sums, &n_params));
    sums.n_out = n_in;
    TY(net) *made = hbcd_arena_take(arena, 1, sizeof *made);
    sums.layers = hbcd_arena_take(arena, spec->n_layers, sizeof *sums.layers);
    sums.blocks = hbcd_arena_take(arena, sums.n_blocks, sizeof *sums.blocks);
    sums.parts = hbcd_arena_take(arena, sums.n_parts, sizeof *sums.parts);
    sums.columns = hbcd_arena_take(arena, sums.n_pieces, sizeof *sums.columns);
    sums.pieces = hbcd_arena_take(arena, hbcd_times(2, sums.n_pieces), sizeof *sums.pieces);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;

    *made = sums;
    made->kernels = FN(kernels_of)(spec->isa);
    FN(net_set_loss)(made, spec);
    TY(net) before = {0};
    n_in = spec->n_in;
    for (size_t l = 0; l < spec->n_layers; n_in = spec->layers[l++].n_out) {
        TY(net) after = before;
        FN(net_add_layer)(&spec->layers[l], n_in, &after, &n_params); /* as above */
        HBCD_TRY(FN(net_fill_layer)(&spec->layers[l], n_in, n_params, &before, l, made));
        before = after;
    }
    *net = made;
    return HBCD_OK;
}

void FN(work_make)(const TY(net) *net, hbcd_arena *arena, TY(work) *work)
{
    work->a = hbcd_arena_take(arena, hbcd_times(net->neurons, HBCD_TILE), sizeof(REAL));
    work->z = hbcd_arena_take(arena, hbcd_times(net->kept, HBCD_TILE), sizeof(REAL));
    work->delta = hbcd_arena_take(arena, hbcd_times(net->width, HBCD_TILE), sizeof(REAL));
    work->below = hbcd_arena_take(arena, hbcd_times(net->width, HBCD_TILE), sizeof(REAL));
    work->scratch = hbcd_arena_take(arena, net->scratch, sizeof(REAL));
}

/* The padding once more the last row: a part from outside may have no value at what stands there otherwise (the root
 * of a negative bias), and zero times that is not zero on the way back. */
static void FN(repeat_last_row)(size_t features, size_t rows, size_t ld, REAL *z)
{
    for (size_t i = 0; i < features; i++)
        for (size_t r = rows; r < ld; r++) z[i * ld + r] = z[i * ld + rows - 1];
}

int FN(tile_forward)(const TY(net) *net, size_t first, size_t last, size_t rows, size_t ld, const REAL *theta,
                     const REAL *x, const TY(work) *work)
{
    for (size_t l = first; l < last; l++) {
        const TY(layer) *layer = &net->layers[l];
        REAL *a = work->a + layer->a * HBCD_TILE;
        REAL *z = layer->activation.flags & HBCD_ACT_KEEP_Z ? work->z + layer->z * HBCD_TILE : a;
        HBCD_TRY(layer->kind->forward(layer, rows, ld, theta + layer->start, x, z));
        if (layer->kind == FN(layer_kind_row)(HBCD_LAYER_HOOK)) /* a hook fills the real rows only */
            for (size_t o = 0; o < layer->n_out; o++) memset(z + o * ld + rows, 0, (ld - rows) * sizeof *z);
        if (layer->activation.flags & HBCD_ACT_KEEP_Z) FN(repeat_last_row)(layer->n_out, rows, ld, z);
        HBCD_TRY(layer->activation.forward(layer->activation.self, layer->n_out * ld, z, a));
        x = a;
    }
    return HBCD_OK;
}

int FN(tile_backward)(const TY(net) *net, size_t first, int only_first, size_t rows, size_t ld, const REAL *theta,
                      const REAL *x, const TY(work) *work, double *grad, REAL *grad_x)
{
    REAL *delta = work->delta, *below = work->below;
    const size_t end = grad_x || first > net->lowest ? first : net->lowest, start = net->layers[first].start;
    for (size_t l = net->n_layers; l-- > end;) {
        const TY(layer) *layer = &net->layers[l];
        const REAL *a = work->a + layer->a * HBCD_TILE;
        const REAL *z = layer->activation.flags & HBCD_ACT_KEEP_Z ? work->z + layer->z * HBCD_TILE : NULL;
        const REAL *in = l == first ? x : work->a + net->layers[l - 1].a * HBCD_TILE;
        HBCD_TRY(layer->activation.backward(layer->activation.self, layer->n_out * ld, z, a, delta));
        double *own = only_first && l > first ? NULL : grad + (layer->start - start);
        HBCD_TRY(layer->kind->backward(layer, rows, ld, theta + layer->start, in, z ? z : a, delta,
                                       l > end ? below : grad_x, own, work->scratch));
        REAL *swap = delta;
        delta = below;
        below = swap;
    }
    return HBCD_OK;
}

int FN(net_sensitivities)(const TY(net) *net, const TY(sensitivity) *measure, const REAL *theta, const REAL *gradient,
                          const TY(box) *box, double *values)
{
    for (size_t b = 0; b < net->n_blocks; b++) {
        values[b] = NAN;
        HBCD_TRY(measure->measure(measure->self, &net->blocks[b], theta, gradient, box, &values[b]));
    }
    return HBCD_OK;
}
