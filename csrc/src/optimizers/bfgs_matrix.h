/* bfgs_matrix.h: the inverse Hessian of BFGS, in double whatever the precision of the vectors: its eigenvalues spread
 * as far as those of the Hessian, and rounding to float would soon make it indefinite.
 * Symmetric (n, n), lower triangle packed row by row: element (i, j), j <= i, at i (i + 1) / 2 + j. */
#ifndef HBCD_BFGS_MATRIX_H
#define HBCD_BFGS_MATRIX_H

#include <stddef.h>

#include "simd/kernels.h"

static size_t matrix_row(size_t i)
{
    return i * (i + 1) / 2;
}

/* h <- factor I, without the rows and columns that are fixed. */
static void matrix_diagonal(size_t n, double factor, const unsigned char *fixed, double *h)
{
    for (size_t k = 0; k < matrix_row(n); k++) h[k] = 0;
    for (size_t i = 0; i < n; i++) h[matrix_row(i) + i] = fixed[i] ? 0 : factor;
}

/* h <- gamma h + s p' + p s' and out <- h v, in one pass: what is read once from memory is all that it costs.  The bits
 * do not depend on the instruction set. */
static void matrix_update_times(size_t n, double *h, double gamma, const double *s, const double *p, const double *v,
                                double *out)
{
    hbcd_kernels_of_f64(hbcd_isa_detect())->packed_update_times(n, h, gamma, s, p, v, out);
}

/* column <- column i of h */
static void matrix_column(size_t n, const double *h, size_t i, double *column)
{
    for (size_t j = 0; j <= i; j++) column[j] = h[matrix_row(i) + j];
    for (size_t j = i + 1; j < n; j++) column[j] = h[matrix_row(j) + i];
}

/* Row and column i of h <- 0, its diagonal element <- diagonal. */
static void matrix_isolate(size_t n, double *h, size_t i, double diagonal)
{
    for (size_t j = 0; j < i; j++) h[matrix_row(i) + j] = 0;
    for (size_t j = i + 1; j < n; j++) h[matrix_row(j) + i] = 0;
    h[matrix_row(i) + i] = diagonal;
}

#endif
