/* loss.inl: the losses: a row each, on all outputs of the rows of a tile. */

#define AT_ONCE HBCD_PAD /* rows of a loop that becomes vector code; tiles are padded to it */

/* What fits a row of the table; a column of a tile at a time, `rows` of them count. */
typedef loss_one TY(of_one)(const double *p, double out, double y);

/* Eight running sums in a fixed order, so that loops are vector code, added by halves. */
HBCD_INLINE double FN(total)(double *sum)
{
    for (int half = 4; half > 0; half /= 2)
        for (int k = 0; k < half; k++) sum[k] += sum[k + half];
    return sum[0];
}

/* Of up to eight rows: sum[k] += w_k e_k^2 with e = out - target; and w_k e_k into g unless it is NULL. */
HBCD_INLINE void FN(eight_squares)(size_t rows, const REAL *out, const REAL *target, const REAL *weight, double *sum,
                                   REAL *g)
{
    HBCD_INDEPENDENT_LONG for (size_t k = 0; k < rows; k++) {
        const REAL e = out[k] - target[k];
        sum[k] += (weight ? (double)weight[k] : 1.0) * (double)e * (double)e;
        if (g) g[k] = weight ? e * weight[k] : e;
    }
}

#ifdef SQUARES_BY_VECTORS
#include "simd/squares_by_vectors.inl"
#else
HBCD_INLINE void FN(squares)(size_t rows, const REAL *out, const REAL *target, const REAL *weight, double *sum, REAL *g)
{
    const size_t whole = rows - rows % 8;
    for (size_t r = 0; r < whole; r += 8) /* a loop of eight is vector code, one of a number to be known is not */
        FN(eight_squares)(8, out + r, target + r, weight ? weight + r : NULL, sum, g ? g + r : NULL);
    FN(eight_squares)(rows - whole, out + whole, target + whole, weight ? weight + whole : NULL, sum,
                      g ? g + whole : NULL);
}

/* sum_k (out - target)^2 / 2 of a row, times its weight. */
static int FN(squared_error)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                             const REAL *weight, double *f, REAL *g)
{
    (void)self;
    double sum[8] = {0};
    for (size_t o = 0; o < outputs; o++) {
        const REAL *p = out + o * ld, *t = target + o * ld;
        REAL *go = g ? g + o * ld : NULL;
        if (weight) FN(squares)(rows, p, t, weight, sum, go);
        else if (g) FN(squares)(rows, p, t, NULL, sum, go);
        else FN(squares)(rows, p, t, NULL, sum, NULL);
        for (size_t r = rows; g && r < ld; r++) go[r] = 0;
    }
    *f += 0.5 * FN(total)(sum);
    return HBCD_OK;
}
#endif

static void FN(squared_error_root)(void *self, size_t k, size_t rows, size_t ld, size_t outputs, const REAL *out,
                                   const REAL *target, const REAL *weight, REAL *root)
{
    (void)self, (void)out, (void)target;
    memset(root, 0, outputs * ld * sizeof *root);
    for (size_t r = 0; r < rows; r++) root[k * ld + r] = weight ? (REAL)sqrt((double)weight[r]) : (REAL)1;
}

/* ---- losses that are a sum over the outputs ---------------------------------------------------------------------- */

/* Weights of the rows r .. r + AT_ONCE - 1; 0 behind the last. */
HBCD_INLINE void FN(weights_at)(size_t rows, size_t r, const REAL *weight, double *w)
{
    for (size_t k = 0; k < AT_ONCE; k++) w[k] = r + k < rows ? (weight ? (double)weight[r + k] : 1.0) : 0.0;
}

