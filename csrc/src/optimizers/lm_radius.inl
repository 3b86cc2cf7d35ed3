/* lm_radius.inl: Levenberg-Marquardt in a trust region (J. More, LNM 630 (1978) 105): mu is what makes the step as long
 * as a radius in the norm |v| = (v'Dv)^1/2, and the radius follows how well the model predicted the loss.  A solution
 * costs n^3 / 3 operations and no row, an evaluation all rows: so mu is found before anything is evaluated.  Part of
 * opt_lm.c. */

/* A step within this share of the radius is as long as the radius. */
#define NEAR_RADIUS 0.1

static double FN(lm_length)(const TY(lm) *lm, const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < lm->hidden; i++) sum += lm->scale[i] * v[i] * v[i];
    return sqrt(sum);
}

/* A mu at which no step is longer than the radius: p'(g + Ap + mu Dp) <= 0 at the minimum in any box around 0. */
static double FN(lm_most_mu)(const TY(lm) *lm)
{
    double sum = 0;
    for (size_t i = 0; i < lm->hidden; i++) sum += lm->g[i] * lm->g[i] / lm->scale[i];
    return sqrt(sum) / lm->memory->radius;
}

/* The step at the least mu, if that is short enough, else at a mu that makes it as long as the radius.  1 / |p| is
 * nearly linear in mu (More), so a secant finds it in a few steps, and a bracket holds it. */
static int FN(lm_step_within)(TY(lm) *lm, double *predicted, double *length, int *definite)
{
    enum { MOST_STEPS = 20 };
    TY(lm_memory) *memory = lm->memory;
    const double radius = memory->radius, before = memory->mu;
    double lo = LEAST_MU, hi = FN(lm_most_mu)(lm), last_mu = 0, last_inverse = 0;
    memory->mu = LEAST_MU;
    for (int k = 0;; k++) {
        const double mu = memory->mu;
        int status = FN(lm_step)(lm, predicted, definite);
        if (status != 0) return status;
        *length = *definite ? FN(lm_length)(lm, lm->step) : INFINITY;
        const int fits = *length <= (1 + NEAR_RADIUS) * radius;
        if ((fits && (k == 0 || *length >= (1 - NEAR_RADIUS) * radius)) || k == MOST_STEPS) return HBCD_OK;
        if (*length > radius) lo = mu;
        else hi = mu;
        const double inverse = 1 / *length, rise = (inverse - last_inverse) / (mu - last_mu);
        double next = mu + (1 / radius - inverse) / rise;
        if (k == 0) next = lo < before && before < hi ? before : 1e-3 * hi;
        else if (!*definite) next = 10 * mu;
        memory->mu = lo < next && next < hi ? next : sqrt(lo * hi);
        last_mu = *definite ? mu : 0; /* as if the step at mu = 0 had no end */
        last_inverse = inverse;
    }
}

/* The radius after a step of this length from f to f_try where the model predicted a decrease: at most ten times
 * smaller, at the minimum of the parabola through both values and the slope. */
static void FN(lm_resize)(TY(lm) *lm, double f, double f_try, double predicted, double length)
{
    TY(lm_memory) *memory = lm->memory;
    const double gain = isfinite(f_try) ? (f - f_try) / predicted : -INFINITY;
    if (gain <= 0.25) {
        const double slope = hbcd_dot_f64(lm->hidden, lm->g, lm->step);
        double t = f_try <= f ? 0.5 : 0.5 * slope / (slope + f - f_try);
        t = t > 0.1 ? t : 0.1; /* NaN too */
        memory->radius = t * fmin(memory->radius, 10 * length);
    } else if (gain >= 0.75 || memory->mu == LEAST_MU) memory->radius = 2 * length;
}

/* The first radius: what x itself measures, times an option; where x is 0, what the residuals do. */
static double FN(lm_first_radius)(const TY(lm) *lm, const REAL *x, double f)
{
    double sum = 0;
    for (size_t i = 0; i < lm->hidden; i++) sum += lm->scale[i] * (double)x[i] * (double)x[i];
    return lm->options->radius * sqrt(sum > 0 ? sum : 2 * f);
}

/* From x, f to the next lower point, the radius shrinking until there is one. */
static int FN(lm_descend_within)(TY(lm) *lm, REAL *x, double *f)
{
    TY(lm_memory) *memory = lm->memory;
    if (!(memory->radius > 0)) memory->radius = FN(lm_first_radius)(lm, x, *f);
    for (;;) {
        double predicted, length, f_try = NAN;
        int definite, status = FN(lm_step_within)(lm, &predicted, &length, &definite);
        if (status != 0) return status;
        if (!definite) memory->radius *= 0.1;
        else {
            if (!(predicted > 0.5 * DBL_EPSILON * fabs(*f))) return HBCD_STOP_LINE_SEARCH;
            status = FN(lm_trial)(lm, x, *f, &f_try);
            if (status != 0) return status;
            FN(lm_resize)(lm, *f, f_try, predicted, length);
            if (f_try < *f) return FN(lm_accept)(lm, x, f, f_try);
        }
        if (!(memory->radius > 0)) return HBCD_STOP_LINE_SEARCH;
        status = hbcd_watch_tick(lm->stop->watch);
        if (status != 0) return status;
    }
}

#undef NEAR_RADIUS
