/* opt_adam.inl: ADAM, projected onto the box.  D. Kingma, J. Ba, "Adam: a method for stochastic optimization",
 * ICLR 2015, algorithm 1; after every step the point is projected.  Moments and step count outlive a call: with
 * keep_last and a few iterations a call, the calls on many batches are one run of the stochastic method.  The cosine
 * schedule: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without restarts;
 * where a call stands in it comes from its hbcd_stop, not from the step count, which a new block sets to 0. */

#define ADAM_WINDOW 10 /* iterations whose decrease counts */

typedef struct TY(adam_memory) {
    size_t *steps;  /* t of algorithm 1 */
    REAL *m, *v;    /* (n) first and second moment */
    REAL *g, *best; /* (n) gradient; best point of this call */
} TY(adam_memory);

static size_t FN(adam_carve)(void *state, size_t n, TY(adam_memory) *memory)
{
    hbcd_arena arena = {state, SIZE_MAX, 0};
    memory->steps = hbcd_arena_take(&arena, 1, sizeof *memory->steps);
    memory->m = hbcd_arena_take(&arena, n, sizeof *memory->m);
    memory->v = hbcd_arena_take(&arena, n, sizeof *memory->v);
    memory->g = hbcd_arena_take(&arena, n, sizeof *memory->g);
    memory->best = hbcd_arena_take(&arena, n, sizeof *memory->best);
    return arena.used;
}

static size_t FN(adam_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(adam_memory) memory;
    (void)options;
    return FN(adam_carve)(NULL, shape->n, &memory);
}

static void FN(adam_reset)(const void *options, void *state, size_t n)
{
    TY(adam_memory) memory;
    (void)options;
    FN(adam_carve)(state, n, &memory);
    *memory.steps = 0;
    for (size_t i = 0; i < n; i++) memory.m[i] = memory.v[i] = 0;
}

/* The learning rate of an iteration of this call, counted from 0. */
static double FN(adam_rate)(const hbcd_adam *options, const hbcd_stop *stop, size_t iteration)
{
    const double pi = 3.14159265358979323846;
    if (options->schedule == HBCD_ADAM_CONSTANT) return options->learning_rate;
    const size_t whole = stop->run_iterations ? stop->run_iterations : stop->max_iterations;
    const double share = fmin(((double)stop->iterations_before + (double)iteration) / (double)whole, 1.0);
    return options->learning_rate * (0.5 + 0.5 * cos(pi * share));
}

/* x <- x - learning_rate * mhat / (sqrt(vhat) + epsilon), at step t = 1, 2, .. of algorithm 1.  m, v, g, x: (n). */
static void FN(adam_step)(const hbcd_adam *options, double learning_rate, size_t n, size_t t, const REAL *restrict g,
                          REAL *restrict m, REAL *restrict v, REAL *restrict x)
{
    const REAL beta1 = (REAL)options->beta1, beta2 = (REAL)options->beta2;
    const REAL fresh1 = (REAL)(1.0 - options->beta1), fresh2 = (REAL)(1.0 - options->beta2);
    const REAL rate = (REAL)(learning_rate / (1.0 - pow(options->beta1, (double)t)));
    const REAL root = (REAL)(1.0 / sqrt(1.0 - pow(options->beta2, (double)t)));
    const REAL epsilon = (REAL)options->epsilon;
    for (size_t i = 0; i < n; i++) {
        m[i] = beta1 * m[i] + fresh1 * g[i];
        v[i] = beta2 * v[i] + fresh2 * g[i] * g[i];
        x[i] -= rate * m[i] / ((REAL)sqrt((double)v[i]) * root + epsilon);
    }
}

/* The evaluation that ends an iteration.  After the last one the gradient is of no use; and where the last iterate
 * is returned whatever its value, the value is not either. */
static int FN(adam_evaluate)(const TY(objective) *objective, const TY(box) *box, const hbcd_stop *stop,
                             hbcd_report *report, const REAL *x, double *f, double *pg, REAL *g)
{
    int last = report->n_iterations + 1 >= stop->max_iterations;
    *f = *pg = NAN;
    if (last && stop->keep_last) return HBCD_OK;
    double value;
    int status = FN(evaluate)(objective, stop, report, x, &value, last ? NULL : g);
    if (status) return status;
    *f = value;
    if (!last) *pg = isfinite(value) ? FN(projected_gradient)(objective->n, box, x, g) : INFINITY;
    return HBCD_OK;
}

static double FN(adam_largest)(const double *window)
{
    double largest = window[0];
    for (size_t k = 1; k < ADAM_WINDOW; k++) largest = fmax(largest, window[k]);
    return largest;
}

static int FN(adam_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                             REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const size_t n = objective->n;
    TY(adam_memory) memory;
    (void)rng;
    FN(adam_carve)(state, n, &memory);
    hbcd_report_start(report);
    FN(project)(n, box, x);
    double f, pg, f_best;
    int status = FN(evaluate)(objective, stop, report, x, &f, memory.g);
    if (status) return report->status = status;
    pg = isfinite(f) ? FN(projected_gradient)(n, box, x, memory.g) : INFINITY;
    status = hbcd_stop_start(stop, report, f, pg);
    f_best = f;
    FN(copy)(n, x, memory.best);
    double window[ADAM_WINDOW]; /* the last values, in a ring */
    for (size_t k = 0; k < ADAM_WINDOW; k++) window[k] = f;
    for (size_t k = 0; !status; k++) {
        const double rate = FN(adam_rate)(options, stop, report->n_iterations);
        FN(adam_step)(options, rate, n, ++*memory.steps, memory.g, memory.m, memory.v, x);
        FN(project)(n, box, x);
        status = FN(adam_evaluate)(objective, box, stop, report, x, &f, &pg, memory.g);
        if (status) break;
        if (f < f_best) {
            f_best = f;
            FN(copy)(n, x, memory.best);
        }
        /* A step has a fixed length and may lead uphill: the decrease is that below the largest of the last values. */
        double before = k + 1 >= ADAM_WINDOW ? FN(adam_largest)(window) : NAN;
        window[k % ADAM_WINDOW] = f;
        status = hbcd_stop_test(stop, report, f > before ? NAN : before, f, pg, n, x);
    }
    report->f = f;
    if (!stop->keep_last || status == HBCD_STOP_NOT_FINITE) {
        FN(copy)(n, memory.best, x);
        report->f = f_best;
    }
    return report->status = status;
}

#undef ADAM_WINDOW

const TY(optimizer) FN(row_adam) = {"adam", FN(adam_state_size), FN(adam_reset), FN(adam_minimize), NULL,
                                    HBCD_OPT_ACROSS_BATCHES};
