/* test_loss.c: every row of the table of losses by its definition in long double, for every instruction set of this
 * processor: value, gradient, Gauss-Newton matrix, extremes, weights of 0 and padding.  The typed body is
 * test_loss.inl; a new row is tested as soon as `of_one` or `of_row` knows its formula. */
#include "check.h"
#include "simd/kernels.h"

#include <float.h>

enum { MOST_OUT = 3, GUARDED = 16 };

/* Both exact in float; the first where losses are curved, the second where they are straight or flat. */
static const double OUT[] = {0, -0.125, 0.75, -1, 2, -0.25, 3.5, -4.5, 1.25, 30, -30};
static const double TARGET[] = {0.5, -2.5, 0, 1, 3, -0.75, 0.25};
static const double PARAMETERS[HBCD_LOSS_PARAMETERS] = {0.3, 0.9};

/* size: of the largest terms that the value is a difference of, to which its rounding is in proportion. */
typedef struct formula {
    long double value, size, slope[MOST_OUT], hessian[MOST_OUT][MOST_OUT];
} formula;

static long double tip(long double e, long double width) { return hypotl(e, width); }

/* A loss of one output: value, slope, weight and size; 0 where the kind is no such loss. */
static int of_one(int kind, long double z, long double y, long double *value, long double *slope, long double *weight,
                  long double *size)
{
    const long double d = PARAMETERS[0], q = PARAMETERS[1], e = z - y, a = fabsl(e), p = 1 / (1 + expl(-z));
    *size = 0;
    switch (kind) {
    case HBCD_SQUARED_ERROR: *value = e * e / 2, *slope = e, *weight = 1; break;
    case HBCD_ABSOLUTE: *value = tip(e, d) - d, *slope = e / tip(e, d), *weight = 1 / tip(e, d), *size = d; break;
    case HBCD_HUBER:
        *value = a < d ? e * e / 2 : d * (a - d / 2), *slope = a < d ? e : copysignl(d, e);
        *weight = a < d ? 1 : d / a;
        break;
    case HBCD_LOG_COSH:
        *value = a + log1pl(expl(-2 * a)) - logl(2), *slope = tanhl(e), *weight = a > 0 ? tanhl(e) / e : 1;
        *size = logl(2);
        break;
    case HBCD_QUANTILE:
        *value = (tip(e, d) - (2 * q - 1) * e) / 2 - d * sqrtl(q * (1 - q)), *weight = 1 / (2 * tip(e, d));
        *slope = (e / tip(e, d) - (2 * q - 1)) / 2, *size = tip(e, d);
        break;
    case HBCD_POISSON:
        *value = expl(z) - y * z - (y > 0 ? y - y * logl(y) : 0), *slope = expl(z) - y, *weight = expl(z);
        *size = expl(z) + fabsl(y * z) + y;
        break;
    case HBCD_LOGISTIC:
        *value = fmaxl(z, 0) + log1pl(expl(-fabsl(z))) - y * z, *slope = p - y;
        *weight = expl(-fabsl(z)) / powl(1 + expl(-fabsl(z)), 2);
        break;
    default: return 0;
    }
    return 1;
}

/* -sum_k y_k log softmax(z)_k. */
static void of_row(int n, const long double *z, const long double *y, formula *f)
{
    long double most = z[0], sum = 0, shares = 0, p[MOST_OUT];
    for (int k = 0; k < n; k++) most = fmaxl(most, z[k]);
    for (int k = 0; k < n; k++) sum += expl(z[k] - most), shares += y[k];
    for (int k = 0; k < n; k++) {
        p[k] = expl(z[k] - most) / sum;
        f->value += y[k] > 0 ? y[k] * (logl(sum) + (most - z[k])) : 0;
        f->slope[k] = shares * p[k] - y[k];
    }
    for (int i = 0; i < n; i++) /* diag p - pp', whose diagonal is p_i times the sum of the others */
        for (int j = 0; j < n; j++) {
            f->hessian[i][i] += i == j ? 0 : shares * p[i] * p[j];
            if (i != j) f->hessian[i][j] = -shares * p[i] * p[j];
        }
}

static formula exact(int kind, int n, const long double *z, const long double *y)
{
    formula f = {0};
    if (kind == HBCD_CROSS_ENTROPY) {
        of_row(n, z, y, &f);
    } else {
        for (int k = 0; k < n; k++) {
            long double value = 0, size = 0;
            CHECK(of_one(kind, z[k], y[k], &value, &f.slope[k], &f.hessian[k][k], &size)); /* there is a formula */
            f.value += value, f.size += size;
        }
    }
    f.size = fmaxl(f.size, fabsl(f.value));
    return f;
}

/* A target that the loss takes, from any. */
static double target_for(int kind, double y)
{
    if (kind == HBCD_LOGISTIC) return fmin(fabs(y), 1);
    return kind == HBCD_POISSON || kind == HBCD_CROSS_ENTROPY ? fabs(y) : y;
}

#define HBCD_EACH "../../tests/c/test_loss.inl"
#include "hbcd_each_real.h"

int main(void)
{
    printf("test_loss: instruction sets up to %s\n", hbcd_isa_name(hbcd_isa_detect()));
    hbcd_test_losses_f32();
    hbcd_test_losses_f64();
    CHECK_DONE("test_loss");
}
