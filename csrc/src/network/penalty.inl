/* penalty.inl: penalty ||W||^2 / 2, W the weights of all parts of all layers, without biases; with a center C penalty
 * ||W - C||^2 / 2, W with the biases.  Part of objective.c. */

/* Where what is penalized of part p of a block begins in theta, and how many there are: biases follow weights. */
static size_t FN(penalized)(const TY(bound) *bound, const TY(block) *block, size_t p, size_t *n)
{
    const size_t inputs = block->parts[p].n_in + (bound->data->center != NULL);
    *n = inputs * block->parts[p].n_out;
    return block->start + block->parts[p].at;
}

static double FN(sum_of_squares)(size_t n, const REAL *w, const REAL *center)
{
    double own[4] = {0}; /* a fixed order that overlaps additions */
    if (center == NULL)
        for (size_t k = 0; k < n; k++) own[k % 4] += (double)w[k] * (double)w[k];
    else
        for (size_t k = 0; k < n; k++) {
            const double off = (double)w[k] - (double)center[k];
            own[k % 4] += off * off;
        }
    return (own[0] + own[1]) + (own[2] + own[3]);
}

/* Blocks that are not bound count too: the value of a block is that of the whole. */
static double FN(penalty)(const TY(bound) *bound)
{
    const REAL *center = bound->data->center;
    double sum = 0;
    size_t n;
    if (bound->data->penalty == 0) return 0;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const TY(block) *block = &bound->net->blocks[b];
        for (size_t p = 0; p < block->n_parts; p++) {
            const size_t start = FN(penalized)(bound, block, p, &n);
            sum += FN(sum_of_squares)(n, bound->theta + start, center ? center + start : NULL);
        }
    }
    return 0.5 * bound->data->penalty * sum;
}

/* Adds its gradient to that of what is bound. */
static void FN(penalty_gradient)(const TY(bound) *bound, double *gradient)
{
    const REAL *center = bound->data->center;
    size_t n;
    if (bound->data->penalty == 0) return;
    for (size_t b = 0; b < bound->net->n_blocks; b++) {
        const TY(block) *block = &bound->net->blocks[b];
        if (bound->block >= 0 && (size_t)bound->block != b) continue;
        for (size_t p = 0; p < block->n_parts; p++) {
            size_t start = FN(penalized)(bound, block, p, &n);
            for (size_t k = start; k < start + n; k++) {
                const double off = (double)bound->theta[k] - (center ? (double)center[k] : 0);
                gradient[k - bound->start] += bound->data->penalty * off;
            }
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
            size_t start = FN(penalized)(bound, block, p, &n) - bound->start;
            for (size_t k = start; k < start + n; k++) matrix[k * bound->n + k] += bound->data->penalty;
        }
    }
}
