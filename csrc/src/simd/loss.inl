/* loss.inl: the losses: one function and one row each, on all outputs of the rows of a tile. */

/* sum_k (out - target)^2 / 2 of a row, times its weight. */
static int FN(squared_error)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                             const REAL *weight, double *f, REAL *g)
{
    (void)self;
    double sum[8] = {0}; /* eight running sums in a fixed order, so that the loop is vector code */
    for (size_t o = 0; o < outputs; o++) {
        const REAL *p = out + o * ld, *t = target + o * ld;
        for (size_t r = 0; r < rows; r += 8) {
            size_t last = rows - r < 8 ? rows - r : 8;
            for (size_t k = 0; k < last; k++) {
                double e = (double)(p[r + k] - t[r + k]);
                sum[k] += (weight ? (double)weight[r + k] : 1.0) * e * e;
            }
        }
        if (g == NULL) continue;
        REAL *go = g + o * ld;
        for (size_t r = 0; r < rows; r++) go[r] = p[r] - t[r];
        if (weight)
            for (size_t r = 0; r < rows; r++) go[r] *= weight[r];
        for (size_t r = rows; r < ld; r++) go[r] = 0;
    }
    for (int half = 4; half > 0; half /= 2)
        for (int k = 0; k < half; k++) sum[k] += sum[k + half];
    *f += 0.5 * sum[0];
    return HBCD_OK;
}

#define LOSS_ROWS {[HBCD_SQUARED_ERROR] = {"squared_error", FN(squared_error), NULL, HBCD_LOSS_LEAST_SQUARES}}
