/* test_least_squares.c: Levenberg-Marquardt and ExactOutput on an objective whose equations go wrong: not positive definite,
 * not finite, without a word of the output layer, or ended by the objective.  What is kept is never worse than the start.  The
 * typed body is test_least_squares.inl. */
#include "check.h"
#include "memory.h"
#include "optimizers/optimizer.h"

/* The smallest network: residuals x2 (x0 + x1 u) + x3 - y on some rows; x0, x1 are below its output layer x2, x3. */
enum { N = 4, HIDDEN = 2, ROWS = 5, GRAM = 3 };
static const double u[ROWS] = {-1, -0.4, 0.1, 0.7, 1.2}, y[ROWS] = {0.9, 1.2, 0.4, -0.3, -0.2};

/* What is wrong with the equations. */
enum { NOTHING, SADDLE, NO_CURVATURE, HOLES, OVERFLOW, FLAT, HOLE_OF_OUTPUT, NO_OUTPUT, WRONG_GRAM, NO_GRAM, ENDLESS_GRAM,
       HOLE_OF_GRAM, N_FAULTS };
enum { VALUE, NORMAL, BLOCK, GRAM_MATRIX, N_KINDS }; /* calls of an objective */

static double least_squares(const double *x, double *r, double (*j)[N])
{
    double f = 0;
    for (size_t k = 0; k < ROWS; k++) {
        const double below = x[0] + x[1] * u[k];
        r[k] = x[2] * below + x[3] - y[k];
        j[k][0] = x[2], j[k][1] = x[2] * u[k], j[k][2] = below, j[k][3] = 1;
        f += 0.5 * r[k] * r[k];
    }
    return f;
}

/* g (n) and h (n, n) of variables first .. first + n - 1. */
static double normal_equations(const double *x, size_t first, size_t n, int fault, double *g, double *h)
{
    double r[ROWS], j[ROWS][N];
    const double f = least_squares(x, r, j);
    for (size_t a = 0; a < n; a++) {
        g[a] = 0;
        for (size_t k = 0; k < ROWS; k++) g[a] += j[k][first + a] * r[k];
        if (fault == FLAT) g[a] *= 1e-30;
        for (size_t b = 0; b < n; b++) {
            double *to = &h[a * n + b], sum = 0;
            const int output = first + a >= HIDDEN && first + b >= HIDDEN;
            for (size_t k = 0; k < ROWS; k++) sum += j[k][first + a] * j[k][first + b];
            if (fault == SADDLE && a != b) sum = 40;
            if (fault == NO_CURVATURE && a == b) sum = -1;
            if ((fault == HOLES || (fault == HOLE_OF_OUTPUT && output)) && a != b) sum = NAN;
            if (fault == OVERFLOW && a == b) sum = INFINITY;
            if (fault == NO_OUTPUT && output) sum = 0;
            *to = sum;
        }
    }
    return f;
}

static void gram_matrix(const double *x, int fault, double *gram)
{
    memset(gram, 0, GRAM * GRAM * sizeof *gram);
    for (size_t k = 0; k < ROWS && fault != NO_GRAM; k++) {
        const double row[GRAM] = {x[0] + x[1] * u[k], 1, fault == WRONG_GRAM ? 9 - y[k] : y[k]};
        for (size_t a = 0; a < GRAM; a++)
            for (size_t b = 0; b < GRAM; b++) gram[a * GRAM + b] += row[a] * row[b];
    }
    if (fault == ENDLESS_GRAM) gram[0] = INFINITY;
    if (fault == HOLE_OF_GRAM) gram[1] = gram[GRAM] = NAN;
}

/* Of the line through the rows, which is all that such a network can be. */
static double minimum(void)
{
    double mu = 0, my = 0, uu = 0, uy = 0, yy = 0;
    for (size_t k = 0; k < ROWS; k++) mu += u[k] / ROWS, my += y[k] / ROWS;
    for (size_t k = 0; k < ROWS; k++) {
        uu += (u[k] - mu) * (u[k] - mu), uy += (u[k] - mu) * (y[k] - my), yy += (y[k] - my) * (y[k] - my);
    }
    return 0.5 * (yy - uy * uy / uu);
}

/* How a run with this fault ends, 0: lower than it began.  A scope has no use for every matrix. */
static int end_of(int scope, int fault)
{
    const int projected = scope == HBCD_LM_PROJECTED;
    if (fault == OVERFLOW) return HBCD_STOP_NOT_FINITE;
    if (fault == WRONG_GRAM) return projected ? HBCD_STOP_LINE_SEARCH : 0;
    if (fault == HOLE_OF_OUTPUT || fault == NO_CURVATURE || fault == HOLES || fault == FLAT)
        return projected ? 0 : HBCD_STOP_LINE_SEARCH;
    return 0;
}

#define HBCD_EACH "../../tests/c/test_least_squares.inl"
#include "hbcd_each_real.h"

int main(void)
{
    hbcd_test_least_squares_f32();
    hbcd_test_least_squares_f64();
    CHECK_DONE("test_least_squares");
}
