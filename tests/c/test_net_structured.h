/* test_net_structured.h: networks of every kind of layer, at every place. */

static const size_t few_columns[] = {0, 2, 2};
static const double few_centers[] = {0.25, -0.5, 1}, few_widths[] = {0.5, 1, 2};
static const hbcd_part_spec mixed_parts[] = {
    {.n_in = 6, .n_out = 4, .activation = HBCD_TANH},
    {.n_in = 6, .n_out = 3, .activation = HBCD_TANH},
    {.n_in = 6, .n_out = 1, .activation = HBCD_IDENTITY},
    {.n_in = 6, .n_out = 9, .activation = HBCD_LEAKY_RELU, .activation_parameter = 0.25},
};
static const hbcd_part_spec own_parts[] = {
    {.n_in = 4, .n_out = 2, .activation = HBCD_SIGMOID},
    {.n_in = 3, .n_out = 1, .activation = HBCD_TANH},
    {.n_in = 10, .n_out = 3, .activation = HBCD_TANH},
};

/* 3-pieces-parts that share-parts of their own-2; 3-dense-pieces-...; without the pieces. */
enum { PIECES_FIRST, PIECES_ABOVE, PARTS_FIRST, N_STRUCTURED };

static void make_structured(problem *p, int which, size_t rows, int weighted)
{
    const hbcd_layer_spec pieces = {.kind = HBCD_SMOOTH_PIECES, .n_out = 6, .n_pieces = 3, .columns = few_columns,
                                    .centers = few_centers, .widths = few_widths};
    const hbcd_layer_spec shared = {.kind = HBCD_BLOCK_DIAGONAL, .n_out = 17, .n_parts = 4, .parts = mixed_parts,
                                    .shared_input = 1};
    const hbcd_layer_spec own = {.kind = HBCD_BLOCK_DIAGONAL, .n_out = 6, .n_parts = 3, .parts = own_parts};
    const hbcd_layer_spec dense = {.n_out = 3, .activation = HBCD_TANH}, output = {.n_out = 2};
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 12, (uint64_t)which);
    make_problem(p, which == PARTS_FIRST ? 6 : 3, 1, 2, HBCD_TANH, rows, weighted);
    size_t l = 0;
    if (which == PIECES_ABOVE) p->layers[l++] = dense;
    if (which != PARTS_FIRST) p->layers[l++] = pieces;
    p->layers[l++] = shared;
    p->layers[l++] = own;
    p->layers[l++] = output;
    p->spec.n_layers = l;
    p->n_params = (which == PIECES_ABOVE ? 4 * 3 : 0) + 7 * 17 + (5 * 2 + 4 * 1 + 11 * 3) + 7 * 2;
    for (size_t k = 0; k < p->n_params; k++) p->theta[k] = draw(&rng, 0.7);
}
