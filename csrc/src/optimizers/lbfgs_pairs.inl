/* lbfgs_pairs.inl: the memory of L-BFGS.
 * Pairs s = x_new - x, y = g_new - g live in a ring of m + 1 slots; the slot after the newest is free, so a pair can be
 * formed before it is known whether it will be kept.  Products are stored by slot, so that nothing ever moves. */

/* Everything the state holds; pointers into the borrowed memory. */
typedef struct TY(lbfgs_state) {
    lbfgs_header *header;
    size_t n, ld;             /* ld = m + 1: slots, and row stride of all small matrices */
    REAL *s, *y;              /* (m + 1, n) */
    double *sy, *ss, *yy;     /* (m + 1, m + 1): s_i'y_j, s_i's_j, y_i'y_j; the diagonal of sy is always known */
    REAL *g, *x_new, *g_new;  /* (n) */
    REAL *d, *r, *z;          /* (n): direction; scratch of the search and of lbfgs_box.inl; */
    saddle compact, subspace; /* lbfgs_box.inl */
    double *small;            /* (4, 2 ld) scratch */
    double *breakpoint;       /* (n) */
    size_t *order;            /* (n) */
    unsigned char *fixed;     /* (n) */
    int from_box;             /* the last direction came from lbfgs_box.inl, `compact` is factored */
} TY(lbfgs_state);

/* Lays the state out in `memory`, or only counts its bytes where that is NULL. */
static size_t FN(lbfgs_carve)(const hbcd_lbfgs *options, void *memory, size_t n, TY(lbfgs_state) *st)
{
    hbcd_arena arena = {memory, SIZE_MAX, 0};
    const size_t ld = hbcd_plus(options->memory, 1);
    st->n = n;
    st->ld = ld;
    st->from_box = 0;
    st->header = hbcd_arena_take(&arena, 1, sizeof *st->header);
    REAL **vectors[] = {&st->g, &st->x_new, &st->g_new, &st->d, &st->r, &st->z};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        *vectors[i] = hbcd_arena_take(&arena, n, sizeof(REAL));
    st->s = hbcd_arena_take(&arena, hbcd_times(ld, n), sizeof(REAL));
    st->y = hbcd_arena_take(&arena, hbcd_times(ld, n), sizeof(REAL));
    double **squares[] = {&st->sy, &st->ss, &st->yy, &st->compact.e, &st->compact.g, &st->compact.q,
                          &st->subspace.e, &st->subspace.g, &st->subspace.q};
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++)
        *squares[i] = hbcd_arena_take(&arena, hbcd_times(ld, ld), sizeof(double));
    st->compact.ld = st->subspace.ld = ld;
    st->small = hbcd_arena_take(&arena, hbcd_times(8, ld), sizeof(double));
    st->breakpoint = hbcd_arena_take(&arena, n, sizeof *st->breakpoint);
    st->order = hbcd_arena_take(&arena, n, sizeof *st->order);
    st->fixed = hbcd_arena_take(&arena, n, sizeof *st->fixed);
    return arena.used;
}

/* Slot of pair k, counted from the oldest. */
static size_t FN(slot)(const TY(lbfgs_state) *st, size_t k)
{
    size_t slot = st->header->first + k;
    return slot < st->ld ? slot : slot - st->ld;
}

static void FN(forget)(TY(lbfgs_state) *st)
{
    lbfgs_header *h = st->header;
    h->first = h->count = h->n_products = 0;
    h->theta = 1.0;
    h->last_step = 0.0;
}

/* d <- -H g by the two-loop recursion (Nocedal 1980), H0 = I / theta.  Returns g'd. */
static double FN(quasi_newton)(TY(lbfgs_state) *st, const REAL *g, REAL *d)
{
    const size_t n = st->n, count = st->header->count;
    double *alpha = st->small;
    for (size_t i = 0; i < n; i++) d[i] = -g[i];
    for (size_t k = count; k-- > 0;) {
        const size_t j = FN(slot)(st, k);
        alpha[k] = FN(dot)(n, st->s + j * n, d) / st->sy[j * st->ld + j];
        FN(axpy)(n, -alpha[k], st->y + j * n, d);
    }
    if (count > 0) FN(scale)(n, 1.0 / st->header->theta, d);
    for (size_t k = 0; k < count; k++) {
        const size_t j = FN(slot)(st, k);
        double beta = FN(dot)(n, st->y + j * n, d) / st->sy[j * st->ld + j];
        FN(axpy)(n, alpha[k] - beta, st->s + j * n, d);
    }
    return FN(dot)(n, g, d);
}

/* Products of every pair with those before it, as far as they are missing. */
static void FN(fill_products)(TY(lbfgs_state) *st)
{
    const size_t n = st->n, ld = st->ld;
    for (size_t k = st->header->n_products; k < st->header->count; k++) {
        const size_t a = FN(slot)(st, k);
        const REAL *s = st->s + a * n, *y = st->y + a * n;
        for (size_t l = 0; l <= k; l++) {
            const size_t b = FN(slot)(st, l);
            st->ss[a * ld + b] = st->ss[b * ld + a] = FN(dot)(n, s, st->s + b * n);
            st->yy[a * ld + b] = st->yy[b * ld + a] = FN(dot)(n, y, st->y + b * n);
            if (l < k) {
                st->sy[a * ld + b] = FN(dot)(n, s, st->y + b * n);
                st->sy[b * ld + a] = FN(dot)(n, st->s + b * n, y);
            }
        }
    }
    st->header->n_products = st->header->count;
}
