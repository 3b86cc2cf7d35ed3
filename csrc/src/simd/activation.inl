/* activation.inl: the activation functions: three functions and one row each.
 * forward: a = activation(z), in place allowed; backward: g *= slope, curvature: g *= second derivative, from a alone. */

/* Of lines, with or without a kink. */
static int FN(no_curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z, (void)a;
    memset(g, 0, n * sizeof *g);
    return HBCD_OK;
}

static int FN(identity_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    (void)self;
    if (a != z) memcpy(a, z, n * sizeof *a);
    return HBCD_OK;
}
static int FN(identity_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)n, (void)z, (void)a, (void)g;
    return HBCD_OK;
}

static int FN(sigmoid_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    (void)self;
    HBCD_INDEPENDENT_LONG for (size_t k = 0; k < n; k++) a[k] = FN(sigmoid_one)(z[k]);
    return HBCD_OK;
}
static int FN(sigmoid_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) g[k] *= a[k] * (1 - a[k]);
    return HBCD_OK;
}
static int FN(sigmoid_curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) g[k] *= a[k] * (1 - a[k]) * (1 - 2 * a[k]);
    return HBCD_OK;
}

static int FN(tanh_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    (void)self;
    HBCD_INDEPENDENT_LONG for (size_t k = 0; k < n; k++) a[k] = FN(tanh_one)(z[k]);
    return HBCD_OK;
}
static int FN(tanh_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) g[k] *= 1 - a[k] * a[k];
    return HBCD_OK;
}
static int FN(tanh_curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) g[k] *= -2 * a[k] * (1 - a[k] * a[k]);
    return HBCD_OK;
}

static int FN(relu_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    (void)self;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) a[k] = z[k] < 0 ? (REAL)0 : z[k]; /* NaN stays NaN */
    return HBCD_OK;
}
static int FN(relu_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)self, (void)z;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) {
        const REAL before = g[k]; /* read in any case: vector code without masks cannot read some elements alone */
        g[k] = a[k] > 0 ? before : (REAL)0;
    }
    return HBCD_OK;
}

/* leak >= 0, so that a has the sign of z and the slope can be read from it. */
static int FN(leaky_relu_forward)(void *self, size_t n, const REAL *z, REAL *a)
{
    REAL leak = (REAL) * (const double *)self;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) a[k] = z[k] < 0 ? leak * z[k] : z[k];
    return HBCD_OK;
}
static int FN(leaky_relu_backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g)
{
    (void)z;
    REAL leak = (REAL) * (const double *)self;
    HBCD_INDEPENDENT for (size_t k = 0; k < n; k++) g[k] *= a[k] > 0 ? (REAL)1 : leak;
    return HBCD_OK;
}

#define ACTIVATION_ROWS                                                                                                \
    {                                                                                                                  \
        [HBCD_IDENTITY] = {"identity", FN(identity_forward), FN(identity_backward), NULL, HBCD_ACT_STRAIGHT,           \
                           FN(no_curvature)},                                                                          \
        [HBCD_SIGMOID] = {"sigmoid", FN(sigmoid_forward), FN(sigmoid_backward), NULL, 0, FN(sigmoid_curvature)},       \
        [HBCD_TANH] = {"tanh", FN(tanh_forward), FN(tanh_backward), NULL, 0, FN(tanh_curvature)},                      \
        [HBCD_RELU] = {"relu", FN(relu_forward), FN(relu_backward), NULL, HBCD_ACT_STRAIGHT, FN(no_curvature)},        \
        [HBCD_LEAKY_RELU] = {"leaky_relu", FN(leaky_relu_forward), FN(leaky_relu_backward), NULL, HBCD_ACT_STRAIGHT,   \
                             FN(no_curvature)},                                                                        \
    }
