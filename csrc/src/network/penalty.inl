/* penalty.inl: penalty ||W||^2 / 2, W the weights of all parts of all layers, without biases.  Part of objective.c. */

/* Where the weights of part p of a block begin in theta, and how many there are. */
static size_t FN(weights_of)(const TY(block) *block, size_t p, size_t *n)
{
    *n = block->parts[p].n_in * block->parts[p].n_out;
    return block->start + block->parts[p].at;
}

static double FN(sum_of_squares)(size_t n, const REAL *w)
{
    double own[4] = {0}; /* a fixed order that overlaps additions */
    for (size_t k = 0; k < n; k++) own[k % 4] += (double)w[k] * (double)w[k];
    return (own[0] + own[1]) + (own[2] + own[3]);
}

/* Blocks that are not bound count too: the value of a block is that of the whole. */
static double FN(penalty)(const TY(bound) *bound)
{
    double sum = 0;
    size_t n;
    if (bound->data->penalty == 0) return 0;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const TY(block) *block = &bound->net->blocks[b];
        for (size_t p = 0; p < block->n_parts; p++) {
            const REAL *w = bound->theta + FN(weights_of)(block, p, &n);
            sum += FN(sum_of_squares)(n, w);
        }
    }
    return 0.5 * bound->data->penalty * sum;
}

/* Adds its gradient to that of what is bound. */
static void FN(penalty_gradient)(const TY(bound) *bound, double *gradient)
{
    size_t n;
    if (bound->data->penalty == 0) return;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const TY(block) *block = &bound->net->blocks[b];
        if (bound->block >= 0 && (size_t)bound->block != b) continue;
        for (size_t p = 0; p < block->n_parts; p++) {
            size_t start = FN(weights_of)(block, p, &n);
            for (size_t k = start; k < start + n; k++)
                gradient[k - bound->start] += bound->data->penalty * (double)bound->theta[k];
        }
    }
}

/* Adds its second derivative to a matrix of what is bound. */
static void FN(penalty_matrix)(const TY(bound) *bound, double *matrix)
{
    size_t n;
    if (bound->data->penalty == 0) return;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const TY(block) *block = &bound->net->blocks[b];
        if (bound->block >= 0 && (size_t)bound->block != b) continue;
        for (size_t p = 0; p < block->n_parts; p++) {
            size_t start = FN(weights_of)(block, p, &n) - bound->start;
            for (size_t k = start; k < start + n; k++) matrix[k * bound->n + k] += bound->data->penalty;
        }
    }
}
