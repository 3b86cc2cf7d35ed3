/* linesearch.c: the line search of J. J. More and D. J. Thuente, "Line search algorithms with guaranteed sufficient
 * decrease", ACM Transactions on Mathematical Software 20 (1994) 286-307.
 * Here: the choice of the next step length, all in double.  linesearch.inl: the loop that evaluates.
 *
 * Names: t step, f value, slope derivative along the line; low: the end of the interval with the least value so far;
 * high: its other end; bracketed: a minimizer lies between them. */
#include "optimizers/optimizer.h"

#include <float.h>
#include <math.h>

typedef struct point {
    double t, f, slope;
} point;

typedef struct search {
    double f0, slope0, armijo, wolfe;
    double t_max;            /* largest step allowed */
    double noise;            /* a predicted change of f below this drowns in rounding */
    point low, high;
    int bracketed;
    int second_stage;        /* the minimizer of f itself is sought, not that of f - armijo t slope0 */
    double from, to;         /* the next step lies between */
    double width, old_width; /* of the interval, one and two trials ago */
} search;

enum verdict { GO_ON, FOUND, STUCK };

static const double EXTRAPOLATE_LEAST = 1.1, EXTRAPOLATE_MOST = 4.0; /* of the last move */
static const double SHRINK = 0.66;     /* the interval gets this much narrower in two trials, or it is halved */
static const double NARROW = 0.1;      /* a relative width of the interval that ends the search */
static const double OUT_OF_DOMAIN = 0.25; /* of the way to a point where f is not finite: the next trial */

static double clamp(double t, double from, double to)
{
    return fmin(fmax(t, from), to);
}

/* The minimizer of the cubic with the values and slopes of a and b, as the fraction r of the way from a to b. */
static double cubic(const point *a, const point *b)
{
    double h = b->t - a->t, middle = 3.0 * (a->f - b->f) / h + a->slope + b->slope;
    double size = fmax(fabs(middle), fmax(fabs(a->slope), fabs(b->slope)));
    if (!(size > 0)) return 0.5; /* flat */
    double root = size * sqrt(fmax(0.0, middle / size * (middle / size) - a->slope / size * (b->slope / size)));
    if (h < 0) root = -root;
    return (root - a->slope + middle) / (root - a->slope + root + b->slope);
}

/* The step where the straight line through the slopes of a and b is zero. */
static double secant(const point *a, const point *b)
{
    return a->t + a->slope / (a->slope - b->slope) * (b->t - a->t);
}

/* Section 4 of the article: where to try next, given the interval and the trial p; then the interval that remains. */
static double next_step(search *s, point *low, point *high, const point *p)
{
    const double slope_sign = low->slope < 0 ? -1.0 : 1.0;
    const int turned = p->slope * slope_sign < 0;
    double next;
    if (p->f > low->f) { /* case 1: higher, so a minimizer lies between */
        double t_cubic = low->t + cubic(low, p) * (p->t - low->t), way = p->t - low->t;
        double t_quadratic = low->t + low->slope / ((low->f - p->f) / way + low->slope) / 2.0 * way;
        next = fabs(t_cubic - low->t) < fabs(t_quadratic - low->t) ? t_cubic
                                                                  : t_cubic + (t_quadratic - t_cubic) / 2.0;
        s->bracketed = 1;
    } else if (turned) { /* case 2: lower, and the slope changed its sign */
        double t_cubic = p->t + cubic(p, low) * (low->t - p->t), t_secant = secant(p, low);
        next = fabs(t_cubic - p->t) > fabs(t_secant - p->t) ? t_cubic : t_secant;
        s->bracketed = 1;
    } else if (fabs(p->slope) < fabs(low->slope)) { /* case 3: lower, same sign, flatter */
        double r = cubic(p, low), t_secant = secant(p, low);
        double t_cubic = r < 0 ? p->t + r * (low->t - p->t) : p->t > low->t ? s->to : s->from;
        int cubic_nearer = fabs(t_cubic - p->t) < fabs(t_secant - p->t);
        if (s->bracketed) {
            double most = p->t + SHRINK * (high->t - p->t);
            next = cubic_nearer ? t_cubic : t_secant;
            next = p->t > low->t ? fmin(most, next) : fmax(most, next);
        } else {
            next = clamp(cubic_nearer ? t_secant : t_cubic, s->from, s->to);
        }
    } else if (s->bracketed) { /* case 4: lower, same sign, not flatter */
        next = p->t + cubic(p, high) * (high->t - p->t);
    } else {
        next = p->t > low->t ? s->to : s->from;
    }

    if (p->f > low->f) {
        *high = *p;
    } else {
        if (turned) *high = *low;
        *low = *p;
    }
    if (isnan(next)) next = s->bracketed ? (low->t + high->t) / 2.0 : s->to;
    return next;
}

