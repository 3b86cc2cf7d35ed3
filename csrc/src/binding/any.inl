/* any.inl: shims between void * and REAL *, and the optimizer and the measure that come from outside. */

static int FN(any_net_make)(const hbcd_net_spec *spec, hbcd_arena *arena, void **net)
{
    TY(net) *made;
    int status = FN(net_make)(spec, arena, &made);
    *net = made;
    return status;
}

static void FN(any_net_describe)(const void *net, hbcd_net_size *size)
{
    const TY(net) *n = net;
    *size = (hbcd_net_size){n->n_in, n->n_out, n->n_layers, n->n_params, n->n_blocks};
}

static void FN(any_net_block)(const void *net, size_t b, size_t *start, size_t *stop, size_t *n_in, size_t *n_out,
                              size_t *layer)
{
    const TY(block) *block = &((const TY(net) *)net)->blocks[b];
    *start = block->start;
    *stop = block->start + block->size;
    *n_in = block->n_in;
    *n_out = block->n_out;
    *layer = block->layer;
}

#include "binding/any_data.inl"

/* ---- measures ---------------------------------------------------------------------------------------------------- */

static int FN(hook_measure)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                            const TY(box) *box, double *value)
{
    const hbcd_sensitivity_hook *hook = self;
    return hook->measure(hook->self, REAL_DTYPE, hook->n_params, block->start, block->start + block->size, theta,
                         gradient, box->lo, box->hi, value);
}

static int FN(sensitivity_of)(const hbcd_sensitivity_spec *spec, TY(sensitivity) *measure)
{
    if (spec->kind == HBCD_HOOK) {
        *measure = (TY(sensitivity)){"hook", FN(hook_measure), (void *)(uintptr_t)&spec->hook};
        return HBCD_OK;
    }
    const TY(sensitivity) *row = FN(sensitivity_row)(spec->kind);
    if (row == NULL) return HBCD_ERR_ARGUMENT;
    *measure = *row;
    return HBCD_OK;
}

static int FN(any_net_sensitivities)(const void *net, const hbcd_sensitivity_spec *spec, const void *theta,
                                     const void *gradient, const void *lo, const void *hi, double *values)
{
    TY(sensitivity) measure;
    TY(box) box = {lo, hi};
    HBCD_TRY(FN(sensitivity_of)(spec, &measure));
    return FN(net_sensitivities)(net, &measure, theta, gradient, &box, values);
}

static int FN(any_sensitivity_measure)(int kind, size_t start, size_t stop, size_t n_in, size_t n_out,
                                       const void *theta, const void *gradient, const void *lo, const void *hi,
                                       double *value)
{
    const TY(sensitivity) *row = FN(sensitivity_row)(kind);
    if (row == NULL || stop < start) return HBCD_ERR_ARGUMENT;
    TY(block) block = {.start = start, .size = stop - start, .n_in = n_in, .n_out = n_out};
    TY(box) box = {lo, hi};
    return row->measure(row->self, &block, theta, gradient, &box, value);
}

/* ---- activations, losses --------------------------------------------------------------------------------------------------- */

static int FN(any_activation_forward)(int isa, int kind, double parameter, size_t n, const void *z, void *a)
{
    if (kind < 0 || kind >= HBCD_N_ACTIVATIONS) return HBCD_ERR_ARGUMENT;
    return FN(kernels_of)(isa)->activation[kind].forward(&parameter, n, z, a);
}

static int FN(any_activation_backward)(int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                                       void *g)
{
    if (kind < 0 || kind >= HBCD_N_ACTIVATIONS) return HBCD_ERR_ARGUMENT;
    return FN(kernels_of)(isa)->activation[kind].backward(&parameter, n, z, a, g);
}

static int FN(any_activation_curvature)(int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                                        void *g)
{
    if (kind < 0 || kind >= HBCD_N_ACTIVATIONS) return HBCD_ERR_ARGUMENT;
    return FN(kernels_of)(isa)->activation[kind].curvature(&parameter, n, z, a, g);
}

