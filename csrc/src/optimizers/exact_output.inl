/* exact_output.inl: the weights of a linear output layer that solve its least squares problem, between bounds.
 * For every output k, c = argmin |W^(1/2) (Phi c - y_k)|^2 + lambda |c - c_0|^2 over the box, c of inputs + 1 numbers;
 * c_0 is 0, or c as it is. */

void FN(output_make)(TY(output) *output, int isa, size_t inputs, size_t outputs, hbcd_arena *arena)
{
    const size_t n = hbcd_plus(inputs, 1), wide = hbcd_plus(n, outputs);
    *output = (TY(output)){.n = n, .n_out = outputs};
    hbcd_box_qp_make(&output->qp, isa, n, arena);
    output->gram = hbcd_arena_take(arena, hbcd_times(wide, wide), sizeof *output->gram);
    output->add = hbcd_arena_take(arena, n, sizeof *output->add);
    output->g = hbcd_arena_take(arena, n, sizeof *output->g);
    output->lo = hbcd_arena_take(arena, n, sizeof *output->lo);
    output->hi = hbcd_arena_take(arena, n, sizeof *output->hi);
    output->c = hbcd_arena_take(arena, n, sizeof *output->c);
}

/* Bounds of output k, from those of the layer's n * n_out variables. */
static void FN(output_bounds)(TY(output) *output, const REAL *lo, const REAL *hi, size_t k)
{
    for (size_t j = 0; j < output->n; j++) {
        output->lo[j] = lo ? (double)lo[j * output->n_out + k] : -INFINITY;
        output->hi[j] = hi ? (double)hi[j * output->n_out + k] : INFINITY;
    }
}

/* One output from c (every n_out-th number); a matrix that rounding made singular gets ten times the ridge, again and again. */
static int FN(output_column)(TY(output) *output, size_t k, double lambda, double mean, const REAL *center,
                             int *found)
{
    enum { MOST_TRIALS = 20 };
    const size_t n = output->n, wide = n + output->n_out;
    *found = 0;
    for (int trial = 0; trial < MOST_TRIALS && !*found; trial++) {
        double value;
        for (size_t j = 0; j < n; j++) {
            output->add[j] = lambda;
            output->g[j] = -output->gram[j * wide + n + k] - (center ? lambda * (double)center[j * output->n_out] : 0);
        }
        int status = hbcd_box_qp_solve(&output->qp, n, output->gram, wide, output->add, output->g, output->lo,
                                       output->hi, output->c, &value, found);
        if (status != 0) return status;
        lambda = fmax(10 * lambda, 1e-15 * mean);
    }
    return HBCD_OK;
}

int FN(output_solve)(TY(output) *output, const TY(objective) *objective, const TY(box) *box, double ridge,
                     int from_x, const hbcd_stop *stop, hbcd_report *report, REAL *x)
{
    const size_t n = output->n, n_out = output->n_out, wide = n + n_out;
    const size_t start = objective->blocks[objective->n_blocks - 1].start;
    const REAL *lo = box && box->lo ? box->lo + start : NULL, *hi = box && box->hi ? box->hi + start : NULL;
    double mean = 0;
    int found = 1;
    if (report->n_evaluations >= stop->max_evaluations) return HBCD_STOP_EVALUATIONS;
    report->n_evaluations++;
    int status = objective->output_gram(objective->self, x, output->gram);
    if (status != 0) return status;
    for (size_t j = 0; j < n; j++) mean += output->gram[j * wide + j] / (double)n;
    if (!(mean > 0) || isinf(mean)) return HBCD_OK; /* rows without weight, or beyond all numbers: x stays */
    output->qp.watch = stop->watch;
    for (size_t k = 0; k < n_out; k++) {
        FN(output_bounds)(output, lo, hi, k);
        status = FN(output_column)(output, k, ridge * mean, mean, from_x ? x + start + k : NULL, &found);
        if (status != 0) return status;
        for (size_t j = 0; found && j < n; j++) x[start + j * n_out + k] = (REAL)output->c[j];
    }
    FN(project)(objective->n, box, x); /* against rounding only */
    return HBCD_OK;
}
