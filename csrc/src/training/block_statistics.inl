/* block_statistics.inl: what the visits of the blocks have shown, for selectors (hbcd_block_statistics).  Part of train.c.
 * Only values that are at hand anyway: it costs no evaluation, and nothing depends on the clock or on threads. */

/* Multiply-adds per row of a visit: the gradient of everything before it (3 per parameter), the layers below the block
 * once, and forward and back through the block and the layers above it in every evaluation. */
static double FN(visit_operations)(const TY(net) *net, size_t block, size_t evaluations)
{
    double below = (double)net->layers[net->blocks[block].layer].start, all = (double)net->n_params;
    return 3.0 * all + below + 2.0 * (all - below) * (double)evaluations;
}

static void FN(statistics_begin)(TY(plan) *plan)
{
    for (size_t b = 0; b < plan->net->n_blocks; b++)
        plan->statistics[b] = (hbcd_block_statistics){NAN, NAN, NAN, FN(visit_operations)(plan->net, b, 1)};
}

/* After the whole gradient has been measured. */
static void FN(statistics_gradients)(TY(plan) *plan)
{
    const REAL *lo = plan->phase->box.lo, *hi = plan->phase->box.hi, *x = plan->bound.theta, *g = plan->gradient;
    for (size_t b = 0; b < plan->net->n_blocks; b++) {
        const TY(block) *block = &plan->net->blocks[b];
        double square = 0;
        for (size_t i = block->start; i < block->start + block->size; i++) {
            int held = (lo && x[i] <= lo[i] && g[i] > 0) || (hi && x[i] >= hi[i] && g[i] < 0);
            if (!held) square += (double)g[i] * (double)g[i];
        }
        plan->statistics[b].gradient = sqrt(square);
    }
}

/* After a visit that moved the block's variables from bound.known_x and the loss from f_before to f. */
static void FN(statistics_learn)(TY(plan) *plan, int b, double f_before, double f, size_t evaluations)
{
    const TY(block) *block = &plan->net->blocks[b];
    const REAL *x = plan->bound.theta + block->start, *before = plan->bound.known_x, *g = plan->gradient + block->start;
    hbcd_block_statistics *known = &plan->statistics[b];
    double ss = 0, gs = 0, square = known->gradient * known->gradient;
    for (size_t i = 0; i < block->size; i++) {
        double s = (double)x[i] - before[i];
        ss += s * s;
        gs += s * g[i];
    }
    double curvature = fabs(2.0 * (f - f_before - gs)) / ss, gain = (f_before - f) / square;
    if (curvature > 0 && !isinf(curvature)) known->curvature = fmax(curvature, 0.5 * known->curvature);
    if (gain >= 0 && !isinf(gain)) known->gain = isnan(known->gain) ? gain : 0.5 * (known->gain + gain);
    known->operations = FN(visit_operations)(plan->net, (size_t)b, evaluations);
}
