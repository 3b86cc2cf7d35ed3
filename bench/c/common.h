/* common.h: memory, errors and the made-up table that all cases share. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include "network/net.h"
#include "report.h"

#include <float.h>
#include <math.h>

static void must(int status)
{
    if (status >= 0) return;
    fprintf(stderr, "bench: %s\n", hbcd_status_text(status));
    exit(1);
}

/* Element k of what this line would time is not what the plain reference says. */
static void wrong(const line *l, size_t k, double got, double right)
{
    char name[128];
    name_of(l, sizeof name, name);
    fprintf(stderr, "bench: %s: element %zu is %.17g, not %.17g\n", name, k, got, right);
    exit(1);
}

/* Memory of any arena, zeros; the caller may free its base. */
static hbcd_arena borrow(size_t size)
{
    size = (size / HBCD_ALIGN + 1) * HBCD_ALIGN;
    unsigned char *base = aligned_alloc(HBCD_ALIGN, size);
    if (base == NULL) {
        fprintf(stderr, "bench: no memory for %zu bytes\n", size);
        exit(1);
    }
    memset(base, 0, size);
    return (hbcd_arena){base, size, 0};
}

/* ---- the table: correlated inputs, a smooth nonlinear answer, a little noise; mean 0, variance about 1 ----------- */

enum { N_IN = 4, ROWS = 7654, BATCH = 310 /* ceil(1.1 parameters) of 4-10-10-10-1 */ };
static double *table_x, *table_y; /* (rows, N_IN), (rows) */

static void make_tables(size_t rows)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 0);
    table_x = (double *)(void *)borrow(rows * N_IN * sizeof *table_x).base;
    table_y = (double *)(void *)borrow(rows * sizeof *table_y).base;
    for (size_t r = 0; r < rows; r++) {
        double *x = table_x + r * N_IN, common = hbcd_rng_normal(&rng);
        for (size_t c = 0; c < N_IN; c++) x[c] = 0.6 * common + 0.8 * hbcd_rng_normal(&rng);
        table_y[r] = tanh(1.5 * x[0]) + 0.5 * x[1] * x[2] - 0.3 * sin(3 * x[3]) + 0.15 * hbcd_rng_normal(&rng);
    }
}

/* ---- the networks: 4-n-n-n-1 with tanh, and what they cost ------------------------------------------------------- */

enum { N_LAYERS = 4 };
static size_t width_of(size_t layer, size_t n) { return layer + 1 < N_LAYERS ? n : 1; }

static double n_params(size_t n) { return (double)((N_IN + 1) * n + 2 * (n + 1) * n + n + 1); }

/* Operations of the dense layers for one row with layer `first` active: the gradient of all layers from `first` up if
 * `all`, else of it alone. */
static double operations(size_t n, size_t first, int with_gradient, int all)
{
    double sum = 0;
    for (size_t l = first; l < N_LAYERS; l++) {
        double layer = 2.0 * (double)(l ? n : N_IN) * (double)width_of(l, n);
        sum += layer;
        if (with_gradient) sum += (all || l == first ? layer : 0) + (l > first ? layer : 0);
    }
    return sum;
}

/* tanh in one row from layer `first` up. */
static double n_tanh(size_t n, size_t first) { return (double)(n * (N_LAYERS - 1 - first)); }

/* What the floor counts for a tanh, seconds: bench/README.md. */
static double tanh_seconds(int dtype) { return dtype == HBCD_F32 ? 0.3e-9 : 0.6e-9; }

#endif
