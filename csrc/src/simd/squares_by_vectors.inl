/* squares_by_vectors.inl: squared_error of loss.inl eight rows at a time, for compilers that make no vectors of the plain
 * loop.  Part of loss.inl. */

typedef REAL TY(eight) __attribute__((vector_size(8 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef double TY(eight_sums) __attribute__((vector_size(8 * sizeof(double))));
#define EIGHT(array) (*(const TY(eight) *)(const void *)(array))
#define WIDE(vector) __builtin_convertvector(vector, TY(eight_sums))

/* The whole eights of `rows`. */
HBCD_INLINE void FN(whole_squares)(size_t rows, const REAL *out, const REAL *target, const REAL *weight, double *sum,
                                   REAL *g)
{
    TY(eight_sums) sums;
    memcpy(&sums, sum, sizeof sums);
    HBCD_REPEATED(8) for (size_t left = rows / 8; left > 0; left--, out += 8, target += 8) {
        TY(eight) e = EIGHT(out) - EIGHT(target);
        if (weight) {
            sums += WIDE(EIGHT(weight)) * WIDE(e) * WIDE(e);
            e *= EIGHT(weight);
            weight += 8;
        } else {
            sums += WIDE(e) * WIDE(e);
        }
        if (g) {
            *(TY(eight) *)(void *)g = e;
            g += 8;
        }
    }
    memcpy(sum, &sums, sizeof sums);
}

/* One output: its ld rows.  A function of its own, whose loops have more addresses than a caller has registers. */
static __attribute__((noinline)) void FN(squares_of_output)(size_t rows, size_t ld, const REAL *out, const REAL *target,
                                                            const REAL *weight, double *sum, REAL *g)
{
    const size_t whole = rows - rows % 8;
    if (weight) FN(whole_squares)(rows, out, target, weight, sum, g);
    else if (g) FN(whole_squares)(rows, out, target, NULL, sum, g);
    else FN(whole_squares)(rows, out, target, NULL, sum, NULL);
    if (whole < rows)
        FN(eight_squares)(rows - whole, out + whole, target + whole, weight ? weight + whole : NULL, sum,
                          g ? g + whole : NULL);
    for (size_t r = rows; g && r < ld; r++) g[r] = 0;
}

/* sum_k (out - target)^2 / 2 of a row, times its weight. */
static int FN(squared_error)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                             const REAL *weight, double *f, REAL *g)
{
    (void)self;
    double sum[8] = {0};
    for (size_t o = 0; o < outputs; o++)
        FN(squares_of_output)(rows, ld, out + o * ld, target + o * ld, weight, sum, g ? g + o * ld : NULL);
    *f += 0.5 * FN(total)(sum);
    return HBCD_OK;
}

#undef EIGHT
#undef WIDE
