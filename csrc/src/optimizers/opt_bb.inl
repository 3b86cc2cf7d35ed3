/* opt_bb.inl: spectral projected gradient with Barzilai-Borwein step lengths.  SPG: E. Birgin, J. Martinez,
 * M. Raydan, SIAM J. Optim. 10 (2000) 1196; step lengths: J. Barzilai, J. Borwein, IMA J. Numer. Anal. 8 (1988) 141;
 * ABBmin: G. Frassoldati, L. Zanni, G. Zanghirati, J. Ind. Manag. Optim. 4 (2008) 299.
 * s = x_k - x_{k-1}, y = g_k - g_{k-1}, BB1 = s's / s'y (long), BB2 = s'y / y'y (short), pg = P(x - g) - x.
 * The search is non-monotone, so the best point is kept apart. */

/* Between calls the step length and the BB2 steps stay; the values of the non-monotone search do not. */
typedef struct TY(bb_header) {
    double lambda;   /* step length of the next direction; 0: none yet */
    size_t n_short;  /* how many BB2 steps were stored so far */
} TY(bb_header);

typedef struct TY(bb_run) {
    const hbcd_bb *options;
    const TY(objective) *objective;
    const TY(box) *box;
    const hbcd_stop *stop;
    hbcd_report *report;
    TY(bb_header) *header;
    double *short_steps;             /* (abb_memory) ring of BB2 */
    double *values;                  /* (history) ring of f */
    REAL *d, *g, *x_try, *g_try, *best; /* (n) each */
    double f_best;
} TY(bb_run);

/* At least one place each, also for options that nobody checked. */
static size_t FN(bb_places)(size_t wanted)
{
    return wanted ? wanted : 1;
}

static size_t FN(bb_carve)(const hbcd_bb *options, void *state, size_t n, TY(bb_run) *run)
{
    hbcd_arena arena = {state, SIZE_MAX, 0};
    run->header = hbcd_arena_take(&arena, 1, sizeof *run->header);
    run->short_steps = hbcd_arena_take(&arena, FN(bb_places)(options->abb_memory), sizeof *run->short_steps);
    run->values = hbcd_arena_take(&arena, FN(bb_places)(options->history), sizeof *run->values);
    run->d = hbcd_arena_take(&arena, n, sizeof *run->d);
    run->g = hbcd_arena_take(&arena, n, sizeof *run->g);
    run->x_try = hbcd_arena_take(&arena, n, sizeof *run->x_try);
    run->g_try = hbcd_arena_take(&arena, n, sizeof *run->g_try);
    run->best = hbcd_arena_take(&arena, n, sizeof *run->best);
    return arena.used;
}

static size_t FN(bb_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(bb_run) run;
    return FN(bb_carve)(options, NULL, shape->n, &run);
}

static void FN(bb_reset)(const void *options, void *state, size_t n)
{
    TY(bb_run) run;
    FN(bb_carve)(options, state, n, &run);
    *run.header = (TY(bb_header)){0};
}

static double FN(bb_clip)(const hbcd_bb *options, double lambda)
{
    return fmin(fmax(lambda, options->step_min), options->step_max);
}

/* f and g at x, counted; keeps x if it is the best so far.  *pg = INFINITY where f is not finite. */
static int FN(bb_evaluate)(TY(bb_run) *run, const REAL *x, double *f, REAL *g, double *pg)
{
    const size_t n = run->objective->n;
    int status = FN(evaluate)(run->objective, run->stop, run->report, x, f, g);
    if (status) return status;
    *pg = isfinite(*f) ? FN(projected_gradient)(n, run->box, x, g) : INFINITY;
    if (*f < run->f_best) {
        run->f_best = *f;
        FN(copy)(n, x, run->best);
    }
    return HBCD_OK;
}

/* d <- P(x - lambda g) - x; returns its slope g'd, negative unless x is stationary to rounding. */
static double FN(bb_direction)(TY(bb_run) *run, double lambda, const REAL *x)
{
    const size_t n = run->objective->n;
    FN(copy)(n, x, run->x_try);
    FN(axpy)(n, -lambda, run->g, run->x_try);
    FN(project)(n, run->box, run->x_try);
    FN(subtract)(n, run->x_try, x, run->d);
    return FN(dot)(n, run->g, run->d);
}

/* The largest of the last values; k: how many were stored. */
static double FN(bb_reference)(const TY(bb_run) *run, size_t k)
{
    const size_t places = FN(bb_places)(run->options->history);
    double largest = run->values[0];
    for (size_t i = 1; i < places && i < k; i++) largest = fmax(largest, run->values[i]);
    return largest;
}

/* The next trial after alpha failed with value f_try: the minimum of a parabola where it lies in [0.1, 0.9 alpha],
 * else half; a tenth where f_try is not finite. */
static double FN(bb_shorter)(double alpha, double f, double slope, double f_try)
{
    if (!isfinite(f_try)) return 0.1 * alpha;
    if (alpha <= 0.1) return 0.5 * alpha;
    double parabola = -slope * alpha * alpha / (2.0 * (f_try - f - alpha * slope));
    return parabola >= 0.1 && parabola <= 0.9 * alpha ? parabola : 0.5 * alpha;
}

