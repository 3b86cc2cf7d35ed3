/* test_wide.c: whitening, products and sums of matrices of few rows against loops, with the same bits on any number of
 * threads. */
#include "check.h"
#include "network/wide.h"
#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *drawn(hbcd_rng *rng, size_t n)
{
    double *made = malloc((n ? n : 1) * sizeof *made);
    if (made == NULL) abort();
    hbcd_rng_normals(rng, n, made);
    return made;
}

static int whitened(size_t n, const double *a, const double *add, size_t columns, double *b, int threads)
{
    size_t positive = 0;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_wide_whiten(0, n, a, add, columns, b, threads, NULL, &count, &positive) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_wide_whiten(0, n, a, add, columns, b, threads, NULL, &m.arena, &positive) == HBCD_OK);
    give_back(&m);
    return positive == n;
}

/* b b' of a whitened b = L^-1 c is L^-1 c c' L'^-1: with a = c c' and nothing added the identity. */
static void check_whitening(hbcd_rng *rng, size_t n, size_t columns)
{
    double *b = drawn(rng, n * columns), *other = malloc(n * columns * sizeof *other);
    double *a = malloc(n * n * sizeof *a), *add = calloc(n, sizeof *add), *gram = malloc(n * n * sizeof *gram);
    if (!other || !a || !add || !gram) abort();
    CHECK(hbcd_wide_products(n, columns, b, n, b, 1, a) == HBCD_OK);
    memcpy(other, b, n * columns * sizeof *b);
    CHECK(whitened(n, a, add, columns, b, 1));
    CHECK(whitened(n, a, add, columns, other, 3));
    CHECK(memcmp(b, other, n * columns * sizeof *b) == 0);
    CHECK(hbcd_wide_products(n, columns, b, n, b, 2, gram) == HBCD_OK);
    double apart = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) apart = fmax(apart, fabs(gram[i * n + j] - (i == j)));
    CHECK(apart < 1e-10);
    for (size_t i = 0; i < n; i++) add[i] = -2 * a[i * n + i];
    CHECK(!whitened(n, a, add, columns, b, 1));
    CHECK(memcmp(b, other, n * columns * sizeof *b) == 0);
    free(b), free(other), free(a), free(add), free(gram);
}

static void check_products(hbcd_rng *rng, size_t n, size_t columns, size_t q)
{
    double *b = drawn(rng, n * columns), *v = drawn(rng, q * columns), *c = drawn(rng, q * n);
    double *products = malloc(2 * q * n * sizeof *products), *sums = malloc(2 * q * columns * sizeof *sums);
    if (!products || !sums) abort();
    for (int threads = 1; threads <= 3; threads += 2) {
        size_t second = threads > 1;
        CHECK(hbcd_wide_products(n, columns, b, q, v, threads, products + second * q * n) == HBCD_OK);
        CHECK(hbcd_wide_sums(n, columns, b, q, c, threads, sums + second * q * columns) == HBCD_OK);
    }
    CHECK(memcmp(products, products + q * n, q * n * sizeof *products) == 0);
    CHECK(memcmp(sums, sums + q * columns, q * columns * sizeof *sums) == 0);
    double apart = 0;
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t r = 0; r < columns; r++) sum += v[j * columns + r] * b[i * columns + r];
            apart = fmax(apart, fabs(sum - products[j * n + i]));
        }
        for (size_t r = 0; r < columns; r++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += c[j * n + i] * b[i * columns + r];
            apart = fmax(apart, fabs(sum - sums[j * columns + r]));
        }
    }
    CHECK(apart < 1e-10); /* sums of some thousand products of size 1 */
    free(b), free(v), free(c), free(products), free(sums);
}

int main(void)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 1, 0);
    check_whitening(&rng, 1, 3);
    check_whitening(&rng, 9, 256);
    check_whitening(&rng, 70, 1500);
    check_products(&rng, 1, 1, 1);
    check_products(&rng, 8, 257, 2);
    check_products(&rng, 130, 4000, 3);
    CHECK_DONE("test_wide");
}