static void search_start(search *s, const line_rule *rule, double f0, double slope0, double t_max, double t)
{
    const point start = {0.0, f0, slope0};
    *s = (search){.f0 = f0, .slope0 = slope0, .armijo = rule->armijo, .wolfe = rule->wolfe, .t_max = t_max,
                  .noise = 0.25 * DBL_EPSILON * fabs(f0), .low = start, .high = start, .from = 0.0,
                  .to = t + EXTRAPOLATE_MOST * t, .width = t_max, .old_width = 2.0 * t_max};
}

/* f is not finite at *t: a shorter step, and never that far again. */
static enum verdict search_shorten(search *s, double *t)
{
    double bad = *t;
    *t = s->low.t + OUT_OF_DOMAIN * (bad - s->low.t);
    if (bad > s->low.t) s->t_max = fmin(s->t_max, (s->low.t + bad) / 2.0);
    return *t != s->low.t && fabs(*t * s->slope0) > s->noise ? GO_ON : STUCK;
}

/* What the trial p means: FOUND, STUCK (no better step can be expected), or GO_ON at *t. */
static enum verdict search_next(search *s, const point *p, double *t)
{
    const double gradual = s->armijo * s->slope0; /* slope of the line of sufficient decrease */
    const int decreased = p->f <= s->f0 + p->t * gradual;
    if (decreased && fabs(p->slope) <= -s->wolfe * s->slope0) return FOUND;
    if (decreased && p->slope <= gradual && p->t >= s->t_max) return FOUND; /* downhill as far as allowed */
    if (decreased && p->slope >= 0) s->second_stage = 1;

    if (!s->second_stage && p->f <= s->low.f && !decreased) {
        /* Section 3 of the article: the interval is updated by f - armijo t slope0 until f has decreased enough. */
        point low = s->low, high = s->high, trial = *p;
        low.f -= low.t * gradual, low.slope -= gradual;
        high.f -= high.t * gradual, high.slope -= gradual;
        trial.f -= trial.t * gradual, trial.slope -= gradual;
        *t = next_step(s, &low, &high, &trial);
        low.f += low.t * gradual, low.slope += gradual;
        high.f += high.t * gradual, high.slope += gradual;
        s->low = low, s->high = high;
    } else {
        *t = next_step(s, &s->low, &s->high, p);
    }

    if (s->bracketed) {
        double width = fabs(s->high.t - s->low.t);
        if (width >= SHRINK * s->old_width) *t = (s->low.t + s->high.t) / 2.0;
        s->old_width = s->width;
        s->width = width;
        s->from = fmin(s->low.t, s->high.t);
        s->to = fmax(s->low.t, s->high.t);
    } else {
        s->from = *t + EXTRAPOLATE_LEAST * (*t - s->low.t);
        s->to = *t + EXTRAPOLATE_MOST * (*t - s->low.t);
    }
    *t = clamp(*t, 0.0, s->t_max);
    if (s->bracketed && (*t <= s->from || *t >= s->to || s->to - s->from <= NARROW * s->to)) return STUCK;
    if (!(*t > 0) || *t == p->t || fabs(*t * s->slope0) <= s->noise) return STUCK;
    return GO_ON;
}

#define HBCD_EACH "optimizers/linesearch.inl"
#include "hbcd_each_real.h"
