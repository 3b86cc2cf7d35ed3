/* affine.inl: y = W'x + b on a tile and its gradient, register-tiled.  Vector lanes run over rows, weights are
 * broadcast; a block of OUT_BLOCK outputs by ROW_BLOCK vectors stays in registers while the inputs stream by. */

#ifdef HBCD_VECTOR_TYPES
typedef REAL TY(vec) __attribute__((vector_size(VECTOR_BYTES)));
#define WIDTH (VECTOR_BYTES / sizeof(REAL))
#else
typedef REAL TY(vec);
#define WIDTH 1
#endif

#include "simd/sums.inl"

/* One register block: outs <= OUT_BLOCK and vecs <= ROW_BLOCK are literals at every call, so all loops unroll. */
HBCD_INLINE void FN(affine_block)(const int outs, const int vecs, size_t n_in, size_t ld, const REAL *w, size_t w_in,
                                  size_t w_out, const REAL *b, const REAL *x, REAL *y)
{
    TY(vec) sum[OUT_BLOCK][ROW_BLOCK];
    HBCD_UNROLL for (int o = 0; o < outs; o++)
        HBCD_UNROLL for (int v = 0; v < vecs; v++) sum[o][v] = (TY(vec)){0} + (b ? b[o] : (REAL)0);
    for (size_t i = 0; i < n_in; i++) {
        const TY(vec) *row = (const TY(vec) *)(const void *)(x + i * ld);
        HBCD_UNROLL for (int o = 0; o < outs; o++) {
            REAL weight = w[i * w_in + (size_t)o * w_out];
            HBCD_UNROLL for (int v = 0; v < vecs; v++) sum[o][v] += weight * row[v];
        }
    }
    HBCD_UNROLL for (int o = 0; o < outs; o++) {
        TY(vec) *row = (TY(vec) *)(void *)(y + (size_t)o * ld);
        HBCD_UNROLL for (int v = 0; v < vecs; v++) row[v] = sum[o][v];
    }
}

/* All rows of a tile for `outs` outputs. */
HBCD_INLINE void FN(affine_rows)(const int outs, size_t n_in, size_t ld, const REAL *w, size_t w_in, size_t w_out,
                                 const REAL *b, const REAL *x, REAL *y)
{
    size_t r = 0;
    for (; r + ROW_BLOCK * WIDTH <= ld; r += ROW_BLOCK * WIDTH)
        FN(affine_block)(outs, ROW_BLOCK, n_in, ld, w, w_in, w_out, b, x + r, y + r);
    for (; r < ld; r += WIDTH) FN(affine_block)(outs, 1, n_in, ld, w, w_in, w_out, b, x + r, y + r);
}

