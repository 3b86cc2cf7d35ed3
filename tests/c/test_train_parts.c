/* test_train_parts.c: laws of parts supplied from outside: optimizers and sensitivities (hbcd_any.h); phases that are
 * refused. */
#include "train_world.h"

static const int dtypes[] = {HBCD_F32, HBCD_F64};

/* Gradient steps of fixed length; fails at call number fail_at, counted from 1. */
typedef struct descent {
    int calls, fail_at, wrong;
    int dtype;
} descent;

static int descend(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                   const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    descent *d = self;
    vector g;
    double f;
    d->wrong |= objective->dtype != d->dtype || objective->n > N_PARAMS || !lo || !hi || !rng || !stop->watch;
    if (++d->calls == d->fail_at) return HBCD_ERR_HOOK;
    for (int step = 0; step < 5; step++) {
        int status = objective->eval(objective->self, x, &f, &g);
        if (status) return status;
        for (size_t k = 0; k < objective->n; k++) set(d->dtype, x, k, get(d->dtype, x, k) - 0.2 * get(d->dtype, &g, k));
        report->n_iterations++;
    }
    return HBCD_STOP_ITERATIONS;
}

static void test_an_optimizer_from_outside(int dtype)
{
    world w;
    open_world(&w, dtype, 300, 0);
    for (int selector = -1; selector < HBCD_N_SELECTORS; selector++) {
        descent d = {.dtype = dtype};
        hbcd_optimizer_hook hook = {descend, &d};
        hbcd_phase_spec phase = batches_of(&w, HBCD_ADAM, selector, 100, 12);
        phase.optimizer = (hbcd_optimizer_spec){HBCD_HOOK, &hook};
        run *r = new_run();
        CHECK(go(&w, r, 1, &phase) > 0);
        CHECK(!d.wrong && d.calls > 20 && r->report.f < 0.8 * r->report.f_start);
        for (size_t k = 0; k < r->n_lines; k++) /* a block visit is guarded whatever the optimizer */
            if (r->lines[k].block >= 0) CHECK(r->lines[k].loss <= r->lines[k].loss_before);
        for (int fail_at = 1; fail_at <= 20; fail_at++) {
            d.calls = 0, d.fail_at = fail_at;
            run *failed = new_run();
            CHECK(go(&w, failed, 1, &phase) == HBCD_ERR_HOOK && d.calls == fail_at);
            CHECK(failed->report.f == loss_on(&w, w.data, &failed->theta));
            CHECK(failed->report.f <= failed->report.f_start);
            free(failed);
        }
        free(r);
    }
    close_world(&w);
}

/* Steps away from where it should, and never looks at where it began. */
static int climb(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                 const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    double f;
    (void)self, (void)lo, (void)hi, (void)stop, (void)rng;
    for (size_t k = 0; k < objective->n; k++) set(objective->dtype, x, k, get(objective->dtype, x, k) + 2);
    report->n_iterations++;
    int status = objective->eval(objective->self, x, &f, NULL);
    return status ? status : HBCD_STOP_ITERATIONS;
}

/* Nothing it does is kept, neither in a visit nor at the end of a phase. */
static void test_an_optimizer_that_only_climbs(int dtype)
{
    const hbcd_optimizer_hook hook = {climb, NULL};
    world w;
    open_world(&w, dtype, 300, 0);
    for (int selector = -1; selector < HBCD_N_SELECTORS; selector++) {
        hbcd_phase_spec phase = batches_of(&w, HBCD_ADAM, selector, 100, 5);
        phase.optimizer = (hbcd_optimizer_spec){HBCD_HOOK, &hook};
        run *r = new_run();
        CHECK(go(&w, r, 1, &phase) > 0 && r->n_lines > 5);
        CHECK(r->report.f == r->report.f_start && same(dtype, &r->theta, &w.start));
        for (size_t k = 0; k < r->n_lines; k++)
            if (r->lines[k].block >= 0) CHECK(r->lines[k].loss == r->lines[k].loss_before);
        free(r);
    }
    close_world(&w);
}