HBCD_INLINE int FN(sum_of_outputs)(TY(of_one) *one, const double *p, size_t rows, size_t ld, size_t outputs,
                                   const REAL *out, const REAL *target, const REAL *weight, double *f, REAL *g)
{
    double sum[8] = {0}, w[AT_ONCE], value[AT_ONCE], slope[AT_ONCE];
    for (size_t o = 0; o < outputs; o++)
        for (size_t r = 0; r < rows; r += AT_ONCE) {
            const REAL *z = out + o * ld + r, *y = target + o * ld + r;
            FN(weights_at)(rows, r, weight, w);
            HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
                loss_one at = one(p, (double)z[k], (double)y[k]);
                value[k] = w[k] > 0 ? w[k] * at.value : 0; /* the padding may be anything */
                slope[k] = w[k] > 0 ? w[k] * at.slope : 0;
            }
            for (size_t k = 0; k < AT_ONCE; k++) sum[k % 8] += value[k];
            if (g)
                for (size_t k = 0; k < AT_ONCE; k++) g[o * ld + r + k] = (REAL)slope[k];
        }
    *f += FN(total)(sum);
    return HBCD_OK;
}

HBCD_INLINE void FN(root_of_one)(TY(of_one) *one, const double *p, size_t o, size_t rows, size_t ld, size_t outputs,
                                 const REAL *out, const REAL *target, const REAL *weight, REAL *root)
{
    double w[AT_ONCE];
    memset(root, 0, outputs * ld * sizeof *root);
    for (size_t r = 0; r < rows; r += AT_ONCE) {
        const REAL *z = out + o * ld + r, *y = target + o * ld + r;
        FN(weights_at)(rows, r, weight, w);
        HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
            double h = w[k] * one(p, (double)z[k], (double)y[k]).weight;
            root[o * ld + r + k] = w[k] > 0 ? (REAL)sqrt(h) : 0;
        }
    }
}

#define SUM_OF_OUTPUTS(name)                                                                                           \
    static int FN(name)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,       \
                        const REAL *weight, double *f, REAL *g)                                                        \
    {                                                                                                                  \
        return FN(sum_of_outputs)(name##_one, self, rows, ld, outputs, out, target, weight, f, g);                     \
    }                                                                                                                  \
    static void FN(name##_root)(void *self, size_t k, size_t rows, size_t ld, size_t outputs, const REAL *out,         \
                                const REAL *target, const REAL *weight, REAL *root)                                    \
    {                                                                                                                  \
        FN(root_of_one)(name##_one, self, k, rows, ld, outputs, out, target, weight, root);                            \
    }
SUM_OF_OUTPUTS(absolute)
SUM_OF_OUTPUTS(huber)
SUM_OF_OUTPUTS(log_cosh)
SUM_OF_OUTPUTS(quantile)
SUM_OF_OUTPUTS(poisson)
SUM_OF_OUTPUTS(logistic)
#undef SUM_OF_OUTPUTS

/* ---- cross-entropy ------------------------------------------------------------------------------------------------ */

/* Of AT_ONCE rows: the largest output, and sum_k e^(out_k - largest), 1 <= sum. */
HBCD_INLINE void FN(exponents)(size_t ld, size_t outputs, const REAL *out, double *largest, double *sum)
{
    for (size_t k = 0; k < AT_ONCE; k++) largest[k] = (double)out[k], sum[k] = 0;
    for (size_t o = 1; o < outputs; o++)
        for (size_t k = 0; k < AT_ONCE; k++) {
            double z = (double)out[o * ld + k];
            largest[k] = z > largest[k] ? z : largest[k];
        }
    for (size_t o = 0; o < outputs; o++)
        HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++)
            sum[k] += hbcd_exp_one_f64((double)out[o * ld + k] - largest[k]);
}

/* sum_k y_k (log sum_j e^out_j - out_k), y >= 0: one class or shares of classes. */
static int FN(cross_entropy)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                             const REAL *weight, double *f, REAL *g)
{
    (void)self;
    double sum[8] = {0}, w[AT_ONCE], largest[AT_ONCE], total[AT_ONCE], value[AT_ONCE], shares[AT_ONCE];
    for (size_t r = 0; r < rows; r += AT_ONCE) {
        const REAL *z = out + r, *y = target + r;
        FN(weights_at)(rows, r, weight, w);
        FN(exponents)(ld, outputs, z, largest, total);
        for (size_t k = 0; k < AT_ONCE; k++) value[k] = shares[k] = 0;
        for (size_t o = 0; o < outputs; o++)
            HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
                double share = (double)y[o * ld + k], below = largest[k] - (double)z[o * ld + k];
                value[k] += share > 0 ? share * below : 0; /* 0 times infinity is none of its business */
                shares[k] += share;
            }
        HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
            double all = value[k] + shares[k] * log_one(total[k]);
            value[k] = w[k] > 0 ? w[k] * all : 0;
        }
        for (size_t k = 0; k < AT_ONCE; k++) sum[k % 8] += value[k];
        for (size_t o = 0; g && o < outputs; o++)
            HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
                double p = hbcd_exp_one_f64((double)z[o * ld + k] - largest[k]) / total[k];
                double slope = shares[k] * p - (double)y[o * ld + k];
                g[o * ld + r + k] = w[k] > 0 ? (REAL)(w[k] * slope) : 0;
            }
    }
    *f += FN(total)(sum);
    return HBCD_OK;
}