static int FN(any_loss_of_rows)(int isa, int kind, const double *parameters, size_t rows, size_t outputs,
                                const void *out, const void *target, void *tile, double *values, void *g)
{
    if (kind < 0 || kind >= HBCD_N_LOSSES) return HBCD_ERR_ARGUMENT;
    const TY(loss) *loss = &FN(kernels_of)(isa)->loss[kind];
    REAL *z = tile, *y = z + outputs * HBCD_PAD, *slope = y + outputs * HBCD_PAD;
    memset(tile, 0, 3 * outputs * HBCD_PAD * sizeof(REAL));
    for (size_t r = 0; r < rows; r++) {
        for (size_t o = 0; o < outputs; o++) {
            z[o * HBCD_PAD] = ((const REAL *)out)[r * outputs + o];
            y[o * HBCD_PAD] = ((const REAL *)target)[r * outputs + o];
        }
        values[r] = 0;
        loss->eval((void *)(uintptr_t)parameters, 1, HBCD_PAD, outputs, z, y, NULL, values + r, g ? slope : NULL);
        for (size_t o = 0; g && o < outputs; o++) ((REAL *)g)[r * outputs + o] = slope[o * HBCD_PAD];
    }
    return HBCD_OK;
}

/* ---- optimizers -------------------------------------------------------------------------------------------------------- */

/* State of an optimizer from outside: the best point it has evaluated. */
typedef struct TY(hook_run) {
    const TY(objective) *objective;
    const hbcd_stop *stop;
    hbcd_report *report;
    double best, last;
    REAL *best_x, *last_x; /* (n) each */
} TY(hook_run);

static TY(hook_run) *FN(hook_carve)(hbcd_arena *arena, size_t n)
{
    TY(hook_run) *run = hbcd_arena_take(arena, 1, sizeof *run);
    REAL *best = hbcd_arena_take(arena, n, sizeof *best), *last = hbcd_arena_take(arena, n, sizeof *last);
    if (run) {
        run->best_x = best;
        run->last_x = last;
    }
    return run;
}

static size_t FN(hook_state_size)(const void *options, const hbcd_shape *shape)
{
    (void)options;
    hbcd_arena arena = {NULL, 0, 0};
    FN(hook_carve)(&arena, shape->n);
    return arena.used;
}

static void FN(hook_reset)(const void *options, void *state, size_t n) { (void)options, (void)state, (void)n; }

static int FN(hook_eval)(void *self, const void *x, double *f, void *g)
{
    TY(hook_run) *run = self;
    int status = FN(evaluate)(run->objective, run->stop, run->report, x, f, g);
    if (status != 0) return status;
    if (run->report->n_evaluations == 1) run->report->f_start = *f;
    run->last = *f;
    FN(copy)(run->objective->n, x, run->last_x);
    if (*f < run->best) {
        run->best = *f;
        FN(copy)(run->objective->n, x, run->best_x);
    }
    return HBCD_OK;
}

static int FN(hook_optimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                             REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const hbcd_optimizer_hook *hook = options;
    size_t n = objective->n;
    hbcd_arena arena = {state, FN(hook_state_size)(options, &(hbcd_shape){.n = n}), 0};
    TY(hook_run) *run = FN(hook_carve)(&arena, n);
    run->objective = objective;
    run->stop = stop;
    run->report = report;
    run->best = run->last = INFINITY;
    hbcd_objective_any any = {REAL_DTYPE, n, FN(hook_eval), run, NULL};
    FN(project)(n, box, x);
    int status = hook->minimize(hook->self, &any, box->lo, box->hi, x, stop, rng, report);
    if (status < 0) return status;
    FN(project)(n, box, x);
    report->f = run->last;
    /* The point handed back counts too: evaluated once, unless it was the last one evaluated. */
    if (report->n_evaluations == 0 || memcmp(x, run->last_x, n * sizeof *x) != 0) {
        double f = NAN;
        int seen = FN(hook_eval)(run, x, &f, NULL);
        if (seen < 0) return seen;
        report->f = seen == 0 ? f : NAN;
    }
    if (!stop->keep_last && !(report->f <= run->best)) {
        if (run->best < INFINITY) FN(copy)(n, run->best_x, x);
        report->f = run->best;
    }
    return report->status = status;
}

