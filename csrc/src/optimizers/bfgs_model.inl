/* bfgs_model.inl: what BFGS knows of the function: the inverse Hessian H, how it learns from a step, and which variables
 * are out of it.  opt_bfgs.inl states the formulas. */

/* Everything the state holds; pointers into the borrowed memory. */
typedef struct TY(bfgs_state) {
    bfgs_header *header;
    size_t n;
    double *h;            /* (n, n), packed */
    double *s, *p;        /* (n): the update that waits; zero if none does */
    double *hg, *product; /* (n): H g with that update made; scratch of products */
    double *wide;         /* (n): a vector in double */
    double *shares;       /* (blocks of the matrix, n): of a product */
    int n_threads;
    REAL *g, *d;          /* (n): gradient and direction at x */
    REAL *x_new, *g_new, *x_best, *g_best; /* (n): of the search */
    unsigned char *fixed, *outward; /* (n): out of the model; on a bound that -g points out of */
} TY(bfgs_state);

typedef struct TY(bfgs_run) {
    TY(bfgs_state) st;
    const hbcd_bfgs *options;
    const TY(objective) *objective;
    const TY(box) *box; /* NULL: no bound is finite */
    const hbcd_stop *stop;
    hbcd_report *report;
    int boxed;          /* every bound is finite */
    double part;        /* the last direction is -part H g; 0: it is another one */
} TY(bfgs_run);

/* Lays the state out in `memory`, or only counts its bytes where that is NULL. */
static size_t FN(bfgs_carve)(void *memory, size_t n, TY(bfgs_state) *st)
{
    hbcd_arena arena = {memory, SIZE_MAX, 0};
    st->n = n;
    st->header = hbcd_arena_take(&arena, 1, sizeof *st->header);
    double **wide[] = {&st->s, &st->p, &st->hg, &st->product, &st->wide};
    REAL **narrow[] = {&st->g, &st->d, &st->x_new, &st->g_new, &st->x_best, &st->g_best};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) *wide[i] = hbcd_arena_take(&arena, n, sizeof(double));
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++) *narrow[i] = hbcd_arena_take(&arena, n, sizeof(REAL));
    st->fixed = hbcd_arena_take(&arena, n, sizeof *st->fixed);
    st->outward = hbcd_arena_take(&arena, n, sizeof *st->outward);
    st->shares = hbcd_arena_take(&arena, hbcd_times(matrix_blocks(n), n), sizeof(double));
    st->h = hbcd_arena_take(&arena, hbcd_times(n, hbcd_plus(n, 1)) / 2, sizeof(double));
    return arena.used;
}

static size_t FN(bfgs_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(bfgs_state) st;
    (void)options;
    return FN(bfgs_carve)(NULL, shape->n, &st);
}

static void FN(bfgs_forget)(TY(bfgs_state) *st)
{
    bfgs_header *header = st->header;
    header->count = 0;
    header->theta = header->gamma = 1.0;
    header->last_step = 0.0;
}

static void FN(bfgs_reset)(const void *options, void *state, size_t n)
{
    TY(bfgs_state) st;
    (void)options;
    FN(bfgs_carve)(state, n, &st);
    *st.header = (bfgs_header){.n = n};
    FN(bfgs_forget)(&st);
    memset(st.fixed, 0, n * sizeof *st.fixed);
}

/* out <- H v, making the update that waits. */
static void FN(model_times)(TY(bfgs_state) *st, const REAL *v, double *out)
{
    const size_t n = st->n;
    bfgs_header *header = st->header;
    for (size_t i = 0; i < n; i++) st->wide[i] = v[i];
    if (header->count == 0) {
        for (size_t i = 0; i < n; i++) out[i] = st->fixed[i] ? 0 : header->theta * st->wide[i];
        return;
    }
    matrix_update_times(n, st->h, header->gamma, st->s, st->p, st->wide, st->n_threads, st->shares);
    memcpy(out, st->shares, n * sizeof *out);
    header->gamma = 1.0;
    for (size_t i = 0; i < n; i++) st->s[i] = st->p[i] = 0;
}

/* Takes variable i out of the model; hg follows.  No update may wait. */
static void FN(fix_variable)(TY(bfgs_state) *st, size_t i)
{
    st->fixed[i] = 1;
    matrix_column(st->n, st->h, i, st->s);
    const double h_ii = st->s[i];
    if (!(h_ii > 0)) { /* rounding has made H indefinite */
        FN(bfgs_forget)(st);
        return;
    }
    for (size_t j = 0; j < st->n; j++) st->p[j] = -0.5 / h_ii * st->s[j];
    FN(model_times)(st, st->g, st->hg);
    matrix_isolate(st->n, st->h, i, 0.0); /* exactly */
    st->hg[i] = 0;
}

/* Lets variable i go, with nothing known of its curvature. */
static void FN(free_variable)(TY(bfgs_state) *st, size_t i)
{
    st->fixed[i] = 0;
    matrix_isolate(st->n, st->h, i, st->header->theta);
    st->hg[i] = st->header->theta * st->g[i];
}

static int FN(on_bound)(const TY(box) *box, const REAL *x, size_t i, double way)
{
    return (way < 0 && box->lo && x[i] <= box->lo[i]) || (way > 0 && box->hi && x[i] >= box->hi[i]);
}

/* Fixes the variables on a bound that -g points out of.  A variable that is fixed and could leave its bound is freed
 * only when its gradient is the largest one, so that none goes to and fro while the others still move. */
