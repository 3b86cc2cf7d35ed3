/* test_elementary.inl: exp, tanh and the logistic function over the whole range; the rest of the typed body of
 * test_elementary.c is test_elementary_rows.inl, included below. */

#if REAL_IS_F32
typedef uint32_t TY(word);
#define PRECISION "float"
#define MANTISSA 23
#define LEAST_EXPONENT (-149) /* of the smallest subnormal */
#define LARGEST FLT_MAX
#define SMALLEST_NORMAL FLT_MIN
#define NEXT nextafterf
#else
typedef uint64_t TY(word);
#define PRECISION "double"
#define MANTISSA 52
#define LEAST_EXPONENT (-1074)
#define LARGEST DBL_MAX
#define SMALLEST_NORMAL DBL_MIN
#define NEXT nextafter
#endif

static REAL FN(real_of)(TY(word) bits)
{
    REAL x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static TY(word) FN(bits_of)(REAL x)
{
    TY(word) bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Zeros of different sign differ, NaN equals NaN. */
static int FN(same)(REAL a, REAL b) { return (isnan(a) && isnan(b)) || FN(bits_of)(a) == FN(bits_of)(b); }

/* |got - wanted| in units in the last place of `wanted`; those of the subnormals below, infinity beyond the range. */
static double FN(ulps)(REAL got, long double wanted)
{
    if (isnan(wanted)) return isnan(got) ? 0 : INFINITY;
    if (isinf((REAL)wanted) || isinf(got)) return got == (REAL)wanted ? 0 : INFINITY;
    int exponent;
    frexpl(wanted, &exponent);
    exponent -= MANTISSA + 1;
    if (wanted == 0 || exponent < LEAST_EXPONENT) exponent = LEAST_EXPONENT;
    return (double)fabsl(ldexpl((long double)got - wanted, -exponent));
}

static void FN(apply)(int isa, int function, size_t n, const REAL *x, REAL *y)
{
    const TY(kernels) *kernels = FN(kernels_of)(isa);
    CHECK(kernels->isa == isa);
    if (function == EXP) {
        kernels->exponential(n, x, y);
        return;
    }
    const TY(activation) *row = &kernels->activation[function == TANH ? HBCD_TANH : HBCD_SIGMOID];
    CHECK(row->forward(row->self, n, x, y) == HBCD_OK);
}

static REAL FN(one)(int isa, int function, REAL x)
{
    REAL y;
    FN(apply)(isa, function, 1, &x, &y);
    return y;
}

/* ---- accuracy over the whole range ------------------------------------------------------------------------------- */

typedef struct TY(worst) {
    double error[N_ISA][N_FUNCTIONS], apart[N_ISA][N_FUNCTIONS]; /* against libm; against the baseline */
    REAL at[N_ISA][N_FUNCTIONS];
} TY(worst);

static void FN(compare_chunk)(size_t n, const REAL *x, TY(worst) *worst)
{
    REAL y[N_ISA][CHUNK];
    for (int function = 0; function < N_FUNCTIONS; function++) {
        for (int isa = 0; isa <= hbcd_isa_detect(); isa++) FN(apply)(isa, function, n, x, y[isa]);
        for (size_t k = 0; k < n; k++) {
            long double wanted = exact(function, (long double)x[k]);
            for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
                double error = FN(ulps)(y[isa][k], wanted), apart = FN(ulps)(y[isa][k], (long double)y[0][k]);
                if (error > worst->error[isa][function])
                    worst->error[isa][function] = error, worst->at[isa][function] = x[k];
                if (apart > worst->apart[isa][function]) worst->apart[isa][function] = apart;
            }
        }
    }
}

/* About `points` bit patterns of every sign from `from` to `to`, evenly spaced in the bits: as many in every binade. */
static void FN(compare_binades)(REAL from, REAL to, size_t points, hbcd_rng *rng, TY(worst) *worst)
{
    TY(word) first = FN(bits_of)(from), span = FN(bits_of)(to) - first;
    TY(word) step = (TY(word))(span / points + 1);
    REAL x[CHUNK];
    size_t n = 0;
    for (TY(word) at = 0; at <= span && at + step > at; at += step) {
        TY(word) within = (TY(word))hbcd_rng_below(rng, step); /* so that the last bits differ */
        REAL size = FN(real_of)(first + (at + within <= span ? at + within : span));
        x[n++] = size;
        x[n++] = -size;
        if (n == CHUNK) FN(compare_chunk)(n, x, worst), n = 0;
    }
    FN(compare_chunk)(n, x, worst);
}

/* Points evenly spaced in x, where binades are too coarse: around the ends of exp. */
static void FN(compare_even)(double from, double to, size_t points, TY(worst) *worst)
{
    REAL x[CHUNK];
    size_t n = 0;
    for (size_t k = 0; k <= points; k++) {
        x[n++] = (REAL)(from + (to - from) * (double)k / (double)points);
        if (n == CHUNK) FN(compare_chunk)(n, x, worst), n = 0;
    }
    FN(compare_chunk)(n, x, worst);
}

static void FN(test_accuracy_over_the_whole_range)(void)
{
    TY(worst) worst = {0};
    hbcd_rng rng;
    size_t points = n_points();
    hbcd_rng_seed(&rng, 1, REAL_IS_F32);
    FN(compare_binades)(0, LARGEST, points, &rng, &worst);
    FN(compare_binades)((REAL)0x1p-30, 1024, points, &rng, &worst); /* where anything happens */
    FN(compare_binades)((REAL)0.125, 32, points, &rng, &worst);
    FN(compare_even)(-750, 715, points / 4, &worst);
    FN(compare_even)(-110, -80, points / 4, &worst);
    FN(compare_even)(80, 95, points / 4, &worst);
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (int function = 0; function < N_FUNCTIONS; function++) {
            printf("  %-6s %-8s %-7s largest error %.3f ulp at %.17g, from the baseline %.1f ulp\n", PRECISION,
                   hbcd_isa_name(isa), function_name[function], worst.error[isa][function],
                   (double)worst.at[isa][function], worst.apart[isa][function]);
            CHECK(worst.error[isa][function] <= MOST_ULP[function]);
            CHECK(worst.apart[isa][function] <= MOST_APART);
        }
}

/* ---- special values and edges ------------------------------------------------------------------------------------ */

static void FN(test_special_values)(void)
{
    const REAL inf = (REAL)INFINITY, nan = (REAL)NAN;
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
        for (int function = 0; function < N_FUNCTIONS; function++) CHECK(isnan(FN(one)(isa, function, nan)));
        CHECK(FN(same)(FN(one)(isa, TANH, 0), 0));
        CHECK(FN(same)(FN(one)(isa, TANH, (REAL)-0.0), (REAL)-0.0));
        CHECK(FN(one)(isa, TANH, inf) == 1 && FN(one)(isa, TANH, -inf) == -1);
        CHECK(FN(one)(isa, TANH, LARGEST) == 1 && FN(one)(isa, TANH, -LARGEST) == -1);
        CHECK(FN(one)(isa, EXP, 0) == 1 && FN(one)(isa, EXP, (REAL)-0.0) == 1);
        CHECK(FN(one)(isa, EXP, inf) == inf && FN(same)(FN(one)(isa, EXP, -inf), 0));
        CHECK(FN(one)(isa, EXP, LARGEST) == inf && FN(same)(FN(one)(isa, EXP, -LARGEST), 0));
        CHECK(FN(one)(isa, SIGMOID, 0) == (REAL)0.5 && FN(one)(isa, SIGMOID, (REAL)-0.0) == (REAL)0.5);
        CHECK(FN(one)(isa, SIGMOID, inf) == 1 && FN(same)(FN(one)(isa, SIGMOID, -inf), 0));
        CHECK(FN(one)(isa, SIGMOID, LARGEST) == 1 && FN(same)(FN(one)(isa, SIGMOID, -LARGEST), 0));
    }
}

