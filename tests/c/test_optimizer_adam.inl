/* test_optimizer_adam.inl: laws of ADAM, part of test_optimizer_others.inl. */

static void FN(test_adam_first_steps_by_hand)(void)
{
    /* x = (0.2, 0.3), g = (1, -2) always: m / sqrt(v) after bias correction is (1, -1) at every t. */
    TY(bench) b;
    FN(prepare)(&b, HBCD_ADAM, &adam_options, LINEAR, 1);
    b.stop.max_iterations = 3;
    CHECK(FN(go)(&b, &b.box) == HBCD_STOP_ITERATIONS);
    CHECK_NEAR(b.x[0], 0.05, 1e-6);
    CHECK_NEAR(b.x[1], 0.45, 1e-6);
    CHECK(b.probe.calls == 4 && b.probe.gradients == 3); /* the last evaluation asks for the value only */
}

static void FN(test_adam_goes_on_across_calls)(void)
{
    TY(bench) whole, parts, again;
    FN(prepare)(&whole, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    FN(prepare)(&parts, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    FN(prepare)(&again, HBCD_ADAM, &adam_options, QUADRATIC, 1);
    whole.stop.keep_last = parts.stop.keep_last = again.stop.keep_last = 1;
    whole.stop.max_iterations = 30;
    parts.stop.max_iterations = again.stop.max_iterations = 3;
    CHECK(FN(go)(&whole, &whole.box) == HBCD_STOP_ITERATIONS);
    CHECK(whole.probe.calls == 30 && isnan(whole.report.f) && isfinite(whole.report.f_start));
    for (int i = 0; i < 10; i++) {
        CHECK(FN(go)(&parts, &parts.box) == HBCD_STOP_ITERATIONS);
        CHECK(parts.report.n_iterations == 3 && parts.report.n_evaluations == 3);
        again.optimizer.reset(again.optimizer.options, again.state, 3);
        FN(go)(&again, &again.box);
    }
    CHECK(memcmp(whole.x, parts.x, sizeof whole.x) == 0);
    CHECK(memcmp(whole.x, again.x, sizeof whole.x) != 0); /* with a reset the moments are gone */
}

static void FN(test_adam_by_cosine_takes_steps_that_fall_to_nothing)(void)
{
    /* Every step has the length of the rate: of T = 4 they are 1, 0.8536, 0.5 and 0.1464 of the first. */
    hbcd_adam cosine = adam_options;
    cosine.schedule = HBCD_ADAM_COSINE;
    const double moved[4] = {1.0, 1.8535534, 2.3535534, 2.5};
    for (size_t k = 0; k < 4; k++) {
        TY(bench) b, far;
        FN(prepare)(&b, HBCD_ADAM, &cosine, LINEAR, 1);
        CHECK(b.optimizer.flags & HBCD_OPT_SCHEDULED);
        b.stop.run_iterations = 4;
        b.stop.max_iterations = k + 1;
        FN(go)(&b, &b.box);
        CHECK_NEAR(b.x[0], 0.2 - 0.05 * moved[k], 1e-6);
        FN(prepare)(&far, HBCD_ADAM, &cosine, LINEAR, 1); /* a run that has no end, and one that is over */
        far.stop.run_iterations = SIZE_MAX;
        far.stop.max_iterations = k + 1;
        FN(go)(&far, &far.box);
        CHECK_NEAR(far.x[0], 0.2 - 0.05 * (double)(k + 1), 1e-6);
        FN(prepare)(&far, HBCD_ADAM, &cosine, LINEAR, 1);
        far.stop.run_iterations = 4, far.stop.iterations_before = 4 + k;
        far.stop.max_iterations = 1;
        FN(go)(&far, &far.box);
        CHECK(far.x[0] == (REAL)0.2);
    }
    TY(bench) alone; /* a call that is a run */
    FN(prepare)(&alone, HBCD_ADAM, &cosine, LINEAR, 1);
    alone.stop.max_iterations = 4;
    FN(go)(&alone, &alone.box);
    CHECK_NEAR(alone.x[0], 0.2 - 0.05 * 2.5, 1e-6);
    cosine.schedule = HBCD_ADAM_COSINE + 1;
    CHECK(FN(optimizer_make)(HBCD_ADAM, &cosine, &alone.optimizer) == HBCD_ERR_ARGUMENT);
}

static void FN(test_adam_by_cosine_is_the_same_in_one_call_and_in_many)(void)
{
    hbcd_adam cosine = adam_options;
    cosine.schedule = HBCD_ADAM_COSINE;
    TY(bench) whole, parts;
    FN(prepare)(&whole, HBCD_ADAM, &cosine, QUADRATIC, 1);
    FN(prepare)(&parts, HBCD_ADAM, &cosine, QUADRATIC, 1);
    whole.stop.keep_last = parts.stop.keep_last = 1;
    whole.stop.max_iterations = parts.stop.run_iterations = 30;
    parts.stop.max_iterations = 3;
    CHECK(FN(go)(&whole, &whole.box) == HBCD_STOP_ITERATIONS);
    for (; parts.stop.iterations_before < 30; parts.stop.iterations_before += 3) FN(go)(&parts, &parts.box);
    CHECK(memcmp(whole.x, parts.x, sizeof whole.x) == 0);
}

static void FN(test_adam_keeps_the_best_when_it_overshoots)(void)
{
    const hbcd_adam fast = {.learning_rate = 1.5, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    TY(bench) b;
    FN(prepare)(&b, HBCD_ADAM, &fast, QUADRATIC, 1);
    b.stop.max_iterations = 10;
    FN(go)(&b, NULL);
    CHECK(b.report.f == b.probe.best && b.report.f <= b.report.f_start);
}
