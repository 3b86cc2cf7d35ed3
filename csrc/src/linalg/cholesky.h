/* cholesky.h: A = L L' in double, in one order of summation at any number of threads.
 *
 * The lower triangle stands in squares of HBCD_STRIP (hbcd_square), element (i, j) of a square at j * HBCD_STRIP + i,
 * the last strip padded with the identity: the layout in which the kernel syrk adds products of a panel. */
#ifndef HBCD_CHOLESKY_H
#define HBCD_CHOLESKY_H

#include "hbcd.h"

typedef struct hbcd_cholesky {
    int isa;
    int n_threads;   /* below 2: one; whoever makes it sets them */
    size_t n;        /* of the matrix loaded last */
    double *squares; /* -A once loaded, L once factored */
    double *panel;   /* (strips, columns of a block, HBCD_STRIP): the block of columns being factored */
    double *x;       /* (strips * HBCD_STRIP) */
} hbcd_cholesky;

/* Room for matrices of up to n rows, measured or carved. */
void hbcd_cholesky_make(hbcd_cholesky *c, int isa, size_t n, hbcd_arena *arena);
/* Loads the symmetric matrix a (rows of ld) plus the diagonal matrix of `add`, of which it takes the n rows and
 * columns `index`, ascending; index NULL: the first n. */
void hbcd_cholesky_load(hbcd_cholesky *c, size_t n, const double *a, size_t ld, const double *add, const size_t *index);
/* 0 with *positive = n; or, with *positive < n, the first pivot that is no positive number: nothing is factored then;
 * or what the watch says. */
int hbcd_cholesky_factor(hbcd_cholesky *c, hbcd_watch *watch, size_t *positive);
/* x (n) <- A^-1 x. */
void hbcd_cholesky_solve(const hbcd_cholesky *c, double *x);
/* b (n, columns), rows of ld, <- L^-1 b, on the calling thread. */
void hbcd_cholesky_forward(const hbcd_cholesky *c, size_t columns, double *b, size_t ld);
/* The same by columns on all threads: 0, or what the watch says. */
int hbcd_cholesky_forward_wide(const hbcd_cholesky *c, size_t columns, double *b, size_t ld, hbcd_watch *watch);

#endif
