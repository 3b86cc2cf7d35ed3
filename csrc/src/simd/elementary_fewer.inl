/* elementary_fewer.inl: exp and the logistic function where a fused operation overwrites its summand (NEON): factors
 * 2^k come from shifts of whole numbers, and the 1 of e^r = 1 + expm1(r) is the factor itself.  Part of elementary.inl. */

#ifdef HBCD_MAXIMUM
#define AT_LEAST(x, least) HBCD_MAXIMUM(x, least)
#else
#define AT_LEAST(x, least) ((x) < (least) ? (least) : (x))
#endif

/* The number whose exponent, bias included, stands in the low bits of `bits`. */
HBCD_INLINE REAL FN(power_of_bits)(TY(bits) bits)
{
    REAL power;
    bits <<= MANTISSA;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* e^x for x <= EXP_MAX; 2^k in two factors, the halves of k and of twice the bias, so that results reach from infinity
 * down to the subnormals. */
HBCD_INLINE REAL FN(exp_below_most)(REAL x)
{
    const REAL rounding = (REAL)ROUNDING + BIAS;
    TY(bits) bits;
    x = AT_LEAST(x, (REAL)EXP_MIN);
    REAL shifted = x * (REAL)LOG2_E + rounding, k = shifted - rounding;
    REAL r = (x - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    memcpy(&bits, &shifted, sizeof bits);
    const REAL half = FN(power_of_bits)(bits >> 1), rest = FN(power_of_bits)(bits - (bits >> 1));
    return (half + half * (r + r * r * FN(expm1_q)(r))) * rest;
}

/* 1 / (1 + e^-x) from e^-|x|, so that small results keep their relative accuracy.  Both terms of the ratio are `one`
 * times as large: a factor 2^k is then enough, and no result is rounded twice.  t is NaN where x is. */
HBCD_INLINE REAL FN(sigmoid_one)(REAL x)
{
    const REAL rounding = (REAL)ROUNDING + MADE_LARGER, one = (REAL)ONE_MADE_LARGER;
    REAL y = -FN(at_most)(FABS(x), -(REAL)EXP_MIN);
    REAL shifted = y * (REAL)LOG2_E + rounding, k = shifted - rounding;
    REAL r = (y - k * (REAL)LN2_HIGH) - k * (REAL)LN2_LOW;
    REAL s = FN(power_of_two)(shifted);
    REAL t = s + s * (r + r * r * FN(expm1_q)(r));
    REAL top = x < 0 ? t : one;
    return top / (one + t);
}

#undef AT_LEAST
