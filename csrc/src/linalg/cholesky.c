/* cholesky.c: right-looking by blocks of columns, inside a block strip by strip; nearly all operations are those of
 * the kernel syrk. */
#include "linalg/cholesky.h"
#include "base/lanes.h"
#include "base/sizes.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

enum { S = HBCD_STRIP, SQUARE = S * S, BLOCK = 64 }; /* BLOCK columns: 4 KB of a strip, in the first cache */

static size_t n_strips(size_t n) { return n / S + (n % S != 0); }
static double *square_of(const hbcd_cholesky *c, size_t s, size_t t) { return c->squares + hbcd_square(s, t); }

void hbcd_cholesky_make(hbcd_cholesky *c, int isa, size_t n, hbcd_arena *arena)
{
    const size_t strips = n_strips(n);
    *c = (hbcd_cholesky){.isa = isa};
    c->squares = hbcd_arena_take(arena, hbcd_times(hbcd_times(strips, hbcd_plus(strips, 1)) / 2, SQUARE), sizeof *c->squares);
    c->panel = hbcd_arena_take(arena, hbcd_times(strips, BLOCK * S), sizeof *c->panel);
    c->x = hbcd_arena_take(arena, hbcd_times(strips, S), sizeof *c->x);
}

/* Whether the strip from k on is whole and its elements are neighbors in the matrix; index ascends. */
static int are_neighbors(size_t n, size_t k, const size_t *index)
{
    return k + S <= n && (index == NULL || index[k + S - 1] - index[k] == S - 1);
}

/* The square (s, t) of -a, padded with 0. */
static void load_square(double *restrict square, size_t n, size_t s, size_t t, const double *a, size_t ld,
                        const size_t *index)
{
    if (s > t && are_neighbors(n, s * S, index)) {
        for (size_t j = 0; j < S; j++) {
            const double *row = a + (index ? index[t * S + j] : t * S + j) * ld + (index ? index[s * S] : s * S);
            for (size_t i = 0; i < S; i++) square[j * S + i] = -row[i];
        }
        return;
    }
    memset(square, 0, SQUARE * sizeof *square);
    for (size_t j = 0; j < S && t * S + j < n; j++) {
        const double *row = a + (index ? index[t * S + j] : t * S + j) * ld;
        for (size_t i = 0; i < S && s * S + i < n; i++)
            square[j * S + i] = -row[index ? index[s * S + i] : s * S + i];
    }
}

void hbcd_cholesky_load(hbcd_cholesky *c, size_t n, const double *a, size_t ld, const double *add, const size_t *index)
{
    c->n = n;
    for (size_t s = 0; s < n_strips(n); s++)
        for (size_t t = 0; t <= s; t++) load_square(square_of(c, s, t), n, s, t, a, ld, index);
    for (size_t k = 0; k < n_strips(n) * S; k++) {
        double *diagonal = &square_of(c, k / S, k / S)[k % S * (S + 1)];
        if (k < n) *diagonal -= add[index ? index[k] : k];
        else *diagonal = -1;
    }
}

/* L of one square of the diagonal, its upper triangle 0; inverse (S): of L's diagonal.  Returns how many pivots are
 * positive, S if all are. */
static size_t factor_diagonal(double *square, double *inverse)
{
    for (size_t j = 0; j < S; j++) {
        for (size_t i = j; i < S; i++) {
            double sum = -square[j * S + i];
            for (size_t k = 0; k < j; k++) sum -= square[k * S + i] * square[k * S + j];
            square[j * S + i] = sum;
        }
        double pivot = square[j * S + j];
        if (!(pivot > 0) || isinf(pivot)) return j;
        inverse[j] = 1 / sqrt(pivot);
        for (size_t i = j; i < S; i++) square[j * S + i] *= inverse[j];
        for (size_t i = 0; i < j; i++) square[j * S + i] = 0;
    }
    return S;
}

/* A square below the diagonal one becomes -square L'^-1, here and in its rows of the panel. */
static void solve_below(const double *diagonal, const double *inverse, double *restrict square, double *restrict panel)
{
    for (size_t j = 0; j < S; j++) {
        double column[S];
        for (size_t i = 0; i < S; i++) column[i] = -square[j * S + i];
        for (size_t k = 0; k < j; k++)
            for (size_t i = 0; i < S; i++) column[i] -= square[k * S + i] * diagonal[k * S + j];
        for (size_t i = 0; i < S; i++) square[j * S + i] = panel[j * S + i] = column[i] * inverse[j];
    }
}

/* The squares right of a block that is factored, some rows of squares at a time. */
typedef struct {
    hbcd_cholesky *c;
    size_t first, last; /* strips of the block */
} trailing;

enum { STRIPS_OF_A_THREAD = 6 };

static int update_strips(void *self, size_t part, int thread)
{
    const trailing *work = self;
    (void)thread;
    const size_t strips = n_strips(work->c->n), begin = work->last + part * STRIPS_OF_A_THREAD;
    const size_t end = strips - begin < STRIPS_OF_A_THREAD ? strips : begin + STRIPS_OF_A_THREAD;
    hbcd_kernels_of_f64(work->c->isa)
        ->syrk(begin, end, work->last, end, (work->last - work->first) * S, BLOCK, work->c->panel, work->c->squares);
    return HBCD_OK;
}

