/* test_cholesky.c: the blocked factorization beside the textbook's three loops, and quadratic functions in a box. */
#include "linalg/box_qp.h"
#include "check.h"
#include "memory.h"
#include "linalg/vec.h"

#include <float.h>

static double *numbers(size_t n)
{
    double *made = calloc(n ? n : 1, sizeof *made);
    if (made == NULL) abort();
    return made;
}

/* a (n, n) <- B B' / n + 0.1 I of a random B: symmetric, condition about 40. */
static void make_definite(size_t n, uint64_t seed, double *a)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, seed, 0);
    double *b = numbers(n * n);
    for (size_t k = 0; k < n * n; k++) b[k] = hbcd_rng_normal(&rng);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = i == j ? 0.1 * (double)n : 0;
            for (size_t k = 0; k < n; k++) sum += b[i * n + k] * b[j * n + k];
            a[i * n + j] = a[j * n + i] = sum / (double)n;
        }
    free(b);
}

static void plain_cholesky(size_t n, const double *a, double *l)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
}

static double factor_at(const hbcd_cholesky *c, size_t i, size_t j)
{
    const size_t S = 8;
    return c->squares[(i / S * (i / S + 1) / 2 + j / S) * S * S + j % S * S + i % S];
}

static memory room_for(hbcd_cholesky *c, int isa, size_t n)
{
    hbcd_arena count = {NULL, 0, 0};
    hbcd_cholesky_make(c, isa, n, &count);
    memory m = borrow(count.used);
    hbcd_cholesky_make(c, isa, n, &m.arena);
    return m;
}

static void test_the_factor_has_the_same_bits_at_any_number_of_threads(void)
{
    enum { N = 700, COLUMNS = 600 };
    double *a = numbers(N * N), *add = numbers(N), *b = numbers(N * COLUMNS), *one = numbers(N * COLUMNS);
    size_t positive;
    hbcd_cholesky c, d;
    make_definite(N, N, a);
    memory m = room_for(&c, hbcd_isa_detect(), N), room = room_for(&d, hbcd_isa_detect(), N);
    memset(add, 0, N * sizeof *add);
    hbcd_cholesky_load(&c, N, a, N, add, NULL);
    CHECK(hbcd_cholesky_factor(&c, NULL, &positive) == HBCD_OK && positive == N);
    for (size_t k = 0; k < N * COLUMNS; k++) one[k] = (double)(k % 1009);
    hbcd_cholesky_forward(&c, COLUMNS, one, COLUMNS);
    for (int threads = 2; threads <= 16; threads *= 2) {
        int apart = 0;
        d.n_threads = threads;
        hbcd_cholesky_load(&d, N, a, N, add, NULL);
        CHECK(hbcd_cholesky_factor(&d, NULL, &positive) == HBCD_OK && positive == N);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j <= i; j++) apart += factor_at(&c, i, j) != factor_at(&d, i, j);
        CHECK(apart == 0);
        for (size_t k = 0; k < N * COLUMNS; k++) b[k] = (double)(k % 1009);
        CHECK(hbcd_cholesky_forward_wide(&d, COLUMNS, b, COLUMNS, NULL) == HBCD_OK);
        CHECK(memcmp(one, b, N * COLUMNS * sizeof *b) == 0);
    }
    give_back(&m);
    give_back(&room);
    free(a), free(add), free(b), free(one);
}

static void test_the_factor_is_the_textbooks(void)
{
    const size_t sizes[] = {1, 2, 7, 8, 9, 16, 63, 64, 65, 72, 130, 200};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int isa = 0; isa <= hbcd_isa_detect(); isa++) {
            const size_t n = sizes[k];
            double *a = numbers(n * n), *l = numbers(n * n), *add = numbers(n), *b = numbers(2 * n), *x = numbers(n);
            size_t positive;
            hbcd_cholesky c;
            make_definite(n, n, a);
            memory m = room_for(&c, isa, n);
            for (size_t i = 0; i < n; i++) add[i] = 0.01 * (double)i;
            hbcd_cholesky_load(&c, n, a, n, add, NULL);
            CHECK(hbcd_cholesky_factor(&c, NULL, &positive) == HBCD_OK && positive == n);
            for (size_t i = 0; i < n; i++) a[i * n + i] += add[i];
            plain_cholesky(n, a, l);
            double apart = 0; /* both are within some n eps of the exact one, times the condition 40 */
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j <= i; j++) apart = fmax(apart, fabs(factor_at(&c, i, j) - l[i * n + j]));
            CHECK(apart <= 40 * (double)n * DBL_EPSILON);

            for (size_t i = 0; i < n; i++) x[i] = b[i] = sin((double)i + 1);
            hbcd_cholesky_solve(&c, x);
            double off = 0;
            for (size_t i = 0; i < n; i++) off = fmax(off, fabs(hbcd_dot_f64(n, a + i * n, x) - b[i]));
            CHECK(off <= 100 * (double)n * DBL_EPSILON);

            double *two = numbers(2 * n); /* L y = b for two columns */
            for (size_t i = 0; i < n; i++) two[2 * i] = b[i], two[2 * i + 1] = -3 * b[i];
            hbcd_cholesky_forward(&c, 2, two, 2);
            off = 0;
            for (size_t i = 0; i < n; i++) {
                double sum = 0;
                for (size_t j = 0; j <= i; j++) sum += l[i * n + j] * two[2 * j];
                off = fmax(off, fabs(sum - b[i]) + fabs(two[2 * i + 1] + 3 * two[2 * i]));
            }
            CHECK(off <= 200 * (double)n * DBL_EPSILON);
            give_back(&m);
            free(two), free(a), free(l), free(add), free(b), free(x);
        }
}

