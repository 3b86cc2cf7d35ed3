/* matrix.h: the two matrix kernels, always in double: the symmetric product of a panel, and Cholesky's factors.
 * After common.h and reference.inl. */
#ifndef BENCH_MATRIX_H
#define BENCH_MATRIX_H

#include "linalg/cholesky.h"
#include "common.h"
#include "peak.h"

enum { PANEL_ROWS = 256 };

typedef struct matrix_case {
    const hbcd_kernels_f64 *kernels;
    hbcd_cholesky cholesky;
    size_t n, strips;
    double *panel, *strip_panel; /* (rows, n); the same in strips */
    double *sums, *squares;      /* (n, n): panel' panel by plain loops; by the kernel, in squares */
    double *add, *factor, *x;    /* (n), (n, n), (n) */
} matrix_case;

static void call_plain_syrk(void *self)
{
    matrix_case *c = self;
    for (size_t r = 0; r < PANEL_ROWS; r++)
        for (size_t p = 0; p < c->n; p++)
            for (size_t q = 0; q <= p; q++) c->sums[p * c->n + q] += c->panel[r * c->n + p] * c->panel[r * c->n + q];
}

static void call_syrk(void *self)
{
    matrix_case *c = self;
    c->kernels->syrk(0, c->strips, 0, c->strips, PANEL_ROWS, PANEL_ROWS, c->strip_panel, c->squares);
}

/* Column by column, rows of L. */
static void call_plain_cholesky(void *self)
{
    matrix_case *c = self;
    double *l = c->factor;
    for (size_t p = 0; p < c->n; p++)
        for (size_t q = 0; q <= p; q++) {
            double sum = c->sums[p * c->n + q] + (p == q ? c->add[p] : 0);
            for (size_t k = 0; k < q; k++) sum -= l[p * c->n + k] * l[q * c->n + k];
            l[p * c->n + q] = p == q ? sqrt(sum) : sum / l[q * c->n + q];
        }
}

/* Loading the matrix is part of it: factoring overwrites what was loaded. */
static void call_cholesky(void *self)
{
    matrix_case *c = self;
    size_t positive;
    hbcd_cholesky_load(&c->cholesky, c->n, c->sums, c->n, c->add, NULL);
    must(hbcd_cholesky_factor(&c->cholesky, NULL, &positive));
    if (positive != c->n) must(HBCD_ERR_ARGUMENT);
}

static matrix_case make_matrix(size_t n)
{
    matrix_case c = {.n = n, .strips = (n + HBCD_STRIP - 1) / HBCD_STRIP};
    size_t squares = hbcd_square(c.strips, 0), strip = c.strips * HBCD_STRIP;
    c.panel = hbcd_draw_f64(PANEL_ROWS * n, 8);
    c.strip_panel = (double *)(void *)borrow(PANEL_ROWS * strip * sizeof(double)).base;
    c.squares = (double *)(void *)borrow(squares * sizeof(double)).base;
    c.sums = calloc(n * n, sizeof(double)), c.factor = calloc(n * n, sizeof(double));
    c.add = calloc(n, sizeof(double)), c.x = calloc(n, sizeof(double));
    for (size_t r = 0; r < PANEL_ROWS; r++)
        for (size_t p = 0; p < n; p++)
            c.strip_panel[(p / HBCD_STRIP * PANEL_ROWS + r) * HBCD_STRIP + p % HBCD_STRIP] = c.panel[r * n + p];
    for (size_t k = 0; k < n; k++) c.add[k] = PANEL_ROWS;
    return c;
}

static void check_syrk(const line *l, matrix_case *c)
{
    memset(c->squares, 0, hbcd_square(c->strips, 0) * sizeof(double));
    memset(c->sums, 0, c->n * c->n * sizeof(double));
    call_syrk(c), call_plain_syrk(c);
    for (size_t p = 0; p < c->n; p++)
        for (size_t q = 0; q <= p; q++) {
            double bound = sqrt(c->sums[p * c->n + p] * c->sums[q * c->n + q]), plain = c->sums[p * c->n + q];
            double got = c->squares[hbcd_square(p / HBCD_STRIP, q / HBCD_STRIP) + q % HBCD_STRIP * HBCD_STRIP +
                                    p % HBCD_STRIP];
            if (!(fabs(got - plain) <= 2 * DBL_EPSILON * PANEL_ROWS * bound)) wrong(l, p * c->n + q, got, plain);
        }
}

/* A x of the x that solves A x = b is b: to n roundings of |A| |x|, which the diagonal keeps well conditioned. */
static void check_cholesky(const line *l, matrix_case *c)
{
    for (size_t p = 0; p < c->n; p++)
        for (size_t q = 0; q < p; q++) c->sums[q * c->n + p] = c->sums[p * c->n + q];
    call_cholesky(c), call_plain_cholesky(c);
    for (size_t k = 0; k < c->n; k++) c->x[k] = (double)(k % 5) - 2;
    hbcd_cholesky_solve(&c->cholesky, c->x);
    for (size_t p = 0; p < c->n; p++) {
        double sum = c->add[p] * c->x[p], size = fabs(sum), b = (double)(p % 5) - 2;
        for (size_t q = 0; q < c->n; q++) {
            sum += c->sums[p * c->n + q] * c->x[q];
            size += fabs(c->sums[p * c->n + q] * c->x[q]);
        }
        if (!(fabs(sum - b) <= 4 * DBL_EPSILON * (double)c->n * (size + fabs(b)))) wrong(l, p, sum, b);
    }
}

static void bench_matrix(size_t n, int best)
{
    matrix_case c = make_matrix(n);
    const double size = (double)n;
    double plain_syrk = 0, plain_cholesky = 0;
    for (int isa = 0; isa <= best; isa++) {
        line l = {.dtype = HBCD_F64, .isa = isa, .threads = 1, .size = n, .rows = PANEL_ROWS};
        line f = {.dtype = HBCD_F64, .isa = isa, .threads = 1, .size = n};
        snprintf(l.what, sizeof l.what, "syrk, %zu columns", n);
        snprintf(f.what, sizeof f.what, "Cholesky factors, %zu rows", n);
        l.peak = f.peak = peak.flops[HBCD_F64][isa];
        l.work = PANEL_ROWS * size * (size + 1);
        f.work = size * size * size / 3;
        if (!wanted(&l) && !wanted(&f)) continue;
        c.kernels = hbcd_kernels_of_f64(isa);
        check_syrk(&l, &c);
        hbcd_arena count = {NULL, 0, 0};
        hbcd_cholesky_make(&c.cholesky, isa, n, &count);
        hbcd_arena arena = borrow(count.used);
        hbcd_cholesky_make(&c.cholesky, isa, n, &arena);
        check_cholesky(&f, &c);
        if (plain_cholesky == 0) {
            plain_cholesky = time_of(options.seconds, call_plain_cholesky, &c).median;
            plain_syrk = time_of(options.seconds, call_plain_syrk, &c).median;
            check_syrk(&l, &c); /* the sums have grown */
            check_cholesky(&f, &c);
        }
        l.plain = plain_syrk, f.plain = plain_cholesky;
        measure(&l, call_syrk, &c);
        measure(&f, call_cholesky, &c);
        free(arena.base);
    }
    free(c.panel), free(c.strip_panel), free(c.squares), free(c.sums), free(c.factor), free(c.add), free(c.x);
}

#endif
