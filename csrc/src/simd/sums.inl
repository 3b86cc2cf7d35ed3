/* sums.inl: the sums over the elements of several vectors.  Each is formed by adding halves until one element is left:
 * one fixed order.  Where the compiler shuffles two vectors into one, a step halves two vectors at once, so that WIDTH
 * sums cost about as much as WIDTH additions.  With 32 bytes the compiler's own code for the plain loop takes fewer
 * instructions. */

#if defined(HBCD_SHUFFLES) && VECTOR_BYTES == 64

/* Both vectors hold segments of equal length: a new vector of their segments, a's before b's, halved in length. */
#define HALVING(name, lower, upper)                                                                                    \
    HBCD_INLINE TY(vec) FN(name)(TY(vec) a, TY(vec) b)                                                                 \
    {                                                                                                                  \
        return __builtin_shufflevector(a, b, LIST lower) + __builtin_shufflevector(a, b, LIST upper);                  \
    }
#define LIST(...) __VA_ARGS__
#if REAL_IS_F32
HALVING(halve_16, (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
        (8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
HALVING(halve_8, (0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
        (4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
HALVING(halve_4, (0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29),
        (2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
HALVING(halve_2, (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
        (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
#else
HALVING(halve_8, (0, 1, 2, 3, 8, 9, 10, 11), (4, 5, 6, 7, 12, 13, 14, 15))
HALVING(halve_4, (0, 1, 4, 5, 8, 9, 12, 13), (2, 3, 6, 7, 10, 11, 14, 15))
HALVING(halve_2, (0, 2, 4, 6, 8, 10, 12, 14), (1, 3, 5, 7, 9, 11, 13, 15))
#endif
#undef HALVING
#undef LIST

/* All segments of n vectors halved, into (n + 1) / 2 vectors. */
#define HALVE_ALL(halve, n)                                                                                            \
    HBCD_UNROLL for (int k = 0; k < (n) / 2; k++) v[k] = FN(halve)(v[2 * k], v[2 * k + 1]);                            \
    if ((n) % 2) v[(n) / 2] = FN(halve)(v[(n) - 1], v[(n) - 1])

/* sum[k] = the sum of v[k], k < n; n is a literal at every call, sum has room for whole vectors.  v is overwritten. */
HBCD_INLINE void FN(sums)(const int n, TY(vec) *v, REAL *sum)
{
#if REAL_IS_F32
    HALVE_ALL(halve_16, n);
    HALVE_ALL(halve_8, (n + 1) / 2);
    HALVE_ALL(halve_4, (n + 3) / 4);
    HALVE_ALL(halve_2, (n + 7) / 8);
#else
    HALVE_ALL(halve_8, n);
    HALVE_ALL(halve_4, (n + 1) / 2);
    HALVE_ALL(halve_2, (n + 3) / 4);
#endif
    HBCD_UNROLL for (size_t k = 0; k < (n + WIDTH - 1) / WIDTH; k++) memcpy(sum + k * WIDTH, &v[k], sizeof v[k]);
}
#undef HALVE_ALL

#else

HBCD_INLINE void FN(sums)(const int n, TY(vec) *v, REAL *sum)
{
    REAL part[WIDTH];
    HBCD_UNROLL for (int k = 0; k < n; k++) {
        memcpy(part, &v[k], sizeof part);
        for (size_t half = WIDTH / 2; half > 0; half /= 2)
            for (size_t j = 0; j < half; j++) part[j] += part[j + half];
        sum[k] = part[0];
    }
}

#endif
