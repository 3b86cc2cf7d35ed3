/* guard.c: one piece of work, repeated, and nothing else: what bench/core/guard.py counts the instructions of.
 *   guard CASE f32|f64 ISA REPEATS
 * The network is 4-10-10-10-1 with tanh on 310 rows, 1.1 per parameter; the typed cases stand in guard.inl
 * and, single kernels, in guard_kernels.inl.  The
 * instruction set is given, not detected: an emulated processor may lack what the real one has. */
#include "network/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 4, N_LAYERS = 4, ROWS = 310 };
static const size_t widths[N_LAYERS] = {10, 10, 10, 1};
static double table_x[ROWS * N_IN], table_y[ROWS];

static void make_tables(void)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 0);
    for (size_t k = 0; k < ROWS * N_IN; k++) table_x[k] = hbcd_rng_normal(&rng);
    for (size_t r = 0; r < ROWS; r++)
        table_y[r] = table_x[r * N_IN] + 0.5 * table_x[r * N_IN + 1] * table_x[r * N_IN + 2];
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
    fprintf(stderr, "guard: %s\n", hbcd_status_text(status));
    exit(1);
}

static const hbcd_lbfgs lbfgs = {.memory = 10, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_adam adam = {.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const hbcd_lm lm = {.scope = HBCD_LM_JOINT, .damping = HBCD_LM_NIELSEN, .mu = 1e-3, .radius = 1};
static const hbcd_icrs icrs = {.k1 = 1.0 / 3.0, .k2 = 0.5, .failures_per_parameter = 4, .floor = 0.05,
                               .max_evaluations = SIZE_MAX};

#define HBCD_EACH "../../bench/c/guard_kernels.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH
#define HBCD_EACH "../../bench/c/guard.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "guard CASE f32|f64 ISA REPEATS\n");
        return 2;
    }
    make_tables();
    size_t repeats = strtoul(argv[4], NULL, 10);
    int isa = -1;
    for (int k = HBCD_ISA_BASELINE; k <= hbcd_isa_detect(); k++)
        if (strcmp(argv[3], hbcd_isa_name(k)) == 0) isa = k;
    if (isa < 0) {
        fprintf(stderr, "guard: %s: not an instruction set of this processor\n", argv[3]);
        return 2;
    }
    int known = strcmp(argv[2], "f32") == 0 ? hbcd_guard_run_f32(argv[1], isa, repeats)
                                            : hbcd_guard_run_f64(argv[1], isa, repeats);
    if (!known) fprintf(stderr, "guard: %s: no such case\n", argv[1]);
    return known ? 0 : 2;
}
