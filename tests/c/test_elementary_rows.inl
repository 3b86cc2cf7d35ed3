/* test_elementary_rows.inl: every activation row on arrays: lengths, in place, slopes, special values. */

static void FN(fill)(size_t n, REAL *x)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 2, 0);
    for (size_t k = 0; k < n; k++) x[k] = (REAL)(3.0 * hbcd_rng_normal(&rng));
    x[n / 2] = 0, x[n / 3] = (REAL)-0.0, x[n / 4] = 500, x[n / 5] = -500;
}

/* For any n, at any alignment, in place or not: nothing behind the end is touched, and what stands at k depends on
 * x[k] alone. */
static void FN(test_any_length_and_in_place)(void)
{
    const double leak = 0.01;
    REAL x[N_TAIL], whole[N_TAIL], y[N_TAIL];
    FN(fill)(N_TAIL, x);
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (int kind = 0; kind < HBCD_N_ACTIVATIONS; kind++) {
            const TY(activation) *row = &FN(kernels_of)(isa)->activation[kind];
            void *self = (void *)(uintptr_t)&leak;
            CHECK(row->forward(self, N_TAIL, x, whole) == HBCD_OK);
            int wrong = 0;
            for (size_t n = 0; n + 1 < N_TAIL; n++) {
                size_t shift = n % 3; /* n + shift <= N_TAIL - 1 */
                if (n + shift + 1 > N_TAIL) continue;
                for (size_t k = 0; k < N_TAIL; k++) y[k] = 77;
                CHECK(row->forward(self, n, x + shift, y + shift) == HBCD_OK);
                for (size_t k = 0; k < N_TAIL; k++)
                    wrong += !FN(same)(y[k], k >= shift && k < n + shift ? whole[k] : 77);
                memcpy(y, x, sizeof y);
                CHECK(row->forward(self, n, y + shift, y + shift) == HBCD_OK);
                for (size_t k = 0; k < N_TAIL; k++)
                    wrong += !FN(same)(y[k], k >= shift && k < n + shift ? whole[k] : x[k]);
            }
            if (wrong) fprintf(stderr, "%s %s: %d values\n", hbcd_isa_name(isa), row->name, wrong);
            CHECK(wrong == 0);
        }
}

/* Every row of every table: forward as the baseline does, backward multiplies by the slope. */
static void FN(test_every_row_of_every_table)(void)
{
    const double leak = 0.125, epsilon = REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON;
    REAL x[N_TAIL], a[N_TAIL], b[N_TAIL], g[N_TAIL];
    void *self = (void *)(uintptr_t)&leak;
    FN(fill)(N_TAIL, x);
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (int kind = 0; kind < HBCD_N_ACTIVATIONS; kind++) {
            const TY(activation) *base = &FN(kernels_baseline).activation[kind];
            const TY(activation) *row = &FN(kernels_of)(isa)->activation[kind];
            CHECK(row->name != NULL && strcmp(row->name, base->name) == 0);
            CHECK(row->forward(self, N_TAIL, x, a) == HBCD_OK && base->forward(self, N_TAIL, x, b) == HBCD_OK);
            for (size_t k = 0; k < N_TAIL; k++) g[k] = (REAL)(2 + k % 5);
            CHECK(row->backward(self, N_TAIL, NULL, a, g) == HBCD_OK);
            for (size_t k = 0; k < N_TAIL; k++) {
                double z = (double)x[k], s = (double)exact(SIGMOID, (long double)z), t = tanh(z);
                const double slope[HBCD_N_ACTIVATIONS] = {1, s * (1 - s), 1 - t * t, z > 0 ? 1 : 0, z > 0 ? 1 : leak};
                CHECK(FN(ulps)(a[k], (long double)b[k]) <= MOST_APART);
                /* 1 - a^2 and a (1 - a) inherit the absolute error of a <= 1 */
                CHECK_NEAR((double)g[k], slope[kind] * (double)(2 + k % 5), 24 * epsilon);
            }
        }
}

static void FN(test_rectifiers_on_special_values)(void)
{
    const double leak = 0.25;
    const REAL inf = (REAL)INFINITY, least = FN(real_of)(1), zero = 0;
    void *self = (void *)(uintptr_t)&leak;
    const REAL z[] = {zero, -zero, 4 * least, -4 * least, inf, -inf, (REAL)NAN, LARGEST, -LARGEST, 3, -3};
    const REAL relu[] = {zero, -zero, 4 * least, zero, inf, zero, (REAL)NAN, LARGEST, zero, 3, zero};
    const REAL leaky[] = {zero, -zero, 4 * least, -least, inf, -inf, (REAL)NAN, LARGEST, -LARGEST / 4, 3, (REAL)-0.75};
    const int positive[] = {0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0};
    enum { N = sizeof z / sizeof *z };
    REAL a[N], g[N];
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
        const TY(activation) *rows = FN(kernels_of)(isa)->activation;
        CHECK(rows[HBCD_RELU].forward(NULL, N, z, a) == HBCD_OK);
        for (size_t k = 0; k < N; k++) g[k] = 2;
        for (size_t k = 0; k < N; k++) CHECK(FN(same)(a[k], relu[k]));
        CHECK(rows[HBCD_RELU].backward(NULL, N, NULL, a, g) == HBCD_OK);
        for (size_t k = 0; k < N; k++) CHECK(g[k] == (positive[k] ? 2 : 0));
        CHECK(rows[HBCD_LEAKY_RELU].forward(self, N, z, a) == HBCD_OK);
        for (size_t k = 0; k < N; k++) g[k] = 2;
        for (size_t k = 0; k < N; k++) CHECK(FN(same)(a[k], leaky[k]));
        CHECK(rows[HBCD_LEAKY_RELU].backward(self, N, NULL, a, g) == HBCD_OK);
        for (size_t k = 0; k < N; k++) CHECK(g[k] == (positive[k] ? 2 : (REAL)0.5));
        CHECK(rows[HBCD_IDENTITY].forward(NULL, N, z, a) == HBCD_OK);
        for (size_t k = 0; k < N; k++) CHECK(FN(same)(a[k], z[k]));
    }
}