/* Non-monotone Armijo search along d: x_try, *f_try, g_try and *pg are those of the accepted point. */
static int FN(bb_search)(TY(bb_run) *run, const REAL *x, double f, double slope, double reference, double *f_try,
                         double *pg)
{
    enum { MAX_TRIALS = 40 }; /* 2^-40 of d is below the rounding of x */
    const size_t n = run->objective->n;
    double alpha = 1.0;
    for (int trial = 0; trial < MAX_TRIALS; trial++) {
        FN(copy)(n, x, run->x_try);
        FN(axpy)(n, alpha, run->d, run->x_try);
        FN(project)(n, run->box, run->x_try); /* against rounding only */
        int status = FN(bb_evaluate)(run, run->x_try, f_try, run->g_try, pg);
        if (status) return status;
        if (*f_try <= reference + run->options->armijo * alpha * slope) return HBCD_OK;
        alpha = FN(bb_shorter)(alpha, f, slope, *f_try);
    }
    return HBCD_STOP_LINE_SEARCH;
}

/* The step length that follows from s's, s'y, y'y; without positive curvature ten times the last one, but no
 * longer than a step of length 1. */
static double FN(bb_lambda)(TY(bb_run) *run, double ss, double sy, double yy, double pg)
{
    const hbcd_bb *options = run->options;
    if (!(sy > 0.0)) return FN(bb_clip)(options, fmin(10.0 * run->header->lambda, 1.0 / pg));
    const size_t places = FN(bb_places)(options->abb_memory);
    double bb1 = ss / sy, bb2 = sy / yy;
    run->short_steps[run->header->n_short++ % places] = bb2;
    if (options->step == HBCD_BB1) return FN(bb_clip)(options, bb1);
    if (options->step == HBCD_ABBMIN) {
        if (!(bb2 < options->tau * bb1)) return FN(bb_clip)(options, bb1);
        for (size_t i = 0; i < places && i < run->header->n_short; i++) bb2 = fmin(bb2, run->short_steps[i]);
    }
    return FN(bb_clip)(options, bb2);
}

/* x, g <- the accepted point, and the step length for the next direction. */
static void FN(bb_advance)(TY(bb_run) *run, REAL *x, double pg)
{
    const size_t n = run->objective->n;
    REAL *s = run->d, *y = run->x_try; /* the direction and, once copied, the trial point are free */
    FN(subtract)(n, run->x_try, x, s);
    FN(copy)(n, run->x_try, x);
    FN(subtract)(n, run->g_try, run->g, y);
    FN(copy)(n, run->g_try, run->g);
    double ss = FN(dot)(n, s, s), sy = FN(dot)(n, s, y), yy = FN(dot)(n, y, y);
    run->header->lambda = FN(bb_lambda)(run, ss, sy, yy, pg);
}

/* One iteration from x, *f, *pg; k: iterations before it in this call. */
static int FN(bb_iterate)(TY(bb_run) *run, size_t k, REAL *x, double *f, double *pg)
{
    const size_t places = FN(bb_places)(run->options->history);
    const double reference = FN(bb_reference)(run, k + 1);
    double f_old = *f, f_try, pg_try;
    double slope = FN(bb_direction)(run, run->header->lambda, x);
    if (!isfinite(slope)) { /* x - lambda g is beyond the largest number */
        run->header->lambda = FN(bb_clip)(run->options, 1.0 / *pg);
        slope = FN(bb_direction)(run, run->header->lambda, x);
    }
    int status = HBCD_STOP_LINE_SEARCH;
    if (slope < 0.0 && isfinite(slope))
        status = FN(bb_search)(run, x, f_old, slope, reference, &f_try, &pg_try);
    if (status == HBCD_STOP_LINE_SEARCH) run->header->lambda = 0.0; /* a fresh start if called again */
    if (status) return status;
    FN(bb_advance)(run, x, pg_try);
    *f = f_try;
    *pg = pg_try;
    run->values[(k + 1) % places] = f_try;
    /* One short step says nothing, nor does one uphill: the decrease is that below the largest of the last values. */
    const double before = k + 1 >= places ? reference : NAN;
    return hbcd_stop_test(run->stop, run->report, before, f_try, pg_try, run->objective->n, x);
}

static int FN(bb_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                           REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const size_t n = objective->n;
    TY(bb_run) run = {.options = options, .objective = objective, .box = box, .stop = stop, .report = report,
                      .f_best = INFINITY};
    (void)rng;
    FN(bb_carve)(options, state, n, &run);
    hbcd_report_start(report);
    FN(project)(n, box, x);
    FN(copy)(n, x, run.best);
    double f, pg;
    int status = FN(bb_evaluate)(&run, x, &f, run.g, &pg);
    if (status) return report->status = status;
    status = hbcd_stop_start(stop, report, f, pg);
    run.values[0] = f;
    if (!(run.header->lambda > 0.0)) run.header->lambda = FN(bb_clip)(options, 1.0 / pg);
    for (size_t k = 0; !status; k++) status = FN(bb_iterate)(&run, k, x, &f, &pg);
    report->f = f;
    if (!stop->keep_last) {
        FN(copy)(n, run.best, x);
        report->f = run.f_best;
    }
    return report->status = status;
}

const TY(optimizer) FN(row_bb) = {"bb", FN(bb_state_size), FN(bb_reset), FN(bb_minimize), NULL, 0};
