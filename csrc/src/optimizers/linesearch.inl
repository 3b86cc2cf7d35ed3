/* linesearch.inl: the loop of the line search, typed; linesearch.c chooses the steps. */

/* x <- P(x0 + t d).  0: all of t d is rounded away. */
static int FN(move)(size_t n, const TY(box) *box, const REAL *restrict x0, double t, const REAL *restrict d,
                    REAL *restrict x)
{
    const REAL factor = (REAL)t;
    int moved = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = x0[i] + factor * d[i];
        moved |= x[i] != x0[i];
    }
    FN(project)(n, box, x);
    return moved;
}

int FN(wolfe_search)(const TY(objective) *objective, const line_rule *rule, const hbcd_stop *stop,
                     hbcd_report *report, const TY(box) *box, const REAL *x0, const REAL *d, double f0,
                     double slope0, double step_max, TY(trial) *found, TY(trial) *best)
{
    const size_t n = objective->n;
    double t = found->step;
    int status = HBCD_OK;
    search s;
    search_start(&s, rule, f0, slope0, step_max, t);
    found->step = best->step = 0.0;
    best->f = f0;
    for (size_t k = 0; k < rule->max_trials; k++) {
        if (!FN(move)(n, box, x0, t, d, found->x)) break;
        status = FN(evaluate)(objective, stop, report, found->x, &found->f, found->g);
        if (status != HBCD_OK) break;
        if (!isfinite(found->f)) {
            if (search_shorten(&s, &t) != GO_ON) break;
            continue;
        }
        const point p = {t, found->f, FN(dot)(n, found->g, d)};
        enum verdict verdict = search_next(&s, &p, &t);
        if (verdict == FOUND) {
            found->step = p.t;
            if (found->f <= best->f) best->step = 0.0;
            return HBCD_OK;
        }
        if (p.f < best->f) { /* rejected, but nothing better may come */
            best->step = p.t;
            best->f = p.f;
            FN(copy)(n, found->x, best->x);
            FN(copy)(n, found->g, best->g);
        }
        if (verdict == STUCK) break;
    }
    return status != HBCD_OK || best->step > 0 ? status : HBCD_STOP_LINE_SEARCH;
}
