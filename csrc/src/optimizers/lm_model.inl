/* lm_model.inl: the quadratic model of Levenberg-Marquardt: one matrix for all variables, one for each block, or one
 * for what is below the output layer.  Part of opt_lm.c.
 *
 * A part is a set of neighboring variables whose matrix is solved for itself; all parts share mu. */

typedef struct TY(lm_memory) { /* what outlives a call */
    double mu, nu; /* damping, 0: none yet; factor of the next refusal */
    double radius; /* of a trust region, 0: none yet */
} TY(lm_memory);

typedef struct TY(lm) {
    const hbcd_lm *options;
    const TY(objective) *objective;
    const TY(box) *box;
    const hbcd_stop *stop;
    hbcd_report *report;
    int scope;
    size_t n, hidden, n_parts; /* hidden: variables that a step moves; all but those of an eliminated output layer */
    TY(lm_memory) *memory;
    double *matrix;                     /* of one part after the other */
    double *g, *scale, *damp, *lo, *hi; /* (n) each: gradient; D; mu D; distances to the bounds */
    double *step;                       /* (n) */
    size_t *rest;                       /* (n): variables of the output layer that are eliminated */
    REAL *gradient, *x_try;             /* (n) each */
    hbcd_box_qp qp;
    TY(output) output;
} TY(lm);

typedef struct TY(lm_part) {
    size_t start, size, ld;
    double *a; /* (size, size) in rows of ld */
} TY(lm_part);

static size_t FN(lm_carve)(const hbcd_lm *options, void *state, const hbcd_shape *shape, TY(lm) *lm)
{
    const size_t n = shape->n;
    const int by_blocks = options->scope == HBCD_LM_BLOCKS;
    hbcd_arena arena = {state, SIZE_MAX, 0};
    lm->memory = hbcd_arena_take(&arena, 1, sizeof *lm->memory);
    lm->matrix = hbcd_arena_take(&arena, by_blocks ? shape->squares : hbcd_times(n, n), sizeof *lm->matrix);
    double **vectors[] = {&lm->g, &lm->scale, &lm->damp, &lm->lo, &lm->hi, &lm->step};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
        *vectors[k] = hbcd_arena_take(&arena, n, sizeof **vectors[k]);
    lm->rest = hbcd_arena_take(&arena, n, sizeof *lm->rest);
    lm->gradient = hbcd_arena_take(&arena, n, sizeof *lm->gradient);
    lm->x_try = hbcd_arena_take(&arena, n, sizeof *lm->x_try);
    hbcd_box_qp_make(&lm->qp, options->isa, by_blocks ? shape->largest : n, &arena);
    if (options->scope == HBCD_LM_PROJECTED)
        FN(output_make)(&lm->output, options->isa, shape->inputs, shape->outputs, &arena);
    return arena.used;
}

/* Which scope this objective allows; < 0 if it lacks what was asked for. */
static int FN(lm_choose)(TY(lm) *lm)
{
    const TY(objective) *objective = lm->objective;
    lm->hidden = lm->n = objective->n;
    lm->n_parts = 1;
    lm->scope = objective->n_blocks > 1 ? lm->options->scope : HBCD_LM_JOINT;
    if (lm->scope == HBCD_LM_BLOCKS) {
        lm->n_parts = objective->n_blocks;
        return objective->normal_of ? HBCD_OK : HBCD_ERR_NORMAL;
    }
    if (lm->scope == HBCD_LM_PROJECTED) {
        lm->hidden -= objective->blocks[objective->n_blocks - 1].size;
        if (!objective->output_gram) return HBCD_ERR_OUTPUT;
    }
    return objective->normal ? HBCD_OK : HBCD_ERR_NORMAL;
}

