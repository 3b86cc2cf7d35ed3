/* ulp.inl: the errors in one precision. */

#if REAL_IS_F32
#define DIGITS FLT_MANT_DIG
#define LEAST (FLT_MIN_EXP - FLT_MANT_DIG)
#else
#define DIGITS DBL_MANT_DIG
#define LEAST (DBL_MIN_EXP - DBL_MANT_DIG)
#endif

static void FN(apply)(int isa, int function, const REAL *x, REAL *y)
{
    const TY(kernels) *kernels = FN(kernels_of)(isa);
    if (function == EXP) kernels->exponential(CHUNK, x, y);
    else kernels->activation[function == TANH ? HBCD_TANH : HBCD_SIGMOID].forward(NULL, CHUNK, x, y);
}

/* The worst of at least `samples` numbers between from and to. */
static void FN(bin)(int function, double from, double to, size_t samples, hbcd_rng *rng, double worst[3])
{
    for (size_t done = 0; done < samples; done += CHUNK) {
        REAL x[CHUNK], y[3][CHUNK];
        for (size_t k = 0; k < CHUNK; k++) x[k] = (REAL)(from + (to - from) * hbcd_rng_uniform(rng));
        for (int isa = 0; isa <= hbcd_isa_detect(); isa++) FN(apply)(isa, function, x, y[isa]);
        for (size_t k = 0; k < CHUNK; k++) {
            long double right = exact(function, (long double)x[k]);
            for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
                if (isinf((REAL)right) && y[isa][k] == (REAL)right) continue; /* beyond the range, as it should */
                double error = ulps((long double)y[isa][k], right, DIGITS, LEAST);
                if (!(error <= worst[isa])) worst[isa] = error;
            }
        }
    }
}

static void FN(errors)(size_t samples)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, REAL_IS_F32);
    for (int function = 0; function < N_FUNCTIONS; function++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (int bin = LOWEST * BINS; bin < HIGHEST * BINS; bin++) {
                double from = sign * exp2((double)bin / BINS), to = sign * exp2((bin + 1.0) / BINS), worst[3] = {0};
                FN(bin)(function, from, to, samples, &rng, worst);
                for (int isa = 0; isa <= hbcd_isa_detect(); isa++)
                    printf("%s %s %s %.9g %.4f\n", function_name[function], REAL_IS_F32 ? "float" : "double",
                           hbcd_isa_name(isa), 0.5 * (from + to), worst[isa]);
            }
}

#undef DIGITS
#undef LEAST
