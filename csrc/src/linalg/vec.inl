/* vec.inl: sums, norms, copies and projections of vectors.
 * Sums run in double over LANES partial sums that are added in one fixed order: the compiler can keep them in
 * vector registers without being allowed to reorder anything, and float sums do not drift.  Sums of products are not
 * fused, like those of the kernels for long vectors, whatever the processor. */

static double FN(add_lanes)(const double *sum)
{
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

HBCD_PLAIN_SUMS

double FN(dot)(size_t n, const REAL *x, const REAL *y)
{
    HBCD_NOT_CONTRACTED
    double sum[LANES] = {0};
    if (n >= LONG) return FN(kernels_of)(hbcd_isa_detect())->dot(n, x, y);
    for (size_t i = 0; i < n; i++) sum[i % LANES] += (double)x[i] * (double)y[i];
    return FN(add_lanes)(sum);
}

void FN(axpy)(size_t n, double factor, const REAL *restrict x, REAL *restrict y)
{
    HBCD_NOT_CONTRACTED
    const REAL a = (REAL)factor;
    if (n >= LONG) FN(kernels_of)(hbcd_isa_detect())->axpy(n, a, x, y);
    else
        for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

HBCD_END_PLAIN_SUMS

double FN(norm_inf)(size_t n, const REAL *x)
{
    REAL largest[LANES] = {0}, nan[LANES] = {0}; /* nan: 0, or NaN once an element was */
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            REAL size = x[i + k] < 0 ? -x[i + k] : x[i + k];
            largest[k] = size > largest[k] ? size : largest[k];
            nan[k] += x[i + k] == x[i + k] ? 0 : x[i + k];
        }
    for (size_t k = 0; i < n; i++, k++) {
        REAL size = x[i] < 0 ? -x[i] : x[i];
        largest[k] = size > largest[k] ? size : largest[k];
        nan[k] += x[i] == x[i] ? 0 : x[i];
    }
    for (size_t k = 1; k < LANES; k++) {
        largest[0] = largest[k] > largest[0] ? largest[k] : largest[0];
        nan[0] += nan[k];
    }
    return (double)largest[0] + (double)nan[0];
}

double FN(norm2)(size_t n, const REAL *x)
{
    double square = FN(dot)(n, x, x);
    if (square > 1e-280 && square < 1e300) return sqrt(square);
    /* Too large or too small to square: the same, relative to the largest element. */
    double largest = FN(norm_inf)(n, x);
    if (!(largest > 0) || isinf(largest)) return largest;
    square = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio = (double)x[i] / largest;
        square += ratio * ratio;
    }
    return largest * sqrt(square);
}

void FN(copy)(size_t n, const REAL *restrict from, REAL *restrict to)
{
    for (size_t i = 0; i < n; i++) to[i] = from[i];
}

void FN(scale)(size_t n, double factor, REAL *x)
{
    const REAL a = (REAL)factor;
    for (size_t i = 0; i < n; i++) x[i] *= a;
}

void FN(subtract)(size_t n, const REAL *a, const REAL *b, REAL *out)
{
    for (size_t i = 0; i < n; i++) out[i] = a[i] - b[i];
}

int FN(all_finite)(size_t n, const REAL *x)
{
    REAL sum[LANES] = {0}; /* 0 * x is 0 for finite x and NaN for all others */
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) sum[k] += 0 * x[i + k];
    for (size_t k = 0; i < n; i++, k++) sum[k] += 0 * x[i];
    for (size_t k = 1; k < LANES; k++) sum[0] += sum[k];
    return sum[0] == 0;
}

void FN(project)(size_t n, const TY(box) *box, REAL *restrict x)
{
    if (box == NULL) return;
    const REAL *restrict lo = box->lo, *restrict hi = box->hi;
    if (lo != NULL)
        for (size_t i = 0; i < n; i++) x[i] = x[i] < lo[i] ? lo[i] : x[i];
    if (hi != NULL)
        for (size_t i = 0; i < n; i++) x[i] = x[i] > hi[i] ? hi[i] : x[i];
}

int FN(is_bounded)(size_t n, const TY(box) *box)
{
    if (box == NULL) return 0;
    for (size_t i = 0; box->lo != NULL && i < n; i++)
        if (isfinite(box->lo[i])) return 1;
    for (size_t i = 0; box->hi != NULL && i < n; i++)
        if (isfinite(box->hi[i])) return 1;
    return 0;
}

int FN(is_boxed)(size_t n, const TY(box) *box)
{
    return box != NULL && box->lo != NULL && box->hi != NULL && FN(all_finite)(n, box->lo) &&
           FN(all_finite)(n, box->hi);
}

/* Without forming x - g, which would round away a gradient that is small beside x: the step -g is cut at the
 * distances to the bounds.  An x outside the box has a way to go even where g = 0. */
double FN(projected_gradient)(size_t n, const TY(box) *box, const REAL *x, const REAL *g)
{
    const REAL *lo = box != NULL ? box->lo : NULL, *hi = box != NULL ? box->hi : NULL;
    if (lo == NULL && hi == NULL) return FN(norm_inf)(n, g);
    REAL largest = 0, nan = 0;
    for (size_t i = 0; i < n; i++) {
        REAL up = hi != NULL ? hi[i] - x[i] : (REAL)INFINITY, down = lo != NULL ? lo[i] - x[i] : -(REAL)INFINITY;
        REAL step = -g[i] > up ? up : -g[i];
        step = step < down ? down : step;
        REAL size = step < 0 ? -step : step;
        largest = size > largest ? size : largest;
        nan += size == size ? 0 : size;
    }
    return (double)largest + (double)nan;
}

int FN(is_inside)(size_t n, const TY(box) *box, const REAL *x, const REAL *d)
{
    int outside = 0;
    for (size_t i = 0; box->lo && i < n; i++) outside |= x[i] + d[i] < box->lo[i];
    for (size_t i = 0; box->hi && i < n; i++) outside |= x[i] + d[i] > box->hi[i];
    return !outside;
}

double FN(way_to_bound)(size_t n, const TY(box) *box, const REAL *x, const REAL *d, double t_most)
{
    const REAL *lo = box->lo, *hi = box->hi;
    double t = t_most;
    for (size_t i = 0; i < n; i++) {
        if (d[i] < 0 && lo && t * d[i] < (double)lo[i] - x[i]) t = ((double)lo[i] - x[i]) / d[i];
        if (d[i] > 0 && hi && t * d[i] > (double)hi[i] - x[i]) t = ((double)hi[i] - x[i]) / d[i];
    }
    return t;
}

void FN(direction_to)(size_t n, const REAL *x, const REAL *z, REAL *d)
{
    const REAL longer = (REAL)(1.0 + (REAL_IS_F32 ? 2 * FLT_EPSILON : 2 * DBL_EPSILON));
    for (size_t i = 0; i < n; i++) d[i] = longer * (z[i] - x[i]);
}