static TY(lm_part) FN(lm_part_of)(const TY(lm) *lm, size_t k)
{
    if (lm->scope != HBCD_LM_BLOCKS) return (TY(lm_part)){0, lm->hidden, lm->n, lm->matrix};
    const TY(objective) *o = lm->objective;
    double *a = lm->matrix;
    for (size_t b = 0; b < k; b++) a += o->blocks[b].size * o->blocks[b].size;
    return (TY(lm_part)){o->blocks[k].start, o->blocks[k].size, o->blocks[k].size, a};
}

/* f, g and the matrices at x. */
static int FN(lm_equations)(TY(lm) *lm, const REAL *x, double *f)
{
    const TY(objective) *objective = lm->objective;
    if (lm->scope != HBCD_LM_BLOCKS) return objective->normal(objective->self, x, f, lm->g, lm->matrix);
    int status = 0;
    for (size_t k = 0; k < lm->n_parts && status == 0; k++) {
        TY(lm_part) part = FN(lm_part_of)(lm, k);
        status = objective->normal_of(objective->self, x, k, f, lm->g + part.start, part.a);
    }
    return status;
}

/* Variables of the output layer that no bound holds. */
static size_t FN(lm_rest)(TY(lm) *lm)
{
    size_t n_rest = 0;
    for (size_t i = lm->hidden; i < lm->n; i++)
        if (!(lm->lo[i] >= 0 && lm->g[i] > 0) && !(lm->hi[i] <= 0 && lm->g[i] < 0)) lm->rest[n_rest++] = i;
    return n_rest;
}

/* A row of the matrix of what is below the output layer, without what the rows behind it explain. */
typedef struct TY(lm_eliminating) {
    double *matrix;
    size_t n, hidden, n_rest;
} TY(lm_eliminating);

static int FN(lm_eliminate_row)(void *self, size_t i, int thread)
{
    const TY(lm_eliminating) *work = self;
    (void)thread;
    for (size_t k = 0; k < work->n_rest; k++) {
        const double *w = work->matrix + (work->hidden + k) * work->n;
        hbcd_axpy_f64(work->hidden, -w[i], w, work->matrix + i * work->n);
    }
    return HBCD_OK;
}

/* Eliminates the output layer (L. Kaufman, BIT 15 (1975) 49): with J = [J_h J_o] the matrix of what is below becomes
 * J_h'J_h - J_h'J_o (J_o'J_o + lambda I)^-1 J_o'J_h, and its gradient likewise. */
static int FN(lm_eliminate)(TY(lm) *lm)
{
    enum { MOST_TRIALS = 20 };
    const size_t n = lm->n, hidden = lm->hidden, n_rest = FN(lm_rest)(lm);
    double mean = 0, *g = lm->step; /* free until a step is made */
    size_t positive = 0;
    for (size_t k = 0; k < n_rest; k++) mean += lm->matrix[lm->rest[k] * (n + 1)] / (double)n_rest;
    if (!(mean > 0)) return HBCD_OK;
    double lambda = lm->options->ridge * mean;
    for (int trial = 0; trial < MOST_TRIALS && positive < n_rest; trial++) {
        for (size_t k = 0; k < n; k++) lm->damp[k] = lambda;
        hbcd_cholesky_load(&lm->qp.cholesky, n_rest, lm->matrix, n, lm->damp, lm->rest);
        int status = hbcd_cholesky_factor(&lm->qp.cholesky, lm->stop->watch, &positive);
        if (status != 0) return status;
        lambda = fmax(10 * lambda, 1e-15 * mean);
    }
    if (positive < n_rest) return HBCD_OK; /* nothing is eliminated: still a step of the joint model's upper part */
    for (size_t k = 0; k < n_rest; k++) { /* the rows of J_o'J_h, one after another */
        memmove(lm->matrix + (hidden + k) * n, lm->matrix + lm->rest[k] * n, hidden * sizeof *lm->matrix);
        g[k] = lm->g[lm->rest[k]];
    }
    int status = hbcd_cholesky_forward_wide(&lm->qp.cholesky, hidden, lm->matrix + hidden * n, n, lm->stop->watch);
    if (status != 0) return status;
    hbcd_cholesky_forward(&lm->qp.cholesky, 1, g, 1);
    for (size_t k = 0; k < n_rest; k++) hbcd_axpy_f64(hidden, -g[k], lm->matrix + (hidden + k) * n, lm->g);
    TY(lm_eliminating) work = {lm->matrix, n, hidden, n_rest};
    const hbcd_team team = {lm->qp.cholesky.n_threads, lm->stop->watch};
    return hbcd_tiles_run(&team, hidden, (double)hidden * (double)hidden * (double)n_rest, FN(lm_eliminate_row), &work);
}

