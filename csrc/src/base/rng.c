/* rng.c: random numbers with an explicit state.  Philox4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  The 64-bit key is the seed, the 128-bit counter is
 * (counter, stream): the same seed and stream give the same numbers anywhere, and streams never meet. */
#include "hbcd.h"

#include <math.h>

enum { ROUNDS = 10, WORDS = 4 };

/* Fills block with the ten-round bijection of (counter, stream) under key, then moves to the next counter. */
static void refill(hbcd_rng *rng)
{
    uint32_t c0 = (uint32_t)rng->counter, c1 = (uint32_t)(rng->counter >> 32);
    uint32_t c2 = (uint32_t)rng->stream, c3 = (uint32_t)(rng->stream >> 32);
    uint32_t k0 = (uint32_t)rng->key, k1 = (uint32_t)(rng->key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    rng->block[0] = c0;
    rng->block[1] = c1;
    rng->block[2] = c2;
    rng->block[3] = c3;
    rng->left = WORDS;
    rng->counter++;
}

void hbcd_rng_seed(hbcd_rng *rng, uint64_t seed, uint64_t stream)
{
    *rng = (hbcd_rng){.key = seed, .stream = stream};
}

uint64_t hbcd_rng_u64(hbcd_rng *rng)
{
    if (rng->left < 2) refill(rng);
    const uint32_t *word = rng->block + (WORDS - rng->left);
    rng->left -= 2;
    return (uint64_t)word[1] << 32 | word[0];
}

double hbcd_rng_uniform(hbcd_rng *rng)
{
    uint64_t k = hbcd_rng_u64(rng) >> 11;
    return (k ? (double)k : 0.5) * 0x1p-53; /* 0 itself is outside the open interval */
}

/* c[0] + c[1] x + ... + c[7] x^7 */
static double degree7(const double c[8], double x)
{
    double sum = c[7];
    for (int i = 6; i >= 0; i--) sum = sum * x + c[i];
    return sum;
}

/* Inverse of the normal distribution function, relative accuracy about 1e-16.  M. Wichura, "Algorithm AS 241: the
 * percentage points of the normal distribution", Appl. Statist. 37 (1988), routine PPND16.  0 < p < 1, q = p - 1/2. */
#define CENTRAL 0.425

/* |q| <= CENTRAL; harmless beyond. */
static double central_quantile(double q)
{
    static const double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[8] = {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                                2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                                5.2264952788528545610e3};
    double r = CENTRAL * CENTRAL - q * q;
    return q * degree7(a, r) / degree7(b, r);
}

/* |q| > CENTRAL */
static double tail_quantile(double p)
{
    static const double c[8] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                                3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                                1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                                2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    double r = sqrt(-log(p < 0.5 ? p : 1.0 - p));
    double tail = r <= 5.0 ? degree7(c, r - 1.6) / degree7(d, r - 1.6) : degree7(e, r - 5.0) / degree7(f, r - 5.0);
    return p < 0.5 ? -tail : tail;
}

double hbcd_rng_normal(hbcd_rng *rng)
{
    double p = hbcd_rng_uniform(rng);
    return fabs(p - 0.5) <= CENTRAL ? central_quantile(p - 0.5) : tail_quantile(p);
}

/* The central formula for all, without a branch, then the 15 % that are tails: a third of the time. */
void hbcd_rng_normals(hbcd_rng *rng, size_t n, double *z)
{
    enum { AT_ONCE = 64 };
    double p[AT_ONCE];
    for (size_t done = 0; done < n; done += AT_ONCE) {
        size_t now = n - done < AT_ONCE ? n - done : AT_ONCE;
        for (size_t k = 0; k < now; k++) p[k] = hbcd_rng_uniform(rng);
        for (size_t k = 0; k < now; k++) z[done + k] = central_quantile(p[k] - 0.5);
        for (size_t k = 0; k < now; k++)
            if (fabs(p[k] - 0.5) > CENTRAL) z[done + k] = tail_quantile(p[k]);
    }
}

uint64_t hbcd_rng_below(hbcd_rng *rng, uint64_t n)
{
    uint64_t surplus = (0 - n) % n; /* 2^64 mod n: so many first values would be drawn once too often */
    uint64_t k;
    do k = hbcd_rng_u64(rng);
    while (k < surplus);
    return k % n;
}

void hbcd_rng_shuffle(hbcd_rng *rng, size_t n, uint32_t *order)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)hbcd_rng_below(rng, i);
        uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}
