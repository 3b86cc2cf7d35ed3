/* lbfgs_box.inl: one quadratic model, minimized in a box.
 * R. H. Byrd, P. Lu, J. Nocedal, C. Zhu, "A limited memory algorithm for bound constrained optimization", SIAM J. Sci.
 * Comput. 16 (1995) 1190-1208: the generalized Cauchy point (section 4), then the subspace of the variables it leaves
 * free (section 5.1), with the projection of J. L. Morales, J. Nocedal, ACM Trans. Math. Softw. 38 (2011) article 7.
 *
 * B = theta I - W M W',  W = [Y, theta S] (n, 2k),  M^-1 = [-D L'; L theta S'S],  D = diag(s_i'y_i),
 * L_ij = s_i'y_j for i > j, else 0.  c = W'(z - x) belongs to the Cauchy point z. */

/* v (2k) <- W'u */
static void FN(w_transposed)(const TY(lbfgs_state) *st, const REAL *u, double *v)
{
    const size_t n = st->n, count = st->header->count;
    for (size_t k = 0; k < count; k++) {
        const size_t j = FN(slot)(st, k);
        v[k] = FN(dot)(n, st->y + j * n, u);
        v[count + k] = st->header->theta * FN(dot)(n, st->s + j * n, u);
    }
}

/* u <- u + factor W v */
static void FN(w_times)(const TY(lbfgs_state) *st, double factor, const double *v, REAL *u)
{
    const size_t n = st->n, count = st->header->count;
    for (size_t k = 0; k < count; k++) {
        const size_t j = FN(slot)(st, k);
        FN(axpy)(n, factor * v[k], st->y + j * n, u);
        FN(axpy)(n, factor * st->header->theta * v[count + k], st->s + j * n, u);
    }
}

/* v'w for 2k numbers. */
static double FN(small_dot)(size_t n, const double *v, const double *w)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += v[i] * w[i];
    return sum;
}

/* Factors M^-1.  0: rounding has made it impossible. */
static int FN(factor_compact)(TY(lbfgs_state) *st)
{
    const size_t ld = st->ld, count = st->header->count;
    FN(fill_products)(st);
    for (size_t k = 0; k < count; k++)
        for (size_t l = 0; l < count; l++) {
            const size_t from = FN(slot)(st, k) * ld + FN(slot)(st, l), to = k * ld + l;
            st->compact.e[to] = k == l ? st->sy[from] : 0.0;
            st->compact.g[to] = k > l ? st->sy[from] : 0.0;
            st->compact.q[to] = st->header->theta * st->ss[from];
        }
    return saddle_factor(count, &st->compact);
}

/* Sinks order[at] in a heap of `size` whose root has the smallest breakpoint. */
static void FN(sink)(const double *breakpoint, size_t *order, size_t size, size_t at)
{
    const size_t moving = order[at];
    for (size_t child = 2 * at + 1; child < size; at = child, child = 2 * at + 1) {
        if (child + 1 < size && breakpoint[order[child + 1]] < breakpoint[order[child]]) child++;
        if (!(breakpoint[order[child]] < breakpoint[moving])) break;
        order[at] = order[child];
    }
    order[at] = moving;
}

/* Where the path P(x - t g) bends: d <- its direction at t = 0, `fixed` marks what cannot move, order <- the heap of
 * the variables that reach a bound.  Returns the size of the heap; *n_moving: variables with d != 0. */
static size_t FN(breakpoints)(TY(lbfgs_state) *st, const TY(box) *box, const REAL *x, const REAL *g,
                              size_t *n_moving)
{
    size_t size = 0;
    *n_moving = 0;
    for (size_t i = 0; i < st->n; i++) {
        const double lo = box->lo ? box->lo[i] : -INFINITY, hi = box->hi ? box->hi[i] : INFINITY, slope = g[i];
        double t = slope > 0 ? (x[i] - lo) / slope : slope < 0 ? (x[i] - hi) / slope : INFINITY;
        st->breakpoint[i] = t;
        st->fixed[i] = !(t > 0) || !(lo < hi);
        st->d[i] = st->fixed[i] ? 0 : -g[i];
        if (st->d[i] != 0) {
            (*n_moving)++;
            if (t < INFINITY) st->order[size++] = i;
        }
    }
    for (size_t i = size / 2; i-- > 0;) FN(sink)(st->breakpoint, st->order, size, i);
    return size;
}

