/* opt_lm.inl: Levenberg-Marquardt between bounds.  K. Levenberg, Quart. Appl. Math. 2 (1944) 164; D. Marquardt, SIAM J.
 * Appl. Math. 11 (1963) 431; the update of mu is H. B. Nielsen's, IMM-REP-1999-05, Technical University of Denmark.
 *
 * The step minimizes g'p + p'(J'WJ + mu D)p / 2 in the box; it is taken when f falls, and costs one value where it is
 * not.  Every iterate is the best point seen. */

#include "optimizers/lm_model.inl"

/* Below this share of its unit mu is lost in the rounding of the matrix. */
#define LEAST_MU 1e-15

static size_t FN(lm_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(lm) lm;
    return FN(lm_carve)(options, NULL, shape, &lm);
}

static void FN(lm_reset)(const void *options, void *state, size_t n)
{
    (void)options, (void)n;
    *(TY(lm_memory) *)state = (TY(lm_memory)){0}; /* the first piece of the state */
}

/* x_try <- P(x + t step), the output layer solved anew where it is eliminated, and its value. */
static int FN(lm_try)(TY(lm) *lm, const REAL *x, double t, double *f_try)
{
    FN(copy)(lm->n, x, lm->x_try);
    for (size_t i = 0; i < lm->hidden; i++) {
        const double step = t * lm->step[i];
        lm->x_try[i] = (REAL)((double)x[i] + step);
        if (step <= lm->lo[i]) lm->x_try[i] = lm->box->lo[i]; /* a bound is met exactly */
        if (step >= lm->hi[i]) lm->x_try[i] = lm->box->hi[i];
    }
    FN(project)(lm->n, lm->box, lm->x_try); /* against rounding only */
    if (memcmp(x, lm->x_try, lm->n * sizeof *x) == 0) return HBCD_STOP_LINE_SEARCH;
    if (lm->scope == HBCD_LM_PROJECTED) {
        int status = FN(output_solve)(&lm->output, lm->objective, lm->box, lm->options->ridge, 1, lm->stop, lm->report,
                                      lm->x_try);
        if (status != 0) return status;
    }
    return FN(evaluate)(lm->objective, lm->stop, lm->report, lm->x_try, f_try, NULL);
}

/* Blocks know nothing of each other, so that all steps together may be too long: once more at the minimum of the
 * parabola through f, the slope there and f_try. */
static int FN(lm_shorten)(TY(lm) *lm, const REAL *x, double f, double *f_try)
{
    double slope = hbcd_dot_f64(lm->n, lm->g, lm->step);
    double t = isfinite(*f_try) ? -0.5 * slope / (*f_try - f - slope) : 0;
    return FN(lm_try)(lm, x, fmin(fmax(t, 0.1), 0.5), f_try);
}

/* The step of all variables and, where blocks have made it too long, a shorter one. */
static int FN(lm_trial)(TY(lm) *lm, const REAL *x, double f, double *f_try)
{
    int status = FN(lm_try)(lm, x, 1, f_try);
    if (status == 0 && lm->scope == HBCD_LM_BLOCKS && !(*f_try < f)) status = FN(lm_shorten)(lm, x, f, f_try);
    return status;
}

static int FN(lm_accept)(TY(lm) *lm, REAL *x, double *f, double f_try)
{
    FN(copy)(lm->n, lm->x_try, x);
    lm->report->f = *f = f_try;
    return HBCD_OK;
}

#include "optimizers/lm_radius.inl"

/* mu after a step that brought `gain` of the decrease that was predicted. */
static void FN(lm_relax)(TY(lm) *lm, double gain, double unit)
{
    double off = 2 * gain - 1;
    lm->memory->mu = fmax(lm->memory->mu * fmax(1.0 / 3.0, 1 - off * off * off), LEAST_MU * unit);
    lm->memory->nu = 2;
}

