/* kernels_typed.h: tiles are feature-major: value (i, r) of a block of n features stands at i * ld + r, ld a multiple
 * of HBCD_PAD, blocks aligned to HBCD_ALIGN. */

typedef struct TY(kernels) {
    int isa;
    /* y (n_out, ld) = b + sum_i w(i, o) x(i, :), with w(i, o) at w[i * w_in + o * w_out]; b (n_out) or NULL for 0.
     * With the strides exchanged it is the backward pass. */
    void (*affine)(size_t n_in, size_t n_out, size_t ld, const REAL *w, size_t w_in, size_t w_out, const REAL *b,
                   const REAL *x, REAL *y);
    /* The same of a single row: x (n_in), y (n_out), w (n_in, n_out) row by row; the bits of `affine`. */
    void (*affine_row)(size_t n_in, size_t n_out, const REAL *w, const REAL *b, const REAL *x, REAL *y);
    /* Adds to grad, laid out like a layer's parameters: (n_in, n_out) of sum_r x(i, r) d(o, r), then (n_out) of
     * sum_r d(o, r). */
    void (*affine_gradient)(size_t n_in, size_t n_out, size_t ld, const REAL *x, const REAL *d, double *grad);
    TY(activation) activation[HBCD_N_ACTIVATIONS]; /* self of HBCD_LEAKY_RELU: const double *leak */
    TY(loss) loss[HBCD_N_LOSSES];
    void (*exponential)(size_t n, const REAL *x, REAL *y); /* e^x; what sigmoid and later losses rest on */
    /* Adds panel' panel to the squares (s, t) of its lower triangle, those with begin <= s < end and from <= t < to
     * alone.  A panel stands in strips of HBCD_STRIP features: feature p of row r at
     *     ((p / HBCD_STRIP) * height + r) * HBCD_STRIP + p % HBCD_STRIP,   r < rows <= height;
     * the square of the strips (s, t), t <= s, at hbcd_square(s, t), its element (i, j) at j * HBCD_STRIP + i.  What
     * lies above the diagonal in a square (s, s) is filled too. */
    void (*syrk)(size_t begin, size_t end, size_t from, size_t to, size_t rows, size_t height, const double *panel,
                 double *sums);
    /* h <- gamma h + s p' + p s' in rows begin .. end - 1, begin a multiple of 8, and out (end) <- what these rows, as
     * rows and as columns, have of h v, in one pass; the symmetric h (n, n) is its lower triangle, packed row by row: element
     * (i, j), j <= i, at i (i + 1) / 2 + j.  The same bits in every table. */
    void (*packed_update_times)(size_t begin, size_t end, double *h, double gamma, const double *s, const double *p,
                                const double *v, double *out);
    /* x'y in double, and y <- y + a x; n elements that do not overlap.  The same bits in every table. */
    double (*dot)(size_t n, const REAL *x, const REAL *y);
    void (*axpy)(size_t n, REAL a, const REAL *x, REAL *y);
} TY(kernels);

extern const TY(kernels) FN(kernels_baseline);
#ifdef HBCD_X86
extern const TY(kernels) FN(kernels_avx2), FN(kernels_avx512);
#elif defined(HBCD_ARM64)
extern const TY(kernels) FN(kernels_neon);
#endif

/* The table of an instruction set; the baseline where this build lacks it. */
const TY(kernels) *FN(kernels_of)(int isa);
