/* wide.c: work is divided by rows where every row has a result of its own, else by columns: no sum is split. */
#include "network/wide.h"
#include "base/lanes.h"
#include "linalg/vec.h"

#include <string.h>

/* A chunk of columns of some hundred rows stays in the second cache. */
enum { COLUMNS = 256, ROWS = 8 };

typedef struct wide {
    size_t n, columns, q;
    const double *b, *v;
    double *out;
} wide;

static size_t pieces(size_t n, size_t size) { return n / size + (n % size != 0); }
static size_t piece(size_t n, size_t size, size_t k) { return n - k * size < size ? n - k * size : size; }

int hbcd_wide_whiten(int isa, size_t n, const double *a, const double *add, size_t columns, double *b, int n_threads,
                     hbcd_watch *watch, hbcd_arena *arena, size_t *positive)
{
    hbcd_cholesky cholesky;
    hbcd_cholesky_make(&cholesky, isa, n, arena);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    cholesky.n_threads = n_threads;
    hbcd_cholesky_load(&cholesky, n, a, n, add, NULL);
    int status = hbcd_cholesky_factor(&cholesky, watch, positive);
    if (status != 0 || *positive < n) return status;
    return hbcd_cholesky_forward_wide(&cholesky, columns, b, columns, watch);
}

static int products_of_rows(void *self, size_t tile, int thread)
{
    (void)thread;
    const wide *work = self;
    for (size_t i = tile * ROWS, k = 0; k < piece(work->n, ROWS, tile); i++, k++)
        for (size_t j = 0; j < work->q; j++)
            work->out[j * work->n + i] =
                hbcd_dot_f64(work->columns, work->b + i * work->columns, work->v + j * work->columns);
    return HBCD_OK;
}

int hbcd_wide_products(size_t n, size_t columns, const double *b, size_t q, const double *v, int n_threads,
                       double *out)
{
    wide work = {.n = n, .columns = columns, .q = q, .b = b, .v = v, .out = out};
    hbcd_team team = {n_threads, NULL};
    double cost = 2.0 * (double)n * (double)columns * (double)q;
    return hbcd_tiles_run(&team, pieces(n, ROWS), cost, products_of_rows, &work);
}

static int sums_of_columns(void *self, size_t tile, int thread)
{
    (void)thread;
    const wide *work = self;
    size_t at = tile * COLUMNS, width = piece(work->columns, COLUMNS, tile);
    for (size_t j = 0; j < work->q; j++) {
        double *out = work->out + j * work->columns + at;
        memset(out, 0, width * sizeof *out);
        for (size_t i = 0; i < work->n; i++)
            hbcd_axpy_f64(width, work->v[j * work->n + i], work->b + i * work->columns + at, out);
    }
    return HBCD_OK;
}

int hbcd_wide_sums(size_t n, size_t columns, const double *b, size_t q, const double *c, int n_threads, double *out)
{
    wide work = {.n = n, .columns = columns, .q = q, .b = b, .v = c, .out = out};
    hbcd_team team = {n_threads, NULL};
    double cost = 2.0 * (double)n * (double)columns * (double)q;
    return hbcd_tiles_run(&team, pieces(columns, COLUMNS), cost, sums_of_columns, &work);
}
