/* test_loss.inl: the laws of test_loss.c in one precision. */

/* A few roundings of the result's precision; values are double in both. */
static const long double TY(CLOSE) = REAL_IS_F32 ? 4e-7L : 4e-15L;
#define VALUE_CLOSE 4e-15L

/* A tile with its outputs, and room behind what the core may write. */
typedef struct TY(tile) {
    const TY(loss) *loss;
    double parameters[HBCD_LOSS_PARAMETERS];
    size_t rows, ld, n_out;
    REAL out[MOST_OUT * HBCD_TILE], target[MOST_OUT * HBCD_TILE], weight[HBCD_TILE];
    REAL g[MOST_OUT * HBCD_TILE + GUARDED];
    double f;
} TY(tile);

/* Rows of the grids in an order of their own for each output; NaN wherever no row is. */
static void FN(fill)(TY(tile) *t, int isa, int kind, size_t rows, size_t n_out)
{
    const size_t n_z = sizeof OUT / sizeof *OUT, n_y = sizeof TARGET / sizeof *TARGET;
    memset(t, 0xff, sizeof *t);
    t->loss = &FN(kernels_of)(isa)->loss[kind];
    memcpy(t->parameters, PARAMETERS, sizeof PARAMETERS);
    t->rows = rows, t->n_out = n_out, t->ld = (rows + HBCD_PAD - 1) / HBCD_PAD * HBCD_PAD;
    for (size_t r = 0; r < rows; r++) {
        t->weight[r] = (REAL)(0.25 * (double)(r % 5)); /* some are 0 */
        for (size_t k = 0; k < n_out; k++) {
            t->out[k * t->ld + r] = (REAL)OUT[(r + 3 * k) % n_z];
            t->target[k * t->ld + r] = (REAL)target_for(kind, TARGET[(r + 2 * k) % n_y]);
        }
    }
}

static double FN(value)(const TY(tile) *t, const REAL *weight, REAL *g)
{
    double f = 0;
    CHECK(t->loss->eval((void *)(uintptr_t)t->parameters, t->rows, t->ld, t->n_out, t->out, t->target, weight, &f, g)
          == HBCD_OK);
    return f;
}

static formula FN(formula_of)(const TY(tile) *t, int kind, size_t r)
{
    long double z[MOST_OUT], y[MOST_OUT];
    for (size_t k = 0; k < t->n_out; k++) {
        z[k] = (long double)t->out[k * t->ld + r];
        y[k] = (long double)t->target[k * t->ld + r];
    }
    return exact(kind, (int)t->n_out, z, y);
}

/* |got - wanted| <= tolerance * size; infinities must be equal. */
static int FN(near)(long double got, long double wanted, long double size, long double tolerance)
{
    return isinf(wanted) ? got == wanted : fabsl(got - wanted) <= tolerance * size;
}

static void FN(check_value_and_gradient)(TY(tile) *t, int kind, const REAL *weight)
{
    long double sum = 0, size = 0;
    int wrong = 0, touched = 0;
    double f = FN(value)(t, weight, t->g);
    for (size_t r = 0; r < t->rows; r++) {
        formula row = FN(formula_of)(t, kind, r);
        long double w = weight ? (long double)weight[r] : 1;
        sum += w * row.value, size += w * row.size;
        for (size_t k = 0; k < t->n_out; k++) {
            long double scale = fmaxl(fabsl(row.slope[k]), fabsl((long double)t->target[k * t->ld + r]));
            wrong += !FN(near)((long double)t->g[k * t->ld + r], w * row.slope[k], w * fmaxl(scale, 1), TY(CLOSE));
        }
    }
    CHECK(FN(near)(f, sum, fmaxl(size, 1), VALUE_CLOSE));
    CHECK(wrong == 0);
    for (size_t k = 0; k < t->n_out; k++)
        for (size_t r = t->rows; r < t->ld; r++) touched += t->g[k * t->ld + r] != 0;
    for (size_t k = 0; k < GUARDED; k++) touched += !isnan(t->g[t->n_out * t->ld + k]);
    CHECK(touched == 0); /* 0 in the padding, nothing behind */
    CHECK(FN(value)(t, weight, NULL) == f);
    double more = 3;
    CHECK(t->loss->eval(t->parameters, t->rows, t->ld, t->n_out, t->out, t->target, weight, &more, NULL) == HBCD_OK);
    CHECK(more == 3 + f); /* it is added */
}

/* Moves one output at a time by a step that is exact in float. */
static void FN(check_differences)(TY(tile) *t)
{
    const double h = 1.0 / 256;
    int wrong = 0;
    FN(value)(t, NULL, t->g);
    for (size_t k = 0; k < t->n_out; k++)
        for (size_t r = 0; r < t->rows; r++) {
            REAL *z = &t->out[k * t->ld + r], here = *z;
            if (fabs((double)here) > 4) continue; /* where the loss is curved */
            *z = here + (REAL)h;
            double up = FN(value)(t, NULL, NULL);
            *z = here - (REAL)h;
            double down = FN(value)(t, NULL, NULL);
            *z = here;
            double found = (up - down) / (2 * h), slope = (double)t->g[k * t->ld + r];
            /* h^2 / 6 times a third derivative of at most 34 (e^3.5; 1 / width^2 is 11); rounding of the sum over h. */
            wrong += !(fabs(found - slope) <= h * h / 6 * 34 + 1e-14 * fabs(up) / h + 4e-7 * fabs(slope));
        }
    CHECK(wrong == 0);
}