/* tanh x = x for every x whose square is lost beside 1: subnormals are not flushed. */
static void FN(test_tiny_arguments)(void)
{
    const REAL least = FN(real_of)(1);
    const REAL tiny[] = {least, 2 * least, 3 * least, SMALLEST_NORMAL - least, SMALLEST_NORMAL, 3 * SMALLEST_NORMAL,
                         (REAL)1e-30, (REAL)1e-20};
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (size_t k = 0; k < sizeof tiny / sizeof *tiny; k++) {
            CHECK(FN(one)(isa, TANH, tiny[k]) == tiny[k] && FN(one)(isa, TANH, -tiny[k]) == -tiny[k]);
            CHECK(FN(one)(isa, EXP, tiny[k]) == 1 && FN(one)(isa, EXP, -tiny[k]) == 1);
            CHECK(FN(one)(isa, SIGMOID, tiny[k]) == (REAL)0.5 && FN(one)(isa, SIGMOID, -tiny[k]) == (REAL)0.5);
        }
}

/* exp is finite up to log(LARGEST), infinite above; positive down to log(least / 2), zero below; the logistic
 * function follows it down through the subnormals. */
static void FN(test_edges_of_the_range)(void)
{
    const REAL top = (REAL)logl((long double)LARGEST);
    const REAL below = (long double)top > logl((long double)LARGEST) ? NEXT(top, 0) : top;
    const long double zero_at = (LEAST_EXPONENT - 1) * logl(2.0L);
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
        CHECK(isfinite(FN(one)(isa, EXP, below)) && FN(one)(isa, EXP, below) > (REAL)0.9999 * LARGEST);
        CHECK(isinf(FN(one)(isa, EXP, NEXT(below, LARGEST))));
        CHECK(FN(one)(isa, EXP, (REAL)(zero_at + 0.01L)) == FN(real_of)(1));
        CHECK(FN(same)(FN(one)(isa, EXP, (REAL)(zero_at - 0.01L)), 0));
        CHECK(FN(one)(isa, SIGMOID, (REAL)(zero_at + 0.01L)) == FN(real_of)(1));
        CHECK(FN(same)(FN(one)(isa, SIGMOID, (REAL)(zero_at - 0.01L)), 0));
        REAL last = 0;
        for (double x = (double)zero_at - 1; x < (double)zero_at + 60; x += 0.25) { /* the subnormals climb */
            REAL y = FN(one)(isa, EXP, (REAL)x);
            CHECK(y >= last);
            last = y;
        }
        CHECK(last > SMALLEST_NORMAL);
    }
}

