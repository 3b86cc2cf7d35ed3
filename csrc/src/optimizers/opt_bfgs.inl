/* opt_bfgs.inl: the iteration of BFGS (Nocedal and Wright 2006, section 6.1), with or without bounds.
 *
 *     H+ = gamma (H - (s w' + w s') / s'y + (w'y / (s'y)^2) s s') + s s' / s'y,   w = H y,   s = x+ - x,  y = g+ - g
 *        = gamma H + s p' + p s',   p = (gamma w'y / s'y + 1) / (2 s'y) s - (gamma / s'y) w
 *
 * gamma is the self-scaling.  H g+ is known from H g by H g+ = H g + w, so that the matrix is passed over once in an
 * iteration: the update waits until the next product is asked for.
 *
 * Bounds: a variable on a bound that -g points out of is fixed: its row of H is zero.  Fixing variable i takes it out of
 * the model, H <- H - h h' / h_ii with h its column: the exact inverse of the Hessian B without row and column i.  A
 * variable that is let go comes back with theta on the diagonal.  Steps end at the first bound; one that would meet many
 * is bent onto the box instead.
 * Every iterate is the best point seen, so an early stop loses nothing. */

#include "optimizers/bfgs_model.inl"

/* d <- P(x + factor v) - x.  Returns g'd. */
static double FN(bend)(TY(bfgs_run) *run, const REAL *x, double factor, const REAL *v)
{
    TY(bfgs_state) *st = &run->st;
    REAL *z = st->x_new; /* free until the search */
    FN(copy)(st->n, x, z);
    FN(axpy)(st->n, factor, v, z);
    FN(project)(st->n, run->box, z);
    FN(direction_to)(st->n, x, z, st->d);
    run->part = 0;
    return FN(dot)(st->n, st->g, st->d);
}

/* d <- -H g, or where that leaves the box, as far as the first bound; bent onto the box if it would leave at many places
 * or if H is a multiple of I.  Returns g'd. */
static double FN(bfgs_direction)(TY(bfgs_run) *run, const REAL *x)
{
    TY(bfgs_state) *st = &run->st;
    const size_t n = st->n;
    size_t leaving = 0;
    if (run->box) {
        FN(match_bounds)(run, x);
        FN(hold_variables)(run, x);
    }
    for (size_t i = 0; i < n; i++) st->d[i] = (REAL)-st->hg[i];
    run->part = 1.0;
    double slope = FN(dot)(n, st->g, st->d);
    if (!run->box || FN(is_inside)(n, run->box, x, st->d)) return slope;
    FN(copy)(n, x, st->x_new); /* free until the search */
    FN(axpy)(n, 1.0, st->d, st->x_new);
    for (size_t i = 0; i < n; i++) leaving += (size_t)FN(on_bound)(run->box, st->x_new, i, st->d[i]);
    if (st->header->count == 0 || leaving > MANY) {
        slope = FN(bend)(run, x, 1.0, st->d);
        return slope < 0 ? slope : FN(bend)(run, x, -st->header->theta, st->g);
    }
    /* A hair longer: the variable that limits it is then exactly on its bound, in spite of rounding. */
    run->part = FN(way_to_bound)(n, run->box, x, st->d, 1.0) * (1.0 + 2.0 * (REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON));
    FN(scale)(n, run->part, st->d);
    return FN(dot)(n, st->g, st->d);
}

/* One direction and the search along it.  The first trial is 1 for a quasi-Newton step; a gradient has no length of its
 * own, and before anything is known of f no step goes further than the model's minimizer in the box. */
