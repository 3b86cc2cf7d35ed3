/* test_sensitivity.inl: hand values of the measures, in both precisions; part of test_selector.c. */

static double FN(measured)(int kind, const TY(block) *block, const REAL *theta, const REAL *gradient,
                           const TY(box) *box)
{
    const TY(sensitivity) *row = FN(sensitivity_row)(kind);
    double value = NAN;
    CHECK(row && row->name);
    if (row) CHECK(row->measure(row->self, block, theta, gradient, box, &value) == HBCD_OK);
    return value;
}

/* A block of 2 inputs and 2 neurons at 1..6 of 8 parameters: w = [[1, 2], [-1, 3]], b = [0.5, -2]. */
static void FN(test_sensitivities)(void)
{
    const double tol = REAL_IS_F32 ? 1e-6 : 1e-14; /* a few roundings of numbers of order 1 */
    const REAL theta[8] = {100, 1, 2, -1, 3, (REAL)0.5, -2, 100};
    const REAL gradient[8] = {100, 2, -1, 4, 1, -2, 3, 100};
    const REAL lo[8] = {-4, -4, -4, -2, -4, -4, -4, -4}, hi[8] = {4, 4, 4, 4, 4, 4, 4, 4};
    const TY(box) box = {lo, hi}, lower = {lo, NULL}, none = {NULL, NULL};
    TY(block) block = {.start = 1, .size = 6, .n_in = 2, .n_out = 2};

    CHECK_NEAR(FN(measured)(HBCD_PROJECTED_GRADIENT, &block, theta, gradient, NULL), 4.0, tol);
    CHECK_NEAR(FN(measured)(HBCD_PROJECTED_GRADIENT, &block, theta, gradient, &none), 4.0, tol);
    /* The third weight, -1, may only fall to -2; the largest move left is 2, b_2 from -2 to -4 included. */
    CHECK_NEAR(FN(measured)(HBCD_PROJECTED_GRADIENT, &block, theta, gradient, &box), 2.0, tol);
    CHECK_NEAR(FN(measured)(HBCD_PROJECTED_GRADIENT, &block, theta, gradient, &lower), 2.0, tol);
    CHECK_NEAR(FN(measured)(HBCD_GRADIENT_NORM, &block, theta, gradient, &box), sqrt(35.0), tol);
    CHECK_NEAR(FN(measured)(HBCD_RMS_GRADIENT, &block, theta, gradient, &box), sqrt(35.0 / 6.0), tol);
    CHECK_NEAR(FN(measured)(HBCD_RELATIVE_GRADIENT, &block, theta, gradient, &box), sqrt(35.0 / 19.25), tol + 1e-12);
    /* neuron 1: 2 - 4 - 1 = -3; neuron 2: -2 + 3 - 6 = -5; mean of the magnitudes: 4 */
    CHECK_NEAR(FN(measured)(HBCD_SCALING_FACTOR, &block, theta, gradient, &box), 4.0, tol);
    block.n_in = 3; /* not the shape of a dense layer: one neuron, -3 - 5 = -8 */
    CHECK_NEAR(FN(measured)(HBCD_SCALING_FACTOR, &block, theta, gradient, &box), 8.0, tol);

    const REAL zero[8] = {0};
    for (int kind = 0; kind < HBCD_N_SENSITIVITIES; kind++)
        CHECK(FN(measured)(kind, &block, zero, zero, NULL) == 0.0);
    CHECK(isfinite(FN(measured)(HBCD_RELATIVE_GRADIENT, &block, zero, gradient, NULL)));
    CHECK(FN(sensitivity_row)(-1) == NULL && FN(sensitivity_row)(HBCD_N_SENSITIVITIES) == NULL);
}
