/* private_typed.h: the typed half of private.h.  Vectors are (n); sums and steps are double in both precisions. */

/* ---- vec: the vector arithmetic of the optimizers -------------------------------------------------- */

double FN(dot)(size_t n, const REAL *x, const REAL *y);
double FN(norm2)(size_t n, const REAL *x);
double FN(norm_inf)(size_t n, const REAL *x);               /* NaN if any element is NaN */
void FN(copy)(size_t n, const REAL *from, REAL *to);
void FN(scale)(size_t n, double factor, REAL *x);            /* x <- factor x */
void FN(axpy)(size_t n, double factor, const REAL *x, REAL *y); /* y <- y + factor x */
void FN(subtract)(size_t n, const REAL *a, const REAL *b, REAL *out); /* out <- a - b */
int FN(all_finite)(size_t n, const REAL *x);
void FN(project)(size_t n, const TY(box) *box, REAL *x);     /* x <- P(x); NaN stays NaN; box may be NULL */
int FN(is_bounded)(size_t n, const TY(box) *box);            /* 1: some bound is finite */
int FN(is_boxed)(size_t n, const TY(box) *box);              /* 1: every bound is finite */
/* || P(x - g) - x ||_inf, the projected gradient norm of L-BFGS-B. */
double FN(projected_gradient)(size_t n, const TY(box) *box, const REAL *x, const REAL *g);
int FN(is_inside)(size_t n, const TY(box) *box, const REAL *x, const REAL *d); /* 1: x + d breaks no bound */
/* The largest t <= t_most for which x + t d breaks no bound; box may be NULL. */
double FN(way_to_bound)(size_t n, const TY(box) *box, const REAL *x, const REAL *d, double t_most);
/* d <- z - x, a hair longer: x + d, projected, is then exactly on every bound that z is on, in spite of rounding. */
void FN(direction_to)(size_t n, const REAL *x, const REAL *z, REAL *d);

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

/* ---- sensitivity ------------------------------------------------------------------------------------ */

/* The row of a built-in measure (enum hbcd_sensitivity_kind), NULL for an unknown kind. */
const TY(sensitivity) *FN(sensitivity_row)(int kind);
