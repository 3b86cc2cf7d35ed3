/* test_optimizer_newton.c: laws of the quasi-Newton methods with bounds (L-BFGS, BFGS), of their line search and of the
 * vector arithmetic below them.  The typed body is test_optimizer_newton.inl. */
#include "check.h"
#include "optimizers/bfgs_matrix.h"
#include "optimizers/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MAX_N = 40 };

enum { QUADRATIC, ROSENBROCK, ACTIVE, SADDLE_BOX, LINEAR_BOX, LINEAR_FREE, CONCAVE_FREE, CONSTANT, BARRIER,
       N_PROBLEMS };

/* Laws that hold for every problem go through this table; `bounded`: it has a minimum, whose value is `minimum`. */
typedef struct law_problem {
    const char *name;
    size_t n;
    double start, lo, hi; /* of every variable */
    int bounded;
    double minimum;
} law_problem;

static const law_problem problems[N_PROBLEMS] = {
    /* sum c_i (x_i - 1)^2 / 2, c = 1 ... 1e4 */
    [QUADRATIC] = {"quadratic", 40, -1.0, -INFINITY, INFINITY, 1, 0.0},
    /* pairs of 100 (b - a^2)^2 + (1 - a)^2 */
    [ROSENBROCK] = {"rosenbrock", 10, -1.2, -INFINITY, INFINITY, 1, 0.0},
    /* the quadratic plus coupling, its minimizer partly outside the box */
    [ACTIVE] = {"active", 40, 0.0, -0.75, 0.5, 1, NAN},
    /* sum over pairs of a^2 - b^2: b on a bound */
    [SADDLE_BOX] = {"saddle in a box", 4, 0.5, -2.0, 3.0, 1, -18.0},
    /* sum i x_i: the lowest corner */
    [LINEAR_BOX] = {"linear in a box", 6, 0.5, -2.0, 3.0, 1, -42.0},
    [LINEAR_FREE] = {"linear", 6, 0.5, -INFINITY, INFINITY, 0, 0.0},
    [CONCAVE_FREE] = {"concave", 3, 0.5, -INFINITY, INFINITY, 0, 0.0},
    [CONSTANT] = {"constant", 3, 0.5, -1.0, INFINITY, 1, 7.0},
    /* sum x - log x: not finite for x <= 0 */
    [BARRIER] = {"barrier", 3, 30.0, -INFINITY, INFINITY, 1, 3.0},
};

static const hbcd_lbfgs lbfgs_options[] = {
    {.memory = 10, .damping = 0, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.memory = 1, .damping = 0, .armijo = 1e-4, .wolfe = 0.5, .max_line_search = 20},
    {.memory = 5, .damping = 1, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.memory = 3, .damping = 0, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 1},
};
static const hbcd_bfgs bfgs_options[] = {
    {.scaling = HBCD_BFGS_FIRST, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.scaling = HBCD_BFGS_AL_BAALI, .armijo = 1e-4, .wolfe = 0.5, .max_line_search = 20},
    {.scaling = HBCD_BFGS_OREN_LUENBERGER, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20},
    {.scaling = HBCD_BFGS_AL_BAALI, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 1},
};

/* A method and its options; the last of a family has one trial per search. */
typedef struct method {
    int kind;
    const void *options;
    size_t max_line_search;
} method;

enum { N_OPTIONS = 4, N_FAMILIES = 2 };
static const method families[N_FAMILIES][N_OPTIONS] = {
    {{HBCD_LBFGS, &lbfgs_options[0], 20},
     {HBCD_LBFGS, &lbfgs_options[1], 20},
     {HBCD_LBFGS, &lbfgs_options[2], 20},
     {HBCD_LBFGS, &lbfgs_options[3], 1}},
    {{HBCD_BFGS, &bfgs_options[0], 20},
     {HBCD_BFGS, &bfgs_options[1], 20},
     {HBCD_BFGS, &bfgs_options[2], 20},
     {HBCD_BFGS, &bfgs_options[3], 1}},
};

#define HBCD_EACH "../../tests/c/test_optimizer_newton.inl"
#include "hbcd_each_real.h"

