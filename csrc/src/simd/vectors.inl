/* vectors.inl: the vector arithmetic that optimizers spend their time in.  Sums run in double over eight partial ones,
 * element i in sum i % 8, and nothing is contracted: the bits of linalg/vec.inl, whatever the instruction set. */

HBCD_PLAIN_SUMS

static double FN(kernel_dot)(size_t n, const REAL *x, const REAL *y)
{
    HBCD_NOT_CONTRACTED
    double part[8] = {0};
    size_t i = 0;
#if defined(HBCD_VECTOR_TYPES) && defined(__has_builtin)
#if __has_builtin(__builtin_convertvector)
    typedef REAL narrow __attribute__((vector_size(8 * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
    typedef double wide __attribute__((vector_size(8 * sizeof(double))));
    wide sum = {0};
    for (; i + 8 <= n; i += 8)
        sum += __builtin_convertvector(*(const narrow *)(const void *)(x + i), wide) *
               __builtin_convertvector(*(const narrow *)(const void *)(y + i), wide);
    memcpy(part, &sum, sizeof part);
#endif
#endif
    for (; i < n; i++) part[i % 8] += (double)x[i] * (double)y[i];
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

static void FN(kernel_axpy)(size_t n, REAL a, const REAL *restrict x, REAL *restrict y)
{
    HBCD_NOT_CONTRACTED
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

HBCD_END_PLAIN_SUMS
