/* opt_lbfgs.inl: the iteration of L-BFGS, with or without bounds.
 * R. H. Byrd, P. Lu, J. Nocedal, C. Zhu, SIAM J. Sci. Comput. 16 (1995) 1190-1208; every iterate is the best point
 * seen, so an early stop loses nothing. */

#include "optimizers/lbfgs_pairs.inl"

#include "optimizers/lbfgs_box.inl"

typedef struct TY(lbfgs_run) {
    TY(lbfgs_state) st;
    const hbcd_lbfgs *options;
    const TY(objective) *objective;
    const TY(box) *box; /* NULL: no bound is finite */
    const hbcd_stop *stop;
    hbcd_report *report;
    int boxed;          /* every bound is finite */
} TY(lbfgs_run);

static size_t FN(lbfgs_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(lbfgs_state) st;
    return FN(lbfgs_carve)(options, NULL, shape->n, &st);
}

static void FN(lbfgs_reset)(const void *options, void *state, size_t n)
{
    TY(lbfgs_state) st;
    FN(lbfgs_carve)(options, state, n, &st);
    *st.header = (lbfgs_header){.n = n, .memory = st.ld - 1};
    FN(forget)(&st);
}

/* s'B s for the step s = x_new - x of length t along d, and Bs itself; B as it was for d.
 * d = -H g means B s = -t g; a direction that the box bent needs the compact formula. */
static double FN(model_times_step)(TY(lbfgs_state) *st, const REAL *s, double t, REAL *bs)
{
    const size_t n = st->n;
    if (st->from_box) {
        FN(copy)(n, s, bs);
        FN(scale)(n, st->header->theta, bs);
        FN(w_transposed)(st, s, st->small);
        saddle_solve(st->header->count, &st->compact, st->small);
        FN(w_times)(st, -1.0, st->small, bs);
    } else {
        FN(copy)(n, st->g, bs);
        FN(scale)(n, -t, bs);
    }
    return FN(dot)(n, s, bs);
}

/* Powell's damping (1978): y <- part y + (1 - part) B s with s'y = 0.2 s'B s where it was less.  Returns s'y.
 * The first pair stays as it is: nothing is known of the scale of B yet. */
static double FN(damp)(TY(lbfgs_state) *st, const REAL *s, REAL *y, double t, double sy)
{
    const double least = 0.2;
    if (st->header->count == 0) return sy;
    REAL *bs = st->d; /* free again */
    double sbs = FN(model_times_step)(st, s, t, bs);
    if (sy >= least * sbs || !(sbs > 0)) return sy;
    double part = (1.0 - least) * sbs / (sbs - sy);
    FN(scale)(st->n, part, y);
    FN(axpy)(st->n, 1.0 - part, bs, y);
    return FN(dot)(st->n, s, y);
}

/* Takes the pair of the step from x to `to` into the memory, if its curvature is positive.
 * slope: g'd of the search. */
static void FN(remember)(TY(lbfgs_run) *run, const REAL *x, const TY(trial) *to, double slope)
{
    TY(lbfgs_state) *st = &run->st;
    lbfgs_header *h = st->header;
    const size_t n = st->n, j = FN(slot)(st, h->count);
    const double epsilon = REAL_IS_F32 ? FLT_EPSILON : DBL_EPSILON;
    REAL *s = st->s + j * n, *y = st->y + j * n;
    FN(subtract)(n, to->x, x, s);
    FN(subtract)(n, to->g, st->g, y);
    double sy = FN(dot)(n, s, y);
    if (run->options->damping) sy = FN(damp)(st, s, y, to->step, sy);
    double theta = FN(dot)(n, y, y) / sy;
    h->moved = 1;
    h->last_step = h->count == 0 ? to->step : 0.0;
    /* As in L-BFGS-B: relative to the slope, so that the scale of f does not matter. */
    if (!(sy > -epsilon * to->step * slope) || !(theta > 0) || isinf(theta)) return;
    st->sy[j * st->ld + j] = sy;
    h->theta = theta;
    if (h->count < h->memory) {
        h->count++;
    } else {
        h->first = FN(slot)(st, 1);
        h->n_products -= h->n_products > 0;
    }
}

/* The largest step that stays in the box.  Before anything is known of f, no further than the model's minimizer. */
static double FN(largest_step)(const TY(lbfgs_run) *run, const REAL *x)
{
    const TY(lbfgs_state) *st = &run->st;
    if (run->box == NULL) return UNLIMITED;
    if (!st->header->moved) return 1.0;
    double t = FN(way_to_bound)(st->n, run->box, x, st->d, UNLIMITED);
    return fmax(t, 1.0); /* x + d is in the box, up to rounding */
}