/* The second derivative of a row is s (diag p - p p') = s sum_k p_k (e_k - p)(e_k - p)', s = sum_k y_k, p = softmax. */
static void FN(cross_entropy_root)(void *self, size_t o, size_t rows, size_t ld, size_t outputs, const REAL *out,
                                   const REAL *target, const REAL *weight, REAL *root)
{
    (void)self;
    double w[AT_ONCE], largest[AT_ONCE], total[AT_ONCE], size[AT_ONCE];
    for (size_t r = 0; r < rows; r += AT_ONCE) {
        const REAL *z = out + r;
        FN(weights_at)(rows, r, weight, w);
        FN(exponents)(ld, outputs, z, largest, total);
        for (size_t k = 0; k < AT_ONCE; k++) {
            double s = 0;
            for (size_t j = 0; j < outputs; j++) s += (double)target[j * ld + r + k];
            size[k] = sqrt(w[k] > 0 ? w[k] * s * hbcd_exp_one_f64((double)z[o * ld + k] - largest[k]) / total[k] : 0);
        }
        for (size_t j = 0; j < outputs; j++)
            HBCD_INDEPENDENT_LONG for (size_t k = 0; k < AT_ONCE; k++) {
                double p = hbcd_exp_one_f64((double)z[j * ld + k] - largest[k]) / total[k];
                root[j * ld + r + k] = w[k] > 0 ? (REAL)(size[k] * ((double)(j == o) - p)) : 0;
            }
    }
}

#undef AT_ONCE

#define LOSS_ROW(name, flags) {#name, FN(name), NULL, flags, FN(name##_root)}
#define LOSS_ROWS                                                                                                      \
    {                                                                                                                  \
        [HBCD_SQUARED_ERROR] = LOSS_ROW(squared_error, HBCD_LOSS_LEAST_SQUARES),                                       \
        [HBCD_ABSOLUTE] = LOSS_ROW(absolute, 0),                                                                       \
        [HBCD_HUBER] = LOSS_ROW(huber, 0),                                                                             \
        [HBCD_LOG_COSH] = LOSS_ROW(log_cosh, 0),                                                                       \
        [HBCD_QUANTILE] = LOSS_ROW(quantile, 0),                                                                       \
        [HBCD_POISSON] = LOSS_ROW(poisson, 0),                                                                         \
        [HBCD_LOGISTIC] = LOSS_ROW(logistic, 0),                                                                       \
        [HBCD_CROSS_ENTROPY] = LOSS_ROW(cross_entropy, HBCD_LOSS_OF_ROW),                                              \
    }
