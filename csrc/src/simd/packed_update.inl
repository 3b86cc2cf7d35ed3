/* packed_update.inl: one pass over a packed symmetric matrix, in double: the update of a quasi-Newton method and the
 * product that follows it.  Four rows at a time share what is read of the vectors.
 *
 * Sums run in eight partial ones, element j in sum j % 8, whatever the width of a vector, and nothing is contracted to
 * fused operations: all instruction sets give the same bits. */

HBCD_PLAIN_SUMS

#ifdef HBCD_VECTOR_TYPES
typedef double part8 __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
#define PART (VECTOR_BYTES / sizeof(double))
#else
typedef double part8;
#define PART 1
#endif
#define PARTS (8 / PART)
#define AT(array) (*(part8 *)(void *)(array))
#define CONST_AT(array) (*(const part8 *)(const void *)(array))

typedef struct packed_rows {
    double *row[4];
    double s[4], p[4], v[4], sum[4][8];
} packed_rows;

/* Columns [0, end) of `rows` rows, end a multiple of 8. */
HBCD_INLINE void packed_block(const int rows, size_t end, double gamma, packed_rows *of, const double *s,
                              const double *p, const double *v, double *out)
{
    HBCD_NOT_CONTRACTED
    part8 sum[4][PARTS];
    HBCD_UNROLL for (int r = 0; r < rows; r++)
        HBCD_UNROLL for (size_t k = 0; k < PARTS; k++) sum[r][k] = CONST_AT(of->sum[r] + k * PART);
    for (size_t j = 0; j < end; j += 8)
        HBCD_UNROLL for (size_t k = 0; k < PARTS; k++) {
            const size_t at = j + k * PART;
            const part8 s_j = CONST_AT(s + at), p_j = CONST_AT(p + at), v_j = CONST_AT(v + at);
            part8 product = CONST_AT(out + at);
            HBCD_UNROLL for (int r = 0; r < rows; r++) {
                part8 element = gamma * CONST_AT(of->row[r] + at) + (of->s[r] * p_j + of->p[r] * s_j);
                AT(of->row[r] + at) = element;
                sum[r][k] += element * v_j;
                product += element * of->v[r];
            }
            AT(out + at) = product;
        }
    HBCD_UNROLL for (int r = 0; r < rows; r++)
        HBCD_UNROLL for (size_t k = 0; k < PARTS; k++) AT(of->sum[r] + k * PART) = sum[r][k];
}

/* Columns [begin, i] of row i, the r-th of a block, begin a multiple of 8; then its sum. */
HBCD_INLINE void packed_rest(size_t begin, size_t i, int r, double gamma, packed_rows *of, const double *s,
                             const double *p, const double *v, double *out)
{
    HBCD_NOT_CONTRACTED
    double *row = of->row[r], *sum = of->sum[r];
    for (size_t j = begin; j < i; j++) {
        double element = gamma * row[j] + (of->s[r] * p[j] + of->p[r] * s[j]);
        row[j] = element;
        sum[j % 8] += element * v[j];
        out[j] += element * of->v[r];
    }
    row[i] = gamma * row[i] + 2.0 * of->s[r] * of->p[r];
    out[i] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7])) + row[i] * of->v[r];
}

static void packed_update_times(size_t begin, size_t end, double *h, double gamma, const double *s, const double *p,
                                const double *v, double *out)
{
    for (size_t j = 0; j < begin; j++) out[j] = 0;
    for (size_t i = begin; i < end; i += 4) {
        const int rows = end - i < 4 ? (int)(end - i) : 4;
        const size_t whole = i - i % 8; /* the columns that all of these rows have, in eights */
        packed_rows of;
        memset(of.sum, 0, sizeof of.sum);
        for (int r = 0; r < rows; r++) {
            const size_t k = i + (size_t)r;
            of.row[r] = h + k * (k + 1) / 2;
            of.s[r] = s[k], of.p[r] = p[k], of.v[r] = v[k];
        }
        if (rows == 4) packed_block(4, whole, gamma, &of, s, p, v, out);
        else
            for (int r = 0; r < rows; r++) {
                packed_rows one = of;
                one.row[0] = of.row[r], one.s[0] = of.s[r], one.p[0] = of.p[r], one.v[0] = of.v[r];
                memset(one.sum[0], 0, sizeof one.sum[0]);
                packed_block(1, whole, gamma, &one, s, p, v, out);
                memcpy(of.sum[r], one.sum[0], sizeof one.sum[0]);
            }
        for (int r = 0; r < rows; r++) packed_rest(whole, i + (size_t)r, r, gamma, &of, s, p, v, out);
    }
}

HBCD_END_PLAIN_SUMS
#undef PART
#undef PARTS
#undef AT
#undef CONST_AT
