/* bench.c: how long the core takes, with no Python in the process: every kernel beside its plain reference, then
 * evaluations, steps and whole runs; medians of many repeats beside what the processor can do, measured first.
 *   bench [--seconds S] [--only TEXT] [--json FILE] [--huge]
 * --seconds: for each line, 0.03 by default; --only: lines whose name contains TEXT; --json: the lines for
 * compare.py; --huge: 10^7 rows, too.  How to read it: bench/README.md.
 * Everything ends with an error as soon as a kernel differs from its reference by more than rounding. */
#include "common.h"
#include "json.h"
#include "peak.h"

static const hbcd_adam adam = {.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const hbcd_lbfgs lbfgs = {.memory = 10, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_lbfgs lbfgs_finish = {.memory = 20, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_icrs icrs = {.k1 = 1.0 / 3.0, .k2 = 0.5, .failures_per_parameter = 4, .floor = 0.05,
                               .max_evaluations = SIZE_MAX};

#define HBCD_EACH "../../bench/c/cases.inl"
#include "hbcd_each_real.h"
#include "matrix.h"

/* A number for an option, or the end of the program. */
static double positive(const char *option, const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (end != text && *end == '\0' && number > 0 && number < 1e6) return number;
    fprintf(stderr, "bench: %s=%s: must be a positive number\n", option, text);
    exit(2);
}

static void read_options(int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        const char *name = argv[k];
        if (strcmp(name, "--huge") == 0) options.huge = 1;
        else if (k + 1 < argc && strcmp(name, "--seconds") == 0) options.seconds = positive(name, argv[++k]);
        else if (k + 1 < argc && strcmp(name, "--only") == 0) options.only = argv[++k];
        else if (k + 1 < argc && strcmp(name, "--json") == 0) options.json = argv[++k];
        else {
            fprintf(stderr, "bench [--seconds S] [--only TEXT] [--json FILE] [--huge]\n");
            exit(2);
        }
    }
}

static void bench_kernels(int best)
{
    begin_section("affine kernels, n inputs and outputs", "GF/s");
    hbcd_bench_affine_f64(best);
    hbcd_bench_affine_f32(best);
    begin_section("elementary functions, per element", "GF/s");
    hbcd_bench_elementary_f64(best);
    hbcd_bench_elementary_f32(best);
    begin_section("matrices", "GF/s");
    bench_matrix(281, best);
    bench_matrix(961, best);
    begin_section("moving numbers, 300 000 rows x 15", "GB/s");
    hbcd_bench_memory_f64(best);
    hbcd_bench_memory_f32(best);
}

static void bench_evaluations(int best, int most_threads)
{
    static const size_t widths[] = {5, 10, 20};
    begin_section("4-n-n-n-1: one full gradient", "GF/s");
    for (int isa = 0; isa <= best; isa++)
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
            hbcd_bench_floor_f64(widths[k], isa);
            hbcd_bench_floor_f32(widths[k], isa);
        }
    begin_section("4-10-10-10-1: one layer active, 7654 rows", "GF/s");
    hbcd_bench_blocks_f64(best);
    hbcd_bench_blocks_f32(best);
    begin_section("4-10-10-10-1: against rows", "GF/s");
    hbcd_bench_rows_f64(best);
    hbcd_bench_rows_f32(best);
    if (most_threads < 2) return;
    begin_section("4-10-10-10-1: two threads", "GF/s");
    hbcd_bench_threads_f64(best);
    hbcd_bench_threads_f32(best);
}

static void bench_optimizers(int best, int most_threads)
{
    begin_section("normal equations, 4-10-10-10-1, 7654 rows", "GF/s");
    for (int isa = 0; isa <= best; isa++)
        for (int threads = 1; threads <= most_threads; threads++) {
            hbcd_bench_normal_f64(isa, threads, isa == best && threads == 1);
            hbcd_bench_normal_f32(isa, threads, 0);
        }
    begin_section("one step, 310 rows = 1.1 per parameter", "GF/s");
    hbcd_bench_steps_f64(best);
    hbcd_bench_steps_f32(best);
    begin_section("a whole run, 7654 rows", "GF/s");
    for (int threads = 1; threads <= most_threads; threads++) {
        hbcd_bench_training_f64(best, threads);
        hbcd_bench_training_f32(best, threads);
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    int best = hbcd_isa_detect(), most_threads = hbcd_openmp() ? 2 : 1;
    printf("hbcd core: best instruction set %s, OpenMP %s\n", hbcd_isa_name(best), hbcd_openmp() ? "yes" : "no");
    make_tables(options.huge ? 10000000 : 1000000);
    measure_flops(best);
    measure_memory();
    bench_kernels(best);
    bench_evaluations(best, most_threads);
    bench_optimizers(best, most_threads);
    return options.json ? write_json(options.json) : 0;
}
