/* test_elementary.c: laws of exp, tanh, the logistic function and every activation row, for every instruction set of
 * this processor, against libm in long double.  The typed body is test_elementary.inl.
 * `POINTS=n` in the environment sets the number of points per grid. */
#include "check.h"
#include "simd/kernels.h"

#include <float.h>

enum { CHUNK = 1024, N_ISA = 3, N_TAIL = 200 };
enum { EXP, TANH, SIGMOID, N_FUNCTIONS };

/* Largest error against libm, in units in the last place of the exact value, and largest difference between two
 * instruction sets, with and without fused operations.  Measured over 1.3e8 numbers of each precision
 * (POINTS=20000000): exp 1.2, tanh 2.49, logistic function 2.41; 2 apart. */
static const double MOST_ULP[N_FUNCTIONS] = {1.5, 3.0, 3.0}, MOST_APART = 2.5;

static const char *const function_name[N_FUNCTIONS] = {"exp", "tanh", "sigmoid"};

static long double exact(int function, long double x)
{
    switch (function) {
    case EXP: return expl(x);
    case TANH: return tanhl(x);
    default: return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
    }
}

/* Points of a grid; long double in software (a processor emulated, or with 128-bit numbers) is slow. */
static size_t n_points(void)
{
    const char *wanted = getenv("POINTS");
    if (wanted) return strtoul(wanted, NULL, 10);
    return LDBL_MANT_DIG > 64 ? 20000 : 400000;
}

#define HBCD_EACH "../../tests/c/test_elementary.inl"
#include "hbcd_each_real.h"

int main(void)
{
    printf("test_elementary: instruction sets up to %s\n", hbcd_isa_name(hbcd_isa_detect()));
    hbcd_test_all_f32();
    hbcd_test_all_f64();
    CHECK_DONE("test_elementary");
}
