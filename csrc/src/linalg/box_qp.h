/* box_qp.h: the minimum of a strictly convex quadratic function in a box: the step of Levenberg-Marquardt between
 * bounds, the output layer between bounds. */
#ifndef HBCD_BOX_QP_H
#define HBCD_BOX_QP_H

#include "linalg/cholesky.h"

typedef struct hbcd_box_qp {
    hbcd_cholesky cholesky;
    hbcd_watch *watch;
    size_t *free;           /* (n): the variables not held by a bound */
    size_t n_free;
    int *held;              /* (n) */
    double *q, *d, *trial, *q_trial; /* (n) each: gradient at p, direction, next point, gradient there */
} hbcd_box_qp;

/* Room for up to n variables, measured or carved. */
void hbcd_box_qp_make(hbcd_box_qp *qp, int isa, size_t n, hbcd_arena *arena);
/* p (n) <- the minimum of g'p + p'(a + diag(add))p / 2 on lo <= p <= hi; a: (n, n) in rows of ld; lo, hi (n) or NULL.
 * *value: the function there, at most its value at the point of the box nearest to 0.  0, or what the watch says;
 * *definite = 0 where a matrix met was not positive definite: p and *value mean nothing then. */
int hbcd_box_qp_solve(hbcd_box_qp *qp, size_t n, const double *a, size_t ld, const double *add, const double *g,
                      const double *lo, const double *hi, double *p, double *value, int *definite);

#endif
