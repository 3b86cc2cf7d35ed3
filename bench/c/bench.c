/* bench.c: how long the core takes, with no Python in the process: medians of many repeats, a plain table.
 *   bench [SECONDS]     seconds per line, 0.1 by default
 * The network is 4-10-10-10-1 with tanh, the table 7654 rows of made-up numbers: the size of the article's example.
 * GF/s counts multiplications and additions of the dense layers only, so tanh makes it smaller.  The typed cases stand
 * in bench.inl (one evaluation, one step), bench_normal.inl (normal equations) and bench_training.inl (a whole run). */
#include "net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 4, N_LAYERS = 4, ROWS = 7654, BATCH = 310 /* ceil(1.1 parameters) */, MOST_SAMPLES = 1000 };
static const size_t widths[N_LAYERS] = {10, 10, 10, 1};

static double seconds_per_line = 0.1;

/* ---- time -------------------------------------------------------------------------------------------------------- */

typedef struct timing {
    double median, spread; /* seconds; half the distance of the quartiles, relative to the median */
} timing;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median time of a call, over samples of at least 100 microseconds each. */
static timing time_of(void (*call)(void *self), void *self)
{
    static double sample[MOST_SAMPLES];
    double began = hbcd_clock();
    size_t calls = 0, n = 0;
    do call(self), calls++;
    while (hbcd_clock() - began < 1e-4 * (calls < 3 ? 1 : 2)); /* warms up, too */
    double end = hbcd_clock() + seconds_per_line;
    while (n < MOST_SAMPLES && (n < 5 || hbcd_clock() < end)) {
        began = hbcd_clock();
        for (size_t k = 0; k < calls; k++) call(self);
        sample[n++] = (hbcd_clock() - began) / (double)calls;
    }
    qsort(sample, n, sizeof *sample, ascending);
    double median = sample[n / 2];
    return (timing){median, 0.5 * (sample[3 * n / 4] - sample[n / 4]) / median};
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static void print_head(const char *title)
{
    printf("\n%-44s %-6s %-8s %3s %12s %7s %9s %8s\n", title, "type", "simd", "thr", "microseconds", "+-", "ns/row",
           "GF/s");
}

/* rows, operations: of the whole call; 0: not shown. */
static void print_line(const char *what, int dtype, int isa, int threads, timing t, double rows, double operations)
{
    printf("%-44s %-6s %-8s %3d %12.3f %6.1f%%", what, dtype == HBCD_F32 ? "float" : "double", hbcd_isa_name(isa),
           threads, 1e6 * t.median, 100 * t.spread);
    if (rows > 0) printf(" %9.3f", 1e9 * t.median / rows);
    if (operations > 0) printf(" %8.2f", 1e-9 * operations / t.median);
    printf("\n");
    fflush(stdout);
}

/* Operations of the dense layers for one row with layer `first` active (gradient of all layers from `first` up if
 * `all`, else of it alone). */
static double operations(size_t first, int with_gradient, int all)
{
    double sum = 0;
    for (size_t l = first; l < N_LAYERS; l++) {
        double layer = 2.0 * (double)(l ? widths[l - 1] : N_IN) * (double)widths[l];
        sum += layer;
        if (with_gradient) sum += (all || l == first ? layer : 0) + (l > first ? layer : 0);
    }
    return sum;
}

/* ---- the problem ------------------------------------------------------------------------------------------------- */

static double table_x[ROWS * N_IN], table_y[ROWS];

/* Correlated inputs, a smooth nonlinear answer, a little noise; mean 0, variance about 1. */
static void make_tables(void)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 0);
    for (size_t r = 0; r < ROWS; r++) {
        double *x = table_x + r * N_IN, common = hbcd_rng_normal(&rng);
        for (size_t c = 0; c < N_IN; c++) x[c] = 0.6 * common + 0.8 * hbcd_rng_normal(&rng);
        table_y[r] = tanh(1.5 * x[0]) + 0.5 * x[1] * x[2] - 0.3 * sin(3 * x[3]) + 0.15 * hbcd_rng_normal(&rng);
    }
}

/* Memory of any arena; lives until the process ends. */
static hbcd_arena borrow(size_t size)
{
    unsigned char *base = aligned_alloc(HBCD_ALIGN, size ? size : HBCD_ALIGN);
    if (base == NULL) abort();
    memset(base, 0, size);
    return (hbcd_arena){base, size, 0};
}

static void must(int status)
{
    if (status >= 0) return;
    fprintf(stderr, "bench: %s\n", hbcd_status_text(status));
    exit(1);
}

static const hbcd_adam adam = {.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const hbcd_lbfgs lbfgs = {.memory = 10, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_lbfgs lbfgs_finish = {.memory = 20, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_icrs icrs = {.k1 = 1.0 / 3.0, .k2 = 0.5, .failures_per_parameter = 4, .floor = 0.05,
                               .max_evaluations = SIZE_MAX};

#define HBCD_EACH "../../bench/c/bench.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../bench/c/bench_normal.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../bench/c/bench_training.inl"
#include "hbcd_each_real.h"

int main(int argc, char **argv)
{
    if (argc > 1) seconds_per_line = atof(argv[1]);
    if (!(seconds_per_line >= 0)) seconds_per_line = 0.1;
    int best = hbcd_isa_detect(), most_threads = hbcd_openmp() ? 2 : 1;
    make_tables();
    printf("hbcd core: best instruction set %s, OpenMP %s\n", hbcd_isa_name(best), hbcd_openmp() ? "yes" : "no");
    print_head("one full gradient, 4-10-10-10-1, 7654 rows");
    for (int isa = 0; isa <= best; isa++)
        for (int threads = 1; threads <= most_threads; threads++) {
            hbcd_bench_gradient_f64(isa, threads);
            hbcd_bench_gradient_f32(isa, threads);
        }
    print_head("one layer active, 7654 rows");
    hbcd_bench_blocks_f64(best);
    hbcd_bench_blocks_f32(best);
    print_head("normal equations, 4-10-10-10-1, 7654 rows");
    for (int isa = 0; isa <= best; isa++)
        for (int threads = 1; threads <= most_threads; threads++) {
            hbcd_bench_normal_f64(isa, threads, isa == best && threads == 1);
            hbcd_bench_normal_f32(isa, threads, 0);
        }
    print_head("one step, 310 rows = 1.1 per parameter");
    hbcd_bench_steps_f64(best);
    hbcd_bench_steps_f32(best);
    printf("\n%-44s %-6s %3s %9s %6s %8s %10s %6s\n", "a whole run, 7654 rows", "type", "thr", "seconds", "+-", "loss",
           "evaluations", "stop");
    for (int threads = 1; threads <= most_threads; threads++) {
        hbcd_bench_training_f64(best, threads);
        hbcd_bench_training_f32(best, threads);
    }
    return 0;
}
