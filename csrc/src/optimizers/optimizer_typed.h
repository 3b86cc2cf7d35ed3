/* optimizer_typed.h: the typed half of optimizer.h. */

/* ---- optimizer: what all of them share --------------------------------------------------------------- */

/* One counted evaluation: HBCD_STOP_EVALUATIONS before the limit is exceeded; a value that is not finite, or a
 * gradient with an element that is not, comes back as *f = INFINITY. */
int FN(evaluate)(const TY(objective) *objective, const hbcd_stop *stop, hbcd_report *report, const REAL *x,
                 double *f, REAL *g);

/* What an optimizer is told of its memory, from the objective itself. */
hbcd_shape FN(shape_of)(const TY(objective) *objective);

extern const TY(optimizer) FN(row_adam), FN(row_lbfgs), FN(row_bb), FN(row_icrs), FN(row_bfgs),
    FN(row_lm), FN(row_exact); /* options = NULL */

/* ---- linesearch ------------------------------------------------------------------------------------ */

typedef struct TY(trial) {
    double step, f; /* step = 0: there is no such point */
    REAL *x, *g;    /* (n), borrowed */
} TY(trial);

/* Strong Wolfe (More and Thuente 1994) along d from x0, step in (0, step_max]:
 *   f(x0 + t d) <= f0 + armijo t slope0   and   |slope(t)| <= wolfe |slope0|,   slope0 = g0'd < 0.
 * Trials are projected onto the box (NULL: none), which x0 + step_max d may leave by rounding only; points where f is
 * not finite shorten the step.  In: found->step, the first trial.  Out, whatever the status:
 * found: the point that fulfils both;  best: the lowest trial that is below f0 and below found, if there is one.
 * 0: either exists; HBCD_STOP_LINE_SEARCH: neither; other codes of evaluate pass through. */
int FN(wolfe_search)(const TY(objective) *objective, const line_rule *rule, const hbcd_stop *stop,
                     hbcd_report *report, const TY(box) *box, const REAL *x0, const REAL *d, double f0,
                     double slope0, double step_max, TY(trial) *found, TY(trial) *best);

/* ---- output: the exact solution of a linear output layer --------------------------------------------- */

typedef struct TY(output) {
    size_t n, n_out;               /* inputs + 1, outputs */
    double *gram;                  /* (n + n_out, n + n_out) */
    double *add, *g, *lo, *hi, *c; /* (n) each */
    hbcd_box_qp qp;
} TY(output);

void FN(output_make)(TY(output) *output, int isa, size_t inputs, size_t outputs, hbcd_arena *arena);
/* Sets the variables of the last block in x to what solves them exactly, all others as they are in x; one evaluation.
 * lambda = ridge times the mean of the diagonal of [Phi 1]'W[Phi 1] draws towards 0, or, from_x, to what was there.  0; or what ended it, x as it was. */
int FN(output_solve)(TY(output) *output, const TY(objective) *objective, const TY(box) *box, double ridge,
                     int from_x, const hbcd_stop *stop, hbcd_report *report, REAL *x);