/* Algorithm CP: z <- the first local minimizer of the model along P(x - t g), c <- W'(z - x).
 * slope, curve: derivatives of the model along the piece, p = W'd. */
static void FN(cauchy_point)(TY(lbfgs_state) *st, const TY(box) *box, const REAL *x, const REAL *g, REAL *z, double *c)
{
    const size_t n = st->n, count = st->header->count, two = 2 * count;
    const double theta = st->header->theta;
    double *p = st->small, *mw = st->small + 2 * st->ld, t = 0.0;
    size_t n_moving, size = FN(breakpoints)(st, box, x, g, &n_moving);
    FN(w_transposed)(st, st->d, p);
    for (size_t k = 0; k < two; k++) c[k] = 0.0, mw[k] = p[k];
    saddle_solve(count, &st->compact, mw);
    double slope = -FN(dot)(n, st->d, st->d), curve = -theta * slope;
    const double least_curve = DBL_EPSILON * curve;
    curve = fmax(curve - FN(small_dot)(two, p, mw), least_curve);
    FN(copy)(n, x, z);
    while (size > 0) {
        const size_t b = st->order[0];
        const double dt = st->breakpoint[b] - t, gb = g[b];
        if (-slope < dt * curve) break;
        st->order[0] = st->order[--size];
        if (size > 0) FN(sink)(st->breakpoint, st->order, size, 0);
        t = st->breakpoint[b];
        z[b] = gb > 0 ? box->lo[b] : box->hi[b];
        st->d[b] = 0;
        st->fixed[b] = 1;
        n_moving--;
        for (size_t k = 0; k < two; k++) c[k] += dt * p[k];
        for (size_t k = 0; k < count; k++) {
            const size_t j = FN(slot)(st, k);
            mw[k] = st->y[j * n + b];
            mw[count + k] = theta * st->s[j * n + b];
        }
        double *w = mw + 2 * st->ld;
        for (size_t k = 0; k < two; k++) w[k] = mw[k];
        saddle_solve(count, &st->compact, mw);
        slope += dt * curve + gb * gb + gb * (theta * (z[b] - x[b]) - FN(small_dot)(two, mw, c));
        curve -= gb * (theta * gb + 2.0 * FN(small_dot)(two, mw, p) + gb * FN(small_dot)(two, mw, w));
        curve = fmax(curve, least_curve);
        for (size_t k = 0; k < two; k++) p[k] += gb * w[k];
        if (n_moving == 0) return;
    }
    if (n_moving == 0) return;
    const double dt = fmax(-slope / curve, 0.0);
    t += dt;
    for (size_t k = 0; k < two; k++) c[k] += dt * p[k];
    for (size_t i = 0; i < n; i++)
        if (!st->fixed[i]) z[i] = (REAL)(x[i] + t * st->d[i]);
    FN(project)(n, box, z);
}

/* Sum of a_i b_i over the `size` indices in `list`. */
static double FN(dot_over)(size_t size, const size_t *list, const REAL *a, const REAL *b)
{
    double even = 0, odd = 0;
    size_t i = 0;
    for (; i + 2 <= size; i += 2) {
        even += (double)a[list[i]] * b[list[i]];
        odd += (double)a[list[i + 1]] * b[list[i + 1]];
    }
    return even + odd + (i < size ? (double)a[list[i]] * b[list[i]] : 0.0);
}

/* Factors M^-1 - W_F'W_F / theta, rows of W taken at the free variables only.  Sums run over the fixed variables or
 * over the free ones, whichever are fewer; st->order lists them. */
