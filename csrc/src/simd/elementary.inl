/* elementary.inl: exp, tanh and the logistic function without branches, so that loops over them become vector code.
 *
 * All rest on t = k ln 2 + r with |r| <= ln 2 / 2 and expm1(r) = r + r^2 Q(r), Q a near-minimax polynomial fitted to
 * (expm1(r) - r) / r^2 (relative error of the sum 4e-17 in double, 2.6e-8 in float).  k is rounded by adding a large
 * constant and read from the low bits of the sum.  NaN passes through every comparison and stays NaN. */

#if REAL_IS_F32
typedef uint32_t TY(bits);
#define MANTISSA 23
#define EXPONENT_BIAS 127u
#define ROUNDING 12582912.0f /* 1.5 * 2^23 */
#define LOG2_E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW (-2.12194440e-4f)
#define EXP_MIN (-104.0f)
#define EXP_MAX 89.0f
#define TANH_MAX 9.1f /* tanh rounds to 1 */
#define COPYSIGN copysignf
#define FABS fabsf
HBCD_INLINE float FN(expm1_q)(float r)
{
    float q = 0.0013926184037700295f;
    q = q * r + 0.008363178931176662f;
    q = q * r + 0.041666556149721146f;
    q = q * r + 0.16666576266288757f;
    return q * r + 0.5f;
}
#else
typedef uint64_t TY(bits);
#define MANTISSA 52
#define EXPONENT_BIAS 1023u
#define ROUNDING 6755399441055744.0 /* 1.5 * 2^52 */
#define LOG2_E 1.44269504088896338700
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define EXP_MIN (-746.0)
#define EXP_MAX 710.0
#define TANH_MAX 19.1
#define COPYSIGN copysign
#define FABS fabs
HBCD_INLINE double FN(expm1_q)(double r)
{
    double q = 2.510038549551032e-08;
    q = q * r + 2.7620088445409746e-07;
    q = q * r + 2.7557268459997064e-06;
    q = q * r + 2.4801521295954376e-05;
    q = q * r + 0.00019841269863053618;
    q = q * r + 0.0013888888917213717;
    q = q * r + 0.008333333333330062;
    q = q * r + 0.04166666666662413;
    q = q * r + 0.16666666666666669;
    return q * r + 0.5;
}
#endif

/* 2^k for a float k in the range of normal exponents, from k + ROUNDING. */
HBCD_INLINE REAL FN(power_of_two)(REAL shifted)
{
    TY(bits) bits;
    REAL power;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << MANTISSA) + ((TY(bits))EXPONENT_BIAS << MANTISSA);
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* e^x; 2^k in two factors so that results reach from infinity down to the subnormals. */
HBCD_INLINE REAL FN(exp_one)(REAL x)
{
    x = x > (REAL)EXP_MAX ? (REAL)EXP_MAX : x;
    x = x < (REAL)EXP_MIN ? (REAL)EXP_MIN : x;
    REAL k = (x * (REAL)LOG2_E + (REAL)ROUNDING) - (REAL)ROUNDING;
    REAL r = (x - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    REAL e = (r + r * r * FN(expm1_q)(r)) + 1;
    REAL half_shifted = k * (REAL)0.5 + (REAL)ROUNDING;
    REAL rest_shifted = (k - (half_shifted - (REAL)ROUNDING)) + (REAL)ROUNDING;
    return e * FN(power_of_two)(half_shifted) * FN(power_of_two)(rest_shifted);
}

/* tanh x = m / (m + 2) with m = expm1(2|x|) = 2^k expm1(r) + (2^k - 1): exact to a few ulp down to x = 0. */
HBCD_INLINE REAL FN(tanh_one)(REAL x)
{
    REAL y = FABS(x);
    y = y > (REAL)TANH_MAX ? (REAL)TANH_MAX : y;
    y += y;
    REAL shifted = y * (REAL)LOG2_E + (REAL)ROUNDING;
    REAL k = shifted - (REAL)ROUNDING;
    REAL r = (y - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    REAL s = FN(power_of_two)(shifted);
    REAL m = s * (r + r * r * FN(expm1_q)(r)) + (s - 1);
    return COPYSIGN(m / (m + 2), x);
}

/* 1 / (1 + e^-x) from e^-|x|, so that small results keep their relative accuracy; t is NaN where x is. */
HBCD_INLINE REAL FN(sigmoid_one)(REAL x)
{
    REAL t = FN(exp_one)(-FABS(x));
    REAL top = x < 0 ? t : (REAL)1;
    return top / (1 + t);
}

static void FN(exponential)(size_t n, const REAL *x, REAL *y)
{
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) y[k] = FN(exp_one)(x[k]);
}

#undef MANTISSA
#undef EXPONENT_BIAS
#undef ROUNDING
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef EXP_MIN
#undef EXP_MAX
#undef TANH_MAX
#undef COPYSIGN
#undef FABS