static int FN(optimizer_of)(const hbcd_optimizer_spec *spec, TY(optimizer) *optimizer)
{
    if (spec->kind != HBCD_HOOK) return FN(optimizer_make)(spec->kind, spec->options, optimizer);
    *optimizer = (TY(optimizer)){"hook", FN(hook_state_size), FN(hook_reset), FN(hook_optimize), spec->options, 0};
    return HBCD_OK;
}

static int FN(any_objective_eval)(void *self, const REAL *x, double *f, REAL *g)
{
    const hbcd_objective_any *any = self;
    return any->eval(any->self, x, f, g);
}

static int FN(any_objective_normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj)
{
    const hbcd_objective_any *any = self;
    return any->normal(any->self, x, f, jtwr, jtwj);
}

static int FN(any_minimize)(const hbcd_optimizer_spec *spec, const hbcd_objective_any *any, const void *lo,
                            const void *hi, void *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_arena *arena,
                            hbcd_report *report)
{
    TY(optimizer) optimizer;
    HBCD_TRY(FN(optimizer_of)(spec, &optimizer));
    hbcd_shape shape = {.n = any->n, .largest = any->n, .squares = hbcd_times(any->n, any->n)};
    void *state = hbcd_arena_take(arena, optimizer.state_size(optimizer.options, &shape), 1);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    TY(objective) objective = {.n = any->n, .eval = FN(any_objective_eval), .self = (void *)(uintptr_t)any};
    if (any->normal) objective.normal = FN(any_objective_normal);
    TY(box) box = {lo, hi};
    hbcd_report_start(report);
    optimizer.reset(optimizer.options, state, any->n);
    return report->status =
               optimizer.minimize(optimizer.options, state, &objective, &box, x, stop, rng, report);
}

/* ---- plans ---------------------------------------------------------------------------------------------------------------- */

/* One phase; the measure lives where the caller says. */
static int FN(phase_of)(const hbcd_phase_spec *spec, TY(sensitivity) *measure, TY(phase) *phase)
{
    *phase = (TY(phase)){.selector = spec->selector,
                         .sensitivity = measure,
                         .batch_rows = spec->batch_rows,
                         .batch_growth = spec->batch_growth,
                         .inner_iterations = spec->inner_iterations,
                         .visits_per_batch = spec->visits_per_batch,
                         .epochs = spec->epochs,
                         .sensitivity_tol = spec->sensitivity_tol,
                         .full_sensitivity = spec->full_sensitivity,
                         .box = {spec->lo, spec->hi},
                         .stop = spec->stop,
                         .max_seconds = spec->max_seconds};
    HBCD_TRY(FN(optimizer_of)(&spec->optimizer, &phase->optimizer));
    return FN(sensitivity_of)(&spec->sensitivity, measure);
}

static int FN(any_plan_make)(const void *net, const void *data, const void *held_out, size_t n_phases,
                             const hbcd_phase_spec *specs, int n_threads, hbcd_arena *arena, void **plan)
{
    TY(phase) *phases = hbcd_arena_take(arena, n_phases, sizeof *phases);
    TY(sensitivity) *measures = hbcd_arena_take(arena, n_phases, sizeof *measures);
    TY(needs) needs = {0};
    *plan = NULL;
    for (size_t p = 0; p < n_phases; p++) {
        TY(sensitivity) measure;
        TY(phase) phase;
        HBCD_TRY(FN(phase_of)(&specs[p], &measure, &phase));
        HBCD_TRY(FN(plan_need)(net, ((const TY(data) *)data)->all, &phase, &needs));
    }
    if (arena->base && hbcd_arena_check(arena) == HBCD_OK)
        for (size_t p = 0; p < n_phases; p++) FN(phase_of)(&specs[p], &measures[p], &phases[p]); /* once more */
    TY(plan) *made;
    HBCD_TRY(FN(plan_carve)(net, data, held_out, &needs, n_phases, phases, n_threads, arena, &made));
    *plan = made;
    return HBCD_OK;
}

static int FN(any_plan_train)(void *plan, void *theta, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    return FN(plan_train)(plan, theta, stop, rng, report);
}