/* sum_k root_k root_k' is w H in every row, and 0 in the padding. */
static void FN(check_root)(TY(tile) *t, int kind, const REAL *weight)
{
    static REAL root[MOST_OUT][MOST_OUT * HBCD_TILE + GUARDED];
    int wrong = 0, touched = 0;
    memset(root, 0xff, sizeof root);
    for (size_t k = 0; k < t->n_out; k++) {
        t->loss->hessian_root(t->parameters, k, t->rows, t->ld, t->n_out, t->out, t->target, weight, root[k]);
        for (size_t o = 0; o < t->n_out; o++)
            for (size_t r = t->rows; r < t->ld; r++) touched += root[k][o * t->ld + r] != 0;
        for (size_t o = 0; o < GUARDED; o++) touched += !isnan(root[k][t->n_out * t->ld + o]);
    }
    for (size_t r = 0; r < t->rows; r++) {
        formula row = FN(formula_of)(t, kind, r);
        long double w = weight ? (long double)weight[r] : 1, size = 0;
        for (size_t i = 0; i < t->n_out; i++) size = fmaxl(size, w * row.hessian[i][i]);
        for (size_t i = 0; i < t->n_out; i++)
            for (size_t j = 0; j < t->n_out; j++) {
                long double found = 0;
                for (size_t k = 0; k < t->n_out; k++)
                    found += (long double)root[k][i * t->ld + r] * (long double)root[k][j * t->ld + r];
                wrong += !FN(near)(found, w * row.hessian[i][j], size, 4 * TY(CLOSE));
            }
    }
    CHECK(wrong == 0);
    CHECK(touched == 0);
}

/* A row of weight 0 has no part, whatever its output. */
static void FN(check_weight_0)(TY(tile) *t)
{
    double before = FN(value)(t, t->weight, t->g);
    int alike = 1;
    for (size_t r = 0; r < t->rows; r += 5) /* weights are 0 there */
        for (size_t k = 0; k < t->n_out; k++) {
            alike = alike && t->g[k * t->ld + r] == 0;
            t->out[k * t->ld + r] = (REAL)(k ? -7.5 : 80);
        }
    CHECK(alike);
    CHECK(FN(value)(t, t->weight, t->g) == before);
}

/* Outputs as far away as there are: what is finite by the formula is so here, what is not is infinite and never NaN;
 * slopes of a loss that is straight far away are finite. */
static void FN(check_extremes)(int isa, int kind)
{
    static const double SIZES[] = {0, 1, REAL_IS_F32 ? 1e30 : 1e300};
    const int flat = kind != HBCD_SQUARED_ERROR && kind != HBCD_POISSON;
    TY(tile) *t = malloc(sizeof *t);
    if (t == NULL) abort();
    for (int side = -1; side <= 1; side += 2)
        for (size_t at = 0; at < sizeof SIZES / sizeof *SIZES; at++) {
            FN(fill)(t, isa, kind, 1, kind == HBCD_CROSS_ENTROPY ? 2 : 1);
            t->out[0] = (REAL)(side * SIZES[at]);
            double f = FN(value)(t, NULL, t->g);
            formula row = FN(formula_of)(t, kind, 0);
            long double wanted = (long double)(double)row.value; /* beyond the range of double: infinite */
            CHECK(FN(near)(f, wanted, fmaxl((long double)(double)row.size, 1), VALUE_CLOSE));
            CHECK(!isnan(t->g[0]));
            if (flat) CHECK(fabs((double)t->g[0]) <= 2 && isfinite(f));
            if (kind == HBCD_POISSON && side < 0) CHECK(isfinite(f) && (double)t->g[0] >= -0.5);
        }
    free(t);
}

static void FN(test_losses)(void)
{
    static const size_t ROWS[] = {1, 7, 16, 17, HBCD_TILE - 1, HBCD_TILE};
    TY(tile) *t = malloc(sizeof *t);
    if (t == NULL) abort();
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (int kind = 0; kind < HBCD_N_LOSSES; kind++) {
            int failed = checks_failed;
            for (size_t n_out = kind == HBCD_CROSS_ENTROPY ? 2 : 1; n_out <= MOST_OUT; n_out++)
                for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
                    FN(fill)(t, isa, kind, ROWS[i], n_out);
                    FN(check_value_and_gradient)(t, kind, NULL);
                    FN(check_value_and_gradient)(t, kind, t->weight);
                    FN(check_root)(t, kind, NULL);
                    FN(check_root)(t, kind, t->weight);
                    if (ROWS[i] <= HBCD_PAD) FN(check_differences)(t);
                    FN(check_weight_0)(t);
                }
            FN(check_extremes)(isa, kind);
            if (checks_failed > failed)
                fprintf(stderr, "  in %s, %s, %s\n", FN(kernels_of)(isa)->loss[kind].name, hbcd_isa_name(isa),
                        REAL_IS_F32 ? "float" : "double");
        }
    free(t);
}