/* Sensitivity by the block's place: the first layer is always the most sensitive, the last never counts. */
typedef struct ranking {
    int calls, fail_at, wrong;
} ranking;

static int rank(void *self, int dtype, size_t n_params, size_t start, size_t stop, const void *theta,
                const void *gradient, const void *lo, const void *hi, double *value)
{
    ranking *r = self;
    const size_t starts[] = {0, 24, 59}, stops[] = {24, 59, 65};
    size_t b = start == 0 ? 0 : start == 24 ? 1 : 2;
    for (size_t k = 0; k < n_params; k++) /* the box of the phase holds from its first measurement */
        r->wrong |= !(get(dtype, theta, k) >= get(dtype, lo, k) && get(dtype, theta, k) <= get(dtype, hi, k));
    r->wrong |= n_params != N_PARAMS || start != starts[b] || stop != stops[b] || !gradient;
    *value = b == 0 ? -5 : b == 1 ? 2 : 0.5;
    return ++r->calls == r->fail_at ? HBCD_ERR_HOOK : HBCD_OK;
}

static void test_a_sensitivity_from_outside(int dtype)
{
    const int pattern[] = {0, 0, 1}; /* twice in a row at most */
    const double values[] = {-5, 2};
    world w;
    ranking hook = {0};
    open_world(&w, dtype, 200, 0);
    set(dtype, &w.start, 5, 9); /* outside the box */
    hbcd_phase_spec phase = phase_of(&w, HBCD_LBFGS, HBCD_MOST_SENSITIVE);
    phase.sensitivity = (hbcd_sensitivity_spec){HBCD_HOOK, {rank, &hook, N_PARAMS}};
    phase.stop.max_evaluations = 200;
    run *r = new_run();
    CHECK(go(&w, r, 1, &phase) == HBCD_STOP_EVALUATIONS && !hook.wrong && r->n_lines > 7);
    for (size_t k = 0; k + 1 < r->n_lines; k++) {
        CHECK(r->lines[k].block == pattern[k % 3]);
        CHECK(r->lines[k].sensitivity == values[pattern[k % 3]]);
    }
    phase.sensitivity_tol = 5; /* |-5| is the largest: nothing is more sensitive */
    r->n_lines = 0;
    CHECK(go(&w, r, 1, &phase) == HBCD_STOP_SENSITIVITY && r->n_lines == 1 && r->lines[0].epoch_end);
    phase.sensitivity_tol = 0;
    for (int fail_at = 1; fail_at <= 20; fail_at++) {
        hook.calls = 0, hook.fail_at = fail_at;
        CHECK(go(&w, r, 1, &phase) == HBCD_ERR_HOOK && hook.calls == fail_at);
        CHECK(r->report.f <= r->report.f_start);
    }
    free(r);
    close_world(&w);
}

static void test_invalid_phases_are_refused(int dtype)
{
    world w;
    open_world(&w, dtype, 50, 0);
    run *r = new_run();
    hbcd_phase_spec good = phase_of(&w, HBCD_ICRS, HBCD_FORWARD), bad[6] = {good, good, good, good, good, good};
    hbcd_icrs options = icrs_options;
    vector half = w.lo;
    options.k2 = 1;
    set(dtype, &half, N_PARAMS - 1, -INFINITY);
    bad[0].batch_growth = 0.5;
    bad[1].batch_growth = NAN;
    bad[2].max_seconds = NAN;
    bad[3].optimizer.options = &options;
    bad[4].sensitivity.kind = HBCD_N_SENSITIVITIES;
    bad[5].optimizer.kind = HBCD_N_OPTIMIZERS;
    for (int k = 0; k < 6; k++) CHECK(go(&w, r, 1, &bad[k]) == HBCD_ERR_ARGUMENT);
    bad[0] = good;
    bad[0].hi = NULL;
    CHECK(go(&w, r, 1, &bad[0]) == HBCD_ERR_BOUNDS);
    bad[0].hi = &w.hi, bad[0].lo = &half;
    CHECK(go(&w, r, 1, &bad[0]) == HBCD_ERR_BOUNDS);
    CHECK(go(&w, r, 0, NULL) == HBCD_OK && r->report.f == r->report.f_start); /* nothing to do is no mistake */
    free(r);
    close_world(&w);
}