/* bfgs_matrix.h beside the same sums over a dense matrix. */
static void test_the_packed_matrix_is_the_dense_one(void)
{
    enum { N = 21 }; /* rows of no, one and two groups of lanes, and a rest */
    double dense[N][N], packed[N * (N + 1) / 2], s[N], p[N], v[N], out[N], column[N];
    const unsigned char fixed[N] = {[4] = 1};
    matrix_diagonal(N, 3.0, fixed, packed);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) dense[i][j] = i == j && i != 4 ? 3.0 : 0.0;
        s[i] = (double)i - 7, p[i] = (double)(i * i % 11), v[i] = 5 - (double)i;
    }
    for (int round = 0; round < 2; round++) { /* whole numbers: every order of summation gives the same */
        matrix_update_times(N, packed, 2.0, s, p, v, 1, out);
        for (size_t i = 0; i < N; i++) {
            double sum = 0;
            for (size_t j = 0; j < N; j++) {
                dense[i][j] = 2.0 * dense[i][j] + s[i] * p[j] + p[i] * s[j];
                sum += dense[i][j] * v[j];
            }
            CHECK(out[i] == sum);
        }
    }
    matrix_isolate(N, packed, 9, 0.5);
    for (size_t j = 0; j < N; j++) dense[9][j] = dense[j][9] = j == 9 ? 0.5 : 0.0;
    for (size_t i = 0; i < N; i++) {
        matrix_column(N, packed, i, column);
        for (size_t j = 0; j < N; j++) CHECK(column[j] == dense[j][i]);
    }
}

/* So large that several threads pass over it, in blocks of rows. */
static void test_the_packed_matrix_has_the_same_bits_at_any_number_of_threads(void)
{
    enum { N = 1000, SIZE = N * (N + 1) / 2 };
    const size_t blocks = matrix_blocks(N);
    CHECK(blocks == 8 && matrix_block_begin(N, blocks, 0) == 0 && matrix_block_begin(N, blocks, blocks) == N);
    double *room = malloc((3 * N + 2 * blocks * N + 2 * SIZE) * sizeof *room);
    if (!room) abort();
    double *s = room, *p = s + N, *v = p + N, *one = v + N, *many = one + blocks * N, *h = many + blocks * N, *g = h + SIZE;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 0);
    hbcd_rng_normals(&rng, 3 * N, room);
    for (int threads = 1; threads <= 16; threads *= 2) {
        hbcd_rng_seed(&rng, 2, 0);
        hbcd_rng_normals(&rng, SIZE, h);
        memcpy(g, h, SIZE * sizeof *h);
        matrix_update_times(N, h, 0.7, s, p, v, 1, one);
        matrix_update_times(N, g, 0.7, s, p, v, threads, many);
        CHECK(memcmp(one, many, N * sizeof *one) == 0 && memcmp(h, g, SIZE * sizeof *h) == 0);
        double off = 0;
        for (size_t i = 0; i < N; i++) {
            double sum = 0;
            for (size_t j = 0; j < N; j++) sum += h[i >= j ? matrix_row(i) + j : matrix_row(j) + i] * v[j];
            off = fmax(off, fabs(sum - one[i]));
        }
        CHECK(off < 1e-10);
    }
    free(room);
}

/* Numbers with all their bits, so that any other order, or a fused multiply-add, shows. */
static void test_every_instruction_set_passes_over_the_packed_matrix_with_the_same_bits(void)
{
    enum { N = 75 };
    static double h[2][N * (N + 1) / 2], vectors[3][N], out[2][N];
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < 3 * N; i++) vectors[i / N][i % N] = hbcd_rng_uniform(&rng) - 0.5;
    for (int isa = HBCD_ISA_BASELINE; isa <= hbcd_isa_detect(); isa++)
        for (size_t n = 1; n <= N; n++) {
            for (size_t i = 0; i < n * (n + 1) / 2; i++) h[0][i] = h[1][i] = cos((double)i);
            for (int k = 0; k < 2; k++)
                hbcd_kernels_of_f64(k ? isa : HBCD_ISA_BASELINE)
                    ->packed_update_times(0, n, h[k], 1.1, vectors[0], vectors[1], vectors[2], out[k]);
            CHECK(memcmp(h[0], h[1], n * (n + 1) / 2 * sizeof(double)) == 0);
            CHECK(memcmp(out[0], out[1], n * sizeof(double)) == 0);
        }
}

