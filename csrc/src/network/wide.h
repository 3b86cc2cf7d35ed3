/* wide.h: matrices of few rows and many columns, such as the Jacobian of a network with one row for each parameter.
 * Rows stand one after another.  The same bits at any number of threads. */
#ifndef HBCD_WIDE_H
#define HBCD_WIDE_H

#include "linalg/cholesky.h"

/* b (n, columns) <- L^-1 b with L L' = a + diag(add), a (n, n) symmetric.  0 with *positive = n; or, with *positive < n,
 * the first pivot that is no positive number: b is unchanged then; or what the watch says. */
int hbcd_wide_whiten(int isa, size_t n, const double *a, const double *add, size_t columns, double *b, int n_threads,
                     hbcd_watch *watch, hbcd_arena *arena, size_t *positive);
/* out (q, n) <- v b', v (q, columns): a product of every row of v with every row of b. */
int hbcd_wide_products(size_t n, size_t columns, const double *b, size_t q, const double *v, int n_threads,
                       double *out);
/* out (q, columns) <- c b, c (q, n): sums of the rows of b. */
int hbcd_wide_sums(size_t n, size_t columns, const double *b, size_t q, const double *c, int n_threads, double *out);

#endif
