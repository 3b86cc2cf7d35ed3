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
#ifdef SYRK_BY_ELEMENT
    HBCD_REPEATED(4)
#endif
    for (size_t r = 0; r < rows; r++) {
        TY(wide) row[SYRK_STRIPS][STRIP_VECS];
        HBCD_UNROLL for (int k = 0; k < strips; k++)
            HBCD_UNROLL for (size_t v = 0; v < STRIP_VECS; v++)
                row[k][v] = ((const TY(wide) *)(const void *)(left + ((size_t)k * height + r) * HBCD_STRIP))[v];
#ifdef SYRK_BY_ELEMENT
        TY(wide) others[SYRK_COLUMNS / WIDE];
        HBCD_UNROLL for (size_t v = 0; v < SYRK_COLUMNS / WIDE; v++)
            others[v] = ((const TY(wide) *)(const void *)(right + r * HBCD_STRIP))[v];
#endif
        HBCD_UNROLL for (int c = 0; c < SYRK_COLUMNS; c++) {
#ifdef SYRK_BY_ELEMENT
            double other = others[(size_t)c / WIDE][(size_t)c % WIDE];
#else
            double other = right[r * HBCD_STRIP + (size_t)c];
#endif
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

/* The squares (first + k, t), k < strips, from <= t < to, of the lower triangle. */
HBCD_INLINE void FN(syrk_rows)(const int strips, size_t first, size_t from, size_t to, size_t rows, size_t height,
                               const double *panel, double *sums)
{
    for (size_t t = from; t <= first && t < to; t++) FN(syrk_squares)(strips, first, t, rows, height, panel, sums);
#if SYRK_STRIPS == 3
    if (strips >= 2 && from <= first + 1 && first + 1 < to)
        FN(syrk_squares)(strips - 1, first + 1, first + 1, rows, height, panel, sums);
    if (strips == 3 && from <= first + 2 && first + 2 < to)
        FN(syrk_squares)(1, first + 2, first + 2, rows, height, panel, sums);
#endif
}

static void FN(syrk)(size_t begin, size_t end, size_t from, size_t to, size_t rows, size_t height, const double *panel,
                     double *sums)
{
    size_t s = begin;
#if SYRK_STRIPS == 3
    for (; end - s >= 3; s += 3) FN(syrk_rows)(3, s, from, to, rows, height, panel, sums);
    if (end - s == 2) {
        FN(syrk_rows)(2, s, from, to, rows, height, panel, sums);
        s += 2;
    }
#endif
    for (; s < end; s++) FN(syrk_rows)(1, s, from, to, rows, height, panel, sums);
}

#undef STRIP_VECS
#undef WIDE
