/* reference.inl: the kernels as a textbook writes them.  They say what is right, and how much faster a kernel is than
 * what the compiler makes of plain loops for any processor of the kind. */

static void FN(plain_affine)(size_t n_in, size_t n_out, size_t ld, const REAL *w, size_t w_in, size_t w_out,
                             const REAL *b, const REAL *x, REAL *restrict y)
{
    for (size_t o = 0; o < n_out; o++) {
        for (size_t r = 0; r < ld; r++) y[o * ld + r] = b ? b[o] : 0;
        for (size_t i = 0; i < n_in; i++)
            for (size_t r = 0; r < ld; r++) y[o * ld + r] += w[i * w_in + o * w_out] * x[i * ld + r];
    }
}

static void FN(plain_affine_gradient)(size_t n_in, size_t n_out, size_t ld, const REAL *x, const REAL *d, double *grad)
{
    for (size_t i = 0; i <= n_in; i++)
        for (size_t o = 0; o < n_out; o++) {
            double sum = 0;
            for (size_t r = 0; r < ld; r++) sum += (double)((i < n_in ? x[i * ld + r] : 1) * d[o * ld + r]);
            grad[i * n_out + o] += sum;
        }
}

#if REAL_IS_F32
#define LIBM(function) function##f
#define EPSILON FLT_EPSILON
#else
#define LIBM(function) function
#define EPSILON DBL_EPSILON
#endif

static void FN(plain_exp)(size_t n, const REAL *x, REAL *y)
{
    for (size_t k = 0; k < n; k++) y[k] = LIBM(exp)(x[k]);
}
static void FN(plain_tanh)(size_t n, const REAL *x, REAL *y)
{
    for (size_t k = 0; k < n; k++) y[k] = LIBM(tanh)(x[k]);
}
static void FN(plain_sigmoid)(size_t n, const REAL *x, REAL *y)
{
    for (size_t k = 0; k < n; k++) y[k] = 1 / (1 + LIBM(exp)(-x[k]));
}
static void FN(plain_tanh_slope)(size_t n, const REAL *a, REAL *g)
{
    for (size_t k = 0; k < n; k++) g[k] *= 1 - a[k] * a[k];
}
static void FN(plain_sigmoid_slope)(size_t n, const REAL *a, REAL *g)
{
    for (size_t k = 0; k < n; k++) g[k] *= a[k] * (1 - a[k]);
}
static void FN(plain_loss)(size_t n, const REAL *out, const REAL *target, double *f, REAL *g)
{
    for (size_t k = 0; k < n; k++) {
        g[k] = out[k] - target[k];
        *f += 0.5 * (double)g[k] * (double)g[k];
    }
}

/* |got - wanted| <= rounding epsilon |bound|, element by element, or the run ends here. */
static void FN(agree)(const line *l, size_t n, const REAL *got, const REAL *wanted, const REAL *bound, double rounding)
{
    for (size_t k = 0; k < n; k++) {
        double error = fabs((double)got[k] - (double)wanted[k]);
        if (!(error <= rounding * (double)EPSILON * fabs((double)bound[k])))
            wrong(l, k, (double)got[k], (double)wanted[k]);
    }
}

static REAL *FN(draw)(size_t n, uint64_t stream)
{
    REAL *numbers = (REAL *)(void *)borrow(n * sizeof *numbers).base;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 5, stream);
    for (size_t k = 0; k < n; k++) numbers[k] = (REAL)hbcd_rng_normal(&rng);
    return numbers;
}

/* A copy without signs: sums over it bound the rounding of sums over the original. */
static REAL *FN(sizes_of)(size_t n, const REAL *numbers)
{
    REAL *sizes = (REAL *)(void *)borrow(n * sizeof *sizes).base;
    for (size_t k = 0; k < n; k++) sizes[k] = numbers[k] < 0 ? -numbers[k] : numbers[k];
    return sizes;
}
