/* test_net_affine.inl: the two kernels of a dense layer against plain loops, for every instruction set, width and
 * leading dimension. */

enum { TY(MOST) = 64, TY(COLUMNS) = HBCD_TILE };

typedef struct TY(affine_case) {
    _Alignas(HBCD_ALIGN) REAL x[TY(MOST) * TY(COLUMNS)];
    _Alignas(HBCD_ALIGN) REAL y[(TY(MOST) + 1) * TY(COLUMNS)];
    REAL w[TY(MOST) * TY(MOST)], b[TY(MOST)];
    double grad[TY(MOST) * TY(MOST) + TY(MOST) + 1];
} TY(affine_case);

static void FN(fill_normal)(hbcd_rng *rng, size_t n, REAL *x)
{
    for (size_t k = 0; k < n; k++) x[k] = (REAL)hbcd_rng_normal(rng);
}

/* y = W'x + b; `turned`: the weights of the backward pass, stored (n_out, n_in), without b. */
static int FN(affine_is_right)(TY(affine_case) *c, int isa, size_t n_in, size_t n_out, size_t ld, int turned)
{
    const double epsilon = REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON;
    size_t w_in = turned ? 1 : n_out, w_out = turned ? n_in : 1;
    for (size_t k = 0; k < (TY(MOST) + 1) * TY(COLUMNS); k++) c->y[k] = 77;
    FN(kernels_of)(isa)->affine(n_in, n_out, ld, c->w, w_in, w_out, turned ? NULL : c->b, c->x, c->y);
    for (size_t o = 0; o < n_out; o++)
        for (size_t r = 0; r < ld; r++) {
            double sum = turned ? 0 : (double)c->b[o], size = fabs(sum);
            for (size_t i = 0; i < n_in; i++) {
                double term = (double)c->w[i * w_in + o * w_out] * (double)c->x[i * ld + r];
                sum += term;
                size += fabs(term);
            }
            if (!(fabs((double)c->y[o * ld + r] - sum) <= (double)(n_in + 1) * epsilon * size)) return 0;
        }
    for (size_t k = n_out * ld; k < n_out * ld + TY(COLUMNS); k++)
        if (c->y[k] != 77) return 0;
    return 1;
}

/* One row has the bits of every row of a tile whose rows are all that row. */
static int FN(affine_row_is_right)(TY(affine_case) *c, int isa, size_t n_in, size_t n_out)
{
    static REAL row[TY(MOST)], y[TY(MOST) + 1];
    for (size_t i = 0; i < n_in; i++) row[i] = c->x[i * HBCD_PAD];
    for (size_t o = 0; o <= n_out; o++) y[o] = 77;
    FN(kernels_of)(isa)->affine(n_in, n_out, HBCD_PAD, c->w, n_out, 1, c->b, c->x, c->y);
    FN(kernels_of)(isa)->affine_row(n_in, n_out, c->w, c->b, row, y);
    for (size_t o = 0; o < n_out; o++)
        if (y[o] != c->y[o * HBCD_PAD]) return 0;
    return y[n_out] == 77;
}

/* grad += x d', then grad_b += sum of d; d stands in y. */
static int FN(affine_gradient_is_right)(TY(affine_case) *c, int isa, size_t n_in, size_t n_out, size_t ld)
{
    const double epsilon = REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON;
    size_t n = (n_in + 1) * n_out;
    for (size_t k = 0; k <= n; k++) c->grad[k] = (double)k;
    FN(kernels_of)(isa)->affine_gradient(n_in, n_out, ld, c->x, c->y, c->grad);
    if (c->grad[n] != (double)n) return 0;
    for (size_t i = 0; i <= n_in; i++)
        for (size_t o = 0; o < n_out; o++) {
            double sum = 0, size = 0, before = (double)(i * n_out + o);
            for (size_t r = 0; r < ld; r++) {
                double term = (i < n_in ? (double)c->x[i * ld + r] : 1) * (double)c->y[o * ld + r];
                sum += term;
                size += fabs(term);
            }
            double slack = (double)ld * epsilon * size + 4 * DBL_EPSILON * (fabs(before) + size);
            if (!(fabs(c->grad[i * n_out + o] - before - sum) <= slack)) return 0;
        }
    return 1;
}

static void FN(test_affine)(void)
{
    static TY(affine_case) c;
    const size_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 32, 33, 64};
    enum { N = sizeof sizes / sizeof *sizes };
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 0);
    FN(fill_normal)(&rng, TY(MOST) * TY(COLUMNS), c.x);
    FN(fill_normal)(&rng, TY(MOST) * TY(MOST), c.w);
    FN(fill_normal)(&rng, TY(MOST), c.b);
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (size_t i = 0; i < N; i++)
            for (size_t o = 0; o < N; o++)
                for (size_t ld = HBCD_PAD; ld <= HBCD_TILE; ld += HBCD_PAD) {
                    if (sizes[i] * sizes[o] > 150 && ld != HBCD_PAD * (1 + (i + o) % 8)) continue; /* one of eight */
                    int plain = FN(affine_is_right)(&c, isa, sizes[i], sizes[o], ld, 0);
                    int turned = FN(affine_is_right)(&c, isa, sizes[i], sizes[o], ld, 1);
                    FN(fill_normal)(&rng, sizes[o] * ld, c.y);
                    int gradient = FN(affine_gradient_is_right)(&c, isa, sizes[i], sizes[o], ld);
                    if (!(plain && turned && gradient))
                        fprintf(stderr, "isa %d: %zu -> %zu, ld %zu\n", isa, sizes[i], sizes[o], ld);
                    CHECK(plain);
                    CHECK(turned);
                    CHECK(gradient);
                }
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (size_t n_in = 1; n_in <= TY(MOST); n_in += n_in < 12 ? 1 : 13)
            for (size_t n_out = 1; n_out <= TY(MOST); n_out++) CHECK(FN(affine_row_is_right)(&c, isa, n_in, n_out));
}
