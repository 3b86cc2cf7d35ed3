/* ulp.c: the largest errors of exp, tanh and the logistic function over the range, for every instruction set and
 * precision, against libm in long double.
 *   ulp [SAMPLES]     random numbers per bin, 2000 by default
 * One line per bin: function, type, instruction set, middle of the bin, largest error in units in the last place of
 * the exact value.  Bins divide every binade from 2^-30 to 2^10, of either sign; bench/core/ulp.py draws them. */
#include "simd/kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOWEST = -30, HIGHEST = 10, BINS = 8 /* of a binade */, CHUNK = 500 };
enum { EXP, TANH, SIGMOID, N_FUNCTIONS };
static const char *const function_name[N_FUNCTIONS] = {"exp", "tanh", "sigmoid"};

static long double exact(int function, long double x)
{
    switch (function) {
    case EXP: return expl(x);
    case TANH: return tanhl(x);
    default: return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
    }
}

/* |got - right| in units in the last place of `right`, in a precision of `digits` bits with its least exponent. */
static double ulps(long double got, long double right, int digits, int least)
{
    int exponent;
    frexpl(right, &exponent);
    exponent -= digits;
    if (right == 0 || exponent < least) exponent = least;
    return (double)fabsl(ldexpl(got - right, -exponent));
}

#define HBCD_EACH "../../bench/c/ulp.inl"
#include "hbcd_each_real.h"

int main(int argc, char **argv)
{
    size_t samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    if (samples == 0 || samples > 100000000) {
        fprintf(stderr, "ulp [SAMPLES], from 1 to 100000000\n");
        return 2;
    }
    if (LDBL_MANT_DIG <= DBL_MANT_DIG) {
        fprintf(stderr, "ulp: long double has no more digits than double here\n");
        return 1;
    }
    hbcd_errors_f32(samples);
    hbcd_errors_f64(samples);
    return 0;
}
