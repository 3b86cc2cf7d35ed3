/* guard_kernels.inl: single kernels of guard.c, on one tile of a hidden layer of 10 neurons, in either precision. */

enum { TY(N_WIDTH) = 10, TY(N_SQUARES) = 40 }; /* strips of LM's matrix of the 281 parameters, and some */

/* 0: no such kernel. */
static int FN(guard_kernel)(const char *name, int isa, size_t repeats)
{
    enum { WIDTH = TY(N_WIDTH), TILE = HBCD_TILE, STRIPS = TY(N_SQUARES) };
    const TY(kernels) *kernels = FN(kernels_of)(isa);
    REAL *x = (REAL *)(void *)borrow(WIDTH * TILE * sizeof(REAL)).base;
    REAL *y = (REAL *)(void *)borrow(WIDTH * TILE * sizeof(REAL)).base;
    REAL *w = (REAL *)(void *)borrow((WIDTH + 8) * WIDTH * sizeof(double)).base, *b = w + WIDTH * WIDTH;
    double *grad = (double *)(void *)borrow((WIDTH + 8) * WIDTH * sizeof(double)).base, f = 0;
    double *panel = (double *)(void *)borrow((size_t)STRIPS * HBCD_STRIP * HBCD_PANEL * sizeof(double)).base;
    double *sums = (double *)(void *)borrow(hbcd_square(STRIPS, 0) * sizeof(double)).base;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 4, 0);
    for (size_t k = 0; k < WIDTH * TILE; k++) x[k] = (REAL)hbcd_rng_normal(&rng), y[k] = (REAL)hbcd_rng_normal(&rng);
    for (size_t k = 0; k < (WIDTH + 1) * WIDTH; k++) w[k] = (REAL)hbcd_rng_normal(&rng);
    for (size_t k = 0; k < (size_t)STRIPS * HBCD_STRIP * HBCD_PANEL; k++) panel[k] = hbcd_rng_normal(&rng);
    const double leak = 0.01;
    int activation = -1, backward = 0;
    for (int k = 0; k < HBCD_N_ACTIVATIONS; k++)
        if (strncmp(name, kernels->activation[k].name, strlen(kernels->activation[k].name)) == 0) {
            const char *rest = name + strlen(kernels->activation[k].name);
            if (strcmp(rest, "") == 0) activation = k;
            if (strcmp(rest, " slope") == 0) activation = k, backward = 1;
        }
    void *self = (void *)(uintptr_t)&leak;
#define GUARD_REPEAT(call)                                                                                             \
    for (size_t k = 0; k < repeats; k++) call
    if (strcmp(name, "forward") == 0) GUARD_REPEAT(kernels->affine(WIDTH, WIDTH, TILE, w, WIDTH, 1, b, x, y));
    else if (strcmp(name, "backward") == 0) GUARD_REPEAT(kernels->affine(WIDTH, WIDTH, TILE, w, 1, WIDTH, NULL, x, y));
    else if (strcmp(name, "weights") == 0) GUARD_REPEAT(kernels->affine_gradient(WIDTH, WIDTH, TILE, x, y, grad));
    else if (strcmp(name, "one row") == 0) GUARD_REPEAT(kernels->affine_row(WIDTH, WIDTH, w, b, x, y));
    else if (strcmp(name, "exp") == 0) GUARD_REPEAT(kernels->exponential(WIDTH * TILE, x, y));
    else if (strcmp(name, "lm product") == 0)
        GUARD_REPEAT(kernels->syrk(0, STRIPS, 0, STRIPS, HBCD_PANEL, HBCD_PANEL, panel, sums));
    else if (strcmp(name, "squared_error") == 0)
        GUARD_REPEAT(must(kernels->loss[HBCD_SQUARED_ERROR].eval(NULL, TILE, TILE, 1, x, x + TILE, NULL, &f, y)));
    else if (activation < 0) return 0;
    else if (backward) GUARD_REPEAT(must(kernels->activation[activation].backward(self, WIDTH * TILE, x, x, y)));
    else GUARD_REPEAT(must(kernels->activation[activation].forward(self, WIDTH * TILE, x, y)));
#undef GUARD_REPEAT
    return 1;
}
