/* bfgs_matrix.h: the inverse Hessian of BFGS, in double whatever the precision of the vectors: its eigenvalues spread
 * as far as those of the Hessian, and rounding to float would soon make it indefinite.
 * Symmetric (n, n), lower triangle packed row by row: element (i, j), j <= i, at i (i + 1) / 2 + j. */
#ifndef HBCD_BFGS_MATRIX_H
#define HBCD_BFGS_MATRIX_H

#include "base/lanes.h"
#include "simd/kernels.h"

#include <math.h>

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

/* Blocks of rows of nearly equal size, of a matrix of n rows, which threads pass over side by side. */
static size_t matrix_blocks(size_t n)
{
    size_t blocks = 1;
    while (blocks < 64 && n >= 128 * blocks) blocks *= 2;
    return n < 384 ? 1 : blocks;
}

static size_t matrix_block_begin(size_t n, size_t blocks, size_t block)
{
    return block == blocks ? n : (size_t)((double)n * sqrt((double)block / (double)blocks)) / 8 * 8;
}

/* What a pass over a matrix works on. */
typedef struct matrix_pass {
    size_t n, blocks;
    double *h, gamma;
    const double *s, *p, *v;
    double *out; /* (blocks, n) */
} matrix_pass;

static int matrix_update_block(void *self, size_t block, int thread)
{
    const matrix_pass *pass = self;
    (void)thread;
    const size_t begin = matrix_block_begin(pass->n, pass->blocks, block);
    const size_t end = matrix_block_begin(pass->n, pass->blocks, block + 1);
    hbcd_kernels_of_f64(hbcd_isa_detect())
        ->packed_update_times(begin, end, pass->h, pass->gamma, pass->s, pass->p, pass->v, pass->out + block * pass->n);
    return HBCD_OK;
}

/* h <- gamma h + s p' + p s' and out <- h v, in one pass: what is read once from memory is all that it costs.  out: (blocks,
 * n), of which the first n are the product; the shares of the blocks are added in their order.  The
 * bits depend neither on the threads nor on the instruction set. */
static void matrix_update_times(size_t n, double *h, double gamma, const double *s, const double *p, const double *v,
                                int n_threads, double *out)
{
    enum { OPERATIONS = 8 };
    matrix_pass pass = {n, matrix_blocks(n), h, gamma, s, p, v, out};
    const hbcd_team team = {n_threads > 1 ? n_threads : 1, NULL};
    hbcd_tiles_run(&team, pass.blocks, OPERATIONS * 0.5 * (double)n * (double)n, matrix_update_block, &pass);
    for (size_t end = matrix_block_begin(n, pass.blocks, 1); end < n; end++) out[end] = 0;
    for (size_t block = 1; block < pass.blocks; block++) {
        const double *restrict share = out + block * n;
        const size_t end = matrix_block_begin(n, pass.blocks, block + 1);
        for (size_t j = 0; j < end; j++) out[j] += share[j];
    }
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