static int update_trailing(hbcd_cholesky *c, size_t first, size_t last, hbcd_watch *watch)
{
    trailing work = {c, first, last};
    const hbcd_team team = {c->n_threads < 1 ? 1 : c->n_threads, watch};
    const size_t strips = n_strips(c->n) - last, rows = strips * S;
    return hbcd_tiles_run(&team, (strips + STRIPS_OF_A_THREAD - 1) / STRIPS_OF_A_THREAD,
                          (double)rows * (double)rows * BLOCK, update_strips, &work);
}

int hbcd_cholesky_factor(hbcd_cholesky *c, hbcd_watch *watch, size_t *positive)
{
    const hbcd_kernels_f64 *kernels = hbcd_kernels_of_f64(c->isa);
    const size_t strips = n_strips(c->n);
    double inverse[S];
    for (size_t first = 0, last; first < strips; first = last) {
        last = strips - first < BLOCK / S ? strips : first + BLOCK / S;
        for (size_t t = first; t < last; t++) {
            const size_t done = (t - first) * S; /* columns of the block */
            kernels->syrk(t, strips, t, t + 1, done, BLOCK, c->panel, c->squares);
            size_t pivots = factor_diagonal(square_of(c, t, t), inverse);
            *positive = t * S + pivots;
            if (pivots < S) return HBCD_OK;
            for (size_t s = t + 1; s < strips; s++)
                solve_below(square_of(c, t, t), inverse, square_of(c, s, t), c->panel + (s * BLOCK + done) * S);
        }
        int status = update_trailing(c, first, last, watch);
        if (status == 0) status = hbcd_watch_tick(watch);
        if (status != 0) return status;
    }
    *positive = c->n;
    return HBCD_OK;
}

/* x (S) <- x - L y of one square of L. */
static void subtract_product(const double *restrict square, const double *restrict y, double *restrict x)
{
    double left[S];
    memcpy(left, x, sizeof left);
    for (size_t j = 0; j < S; j++)
        for (size_t i = 0; i < S; i++) left[i] -= square[j * S + i] * y[j];
    memcpy(x, left, sizeof left);
}

/* sums (S, S) += the products of the columns of one square of L with x (S). */
static void add_products(const double *restrict square, const double *restrict x, double *restrict sums)
{
    for (size_t j = 0; j < S; j++)
        for (size_t i = 0; i < S; i++) sums[j * S + i] += square[j * S + i] * x[i];
}

void hbcd_cholesky_solve(const hbcd_cholesky *c, double *x)
{
    const size_t strips = n_strips(c->n);
    memset(c->x, 0, strips * S * sizeof *c->x);
    memcpy(c->x, x, c->n * sizeof *x);
    for (size_t t = 0; t < strips; t++) { /* L y = x */
        double *restrict y = c->x + t * S;
        for (size_t j = 0; j < S; j++) {
            const double *column = square_of(c, t, t) + j * S;
            y[j] /= column[j];
            for (size_t i = j + 1; i < S; i++) y[i] -= column[i] * y[j];
        }
        for (size_t s = t + 1; s < strips; s++) subtract_product(square_of(c, s, t), y, c->x + s * S);
    }
    for (size_t t = strips; t-- > 0;) { /* L' x = y */
        double sums[SQUARE] = {0};
        for (size_t s = t + 1; s < strips; s++) add_products(square_of(c, s, t), c->x + s * S, sums);
        for (size_t j = S; j-- > 0;) {
            const double *column = square_of(c, t, t) + j * S;
            double y = c->x[t * S + j];
            for (size_t i = 0; i < S; i++) y -= sums[j * S + i];
            for (size_t i = j + 1; i < S; i++) y -= column[i] * c->x[t * S + i];
            c->x[t * S + j] = y / column[j];
        }
    }
    memcpy(x, c->x, c->n * sizeof *x);
}

void hbcd_cholesky_forward(const hbcd_cholesky *c, size_t columns, double *b, size_t ld)
{
    for (size_t i = 0; i < c->n; i++) {
        double *restrict row = b + i * ld;
        for (size_t j = 0; j <= i; j++) {
            const double l = square_of(c, i / S, j / S)[j % S * S + i % S], *above = b + j * ld;
            if (j < i)
                for (size_t k = 0; k < columns; k++) row[k] -= l * above[k];
            else
                for (size_t k = 0; k < columns; k++) row[k] /= l;
        }
    }
}

typedef struct {
    const hbcd_cholesky *c;
    size_t columns, ld;
    double *b;
} forward_job;

enum { COLUMNS = 256 }; /* of some hundred rows stay in the second cache */

static int forward_columns(void *self, size_t part, int thread)
{
    const forward_job *job = self;
    const size_t at = part * COLUMNS, left = job->columns - at;
    (void)thread;
    hbcd_cholesky_forward(job->c, left < COLUMNS ? left : COLUMNS, job->b + at, job->ld);
    return HBCD_OK;
}

int hbcd_cholesky_forward_wide(const hbcd_cholesky *c, size_t columns, double *b, size_t ld, hbcd_watch *watch)
{
    forward_job job = {c, columns, ld, b};
    const hbcd_team team = {c->n_threads < 1 ? 1 : c->n_threads, watch};
    const double cost = (double)c->n * (double)c->n * (double)columns;
    return hbcd_tiles_run(&team, columns / COLUMNS + (columns % COLUMNS != 0), cost, forward_columns, &job);
}