/* The first trial: 1 for a quasi-Newton step; a gradient has no length of its own. */
static double FN(first_step)(const TY(lbfgs_run) *run, double step_max)
{
    const lbfgs_header *h = run->st.header;
    if (h->count > 0) return 1.0;
    if (h->last_step > 0) return fmin(STEP_GROWTH * h->last_step, step_max);
    if (run->boxed && !h->moved) return 1.0;
    double length = 1.0 / FN(norm2)(run->st.n, run->st.d);
    return fmin(length, h->moved ? 1.0 : step_max);
}

/* One direction and the search along it. */
static int FN(search_once)(TY(lbfgs_run) *run, const REAL *x, double f, double *slope, TY(trial) *found,
                           TY(trial) *best)
{
    TY(lbfgs_state) *st = &run->st;
    found->step = best->step = 0.0;
    if (run->box != NULL) *slope = FN(box_direction)(st, run->box, x, st->g, st->d);
    else *slope = FN(quasi_newton)(st, st->g, st->d);
    if (!(*slope < 0) || isinf(*slope)) return HBCD_STOP_LINE_SEARCH;
    double step_max = FN(largest_step)(run, x);
    found->step = FN(first_step)(run, step_max);
    const line_rule rule = {run->options->armijo, run->options->wolfe, run->options->max_line_search};
    return FN(wolfe_search)(run->objective, &rule, run->stop, run->report, run->box, x, st->d, f, *slope,
                            step_max, found, best);
}

/* One iteration from x, *f, gradient st.g.  It moves to the lowest point, so that every iterate is the best one; the
 * pair comes from the point that fulfils the Wolfe conditions, because its curvature is sound. */
static int FN(lbfgs_iterate)(TY(lbfgs_run) *run, REAL *x, double *f)
{
    TY(lbfgs_state) *st = &run->st;
    const size_t n = st->n;
    TY(trial) found = {.x = st->x_new, .g = st->g_new}, best = {.x = st->z, .g = st->r};
    double slope, f_old = *f;
    int status = FN(search_once)(run, x, *f, &slope, &found, &best);
    if (status == HBCD_STOP_LINE_SEARCH && st->header->count > 0) { /* once more, by steepest descent */
        FN(forget)(st);
        status = FN(search_once)(run, x, *f, &slope, &found, &best);
    }
    const TY(trial) *pair = found.step > 0 ? &found : &best, *to = best.step > 0 ? &best : &found;
    if (!(to->step > 0)) return status;
    FN(remember)(run, x, pair, slope);
    FN(copy)(n, to->x, x);
    FN(copy)(n, to->g, st->g);
    *f = to->f;
    double pg = FN(projected_gradient)(n, run->box, x, st->g);
    run->report->pg = pg;
    if (status == HBCD_OK && to->step >= UNLIMITED) status = HBCD_STOP_LINE_SEARCH; /* f has no minimum this way */
    return status != HBCD_OK ? status : hbcd_stop_test(run->stop, run->report, f_old, *f, pg, n, x);
}

static int FN(lbfgs_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                              REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const size_t n = objective->n;
    TY(lbfgs_run) run = {.options = options, .objective = objective, .stop = stop, .report = report};
    TY(lbfgs_state) *st = &run.st;
    (void)rng;
    hbcd_report_start(report);
    FN(lbfgs_carve)(options, state, n, st);
    if (st->header->n != n || st->header->memory != st->ld - 1) return report->status = HBCD_ERR_ARGUMENT;
    run.box = FN(is_bounded)(n, box) ? box : NULL;
    run.boxed = FN(is_boxed)(n, box);
    FN(project)(n, box, x);
    double f;
    int status = FN(evaluate)(objective, stop, report, x, &f, st->g);
    if (status != HBCD_OK) return report->status = status;
    double pg = isfinite(f) ? FN(projected_gradient)(n, run.box, x, st->g) : INFINITY;
    status = hbcd_stop_start(stop, report, f, pg);
    while (status == HBCD_OK) status = FN(lbfgs_iterate)(&run, x, &f);
    report->f = f;
    return report->status = status;
}

const TY(optimizer) FN(row_lbfgs) = {"lbfgs", FN(lbfgs_state_size), FN(lbfgs_reset), FN(lbfgs_minimize), NULL,
                                     HBCD_OPT_MONOTONE};
