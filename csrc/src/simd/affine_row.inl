/* affine_row.inl: y = W'x + b of a single row.  Vector lanes run over outputs, whose weights lie together; every sum is
 * formed in the order of affine.inl, so that the bits are the same.  ROW_VECS vectors of sums, 4 or 8, stay in
 * registers.  Ends the scope of WIDTH. */

#ifndef ROW_VECS
#define ROW_VECS 4
#endif
#if ROW_VECS == 8 /* its registers are not saved for those that need none */
#define APART static __attribute__((noinline))
/* An address in one register: compilers form several of them instead, and count them all. */
HBCD_INLINE const REAL *FN(next_row)(const REAL *w, size_t n_out)
{
    w += n_out;
    __asm__("" : "+r"(w));
    return w;
}
#define NEXT_ROW(w, n_out) FN(next_row)(w, n_out)
#else
#define APART static
#endif

/* What the row of weights at w adds to the sums. */
HBCD_INLINE void FN(add_to_row)(const int vecs, size_t last, const REAL *w, const REAL value, TY(vec) *sum)
{
    TY(vec) row;
    HBCD_UNROLL for (int v = 0; v < vecs; v++) {
        memcpy(&row, w + (v + 1 < vecs ? (size_t)v * WIDTH : last), sizeof row);
        sum[v] += value * row;
    }
}

/* `vecs` vectors of outputs, the last of them from `last` on: it may overlap the one before it, and says the same. */
HBCD_INLINE void FN(block_of_row)(const int vecs, size_t last, size_t n_in, size_t n_out, const REAL *w, const REAL *b,
                               const REAL *x, REAL *y)
{
    TY(vec) sum[ROW_VECS];
    HBCD_UNROLL for (int v = 0; v < vecs; v++) {
        memcpy(&sum[v], b + (v + 1 < vecs ? (size_t)v * WIDTH : last), sizeof sum[v]);
        sum[v] = (TY(vec)){0} + sum[v];
    }
#if ROW_VECS == 8 /* two inputs a turn */
    typedef REAL two __attribute__((vector_size(2 * sizeof(REAL))));
    for (size_t pairs = n_in / 2; pairs > 0; pairs--, x += 2) {
        two values;
        memcpy(&values, x, sizeof values);
        FN(add_to_row)(vecs, last, w, values[0], sum);
        w = NEXT_ROW(w, n_out);
        FN(add_to_row)(vecs, last, w, values[1], sum);
        w = NEXT_ROW(w, n_out);
    }
    if (n_in % 2) FN(add_to_row)(vecs, last, w, x[0], sum);
#else
    for (size_t i = 0; i < n_in; i++, w += n_out) FN(add_to_row)(vecs, last, w, x[i], sum);
#endif
    HBCD_UNROLL for (int v = 0; v < vecs; v++)
        memcpy(y + (v + 1 < vecs ? (size_t)v * WIDTH : last), &sum[v], sizeof sum[v]);
}

/* The first `n` elements of a vector, the others 0. */
HBCD_INLINE TY(vec) FN(first_of)(size_t n, const REAL *from)
{
    REAL part[WIDTH] = {0};
    TY(vec) made;
    for (size_t k = 0; k < n; k++) part[k] = from[k];
    memcpy(&made, part, sizeof made);
    return made;
}

/* Fewer outputs than a vector has: what is read beyond a row of weights are those of the next ones, and goes nowhere.
 * Single sums in a plain loop would not do: compilers form their products first, which rounds twice. */
APART void FN(narrow_row)(size_t n_in, size_t n_out, const REAL *w, const REAL *b, const REAL *x, REAL *y)
{
    TY(vec) row, sum = (TY(vec)){0} + FN(first_of)(n_out, b);
    size_t i = 0, all = n_in * n_out;
    for (; i * n_out + WIDTH <= all; i++) {
        memcpy(&row, w + i * n_out, sizeof row);
        sum += x[i] * row;
    }
    for (; i < n_in; i++) sum += x[i] * FN(first_of)(n_out, w + i * n_out);
    REAL part[WIDTH];
    memcpy(part, &sum, sizeof part);
    for (size_t o = 0; o < n_out; o++) y[o] = part[o];
}

#define ROW_CASE(vecs)                                                                                                 \
    case vecs: FN(block_of_row)(vecs, left - WIDTH, n_in, n_out, w, b, x, y); break
static void FN(affine_row)(size_t n_in, size_t n_out, const REAL *w, const REAL *b, const REAL *x, REAL *y)
{
    if (n_out < WIDTH) {
        FN(narrow_row)(n_in, n_out, w, b, x, y);
        return;
    }
    size_t left = n_out;
    for (; left > ROW_VECS * WIDTH; left -= ROW_VECS * WIDTH) {
        FN(block_of_row)(ROW_VECS, (ROW_VECS - 1) * WIDTH, n_in, n_out, w, b, x, y);
        w += ROW_VECS * WIDTH, b += ROW_VECS * WIDTH, y += ROW_VECS * WIDTH;
    }
    switch ((left + WIDTH - 1) / WIDTH) {
#if ROW_VECS == 8
        ROW_CASE(8); ROW_CASE(7); ROW_CASE(6); ROW_CASE(5);
#endif
        ROW_CASE(4); ROW_CASE(3); ROW_CASE(2);
    default: /* the rest, with outputs before it */
        w -= WIDTH - left, b -= WIDTH - left, y -= WIDTH - left;
        FN(block_of_row)(1, 0, n_in, n_out, w, b, x, y);
    }
}

#undef ROW_CASE
#undef APART
#undef NEXT_ROW
#undef WIDTH