static void FN(affine)(size_t n_in, size_t n_out, size_t ld, const REAL *w, size_t w_in, size_t w_out, const REAL *b,
                       const REAL *x, REAL *y)
{
    size_t blocks = (n_out + OUT_BLOCK - 1) / OUT_BLOCK; /* of nearly equal size: 10 outputs are 5 + 5 */
    for (size_t o = 0; blocks > 0; blocks--) {
        size_t outs = (n_out - o + blocks - 1) / blocks;
        const REAL *wo = w + o * w_out, *bo = b ? b + o : NULL;
        switch (outs) {
        case 6: FN(affine_rows)(6, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        case 5: FN(affine_rows)(5, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        case 4: FN(affine_rows)(4, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        case 3: FN(affine_rows)(3, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        case 2: FN(affine_rows)(2, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        default: FN(affine_rows)(1, n_in, ld, wo, w_in, w_out, bo, x, y + o * ld); break;
        }
        o += outs;
    }
}

/* The vectors of `ld` rows, GRAD_STEPS at a time. */
#if GRAD_STEPS > 1
#define EACH_VECTOR(r, ld)                                                                                             \
    for (size_t r##_first = 0; r##_first < (ld); r##_first += GRAD_STEPS * WIDTH)                                      \
        HBCD_UNROLL for (size_t r = r##_first; r < r##_first + GRAD_STEPS * WIDTH; r += WIDTH)
#else
#define EACH_VECTOR(r, ld) for (size_t r = 0; r < (ld); r += WIDTH)
#endif

/* grad(i, o) += x(i, :) . d(o, :) for a block of ins x outs sums in registers. */
HBCD_INLINE void FN(gradient_block)(const int ins, const int outs, size_t n_out, size_t ld, const REAL *x,
                                    const REAL *d, double *grad)
{
    TY(vec) sum[GRAD_IN * GRAD_OUT];
    HBCD_UNROLL for (int i = 0; i < ins; i++) HBCD_UNROLL for (int o = 0; o < outs; o++) sum[i * outs + o] = (TY(vec)){0};
    EACH_VECTOR(r, ld) {
        TY(vec) left[GRAD_IN];
        HBCD_UNROLL for (int i = 0; i < ins; i++) left[i] = *(const TY(vec) *)(const void *)(x + (size_t)i * ld + r);
        HBCD_UNROLL for (int o = 0; o < outs; o++) {
            TY(vec) right = *(const TY(vec) *)(const void *)(d + (size_t)o * ld + r);
            HBCD_UNROLL for (int i = 0; i < ins; i++) sum[i * outs + o] += left[i] * right;
        }
    }
    REAL part[GRAD_IN * GRAD_OUT + WIDTH];
    FN(sums)(ins * outs, sum, part);
    HBCD_UNROLL for (int i = 0; i < ins; i++)
        HBCD_UNROLL for (int o = 0; o < outs; o++) grad[(size_t)i * n_out + (size_t)o] += (double)part[i * outs + o];
}

#define GRADIENT_CASE(ins, outs)                                                                                       \
    case 8 * (ins) + (outs): FN(gradient_block)(ins, outs, n_out, ld, x, d, grad); break
static void FN(gradient_pick)(size_t ins, size_t outs, size_t n_out, size_t ld, const REAL *x, const REAL *d,
                              double *grad)
{
    switch (8 * ins + outs) {
        GRADIENT_CASE(1, 1); GRADIENT_CASE(1, 2); GRADIENT_CASE(1, 3);
        GRADIENT_CASE(2, 1); GRADIENT_CASE(2, 2); GRADIENT_CASE(2, 3);
        GRADIENT_CASE(3, 1); GRADIENT_CASE(3, 2); GRADIENT_CASE(3, 3);
#if GRAD_OUT >= 4
        GRADIENT_CASE(1, 4); GRADIENT_CASE(2, 4); GRADIENT_CASE(3, 4);
#endif
#if GRAD_IN >= 5
        GRADIENT_CASE(4, 1); GRADIENT_CASE(4, 2); GRADIENT_CASE(4, 3); GRADIENT_CASE(4, 4); GRADIENT_CASE(4, 5);
        GRADIENT_CASE(5, 1); GRADIENT_CASE(5, 2); GRADIENT_CASE(5, 3); GRADIENT_CASE(5, 4); GRADIENT_CASE(5, 5);
        GRADIENT_CASE(1, 5); GRADIENT_CASE(2, 5); GRADIENT_CASE(3, 5);
#endif
        default: /* a shape that has no case: one sum at a time */
            for (size_t k = 0; k < ins * outs; k++)
                FN(gradient_block)(1, 1, n_out, ld, x + k / outs * ld, d + k % outs * ld,
                                   grad + k / outs * n_out + k % outs);
    }
}
#undef GRADIENT_CASE

static void FN(affine_gradient)(size_t n_in, size_t n_out, size_t ld, const REAL *x, const REAL *d, double *grad)
{
    size_t in_blocks = (n_in + GRAD_IN - 1) / GRAD_IN;
    for (size_t i = 0, bi = in_blocks; bi > 0; bi--) {
        size_t ins = (n_in - i + bi - 1) / bi, out_blocks = (n_out + GRAD_OUT - 1) / GRAD_OUT;
        for (size_t o = 0, bo = out_blocks; bo > 0; bo--) {
            size_t outs = (n_out - o + bo - 1) / bo;
            FN(gradient_pick)(ins, outs, n_out, ld, x + i * ld, d + o * ld, grad + i * n_out + o);
            o += outs;
        }
        i += ins;
    }
    double *bias = grad + n_in * n_out;
    for (size_t o = 0; o < n_out; o++) {
        TY(vec) sum = {0};
        EACH_VECTOR(r, ld) sum += *(const TY(vec) *)(const void *)(d + o * ld + r);
        REAL total[WIDTH];
        FN(sums)(1, &sum, total);
        bias[o] += (double)total[0];
    }
}
#undef EACH_VECTOR