/* D: 1; or the largest diagonal so far, which alone converges from anywhere (J. More, LNM 630 (1978) 105), no element
 * of it nothing beside the largest.  Returns the unit of mu. */
static double FN(lm_scale)(TY(lm) *lm)
{
    const int follows = lm->memory->mu > 0; /* the scale of the point before is known */
    double largest = 0;
    for (size_t k = 0; k < lm->n_parts; k++) {
        TY(lm_part) part = FN(lm_part_of)(lm, k);
        for (size_t i = 0; i < part.size; i++) {
            const double now = part.a[i * (part.ld + 1)];
            lm->scale[part.start + i] = follows ? fmax(lm->scale[part.start + i], now) : now;
            largest = fmax(largest, now);
        }
    }
    const int scaled = lm->options->damping != HBCD_LM_NIELSEN;
    for (size_t i = 0; i < lm->hidden; i++) lm->scale[i] = scaled ? fmax(lm->scale[i], 1e-10 * largest) : 1;
    return scaled && isfinite(largest) ? 1 : largest;
}

/* The model at x: *f, *pg (INFINITY where they are not finite) and the unit of mu; one evaluation. */
static int FN(lm_model)(TY(lm) *lm, const REAL *x, double *f, double *pg, double *unit)
{
    if (lm->report->n_evaluations >= lm->stop->max_evaluations) return HBCD_STOP_EVALUATIONS;
    lm->report->n_evaluations++;
    int status = FN(lm_equations)(lm, x, f);
    if (status != 0) return status;
    for (size_t i = 0; i < lm->n; i++) {
        lm->gradient[i] = (REAL)lm->g[i];
        lm->lo[i] = lm->box && lm->box->lo ? (double)lm->box->lo[i] - (double)x[i] : -INFINITY;
        lm->hi[i] = lm->box && lm->box->hi ? (double)lm->box->hi[i] - (double)x[i] : INFINITY;
    }
    *pg = FN(projected_gradient)(lm->n, lm->box, x, lm->gradient);
    if (lm->scope == HBCD_LM_PROJECTED) status = FN(lm_eliminate)(lm);
    *unit = FN(lm_scale)(lm);
    if (!isfinite(*f) || !FN(all_finite)(lm->n, lm->gradient) || !isfinite(*unit)) *f = *pg = INFINITY;
    return status;
}

/* The damped step, and the decrease that the model without damping predicts for it; *definite as in box_qp.h. */
static int FN(lm_step)(TY(lm) *lm, double *predicted, int *definite)
{
    *predicted = 0;
    *definite = 1;
    lm->qp.watch = lm->stop->watch;
    for (size_t i = 0; i < lm->hidden; i++) lm->damp[i] = lm->memory->mu * lm->scale[i];
    for (size_t k = 0; k < lm->n_parts && *definite; k++) {
        TY(lm_part) part = FN(lm_part_of)(lm, k);
        const size_t at = part.start;
        double value;
        int status = hbcd_box_qp_solve(&lm->qp, part.size, part.a, part.ld, lm->damp + at, lm->g + at, lm->lo + at,
                                       lm->hi + at, lm->step + at, &value, definite);
        if (status != 0) return status;
        *predicted -= value;
        for (size_t i = at; i < at + part.size; i++) *predicted += 0.5 * lm->damp[i] * lm->step[i] * lm->step[i];
    }
    return HBCD_OK;
}