static void test_every_instruction_set_multiplies_vectors_with_the_same_bits(void)
{
    enum { N = 150 };
    static double x[N], y[N], z[2][N];
    static float xs[N], ys[N], zs[2][N];
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 5, 0);
    for (size_t i = 0; i < N; i++) {
        x[i] = hbcd_rng_normal(&rng), y[i] = hbcd_rng_normal(&rng);
        xs[i] = (float)x[i], ys[i] = (float)y[i];
    }
    for (int isa = HBCD_ISA_BASELINE; isa <= hbcd_isa_detect(); isa++)
        for (size_t n = 0; n <= N; n++) {
            const hbcd_kernels_f64 *wide = hbcd_kernels_of_f64(isa), *plain = hbcd_kernels_of_f64(HBCD_ISA_BASELINE);
            const hbcd_kernels_f32 *short_ = hbcd_kernels_of_f32(isa), *first = hbcd_kernels_of_f32(HBCD_ISA_BASELINE);
            double sum = wide->dot(n, x, y), same = plain->dot(n, x, y);
            CHECK(memcmp(&sum, &same, sizeof sum) == 0 && sum == hbcd_dot_f64(n, x, y));
            sum = short_->dot(n, xs, ys), same = first->dot(n, xs, ys);
            CHECK(memcmp(&sum, &same, sizeof sum) == 0 && sum == hbcd_dot_f32(n, xs, ys));
            memcpy(z[0], y, sizeof y), memcpy(z[1], y, sizeof y), memcpy(zs[0], ys, sizeof ys), memcpy(zs[1], ys, sizeof ys);
            wide->axpy(n, 0.3, x, z[0]), plain->axpy(n, 0.3, x, z[1]);
            short_->axpy(n, 0.3f, xs, zs[0]), first->axpy(n, 0.3f, xs, zs[1]);
            CHECK(memcmp(z[0], z[1], sizeof z[0]) == 0 && memcmp(zs[0], zs[1], sizeof zs[0]) == 0);
        }
}

static void test_options_outside_their_range_are_refused(void)
{
    const hbcd_lbfgs good = lbfgs_options[0];
    hbcd_lbfgs bad[7] = {good, good, good, good, good, good, good};
    hbcd_optimizer_f64 optimizer;
    bad[0].memory = 0;
    bad[1].armijo = 0.0;
    bad[2].armijo = 0.95;
    bad[3].wolfe = 1.0;
    bad[4].wolfe = NAN;
    bad[5].max_line_search = 0;
    bad[6].damping = 2;
    for (size_t i = 0; i < 7; i++) CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, &bad[i], &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, NULL, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, &good, NULL) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(-1, &good, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_N_OPTIMIZERS, &good, &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_LBFGS, &good, &optimizer) == HBCD_OK);
    const hbcd_bfgs fine = bfgs_options[0];
    hbcd_bfgs wrong[5] = {fine, fine, fine, fine, fine};
    wrong[0].scaling = -1;
    wrong[1].scaling = HBCD_BFGS_OREN_LUENBERGER + 1;
    wrong[2].armijo = 0.95;
    wrong[3].wolfe = NAN;
    wrong[4].max_line_search = 0;
    for (size_t i = 0; i < 5; i++)
        CHECK(hbcd_optimizer_make_f64(HBCD_BFGS, &wrong[i], &optimizer) == HBCD_ERR_ARGUMENT);
    CHECK(hbcd_optimizer_make_f64(HBCD_BFGS, &fine, &optimizer) == HBCD_OK);
}

int main(void)
{
    test_options_outside_their_range_are_refused();
    test_the_packed_matrix_is_the_dense_one();
    test_the_packed_matrix_has_the_same_bits_at_any_number_of_threads();
    test_every_instruction_set_passes_over_the_packed_matrix_with_the_same_bits();
    test_every_instruction_set_multiplies_vectors_with_the_same_bits();
    hbcd_test_vectors_f32();
    hbcd_test_vectors_f64();
    for (size_t family = 0; family < N_FAMILIES; family++) {
        hbcd_test_all_f32(families[family]);
        hbcd_test_all_f64(families[family]);
    }
    CHECK_DONE("test_optimizer_newton");
}
