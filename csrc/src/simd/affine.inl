/* affine.inl: y = W'x + b on a tile and its gradient, register-tiled.  Vector lanes run over rows, weights are
 * broadcast; a block of OUT_BLOCK outputs by ROW_BLOCK vectors stays in registers while the inputs stream by. */

#ifdef HBCD_VECTOR_TYPES
typedef REAL TY(vec) __attribute__((vector_size(VECTOR_BYTES)));
#define WIDTH (VECTOR_BYTES / sizeof(REAL))
#else
typedef REAL TY(vec);
#define WIDTH 1
#endif

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

/* The sum of a vector's elements, halves first: one fixed order.  64 bytes are halved as vectors (float gradients take
 * 0.9 of the time); with 32 the compiler's own code for the plain loop takes fewer instructions. */
HBCD_INLINE double FN(horizontal)(TY(vec) v)
{
#if defined(HBCD_VECTOR_TYPES) && VECTOR_BYTES == 64
    typedef REAL half __attribute__((vector_size(32)));
    typedef REAL quarter __attribute__((vector_size(16)));
    half halves[2];
    quarter quarters[2];
    memcpy(halves, &v, sizeof halves);
    halves[0] += halves[1];
    memcpy(quarters, &halves[0], sizeof quarters);
    quarter rest = quarters[0] + quarters[1];
#else
    TY(vec) rest = v;
#endif
    enum { LEFT = sizeof rest / sizeof(REAL) };
    REAL part[LEFT];
    memcpy(part, &rest, sizeof part);
    for (int n = LEFT / 2; n > 0; n /= 2)
        for (int k = 0; k < n; k++) part[k] += part[k + n];
    return (double)part[0];
}

/* grad(i, o) += x(i, :) . d(o, :) for a block of ins x outs sums in registers. */
HBCD_INLINE void FN(gradient_block)(const int ins, const int outs, size_t n_out, size_t ld, const REAL *x,
                                    const REAL *d, double *grad)
{
    TY(vec) sum[GRAD_IN][GRAD_OUT];
    HBCD_UNROLL for (int i = 0; i < ins; i++) HBCD_UNROLL for (int o = 0; o < outs; o++) sum[i][o] = (TY(vec)){0};
    for (size_t r = 0; r < ld; r += WIDTH) {
        TY(vec) left[GRAD_IN];
        HBCD_UNROLL for (int i = 0; i < ins; i++) left[i] = *(const TY(vec) *)(const void *)(x + (size_t)i * ld + r);
        HBCD_UNROLL for (int o = 0; o < outs; o++) {
            TY(vec) right = *(const TY(vec) *)(const void *)(d + (size_t)o * ld + r);
            HBCD_UNROLL for (int i = 0; i < ins; i++) sum[i][o] += left[i] * right;
        }
    }
    HBCD_UNROLL for (int i = 0; i < ins; i++)
        HBCD_UNROLL for (int o = 0; o < outs; o++) grad[(size_t)i * n_out + (size_t)o] += FN(horizontal)(sum[i][o]);
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
        for (size_t r = 0; r < ld; r += WIDTH) sum += *(const TY(vec) *)(const void *)(d + o * ld + r);
        bias[o] += FN(horizontal)(sum);
    }
}

#undef WIDTH
