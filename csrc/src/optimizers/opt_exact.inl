/* opt_exact.inl: the last block solved as the least squares problem it is, where its layer is linear; any other block
 * is handed to another optimizer. */

typedef struct TY(exact_run) {
    TY(output) output;
    REAL *x_try, *g; /* (n) each */
    void *inner;     /* state of the other optimizer */
} TY(exact_run);

/* The optimizer of the other blocks; 0: there is none. */
static int FN(exact_inner)(const hbcd_exact_output *options, TY(optimizer) *inner)
{
    if (options->inner < 0) return 0;
    FN(optimizer_make)(options->inner, options->inner_options, inner); /* checked with the options of this one */
    return 1;
}

static size_t FN(exact_carve)(const hbcd_exact_output *options, void *state, const hbcd_shape *shape,
                              TY(exact_run) *run)
{
    hbcd_arena arena = {state, SIZE_MAX, 0};
    TY(optimizer) inner;
    size_t bytes = FN(exact_inner)(options, &inner) ? inner.state_size(inner.options, shape) : 0;
    run->inner = hbcd_arena_take(&arena, bytes, 1);
    run->x_try = hbcd_arena_take(&arena, shape->n, sizeof *run->x_try);
    run->g = hbcd_arena_take(&arena, shape->n, sizeof *run->g);
    FN(output_make)(&run->output, options->isa, shape->inputs, shape->outputs, &arena);
    return arena.used;
}

static size_t FN(exact_state_size)(const void *options, const hbcd_shape *shape)
{
    TY(exact_run) run;
    return FN(exact_carve)(options, NULL, shape, &run);
}

static void FN(exact_reset)(const void *options, void *state, size_t n)
{
    TY(optimizer) inner;
    if (FN(exact_inner)(options, &inner)) inner.reset(inner.options, state, n);
}

/* One exact solution after another: the second only tells that there is nothing left to gain. */
static int FN(exact_solve)(const hbcd_exact_output *options, TY(exact_run) *run, const TY(objective) *objective,
                           const TY(box) *box, REAL *x, const hbcd_stop *stop, hbcd_report *report)
{
    const size_t n = objective->n;
    double f, f_try;
    FN(project)(n, box, x);
    int status = FN(evaluate)(objective, stop, report, x, &f, run->g);
    if (status != 0) return status;
    status = hbcd_stop_start(stop, report, f, isfinite(f) ? FN(projected_gradient)(n, box, x, run->g) : INFINITY);
    while (status == 0) {
        FN(copy)(n, x, run->x_try);
        status = FN(output_solve)(&run->output, objective, box, options->ridge, 0, stop, report, run->x_try);
        if (status != 0) break;
        if (memcmp(x, run->x_try, n * sizeof *x) == 0) return HBCD_STOP_LINE_SEARCH;
        status = FN(evaluate)(objective, stop, report, run->x_try, &f_try, run->g);
        if (status != 0) break;
        if (!(f_try < f)) return HBCD_STOP_LINE_SEARCH;
        FN(copy)(n, run->x_try, x);
        double pg = FN(projected_gradient)(n, box, x, run->g), before = f;
        report->f = f = f_try;
        status = hbcd_stop_test(stop, report, before, f, pg, n, x);
    }
    return status;
}

static int FN(exact_minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                              REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    TY(exact_run) run;
    TY(optimizer) inner;
    if (objective->n_blocks == 1 && objective->output_gram) {
        const hbcd_shape shape = FN(shape_of)(objective);
        FN(exact_carve)(options, state, &shape, &run);
        hbcd_report_start(report);
        return report->status = FN(exact_solve)(options, &run, objective, box, x, stop, report);
    }
    if (!FN(exact_inner)(options, &inner)) return report->status = HBCD_ERR_OUTPUT;
    return inner.minimize(inner.options, state, objective, box, x, stop, rng, report);
}

const TY(optimizer) FN(row_exact) = {"exact_output", FN(exact_state_size), FN(exact_reset), FN(exact_minimize), NULL,
                                     HBCD_OPT_MONOTONE | HBCD_OPT_OUTPUT};
