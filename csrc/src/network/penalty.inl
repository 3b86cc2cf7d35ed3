/* penalty.inl: penalty ||W||^2 / 2, W the weights of all dense layers, without biases.  Part of objective.c. */

static const TY(block) *FN(weights_of)(const TY(bound) *bound, size_t b, size_t *n)
{
    const TY(block) *block = &bound->net->blocks[b];
    *n = bound->net->layers[block->layer].kind == FN(layer_kind_row)(HBCD_DENSE) ? block->n_in * block->n_out : 0;
    return block;
}

/* Blocks that are not bound count too: the value of a block is that of the whole. */
static double FN(penalty)(const TY(bound) *bound)
{
    double sum = 0;
    size_t n;
    if (bound->data->penalty == 0) return 0;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const REAL *w = bound->theta + FN(weights_of)(bound, b, &n)->start;
        double own[4] = {0}; /* a fixed order that overlaps additions */
        for (size_t k = 0; k < n; k++) own[k % 4] += (double)w[k] * (double)w[k];
        sum += (own[0] + own[1]) + (own[2] + own[3]);
    }
    return 0.5 * bound->data->penalty * sum;
}

/* Adds its gradient to bound->total. */
static void FN(penalty_gradient)(const TY(bound) *bound)
{
    size_t n;
    if (bound->data->penalty == 0) return;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        size_t start = FN(weights_of)(bound, b, &n)->start;
        if (bound->block >= 0 && (size_t)bound->block != b) continue;
        for (size_t k = start; k < start + n; k++)
            bound->total[k - bound->start] += bound->data->penalty * (double)bound->theta[k];
    }
}

/* Adds its second derivative to a matrix of what is bound. */
static void FN(penalty_matrix)(const TY(bound) *bound, double *matrix)
{
    size_t n;
    if (bound->data->penalty == 0) return;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        size_t start = FN(weights_of)(bound, b, &n)->start;
        if (bound->block >= 0 && (size_t)bound->block != b) continue;
        for (size_t k = start - bound->start; k < start - bound->start + n; k++)
            matrix[k * bound->n + k] += bound->data->penalty;
    }
}
