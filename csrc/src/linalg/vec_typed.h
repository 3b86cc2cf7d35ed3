/* vec_typed.h: the typed half of vec.h.  Vectors are (n); sums and steps are double in both precisions. */

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
/* The largest t <= t_most for which x + t d breaks no bound. */
double FN(way_to_bound)(size_t n, const TY(box) *box, const REAL *x, const REAL *d, double t_most);
/* d <- z - x, a hair longer: x + d, projected, is then exactly on every bound that z is on, in spite of rounding. */
void FN(direction_to)(size_t n, const REAL *x, const REAL *z, REAL *d);