/* ---- the stop by the sensitivities on all rows ---------------------------------------------------------------------- */

typedef struct sensitive_run {
    const world *w;
    double tolerance;
    int passes, wrong; /* ends of passes; those where status and sensitivities disagree */
} sensitive_run;

/* The largest projected gradient of a block on all rows. */
static double most_sensitive(const world *w, const void *theta)
{
    double f, values[N_BLOCKS], most = 0;
    vector gradient;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_loss(w->dtype, w->net, w->data, theta, 1, NULL, &count, &f, &gradient) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_loss(w->dtype, w->net, w->data, theta, 1, NULL, &m.arena, &f, &gradient) == HBCD_OK);
    give_back(&m);
    const hbcd_sensitivity_spec measure = {.kind = HBCD_PROJECTED_GRADIENT};
    CHECK(hbcd_net_sensitivities(w->dtype, w->net, &measure, theta, &gradient, &w->lo, &w->hi, values) == HBCD_OK);
    for (int b = 0; b < N_BLOCKS; b++) most = fmax(most, values[b]);
    return most;
}

static int look_at_pass(run *r, const hbcd_event *event)
{
    sensitive_run *own = r->own;
    if (event->kind != HBCD_EVENT_SWEEP_END) return HBCD_OK;
    int solved = most_sensitive(own->w, event->theta) <= own->tolerance;
    own->passes++;
    own->wrong += solved != (event->line->status == HBCD_STOP_SENSITIVITY);
    return HBCD_OK;
}

/* A phase of batches ends after the first pass that leaves all blocks within the tolerance on all rows, where that is asked
 * for; until then it is the run that it would be otherwise, at the same number of evaluations. */
static void test_batches_end_by_the_sensitivities_on_all_rows(int dtype, size_t held_out)
{
    world w;
    open_world(&w, dtype, 600, held_out);
    run *asked = new_run(), *plain = new_run();
    hbcd_phase_spec phase = batches_of(&w, HBCD_LBFGS, HBCD_MOST_SENSITIVE, 100, 12);
    sensitive_run own = {.w = &w, .tolerance = 0.03};
    phase.sensitivity_tol = own.tolerance;
    asked->own = &own;
    asked->on_event = look_at_pass;
    CHECK(go(&w, plain, 1, &phase) == HBCD_STOP_EPOCHS);
    phase.full_sensitivity = 1;
    CHECK(go(&w, asked, 1, &phase) == HBCD_STOP_SENSITIVITY);
    CHECK(own.wrong == 0);
    CHECK(own.passes > 1 && own.passes < 12);
    check_best(&w, asked);
    CHECK(asked->n_lines < plain->n_lines);
    for (size_t k = 0; k < asked->n_lines; k++) {
        const hbcd_record *a = &asked->lines[k], *b = &plain->lines[k];
        CHECK(a->loss == b->loss && a->n_evaluations == b->n_evaluations && a->block == b->block);
    }
    phase.selector = NULL; /* all parameters at once: there is nothing to choose, and nothing is asked */
    CHECK(go(&w, asked, 1, &phase) == HBCD_STOP_EPOCHS || held_out);
    close_world(&w);
    free(asked);
    free(plain);
}

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_an_optimizer_from_outside(dtypes[k]);
        test_an_optimizer_that_only_climbs(dtypes[k]);
        test_a_sensitivity_from_outside(dtypes[k]);
        test_batches_end_by_the_sensitivities_on_all_rows(dtypes[k], 0);
        test_batches_end_by_the_sensitivities_on_all_rows(dtypes[k], 200);
        test_invalid_phases_are_refused(dtypes[k]);
    }
    CHECK_DONE("test_train_parts");
}
