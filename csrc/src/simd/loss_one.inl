/* loss_one.inl: value, slope and Gauss-Newton weight of the loss of one output, branch-free and in double whatever the
 * precision of the network: a line search compares values whose difference is far below their size.
 *
 * p: parameters, out: output of the network, y: target, e = out - y.  The weight h is that of the model
 * slope (d out) + h (d out)^2 / 2: the second derivative where it is positive everywhere in a useful size (logistic,
 * Poisson), else slope / e, which is the curvature of the parabola that touches the loss at e and lies above it
 * (iteratively reweighted least squares: Huber 1964; Hunter and Lange 2004). */

typedef struct loss_one {
    double value, slope, weight;
} loss_one;

#define LN2 0.693147180559945309

/* 2 atanh(s) = log((1 + s) / (1 - s)) for 0 <= |s| <= 1/3: the series, cut where s^2 = 1/9 leaves 2^-56. */
HBCD_INLINE double log_ratio(double s)
{
    double q = s * s, sum = 1.0 / 33;
    HBCD_UNROLL for (int k = 31; k >= 1; k -= 2) sum = sum * q + 1.0 / k;
    return 2 * s * sum;
}

/* log(1 + t), 0 <= t <= 1. */
HBCD_INLINE double log1p_small(double t) { return log_ratio(t / (2 + t)); }

/* log x for a normal x > 0: x = 2^k m with m in [sqrt(1/2), sqrt(2)).  Finite at 0, NaN at NaN and infinity. */
HBCD_INLINE double log_one(double x)
{
    uint64_t bits, shifted;
    double m, k;
    memcpy(&bits, &x, sizeof bits);
    bits += UINT64_C(0x3ff0000000000000) - UINT64_C(0x3fe6a09e667f3bcd);
    /* k + 1023 in the low bits of 2^52: an integer below 2^52 as a double, without a conversion. */
    shifted = (bits >> 52) | UINT64_C(0x4330000000000000);
    memcpy(&k, &shifted, sizeof k);
    k -= 4503599627370496.0 + 1023.0;
    bits = (bits & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
    memcpy(&m, &bits, sizeof m);
    return k * LN2 + log_ratio((m - 1) / (m + 1)) + (x - x);
}

/* sqrt(a^2 + d^2), d > 0, without overflow. */
HBCD_INLINE double length_of(double a, double d)
{
    double large = a > d ? a : d, small = a > d ? d : a, share = small / large;
    return large < INFINITY ? large * sqrt(1 + share * share) : large;
}

/* sqrt(e^2 + d^2) - d, d = p[0]: |e| with a rounded tip. */
HBCD_INLINE loss_one absolute_one(const double *p, double out, double y)
{
    double e = out - y, s = length_of(fabs(e), p[0]);
    return (loss_one){e / (s + p[0]) * e, e / s, 1 / s};
}

/* e^2 / 2 up to |e| = d, straight beyond; d = p[0]. */
HBCD_INLINE loss_one huber_one(const double *p, double out, double y)
{
    double e = out - y, a = fabs(e), d = p[0], c = a < d ? a : d;
    return (loss_one){c * (a - 0.5 * c), e < 0 ? -c : c, d / (a > d ? a : d)};
}

/* log cosh e: log1p of cosh e - 1 = 2 t^2 / (1 - t^2), t = tanh(e / 2), up to 1; beyond, |e| + log1p(e^-2|e|) - log 2. */
HBCD_INLINE loss_one log_cosh_one(const double *p, double out, double y)
{
    (void)p;
    double e = out - y, a = fabs(e), t = hbcd_tanh_one_f64(0.5 * a), slope = hbcd_tanh_one_f64(a);
    double near = 2 * t * t / (1 - t * t), far = hbcd_exp_one_f64(-2 * a);
    double value = log1p_small(a < 1 ? near : far) + (a < 1 ? 0 : a - LN2);
    return (loss_one){value, e < 0 ? -slope : slope, a > 1e-9 ? slope / a : 1.0};
}

/* The pinball max(q u, (q - 1) u) of u = y - out with a rounded tip: (sqrt(u^2 + d^2) + (2 q - 1) u) / 2, less its
 * minimum d sqrt(q (1 - q)); d = p[0], q = p[1]. */
HBCD_INLINE loss_one quantile_one(const double *p, double out, double y)
{
    double e = out - y, d = p[0], q = p[1], s = length_of(fabs(e), d), tilt = 2 * q - 1;
    double value = 0.5 * (s - tilt * e) - d * sqrt(q * (1 - q));
    return (loss_one){value, 0.5 * (e / s - tilt), 0.5 / s};
}

/* Half the Poisson deviance with log link: mu - y - y log(mu / y), mu = e^out. */
HBCD_INLINE loss_one poisson_one(const double *p, double out, double y)
{
    (void)p;
    double mu = hbcd_exp_one_f64(out), own = y * (log_one(y) - 1);
    return (loss_one){mu - y * out + own, mu - y, mu};
}

/* log(1 + e^out) - y out, y in [0, 1]; slope and value are exact to rounding also where they are tiny. */
HBCD_INLINE loss_one logistic_one(const double *p, double out, double y)
{
    (void)p;
    double t = hbcd_exp_one_f64(-fabs(out)), near = 1 / (1 + t), far = t / (1 + t); /* of the two probabilities */
    double up = out < 0 ? far : near, down = out < 0 ? near : far, side = out < 0 ? -y * out : (1 - y) * out;
    return (loss_one){side + log1p_small(t), (1 - y) * up - y * down, up * down};
}
