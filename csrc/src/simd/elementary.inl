/* elementary.inl: exp, tanh and the logistic function without branches, so that loops over them become vector code.
 *
 * All rest on t = k ln 2 + r with |r| <= ln 2 / 2 and expm1(r) = r + r^2 Q(r), Q a near-minimax polynomial fitted to
 * (expm1(r) - r) / r^2 (relative error of the sum 4e-17 in double, 2.6e-8 in float).  k is rounded by adding a large
 * constant, the bias of an exponent included, and 2^k made of the low bits of the sum.  NaN passes through every
 * comparison and stays NaN. */

#if REAL_IS_F32
typedef uint32_t TY(bits);
#define MANTISSA 23
#define ROUNDING 12583039.0f /* 1.5 * 2^23 + 127 */
#define LOG2_E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW (-2.12194440e-4f)
#define EXP_MIN (-104.0f)
#define EXP_MAX 89.0f
#define TANH_MAX 9.1f /* tanh rounds to 1 */
#define COPYSIGN copysignf
#define FABS fabsf
#define BIAS 127 /* of an exponent */
#define MADE_LARGER 40 /* binary digits that lift e^EXP_MIN into the normal numbers */
#define ONE_MADE_LARGER 0x1p40f
#define Q0 0.5f
#define Q1 0.16666576266288757f
#define Q2 0.041666556149721146f
#define Q3 0.008363178931176662f
#define Q4 0.0013926184037700295f
#else
typedef uint64_t TY(bits);
#define MANTISSA 52
#define ROUNDING 6755399441056767.0 /* 1.5 * 2^52 + 1023 */
#define LOG2_E 1.44269504088896338700
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define EXP_MIN (-746.0)
#define EXP_MAX 710.0
#define TANH_MAX 19.1
#define COPYSIGN copysign
#define FABS fabs
#define BIAS 1023
#define MADE_LARGER 100
#define ONE_MADE_LARGER 0x1p100
#define Q0 0.5
#define Q1 0.16666666666666669
#define Q2 0.04166666666662413
#define Q3 0.008333333333330062
#define Q4 0.0013888888917213717
#define Q5 0.00019841269863053618
#define Q6 2.4801521295954376e-05
#define Q7 2.7557268459997064e-06
#define Q8 2.7620088445409746e-07
#define Q9 2.510038549551032e-08
#endif

/* Horner's rule is the fewest operations.  Where a fused one overwrites its constant (NEON), each step of it costs a
 * copy more, and three terms at a time need fewer: one copy for three. */
HBCD_INLINE REAL FN(expm1_q)(REAL r)
{
#ifdef OVERWRITES_SUMMAND
    const REAL r2 = r * r, r3 = r2 * r;
#if REAL_IS_F32
    return (Q0 + Q1 * r + Q2 * r2) + r3 * (Q3 + Q4 * r);
#else
    return (Q0 + Q1 * r + Q2 * r2) + r3 * ((Q3 + Q4 * r + Q5 * r2) + r3 * ((Q6 + Q7 * r + Q8 * r2) + r3 * Q9));
#endif
#elif REAL_IS_F32
    return (((Q4 * r + Q3) * r + Q2) * r + Q1) * r + Q0;
#else
    return ((((((((Q9 * r + Q8) * r + Q7) * r + Q6) * r + Q5) * r + Q4) * r + Q3) * r + Q2) * r + Q1) * r + Q0;
#endif
}

/* x, but no more than `most`. */
HBCD_INLINE REAL FN(at_most)(REAL x, REAL most)
{
#ifdef HBCD_MINIMUM
    return HBCD_MINIMUM(x, most);
#else
    return x > most ? most : x;
#endif
}

/* 2^k for a whole k in the range of normal exponents, from k + ROUNDING. */
HBCD_INLINE REAL FN(power_of_two)(REAL shifted)
{
    TY(bits) bits;
    REAL power;
    memcpy(&bits, &shifted, sizeof bits);
    bits <<= MANTISSA;
    memcpy(&power, &bits, sizeof power);
    return power;
}

#ifdef OVERWRITES_SUMMAND
#include "simd/elementary_fewer.inl"
#else
/* e^x for x <= EXP_MAX; 2^k in two factors so that results reach from infinity down to the subnormals. */
HBCD_INLINE REAL FN(exp_below_most)(REAL x)
{
    x = -FN(at_most)(-x, -(REAL)EXP_MIN);
    REAL k = (x * (REAL)LOG2_E + (REAL)ROUNDING) - (REAL)ROUNDING;
    REAL r = (x - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    REAL e = (r + r * r * FN(expm1_q)(r)) + 1;
    REAL half_shifted = k * (REAL)0.5 + (REAL)ROUNDING;
    REAL rest_shifted = (k - (half_shifted - (REAL)ROUNDING)) + (REAL)ROUNDING;
    return e * FN(power_of_two)(half_shifted) * FN(power_of_two)(rest_shifted);
}

/* 1 / (1 + e^-x) from e^-|x|, so that small results keep their relative accuracy; t is NaN where x is. */
HBCD_INLINE REAL FN(sigmoid_one)(REAL x)
{
    REAL t = FN(exp_below_most)(-FABS(x));
    REAL top = x < 0 ? t : (REAL)1;
    return top / (1 + t);
}
#endif

HBCD_INLINE REAL FN(exp_one)(REAL x) { return FN(exp_below_most)(FN(at_most)(x, (REAL)EXP_MAX)); }

/* tanh x = m / (m + 2) with m = expm1(2|x|) = 2^k expm1(r) + (2^k - 1): exact to a few ulp down to x = 0. */
HBCD_INLINE REAL FN(tanh_one)(REAL x)
{
    REAL y = FN(at_most)(FABS(x), (REAL)TANH_MAX);
    y += y;
    REAL shifted = y * (REAL)LOG2_E + (REAL)ROUNDING;
    REAL k = shifted - (REAL)ROUNDING;
    REAL r = (y - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    REAL s = FN(power_of_two)(shifted);
    REAL m = s * (r + r * r * FN(expm1_q)(r)) + (s - 1);
    return COPYSIGN(m / (m + 2), x);
}

static void FN(exponential)(size_t n, const REAL *x, REAL *y)
{
    HBCD_INDEPENDENT_LONG for (size_t k = 0; k < n; k++) y[k] = FN(exp_one)(x[k]);
}

#undef MANTISSA
#undef ROUNDING
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef BIAS
#undef MADE_LARGER
#undef ONE_MADE_LARGER
#undef EXP_MIN
#undef EXP_MAX
#undef TANH_MAX
#undef COPYSIGN
#undef FABS
#undef Q0
#undef Q1
#undef Q2
#undef Q3
#undef Q4
#undef Q5
#undef Q6
#undef Q7
#undef Q8
#undef Q9