/* tanh is odd to the last bit, tanh and the logistic function keep their range, both reach its ends. */
static void FN(test_ranges_and_symmetry)(void)
{
    for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
        for (double x = 0; x < 60; x += 0.0137) {
            REAL tanh_x = FN(one)(isa, TANH, (REAL)x), up = FN(one)(isa, SIGMOID, (REAL)x);
            CHECK(tanh_x <= 1 && FN(same)(FN(one)(isa, TANH, (REAL)-x), -tanh_x));
            CHECK(up >= (REAL)0.5 && up <= 1 && FN(one)(isa, SIGMOID, (REAL)-x) <= (REAL)0.5);
            if (x > (MANTISSA + 4) * 0.5 * 0.6932) CHECK(tanh_x == 1);
            if (x > (MANTISSA + 2) * 0.6932) CHECK(up == 1);
        }
}

#include "../../tests/c/test_elementary_rows.inl"

static void FN(test_all)(void)
{
    FN(test_accuracy_over_the_whole_range)();
    FN(test_special_values)();
    FN(test_tiny_arguments)();
    FN(test_edges_of_the_range)();
    FN(test_ranges_and_symmetry)();
    FN(test_any_length_and_in_place)();
    FN(test_every_row_of_every_table)();
    FN(test_rectifiers_on_special_values)();
}

#undef PRECISION
#undef MANTISSA
#undef LEAST_EXPONENT
#undef LARGEST
#undef SMALLEST_NORMAL
#undef NEXT