static int FN(bfgs_search)(TY(bfgs_run) *run, const REAL *x, double f, double *slope, TY(trial) *found,
                           TY(trial) *best)
{
    TY(bfgs_state) *st = &run->st;
    const bfgs_header *header = st->header;
    const line_rule rule = {run->options->armijo, run->options->wolfe, run->options->max_line_search};
    found->step = best->step = 0.0;
    *slope = FN(bfgs_direction)(run, x);
    if (!(*slope < 0) || isinf(*slope)) return HBCD_STOP_LINE_SEARCH;
    double step_max = run->box && !header->moved ? 1.0
                      : run->box ? fmax(FN(way_to_bound)(st->n, run->box, x, st->d, UNLIMITED), 1.0) : UNLIMITED;
    found->step = 1.0;
    if (header->count == 0 && header->last_step > 0) found->step = fmin(STEP_GROWTH * header->last_step, step_max);
    else if (header->count == 0 && (header->moved || !run->boxed))
        found->step = fmin(1.0 / FN(norm2)(st->n, st->d), header->moved ? 1.0 : step_max);
    return FN(wolfe_search)(run->objective, &rule, run->stop, run->report, run->box, x, st->d, f, *slope, step_max,
                            found, best);
}

/* One iteration from x, *f, gradient st.g.  It moves to the lowest point, so that every iterate is the best one; the
 * pair comes from the point that fulfills the Wolfe conditions, because its curvature is sound. */
static int FN(bfgs_iterate)(TY(bfgs_run) *run, REAL *x, double *f)
{
    TY(bfgs_state) *st = &run->st;
    const size_t n = st->n;
    TY(trial) found = {.x = st->x_new, .g = st->g_new}, best = {.x = st->x_best, .g = st->g_best};
    double slope, f_old = *f;
    int status = FN(bfgs_search)(run, x, *f, &slope, &found, &best);
    if (status == HBCD_STOP_LINE_SEARCH && st->header->count > 0) { /* once more, by steepest descent */
        FN(bfgs_forget)(st);
        FN(model_times)(st, st->g, st->hg);
        status = FN(bfgs_search)(run, x, *f, &slope, &found, &best);
    }
    const TY(trial) *pair = found.step > 0 ? &found : &best, *to = best.step > 0 ? &best : &found;
    if (!(to->step > 0)) return status;
    FN(bfgs_learn)(run, x, pair, slope);
    FN(copy)(n, to->x, x);
    FN(copy)(n, to->g, st->g);
    if (to != pair) FN(model_times)(st, st->g, st->hg);
    *f = to->f;
    double pg = FN(projected_gradient)(n, run->box, x, st->g);
    run->report->pg = pg;
    if (status == HBCD_OK && to->step >= UNLIMITED) status = HBCD_STOP_LINE_SEARCH; /* f has no minimum this way */
    return status != HBCD_OK ? status : hbcd_stop_test(run->stop, run->report, f_old, *f, pg, n, x);
}

static int FN(bfgs_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                             REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const size_t n = objective->n;
    TY(bfgs_run) run = {.options = options, .objective = objective, .stop = stop, .report = report};
    TY(bfgs_state) *st = &run.st;
    (void)rng;
    hbcd_report_start(report);
    FN(bfgs_carve)(state, n, st);
    st->n_threads = objective->n_threads;
    if (st->header->n != n) return report->status = HBCD_ERR_ARGUMENT;
    run.box = FN(is_bounded)(n, box) ? box : NULL;
    run.boxed = FN(is_boxed)(n, box);
    FN(project)(n, box, x);
    double f;
    int status = FN(evaluate)(objective, stop, report, x, &f, st->g_new);
    if (status != HBCD_OK) return report->status = status;
    /* The gradient it stopped at: H g is known; multiplied once more it would differ in its last bits. */
    int same = st->header->moved && memcmp(st->g, st->g_new, n * sizeof *st->g) == 0;
    FN(copy)(n, st->g_new, st->g);
    double pg = isfinite(f) ? FN(projected_gradient)(n, run.box, x, st->g) : INFINITY;
    status = hbcd_stop_start(stop, report, f, pg);
    if (status == HBCD_OK && !same) FN(model_times)(st, st->g, st->hg);
    while (status == HBCD_OK) status = FN(bfgs_iterate)(&run, x, &f);
    report->f = f;
    return report->status = status;
}

const TY(optimizer) FN(row_bfgs) = {"bfgs", FN(bfgs_state_size), FN(bfgs_reset), FN(bfgs_minimize), NULL,
                                    HBCD_OPT_MONOTONE};
