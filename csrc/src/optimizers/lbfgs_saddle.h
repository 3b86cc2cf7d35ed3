/* lbfgs_saddle.h: the small systems of L-BFGS-B, in double whatever the precision of the vectors.
 * Both matrices of the method, that of the compact formula and that of the subspace problem, have the form
 *     [ -E  G' ]                     E, Q: (k, k) symmetric, E positive definite, Q + G E^-1 G' too,
 *     [  G  Q  ]                     G: (k, k),
 * and are factored by two Cholesky decompositions of size k.  Rows have a stride of `ld`. */
#ifndef HBCD_LBFGS_SADDLE_H
#define HBCD_LBFGS_SADDLE_H

#include <math.h>
#include <stddef.h>

/* After saddle_factor: e = L with E = L L', g = G L'^-1, q = K with Q + G E^-1 G' = K K'. */
typedef struct saddle {
    double *e, *g, *q; /* (k, ld) */
    size_t ld;
} saddle;

/* a <- its lower Cholesky factor; only the lower triangle is read and written.  0: not positive definite. */
static int cholesky(size_t k, size_t ld, double *a)
{
    for (size_t i = 0; i < k; i++) {
        const double floor = 1e-15 * a[i * ld + i]; /* what is left after cancellation must be more than rounding */
        for (size_t j = 0; j <= i; j++) {
            double rest = a[i * ld + j];
            for (size_t l = 0; l < j; l++) rest -= a[i * ld + l] * a[j * ld + l];
            if (j < i) {
                a[i * ld + j] = rest / a[j * ld + j];
            } else {
                if (!(rest > floor) || !(rest > 0) || isinf(rest)) return 0;
                a[i * ld + i] = sqrt(rest);
            }
        }
    }
    return 1;
}

/* v <- L^-1 v, L lower triangular. */
static void solve_lower(size_t k, size_t ld, const double *l, double *v)
{
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < i; j++) v[i] -= l[i * ld + j] * v[j];
        v[i] /= l[i * ld + i];
    }
}

/* v <- L'^-1 v, L lower triangular. */
static void solve_upper(size_t k, size_t ld, const double *l, double *v)
{
    for (size_t i = k; i-- > 0;) {
        v[i] /= l[i * ld + i];
        for (size_t j = 0; j < i; j++) v[j] -= l[i * ld + j] * v[i];
    }
}

/* Factors in place; 0 when rounding has made it impossible. */
static int saddle_factor(size_t k, const saddle *a)
{
    const size_t ld = a->ld;
    if (!cholesky(k, ld, a->e)) return 0;
    for (size_t i = 0; i < k; i++) solve_lower(k, ld, a->e, a->g + i * ld);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++)
            for (size_t l = 0; l < k; l++) a->q[i * ld + j] += a->g[i * ld + l] * a->g[j * ld + l];
    return cholesky(k, ld, a->q);
}

/* v (2 k) <- solution for the right-hand side v.  With u = L^-1 v1: K K' w2 = v2 + g u, L' w1 = g' w2 - u. */
static void saddle_solve(size_t k, const saddle *a, double *v)
{
    double *v1 = v, *v2 = v + k;
    solve_lower(k, a->ld, a->e, v1);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) v2[i] += a->g[i * a->ld + j] * v1[j];
    solve_lower(k, a->ld, a->q, v2);
    solve_upper(k, a->ld, a->q, v2);
    for (size_t j = 0; j < k; j++) v1[j] = -v1[j];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) v1[j] += a->g[i * a->ld + j] * v2[i];
    solve_upper(k, a->ld, a->e, v1);
}

#endif