static void test_rows_and_columns_left_out(void)
{
    enum { N = 90, KEPT = 45 };
    double *a = numbers(N * N), *part = numbers(KEPT * KEPT), add[N], add_part[KEPT];
    size_t index[KEPT], positive;
    hbcd_cholesky c, d;
    make_definite(N, 3, a);
    for (size_t i = 0; i < N; i++) add[i] = 0.1 + 0.01 * (double)i;
    for (size_t i = 0; i < KEPT; i++) index[i] = 2 * i + (i > 20), add_part[i] = add[index[i]];
    for (size_t i = 0; i < KEPT * KEPT; i++) part[i] = a[index[i / KEPT] * N + index[i % KEPT]];
    memory m = room_for(&c, hbcd_isa_detect(), N), m_part = room_for(&d, hbcd_isa_detect(), KEPT);
    hbcd_cholesky_load(&c, KEPT, a, N, add, index);
    hbcd_cholesky_load(&d, KEPT, part, KEPT, add_part, NULL);
    CHECK(hbcd_cholesky_factor(&c, NULL, &positive) == HBCD_OK && positive == KEPT);
    CHECK(hbcd_cholesky_factor(&d, NULL, &positive) == HBCD_OK && positive == KEPT);
    int differ = 0;
    for (size_t i = 0; i < KEPT; i++)
        for (size_t j = 0; j <= i; j++) differ += factor_at(&c, i, j) != factor_at(&d, i, j);
    CHECK(differ == 0);
    give_back(&m), give_back(&m_part);
    free(a), free(part);
}

/* The first pivot that is not positive is told, wherever it stands. */
static void test_a_matrix_that_is_not_definite(void)
{
    enum { N = 150 };
    const size_t at[] = {0, 5, 8, 63, 64, 100, 149};
    double *a = numbers(N * N), add[N] = {0};
    size_t positive;
    hbcd_cholesky c;
    memory m = room_for(&c, hbcd_isa_detect(), N);
    for (size_t k = 0; k < sizeof at / sizeof *at; k++)
        for (int kind = 0; kind < 3; kind++) {
            make_definite(N, 5, a);
            a[at[k] * N + at[k]] = kind == 0 ? -1 : kind == 1 ? (double)NAN : (double)INFINITY;
            hbcd_cholesky_load(&c, N, a, N, add, NULL);
            CHECK(hbcd_cholesky_factor(&c, NULL, &positive) == HBCD_OK && positive == at[k]);
        }
    memset(a, 0, N * N * sizeof *a);
    hbcd_cholesky_load(&c, N, a, N, add, NULL);
    CHECK(hbcd_cholesky_factor(&c, NULL, &positive) == HBCD_OK && positive == 0);
    hbcd_watch watch;
    hbcd_watch_start(&watch, 0);
    make_definite(N, 5, a);
    hbcd_cholesky_load(&c, N, a, N, add, NULL);
    CHECK(hbcd_cholesky_factor(&c, &watch, &positive) == HBCD_STOP_TIME);
    give_back(&m);
    free(a);
}

/* The first-order conditions, which decide for a strictly convex function: no slope inside, none inwards at a bound. */
static void check_minimum(size_t n, const double *a, const double *add, const double *g, const double *lo,
                          const double *hi, const double *p, double value, size_t *held)
{
    double worst = 0, again = 0;
    *held = 0;
    for (size_t i = 0; i < n; i++) {
        double q = g[i] + hbcd_dot_f64(n, a + i * n, p) + add[i] * p[i];
        again += 0.5 * (g[i] + q) * p[i];
        int at_lo = lo && p[i] <= lo[i], at_hi = hi && p[i] >= hi[i];
        *held += at_lo || at_hi;
        CHECK((!lo || p[i] >= lo[i]) && (!hi || p[i] <= hi[i]));
        worst = fmax(worst, at_lo && q > 0 ? 0 : at_hi && q < 0 ? 0 : fabs(q));
    }
    CHECK(worst <= 1e-10);
    CHECK_NEAR(value, again, 1e-12);
}

