/* affine_row.inl: y = W'x + b of a single row.  Vector lanes run over outputs, whose weights lie together; every sum is formed
 * in the order of affine.inl, so that the bits are the same.  Ends the scope of WIDTH. */

/* `vecs` vectors of outputs, the last of them from `last` on: it may overlap the one before it, and says the same. */
HBCD_INLINE void FN(block_of_row)(const int vecs, size_t last, size_t n_in, size_t n_out, const REAL *w, const REAL *b,
                               const REAL *x, REAL *y)
{
    TY(vec) sum[4], row;
    HBCD_UNROLL for (int v = 0; v < vecs; v++) {
        memcpy(&sum[v], b + (v + 1 < vecs ? (size_t)v * WIDTH : last), sizeof row);
        sum[v] = (TY(vec)){0} + sum[v];
    }
    for (size_t i = 0; i < n_in; i++, w += n_out) {
        const REAL value = x[i];
        HBCD_UNROLL for (int v = 0; v < vecs; v++) {
            memcpy(&row, w + (v + 1 < vecs ? (size_t)v * WIDTH : last), sizeof row);
            sum[v] += value * row;
        }
    }
    HBCD_UNROLL for (int v = 0; v < vecs; v++)
        memcpy(y + (v + 1 < vecs ? (size_t)v * WIDTH : last), &sum[v], sizeof row);
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
static void FN(narrow_row)(size_t n_in, size_t n_out, const REAL *w, const REAL *b, const REAL *x, REAL *y)
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

static void FN(affine_row)(size_t n_in, size_t n_out, const REAL *w, const REAL *b, const REAL *x, REAL *y)
{
    if (n_out < WIDTH) {
        FN(narrow_row)(n_in, n_out, w, b, x, y);
        return;
    }
    size_t o = 0;
    for (; n_out - o > 4 * WIDTH; o += 4 * WIDTH)
        FN(block_of_row)(4, 3 * WIDTH, n_in, n_out, w + o, b + o, x, y + o);
    const size_t last = n_out - o >= WIDTH ? n_out - o - WIDTH : 0;
    switch ((n_out - o + WIDTH - 1) / WIDTH) {
    case 4: FN(block_of_row)(4, last, n_in, n_out, w + o, b + o, x, y + o); break;
    case 3: FN(block_of_row)(3, last, n_in, n_out, w + o, b + o, x, y + o); break;
    case 2: FN(block_of_row)(2, last, n_in, n_out, w + o, b + o, x, y + o); break;
    default: /* the rest, with outputs before it */
        o = n_out - WIDTH;
        FN(block_of_row)(1, 0, n_in, n_out, w + o, b + o, x, y + o);
    }
}

#undef WIDTH