static void FN(match_bounds)(TY(bfgs_run) *run, const REAL *x)
{
    TY(bfgs_state) *st = &run->st;
    const TY(box) *box = run->box;
    const REAL *g = st->g;
    size_t changes = 0;
    double most = 0; /* gradient of those that can move */
    for (size_t i = 0; i < st->n; i++) {
        st->outward[i] = (unsigned char)FN(on_bound)(box, x, i, -(double)g[i]);
        if (!st->fixed[i] && !st->outward[i]) most = fmax(most, fabs((double)g[i]));
    }
    for (size_t i = 0; i < st->n; i++) {
        if (st->fixed[i] && fabs((double)g[i]) <= most)
            st->outward[i] |= (unsigned char)(FN(on_bound)(box, x, i, -1.0) || FN(on_bound)(box, x, i, 1.0));
        changes += st->outward[i] != st->fixed[i];
    }
    if (changes == 0) return;
    if (changes > MANY) FN(bfgs_forget)(st);
    FN(model_times)(st, g, st->hg); /* the update that waits */
    for (size_t i = 0; i < st->n && st->header->count > 0; i++) {
        if (st->outward[i] && !st->fixed[i]) FN(fix_variable)(st, i);
        else if (!st->outward[i] && st->fixed[i]) FN(free_variable)(st, i);
    }
    if (st->header->count > 0) return;
    memcpy(st->fixed, st->outward, st->n);
    FN(model_times)(st, g, st->hg);
}

/* Fixes the variables on a bound that -H g points out of, although -g does not. */
static void FN(hold_variables)(TY(bfgs_run) *run, const REAL *x)
{
    TY(bfgs_state) *st = &run->st;
    size_t held = 0, before;
    do {
        before = held;
        for (size_t i = 0; i < st->n && st->header->count > 0; i++) {
            if (st->fixed[i] || !FN(on_bound)(run->box, x, i, -st->hg[i])) continue;
            if (held == 0) FN(model_times)(st, st->g, st->hg); /* the update that waits */
            if (held++ < MANY) FN(fix_variable)(st, i);
            else FN(bfgs_forget)(st);
        }
    } while (held != before && st->header->count > 0);
    if (st->header->count == 0) FN(model_times)(st, st->g, st->hg);
}

/* The self-scaling of a step of length t that gave s'y: gamma = s'B s / s'y, and with Al-Baali's rule at least 1.
 * s'B s = -t^2 part g'd is known where d = -part H g.  S. S. Oren, D. G. Luenberger, Manag. Sci. 20 (1974) 845-862;
 * M. Al-Baali, Comput. Optim. Appl. 9 (1998) 191-203. */
static double FN(self_scaling)(const TY(bfgs_run) *run, double t, double slope, double sy)
{
    if (run->options->scaling == HBCD_BFGS_FIRST || run->part == 0) return 1.0;
    double gamma = -t * t * run->part * slope / sy;
    if (!(gamma > 0) || isinf(gamma)) return 1.0;
    return run->options->scaling == HBCD_BFGS_AL_BAALI ? fmax(gamma, 1.0) : gamma;
}

/* Takes in the pair of the step from x to `to`, if its curvature is positive; H g of the matrix that results is left in
 * st->hg for the gradient at `to`.  slope: g'd of the search. */
static void FN(bfgs_learn)(TY(bfgs_run) *run, const REAL *x, const TY(trial) *to, double slope)
{
    TY(bfgs_state) *st = &run->st;
    bfgs_header *header = st->header;
    const size_t n = st->n;
    const double epsilon = REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON;
    double sy = 0, yy = 0, wy = 0, sg = 0, pg = 0;
    for (size_t i = 0; i < n; i++) {
        double y = st->fixed[i] ? 0 : (double)to->g[i] - st->g[i];
        sy += ((double)to->x[i] - x[i]) * y;
        yy += y * y;
    }
    const int first = header->count == 0, sound = sy > -epsilon * to->step * slope && sy / yy > 0;
    header->moved = 1;
    header->last_step = first ? to->step : 0.0;
    if (first && sound) { /* H is a multiple of I still: of the size that fits the pair */
        header->theta = sy / yy;
        FN(model_times)(st, st->g, st->hg);
    }
    FN(model_times)(st, to->g, st->product);
    if (first && sound) matrix_diagonal(n, header->theta, st->fixed, st->h);
    for (size_t i = 0; i < n; i++) wy += (st->product[i] - st->hg[i]) * ((double)to->g[i] - st->g[i]);
    if (sound && wy > 0 && !isinf(wy)) {
        const double gamma = first ? 1.0 : FN(self_scaling)(run, to->step, slope, sy);
        for (size_t i = 0; i < n; i++) {
            st->s[i] = (double)to->x[i] - x[i];
            st->p[i] = (gamma * wy / sy + 1.0) / (2.0 * sy) * st->s[i] - gamma / sy * (st->product[i] - st->hg[i]);
            sg += st->s[i] * to->g[i];
            pg += st->p[i] * to->g[i];
        }
        for (size_t i = 0; i < n; i++) st->product[i] = gamma * st->product[i] + pg * st->s[i] + sg * st->p[i];
        header->gamma = gamma;
        header->theta = sy / yy;
        header->count++;
    }
    memcpy(st->hg, st->product, n * sizeof *st->hg);
}