static int FN(factor_subspace)(TY(lbfgs_state) *st, size_t n_free)
{
    const size_t n = st->n, ld = st->ld, count = st->header->count;
    const double theta = st->header->theta;
    const int over_free = 2 * n_free < n;
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        if (st->fixed[i] != over_free) st->order[size++] = i;
    for (size_t k = 0; k < count; k++) {
        const size_t a = FN(slot)(st, k);
        for (size_t l = 0; l < count; l++) {
            const size_t b = FN(slot)(st, l), from = a * ld + b, to = k * ld + l;
            double sy = FN(dot_over)(size, st->order, st->s + a * n, st->y + b * n);
            st->subspace.g[to] = k <= l ? -(over_free ? sy : st->sy[from] - sy) : over_free ? st->sy[from] - sy : sy;
            if (k < l) continue; /* of the symmetric parts the lower triangle is enough */
            double ss = FN(dot_over)(size, st->order, st->s + a * n, st->s + b * n);
            double yy = FN(dot_over)(size, st->order, st->y + a * n, st->y + b * n);
            double yy_free = over_free ? yy : st->yy[from] - yy, ss_fixed = over_free ? st->ss[from] - ss : ss;
            st->subspace.e[to] = (k == l ? st->sy[from] : 0.0) + yy_free / theta;
            st->subspace.q[to] = theta * ss_fixed;
        }
    }
    return saddle_factor(count, &st->subspace);
}

/* z <- a point of the box where the model is no higher than at the Cauchy point z, found by its minimizer u over the
 * free variables: P(z + u) if that is downhill from x, else z + u cut at the box.  0: factorization failed. */
static int FN(subspace_minimum)(TY(lbfgs_state) *st, const TY(box) *box, const REAL *x, const REAL *g, REAL *z,
                                double *c)
{
    const size_t n = st->n, count = st->header->count;
    const double theta = st->header->theta;
    REAL *r = st->r, *u = st->d, *projected = st->x_new;
    double *v = st->small;
    size_t n_free = 0;
    for (size_t i = 0; i < n; i++) n_free += !st->fixed[i];
    if (n_free == 0) return 1;
    if (!FN(factor_subspace)(st, n_free)) return 0;
    /* r <- minus the gradient of the model at z, free variables only; u <- r / theta + W v / theta^2 */
    saddle_solve(count, &st->compact, c);
    for (size_t i = 0; i < n; i++) r[i] = (REAL)(-(double)g[i] - theta * ((double)z[i] - x[i]));
    FN(w_times)(st, 1.0, c, r);
    for (size_t i = 0; i < n; i++) r[i] = st->fixed[i] ? 0 : r[i];
    FN(w_transposed)(st, r, v);
    saddle_solve(count, &st->subspace, v);
    FN(copy)(n, r, u);
    FN(w_times)(st, 1.0 / theta, v, u);
    for (size_t i = 0; i < n; i++) u[i] = st->fixed[i] ? 0 : (REAL)(u[i] / theta);

    FN(copy)(n, z, projected);
    FN(axpy)(n, 1.0, u, projected);
    FN(project)(n, box, projected);
    FN(subtract)(n, projected, x, r);
    if (FN(dot)(n, g, r) <= 0) {
        FN(copy)(n, projected, z);
        return 1;
    }
    double alpha = 1.0;
    for (size_t i = 0; i < n; i++) {
        if (u[i] < 0 && box->lo) alpha = fmin(alpha, ((double)box->lo[i] - z[i]) / u[i]);
        if (u[i] > 0 && box->hi) alpha = fmin(alpha, ((double)box->hi[i] - z[i]) / u[i]);
    }
    FN(axpy)(n, alpha, u, z);
    FN(project)(n, box, z);
    return 1;
}

/* d <- towards the minimizer of the model in the box.  Returns g'd; NaN: a factorization failed. */
static double FN(box_direction)(TY(lbfgs_state) *st, const TY(box) *box, const REAL *x, const REAL *g, REAL *d)
{
    const size_t n = st->n;
    st->from_box = 0;
    double slope = FN(quasi_newton)(st, g, d);
    /* The minimizer of the model without bounds is that with bounds if it lies inside. */
    if (FN(is_inside)(n, box, x, d)) return slope;
    if (st->header->count == 0) { /* B = I: the Cauchy point is the projection, and nothing is left to gain */
        FN(copy)(n, x, st->z);
        FN(axpy)(n, 1.0, d, st->z);
        FN(project)(n, box, st->z);
    } else {
        double *c = st->small + 6 * st->ld;
        if (!FN(factor_compact)(st)) return NAN;
        st->from_box = 1;
        FN(cauchy_point)(st, box, x, g, st->z, c);
        if (!FN(subspace_minimum)(st, box, x, g, st->z, c)) return NAN;
    }
    FN(direction_to)(n, x, st->z, d);
    return FN(dot)(n, g, d);
}
