/* elementary.inl: exp, tanh, the logistic function, their slopes, and the loss, on the outputs of 10 neurons for one
 * tile.  Operations are those of the source, a division counted as one: csrc/src/simd/elementary.inl. */

enum { TY(ELEMENTS) = 10 * HBCD_TILE };

typedef struct TY(elementary_case) {
    const TY(kernels) *kernels; /* NULL: the plain loops */
    REAL *x, *y, *target;       /* (ELEMENTS) */
    double f;
} TY(elementary_case);

static void FN(call_exp)(void *self)
{
    TY(elementary_case) *c = self;
    (c->kernels ? c->kernels->exponential : FN(plain_exp))(TY(ELEMENTS), c->x, c->y);
}

#define ACTIVATION_CALLS(name, KIND)                                                                                   \
    static void FN(call_##name)(void *self)                                                                            \
    {                                                                                                                  \
        TY(elementary_case) *c = self;                                                                                 \
        if (c->kernels) c->kernels->activation[KIND].forward(NULL, TY(ELEMENTS), c->x, c->y);                          \
        else FN(plain_##name)(TY(ELEMENTS), c->x, c->y);                                                               \
    }                                                                                                                  \
    static void FN(call_##name##_slope)(void *self)                                                                    \
    {                                                                                                                  \
        TY(elementary_case) *c = self;                                                                                 \
        if (c->kernels) c->kernels->activation[KIND].backward(NULL, TY(ELEMENTS), NULL, c->x, c->y);                   \
        else FN(plain_##name##_slope)(TY(ELEMENTS), c->x, c->y);                                                       \
    }
ACTIVATION_CALLS(tanh, HBCD_TANH)
ACTIVATION_CALLS(sigmoid, HBCD_SIGMOID)
#undef ACTIVATION_CALLS

static void FN(call_loss)(void *self)
{
    TY(elementary_case) *c = self;
    if (c->kernels)
        c->kernels->loss[HBCD_SQUARED_ERROR].eval(NULL, TY(ELEMENTS), TY(ELEMENTS), 1, c->x, c->target, NULL, &c->f,
                                                  c->y);
    else FN(plain_loss)(TY(ELEMENTS), c->x, c->target, &c->f, c->y);
}

typedef struct TY(elementary_row) {
    const char *what;
    void (*call)(void *self);
    double operations; /* per element */
    int in_place;      /* y holds a gradient that is multiplied */
    double scale;      /* of the inputs */
} TY(elementary_row);

static void FN(check_elementary)(const line *l, const TY(elementary_row) *row, TY(elementary_case) *c)
{
    TY(elementary_case) plain = *c;
    REAL *start = FN(draw)(TY(ELEMENTS), 6);
    plain.kernels = NULL;
    plain.y = FN(draw)(TY(ELEMENTS), 6);
    memcpy(c->y, start, TY(ELEMENTS) * sizeof *start);
    for (size_t k = 0; k < TY(ELEMENTS); k++) c->x[k] *= (REAL)row->scale;
    c->f = plain.f = 0;
    row->call(c), row->call(&plain);
    FN(agree)(l, TY(ELEMENTS), c->y, plain.y, row->in_place ? start : plain.y, 5); /* 4 ulp, and 1 of libm */
    if (!(fabs(c->f - plain.f) <= (double)EPSILON * TY(ELEMENTS) * plain.f)) wrong(l, 0, c->f, plain.f);
    free(start), free(plain.y);
}

static void FN(bench_elementary)(int best)
{
#if REAL_IS_F32
    enum { DEGREES = 5 }; /* fewer terms of the polynomial, two operations each */
#else
    enum { DEGREES = 0 };
#endif
    static const TY(elementary_row) rows[] = {
        {"exp", FN(call_exp), 36 - 2 * DEGREES, 0, 4},
        {"tanh", FN(call_tanh), 36 - 2 * DEGREES, 0, 1},
        {"sigmoid", FN(call_sigmoid), 38 - 2 * DEGREES, 0, 2},
        {"tanh, slope", FN(call_tanh_slope), 3, 1, 0.2},
        {"sigmoid, slope", FN(call_sigmoid_slope), 3, 1, 0.2},
        {"loss and its gradient", FN(call_loss), 3, 0, 1},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        double plain = 0;
        for (int isa = 0; isa <= best; isa++) {
            line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = 1, .rows = TY(ELEMENTS)};
            snprintf(l.what, sizeof l.what, "%s", rows[k].what);
            l.work = rows[k].operations * TY(ELEMENTS);
            l.peak = peak.flops[REAL_DTYPE][isa];
            if (!wanted(&l)) continue;
            TY(elementary_case) c = {.kernels = FN(kernels_of)(isa)};
            c.x = FN(draw)(TY(ELEMENTS), 5), c.y = FN(draw)(TY(ELEMENTS), 6), c.target = FN(draw)(TY(ELEMENTS), 7);
            FN(check_elementary)(&l, &rows[k], &c);
            if (rows[k].in_place) memset(c.y, 0, TY(ELEMENTS) * sizeof *c.y); /* else it shrinks to subnormals */
            if (plain == 0) {
                TY(elementary_case) loops = c;
                loops.kernels = NULL;
                plain = time_of(options.seconds, rows[k].call, &loops).median;
            }
            l.plain = plain;
            measure(&l, rows[k].call, &c);
            free(c.x), free(c.y), free(c.target);
        }
    }
}