/* From x, f to the next lower point, mu growing until there is one. */
static int FN(lm_descend)(TY(lm) *lm, REAL *x, double *f, double unit)
{
    for (;;) {
        double predicted, f_try;
        int definite, status = FN(lm_step)(lm, &predicted, &definite);
        if (status != 0) return status;
        if (definite) {
            if (!(predicted > 0.5 * DBL_EPSILON * fabs(*f))) return HBCD_STOP_LINE_SEARCH;
            status = FN(lm_trial)(lm, x, *f, &f_try);
            if (status != 0) return status;
            if (f_try < *f) {
                FN(lm_relax)(lm, (*f - f_try) / predicted, unit);
                return FN(lm_accept)(lm, x, f, f_try);
            }
        }
        lm->memory->mu *= lm->memory->nu;
        lm->memory->nu *= 2;
        if (!(lm->memory->mu > 0) || isinf(lm->memory->mu)) return HBCD_STOP_LINE_SEARCH;
        status = hbcd_watch_tick(lm->stop->watch);
        if (status != 0) return status;
    }
}

/* The output layer belongs to what is below it from the start; *f is the value at the x passed in. */
static int FN(lm_enter)(TY(lm) *lm, REAL *x, double *f)
{
    double f_try;
    int status = FN(evaluate)(lm->objective, lm->stop, lm->report, x, f, NULL);
    if (status != 0) return status;
    lm->report->f = lm->report->f_start = *f;
    FN(copy)(lm->n, x, lm->x_try);
    status = FN(output_solve)(&lm->output, lm->objective, lm->box, lm->options->ridge, 1, lm->stop, lm->report,
                              lm->x_try);
    if (status == 0) status = FN(evaluate)(lm->objective, lm->stop, lm->report, lm->x_try, &f_try, NULL);
    if (status == 0 && f_try < *f) {
        FN(copy)(lm->n, lm->x_try, x);
        lm->report->f = f_try;
    }
    return status;
}

static int FN(lm_run)(TY(lm) *lm, REAL *x)
{
    const hbcd_stop *stop = lm->stop;
    hbcd_report *report = lm->report;
    double f, f_start = NAN, pg, unit;
    int status = lm->scope == HBCD_LM_PROJECTED ? FN(lm_enter)(lm, x, &f_start) : HBCD_OK;
    if (status == 0) status = FN(lm_model)(lm, x, &f, &pg, &unit);
    if (status != 0) return status;
    status = hbcd_stop_start(stop, report, f, pg);
    if (lm->scope == HBCD_LM_PROJECTED) report->f_start = f_start;
    const int within = lm->options->damping == HBCD_LM_TRUST_REGION;
    if (status == 0 && !(lm->memory->mu > 0))
        *lm->memory = (TY(lm_memory)){.mu = within ? LEAST_MU : lm->options->mu * unit, .nu = 2};
    while (status == 0) {
        double before = f;
        status = within ? FN(lm_descend_within)(lm, x, &f) : FN(lm_descend)(lm, x, &f, unit);
        if (status != 0) break;
        int last = report->n_iterations + 1 >= stop->max_iterations; /* nobody needs the next model */
        if (last) pg = NAN;
        else status = FN(lm_model)(lm, x, &f, &pg, &unit);
        if (status == 0) status = hbcd_stop_test(stop, report, before, f, pg, lm->n, x);
    }
    return status;
}

static int FN(lm_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                           REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    TY(lm) lm = {.options = options, .objective = objective, .box = box, .stop = stop, .report = report};
    (void)rng;
    hbcd_report_start(report);
    const hbcd_shape shape = FN(shape_of)(objective);
    int status = FN(lm_choose)(&lm);
    if (status < 0) return report->status = status;
    FN(lm_carve)(options, state, &shape, &lm);
    lm.qp.cholesky.n_threads = lm.output.qp.cholesky.n_threads = objective->n_threads > 1 ? objective->n_threads : 1;
    FN(project)(lm.n, box, x);
    return report->status = FN(lm_run)(&lm, x);
}

#undef LEAST_MU

const TY(optimizer) FN(row_lm) = {"lm", FN(lm_state_size), FN(lm_reset), FN(lm_minimize), NULL, HBCD_OPT_MONOTONE};
