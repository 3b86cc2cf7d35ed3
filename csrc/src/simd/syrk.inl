/* syrk.inl: the symmetric product of a panel with itself, always in double.  Vector lanes run over the features of one
 * strip, those of the other are broadcast: a register block collects all rows without a horizontal sum. */

#ifdef HBCD_VECTOR_TYPES
typedef double TY(wide) __attribute__((vector_size(VECTOR_BYTES)));
#define WIDE (VECTOR_BYTES / sizeof(double))
#else
typedef double TY(wide);
#define WIDE 1
#endif
#define STRIP_VECS (HBCD_STRIP / WIDE)

/* `columns` columns of the squares (first + k, other) for k < strips; left, right and sums begin at what they need. */
HBCD_INLINE void FN(syrk_block)(const int strips, size_t rows, size_t height, const double *left, const double *right,
                                double *const sums[SYRK_STRIPS])
{
    TY(wide) sum[SYRK_STRIPS][SYRK_COLUMNS][STRIP_VECS];
    HBCD_UNROLL for (int k = 0; k < strips; k++)
        HBCD_UNROLL for (int c = 0; c < SYRK_COLUMNS; c++)
            HBCD_UNROLL for (size_t v = 0; v < STRIP_VECS; v++) sum[k][c][v] = (TY(wide)){0};
    for (size_t r = 0; r < rows; r++) {
        TY(wide) row[SYRK_STRIPS][STRIP_VECS];
        HBCD_UNROLL for (int k = 0; k < strips; k++)
            HBCD_UNROLL for (size_t v = 0; v < STRIP_VECS; v++)
                row[k][v] = ((const TY(wide) *)(const void *)(left + ((size_t)k * height + r) * HBCD_STRIP))[v];
        HBCD_UNROLL for (int c = 0; c < SYRK_COLUMNS; c++) {
            double other = right[r * HBCD_STRIP + (size_t)c];
            HBCD_UNROLL for (int k = 0; k < strips; k++)
                HBCD_UNROLL for (size_t v = 0; v < STRIP_VECS; v++) sum[k][c][v] += other * row[k][v];
        }
    }
    HBCD_UNROLL for (int k = 0; k < strips; k++)
        HBCD_UNROLL for (int c = 0; c < SYRK_COLUMNS; c++) {
            TY(wide) *to = (TY(wide) *)(void *)(sums[k] + (size_t)c * HBCD_STRIP);
            HBCD_UNROLL for (size_t v = 0; v < STRIP_VECS; v++) to[v] += sum[k][c][v];
        }
}

/* The squares (first + k, other), k < strips, all columns. */
HBCD_INLINE void FN(syrk_squares)(const int strips, size_t first, size_t other, size_t rows, size_t height,
                                  const double *panel, double *sums)
{
    const double *left = panel + first * height * HBCD_STRIP, *right = panel + other * height * HBCD_STRIP;
    for (size_t c = 0; c < HBCD_STRIP; c += SYRK_COLUMNS) {
        double *to[SYRK_STRIPS];
        for (size_t k = 0; k < (size_t)strips; k++) to[k] = sums + hbcd_square(first + k, other) + c * HBCD_STRIP;
        FN(syrk_block)(strips, rows, height, left, right + c, to);
    }
}

static void FN(syrk)(size_t begin, size_t end, size_t rows, size_t height, const double *panel, double *sums)
{
    for (size_t s = begin; s < end;) {
        size_t left = end - s;
#if SYRK_STRIPS == 3
        if (left >= 3) {
            for (size_t t = 0; t <= s; t++) FN(syrk_squares)(3, s, t, rows, height, panel, sums);
            FN(syrk_squares)(2, s + 1, s + 1, rows, height, panel, sums);
            FN(syrk_squares)(1, s + 2, s + 2, rows, height, panel, sums);
            s += 3;
            continue;
        }
        if (left == 2) {
            for (size_t t = 0; t <= s; t++) FN(syrk_squares)(2, s, t, rows, height, panel, sums);
            FN(syrk_squares)(1, s + 1, s + 1, rows, height, panel, sums);
            s += 2;
            continue;
        }
#endif
        (void)left;
        for (size_t t = 0; t <= s; t++) FN(syrk_squares)(1, s, t, rows, height, panel, sums);
        s++;
    }
}

#undef STRIP_VECS
#undef WIDE