static void test_the_minimum_in_a_box(void)
{
    enum { MOST = 120 };
    hbcd_box_qp qp;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_box_qp_make(&qp, hbcd_isa_detect(), MOST, &count);
    memory m = borrow(count.used);
    hbcd_box_qp_make(&qp, hbcd_isa_detect(), MOST, &m.arena);
    size_t most_held = 0;
    for (size_t n = 1; n <= MOST; n = 2 * n + 1)
        for (uint64_t seed = 0; seed < 20; seed++) {
            double *a = numbers(n * n), add[MOST], g[MOST], lo[MOST], hi[MOST], p[MOST], value;
            hbcd_rng rng;
            int definite;
            size_t held;
            hbcd_rng_seed(&rng, seed, n);
            make_definite(n, seed, a);
            for (size_t i = 0; i < n; i++) {
                g[i] = hbcd_rng_normal(&rng), add[i] = 0.001;
                lo[i] = -hbcd_rng_uniform(&rng), hi[i] = hbcd_rng_uniform(&rng);
                if (i % 5 == 1) hi[i] = 0;             /* a variable that stands on its bound */
                if (i % 7 == 2) lo[i] = -INFINITY;
                if (i % 11 == 3) lo[i] = hi[i] = 0.25; /* no room, and not at 0 */
            }
            CHECK(hbcd_box_qp_solve(&qp, n, a, n, add, g, lo, hi, p, &value, &definite) == HBCD_OK && definite);
            check_minimum(n, a, add, g, lo, hi, p, value, &held);
            if (held > most_held) most_held = held;
            CHECK(hbcd_box_qp_solve(&qp, n, a, n, add, g, NULL, hi, p, &value, &definite) == HBCD_OK && definite);
            check_minimum(n, a, add, g, NULL, hi, p, value, &held);
            CHECK(hbcd_box_qp_solve(&qp, n, a, n, add, g, NULL, NULL, p, &value, &definite) == HBCD_OK && definite);
            check_minimum(n, a, add, g, NULL, NULL, p, value, &held);
            CHECK(held == 0 && value < 0);
            a[0] = -1;
            hbcd_box_qp_solve(&qp, n, a, n, add, g, NULL, NULL, p, &value, &definite);
            CHECK(!definite);
            free(a);
        }
    CHECK(most_held > 40); /* the bounds did bind */
    give_back(&m);
}

/* Nearly dependent variables between narrow bounds: the projection of a Newton step may lead uphill, far. */
static void test_the_minimum_of_nearly_dependent_variables(void)
{
    enum { N = 24, RANK = 3 };
    hbcd_box_qp qp;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_box_qp_make(&qp, hbcd_isa_detect(), N, &count);
    memory m = borrow(count.used);
    hbcd_box_qp_make(&qp, hbcd_isa_detect(), N, &m.arena);
    for (uint64_t seed = 0; seed < 40; seed++) {
        double a[N * N], b[N * RANK], add[N], g[N], lo[N], hi[N], p[N], value;
        hbcd_rng rng;
        int definite;
        size_t held;
        hbcd_rng_seed(&rng, seed, 99);
        for (size_t k = 0; k < N * RANK; k++) b[k] = hbcd_rng_normal(&rng);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < N; j++) {
                a[i * N + j] = 0;
                for (size_t k = 0; k < RANK; k++) a[i * N + j] += b[i * RANK + k] * b[j * RANK + k];
            }
            add[i] = 1e-6, g[i] = hbcd_rng_normal(&rng);
            lo[i] = -hbcd_rng_uniform(&rng), hi[i] = hbcd_rng_uniform(&rng);
        }
        CHECK(hbcd_box_qp_solve(&qp, N, a, N, add, g, lo, hi, p, &value, &definite) == HBCD_OK && definite);
        check_minimum(N, a, add, g, lo, hi, p, value, &held);
        CHECK(held >= N - RANK - 1); /* what RANK equations leave open, the bounds decide */
    }
    give_back(&m);
}

int main(void)
{
    test_the_factor_is_the_textbooks();
    test_the_factor_has_the_same_bits_at_any_number_of_threads();
    test_rows_and_columns_left_out();
    test_a_matrix_that_is_not_definite();
    test_the_minimum_in_a_box();
    test_the_minimum_of_nearly_dependent_variables();
    CHECK_DONE("test_cholesky");
}
