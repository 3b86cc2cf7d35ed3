/* affine.inl: the affine kernels on one tile, n inputs and n outputs: forward, backward (the transposed product) and
 * the gradient of the weights. */

typedef struct TY(affine_case) {
    const TY(kernels) *kernels; /* NULL: the plain loops */
    size_t n, ld;
    REAL *w, *x, *d, *y; /* (n + 1, n) with the bias last; (n, ld) each */
    double *grad;        /* (n + 1, n) */
} TY(affine_case);

static void FN(call_forward)(void *self)
{
    TY(affine_case) *c = self;
    (c->kernels ? c->kernels->affine : FN(plain_affine))(c->n, c->n, c->ld, c->w, c->n, 1, c->w + c->n * c->n, c->x,
                                                         c->y);
}

static void FN(call_backward)(void *self)
{
    TY(affine_case) *c = self;
    (c->kernels ? c->kernels->affine : FN(plain_affine))(c->n, c->n, c->ld, c->w, 1, c->n, NULL, c->d, c->y);
}

static void FN(call_weight_gradient)(void *self)
{
    TY(affine_case) *c = self;
    (c->kernels ? c->kernels->affine_gradient : FN(plain_affine_gradient))(c->n, c->n, c->ld, c->x, c->d, c->grad);
}

/* Sums of n or ld products are known to within that many roundings of the sum of their sizes, on either side. */
static void FN(check_affine)(const line *l, const TY(affine_case) *c, void (*call)(void *self))
{
    const size_t n_y = c->n * c->ld, n_w = (c->n + 1) * c->n;
    TY(affine_case) plain = *c, sizes = *c;
    plain.kernels = sizes.kernels = NULL;
    plain.y = FN(draw)(n_y, 0), sizes.y = FN(draw)(n_y, 0);
    plain.grad = calloc(n_w, sizeof(double)), sizes.grad = calloc(n_w, sizeof(double));
    sizes.w = FN(sizes_of)(n_w, c->w), sizes.x = FN(sizes_of)(n_y, c->x), sizes.d = FN(sizes_of)(n_y, c->d);
    memset(c->grad, 0, n_w * sizeof(double));
    memset(c->y, 0xff, n_y * sizeof(REAL)); /* NaN: what is not written shows */
    call((void *)c), call(&plain), call(&sizes);
    if (call != FN(call_weight_gradient)) FN(agree)(l, n_y, c->y, plain.y, sizes.y, 2 * ((double)c->n + 2));
    else
        for (size_t k = 0; k < n_w; k++)
            if (!(fabs(c->grad[k] - plain.grad[k]) <= 2 * (double)EPSILON * ((double)c->ld + 2) * sizes.grad[k]))
                wrong(l, k, c->grad[k], plain.grad[k]);
    free(plain.y), free(sizes.y), free(plain.grad), free(sizes.grad), free(sizes.w), free(sizes.x), free(sizes.d);
}

static void FN(bench_affine_one)(const char *what, size_t n, int best, void (*call)(void *self))
{
    TY(affine_case) c = {.n = n, .ld = HBCD_TILE};
    c.w = FN(draw)((n + 1) * n, 1), c.x = FN(draw)(n * c.ld, 2), c.d = FN(draw)(n * c.ld, 3);
    c.y = FN(draw)(n * c.ld, 4), c.grad = calloc((n + 1) * n, sizeof(double));
    double plain = 0;
    for (int isa = 0; isa <= best; isa++) {
        line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = 1, .size = n, .rows = HBCD_TILE};
        snprintf(l.what, sizeof l.what, "%s, width %zu", what, n);
        l.work = 2.0 * HBCD_TILE * (double)(n * n);
        l.peak = peak.flops[REAL_DTYPE][isa];
        if (!wanted(&l)) continue;
        c.kernels = FN(kernels_of)(isa);
        c.ld = 3 * HBCD_PAD; /* the padded end of a table: no whole number of register blocks */
        FN(check_affine)(&l, &c, call);
        c.ld = HBCD_TILE;
        FN(check_affine)(&l, &c, call);
        if (plain == 0) {
            TY(affine_case) loops = c;
            loops.kernels = NULL;
            plain = time_of(options.seconds, call, &loops).median;
        }
        l.plain = plain;
        measure(&l, call, &c);
    }
    free(c.w), free(c.x), free(c.d), free(c.y), free(c.grad);
}

static void FN(bench_affine)(int best)
{
    static const size_t n[] = {1, 5, 7, 10, 13, 20, 32, 64, 256};
    static const struct {
        const char *what;
        void (*call)(void *self);
    } rows[] = {{"affine forward", FN(call_forward)},
                {"affine backward", FN(call_backward)},
                {"affine gradient", FN(call_weight_gradient)}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
        for (size_t k = 0; k < sizeof n / sizeof *n; k++)
            FN(bench_affine_one)(rows[row].what, n[k], best, rows[row].call);
}
