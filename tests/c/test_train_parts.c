/* test_train_parts.c: laws of what a run is made of: batches, threads, generators, and parts from outside. */
#include "train_world.h"

#include <pthread.h>

static const int dtypes[] = {HBCD_F32, HBCD_F64};

/* explore, batch shell, finish: a run of everything, in little. */
static void make_hybrid(const world *w, hbcd_phase_spec phases[3])
{
    phases[0] = phase_of(w, HBCD_ICRS, -1);
    phases[0].batch_rows = 72;
    phases[0].stop.max_evaluations = 300;
    phases[1] = batches_of(w, HBCD_LBFGS, HBCD_RANDOM_BLOCK, 200, 4);
    phases[1].batch_growth = 2;
    phases[2] = phase_of(w, HBCD_LBFGS, -1);
    phases[2].stop.max_iterations = 15;
}

static void check_equal_runs(int dtype, const run *a, const run *b)
{
    CHECK(same(dtype, &a->theta, &b->theta) && a->report.f == b->report.f && a->n_lines == b->n_lines);
    CHECK(a->report.n_evaluations == b->report.n_evaluations && a->report.status == b->report.status);
    for (size_t k = 0; k < a->n_lines && k < b->n_lines; k++)
        CHECK(a->lines[k].loss == b->lines[k].loss || (isnan(a->lines[k].loss) && isnan(b->lines[k].loss)));
}

/* ---- the same bits ------------------------------------------------------------------------------------------------ */

static void test_same_seed_same_bits_at_any_number_of_threads(int dtype)
{
    world w;
    hbcd_phase_spec phases[3];
    open_world(&w, dtype, 20000, 5000); /* enough work for several threads, forward passes included */
    make_hybrid(&w, phases);
    run *one = new_run(), *other = new_run();
    CHECK(go(&w, one, 3, phases) > 0);
    for (int threads = 1; threads <= 4; threads *= 2) {
        run *many = new_run();
        many->threads = threads;
        CHECK(go(&w, many, 3, phases) > 0);
        check_equal_runs(dtype, one, many);
        free(many);
    }
    other->seed = 8;
    CHECK(go(&w, other, 3, phases) > 0 && !same(dtype, &one->theta, &other->theta));
    free(one);
    free(other);
    close_world(&w);
}

/* Inside a run, at each of its lines, a whole other run: neither notices. */
typedef struct nested {
    const world *w;
    const hbcd_phase_spec *phases;
    run *alone, *inner;
    int left; /* how many more times */
} nested;

static int run_another(run *r, const hbcd_record *line)
{
    nested *n = r->own;
    (void)line;
    if (n->left-- <= 0) return HBCD_OK;
    n->inner->n_lines = 0;
    CHECK(go(n->w, n->inner, 3, n->phases) > 0);
    check_equal_runs(n->w->dtype, n->alone, n->inner);
    return HBCD_OK;
}

static void test_runs_inside_one_another_do_not_meet(int dtype)
{
    world w;
    hbcd_phase_spec phases[3];
    open_world(&w, dtype, 500, 0);
    make_hybrid(&w, phases);
    run *alone = new_run(), *outer = new_run(), *inner = new_run();
    nested n = {&w, phases, new_run(), inner, 8};
    n.alone->seed = inner->seed = 99;
    CHECK(go(&w, alone, 3, phases) > 0 && go(&w, n.alone, 3, phases) > 0);
    CHECK(!same(dtype, &alone->theta, &n.alone->theta));
    outer->on_record = run_another;
    outer->own = &n;
    CHECK(go(&w, outer, 3, phases) > 0 && n.left <= 0);
    check_equal_runs(dtype, alone, outer);
    free(alone), free(outer), free(inner), free(n.alone);
    close_world(&w);
}

typedef struct job {
    const world *w;
    run *r;
    void *plan;
    hbcd_phase_spec phases[3];
    memory m;
    hbcd_rng rng;
} job;

static void *do_job(void *self) /* no CHECK here: its counters belong to one thread */
{
    job *j = self;
    hbcd_plan_train(j->w->dtype, j->plan, &j->r->theta, &j->r->stop, &j->rng, &j->r->report);
    return NULL;
}

/* Two runs on two threads, on the same network and data, are the two runs one after the other. */
static void test_runs_side_by_side_do_not_meet(int dtype)
{
    world w;
    job jobs[2];
    pthread_t threads[2];
    open_world(&w, dtype, 500, 0);
    for (int k = 0; k < 2; k++) {
        job *j = &jobs[k];
        hbcd_arena count = {NULL, 0, 0};
        j->w = &w;
        j->r = new_run();
        make_hybrid(&w, j->phases);
        CHECK(hbcd_plan_make(dtype, w.net, w.data, NULL, 3, j->phases, 1, &count, &j->plan) == HBCD_OK);
        j->m = borrow(count.used);
        CHECK(hbcd_plan_make(dtype, w.net, w.data, NULL, 3, j->phases, 1, &j->m.arena, &j->plan) == HBCD_OK);
        j->r->theta = w.start;
        hbcd_rng_seed(&j->rng, 20 + (uint64_t)k, 0);
    }
    for (int k = 0; k < 2; k++) CHECK(pthread_create(&threads[k], NULL, do_job, &jobs[k]) == 0);
    for (int k = 0; k < 2; k++) CHECK(pthread_join(threads[k], NULL) == 0);
    for (int k = 0; k < 2; k++) {
        run *alone = new_run();
        alone->seed = 20 + (uint64_t)k;
        CHECK(go(&w, alone, 3, jobs[k].phases) > 0);
        CHECK(same(dtype, &alone->theta, &jobs[k].r->theta) && alone->report.f == jobs[k].r->report.f);
        free(alone);
        free(jobs[k].r);
        give_back(&jobs[k].m);
    }
    close_world(&w);
}

/* ---- batches -------------------------------------------------------------------------------------------------------- */

enum { ROWS = 301 };

/* A first layer without parameters that passes its input on and, while asked to, counts rows by their number x0. */
typedef struct counter {
    int on;
    unsigned seen[ROWS];
    size_t first; /* the row seen first */
} counter;

static int pass_on(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, void *out)
{
    counter *c = self;
    (void)theta;
    for (size_t k = 0; k < N_IN; k++)
        for (size_t r = 0; r < rows; r++) {
            size_t at = k * ld + r;
            double value = dtype == HBCD_F32 ? (double)((const float *)x)[at] : ((const double *)x)[at];
            if (dtype == HBCD_F32) ((float *)out)[at] = (float)value;
            else ((double *)out)[at] = value;
            if (k > 0 || !c->on) continue;
            if (c->first == ROWS) c->first = (size_t)value;
            if (value >= 0 && value < ROWS) c->seen[(size_t)value]++;
        }
    return HBCD_OK;
}

static int pass_back(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, const void *out,
                     const void *grad_out, void *grad_x, void *grad_theta)
{
    (void)self, (void)theta, (void)x, (void)out, (void)grad_theta, (void)rows;
    if (grad_x) memcpy(grad_x, grad_out, N_IN * ld * (dtype == HBCD_F32 ? sizeof(float) : sizeof(double)));
    return HBCD_OK;
}

/* An optimizer that looks once and leaves everything as it is. */
static int look_once(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                     const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    counter *c = self;
    double f;
    (void)lo, (void)hi, (void)rng, (void)stop;
    c->on = 1;
    int status = objective->eval(objective->self, x, &f, NULL);
    c->on = 0;
    report->n_iterations = 1;
    return status ? status : HBCD_STOP_ITERATIONS;
}

typedef struct pass_check {
    counter *c;
    size_t epochs, firsts[8];
} pass_check;

static int check_pass(run *r, const hbcd_record *line)
{
    pass_check *p = r->own;
    if (!line->epoch_end) return HBCD_OK;
    unsigned wrong = 0;
    for (size_t k = 0; k < ROWS; k++) wrong += p->c->seen[k] != 1;
    CHECK(wrong == 0);
    memset(p->c->seen, 0, sizeof p->c->seen);
    p->firsts[p->epochs++ % 8] = p->c->first;
    p->c->first = ROWS;
    return HBCD_OK;
}

/* In a pass every row is seen exactly once, in batches of the size asked for or a little more, shuffled anew. */
static void test_every_pass_sees_every_row_once(int dtype)
{
    const double growths[] = {1, 1.7};
    const size_t sizes[] = {1, 7, 64, 100, 150, 151, 300, 301, 5000};
    for (size_t g = 0; g < 2; g++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            counter c = {.first = ROWS};
            hbcd_optimizer_hook look = {look_once, &c};
            pass_check p = {.c = &c};
            world w;
            open_world(&w, dtype, ROWS, 0);
            give_back(&w.net_memory);
            give_back(&w.data_memory);
            for (size_t r = 0; r < ROWS; r++) w.x[N_IN * r] = (double)r;
            w.data_memory = make_data(dtype, ROWS, w.x, w.y, &w.data);
            memmove(w.layers + 1, w.layers, 3 * sizeof *w.layers);
            w.layers[0] = (hbcd_layer_spec){.kind = HBCD_LAYER_HOOK, .n_out = N_IN,
                                            .layer_hook = {pass_on, pass_back, &c}};
            w.spec.n_layers = 4;
            w.spec.serial = 1;
            make_net(&w);
            hbcd_phase_spec phase = batches_of(&w, HBCD_ADAM, -1, sizes[s], 4);
            phase.batch_growth = growths[g];
            phase.optimizer = (hbcd_optimizer_spec){HBCD_HOOK, &look};
            run *r = new_run();
            r->on_record = check_pass;
            r->own = &p;
            CHECK(go(&w, r, 1, &phase) > 0);
            CHECK(p.epochs == 4);
            if (sizes[s] <= 150) CHECK(p.firsts[0] != p.firsts[1] || p.firsts[1] != p.firsts[2]);
            size_t rows = 0, epoch = 0;
            for (size_t k = 0; k < r->n_lines; k++) {
                const hbcd_record *line = &r->lines[k];
                double wanted = fmin((double)sizes[s] * pow(growths[g], (double)epoch), ROWS);
                if (line->epoch_end) {
                    CHECK(rows == ROWS);
                    rows = 0, epoch++;
                    continue;
                }
                CHECK((double)line->rows >= wanted && line->epoch == epoch);
                CHECK((double)line->rows <= ceil(2 * wanted));
                rows += line->rows;
            }
            free(r);
            close_world(&w);
        }
}

/* ---- parts from outside ---------------------------------------------------------------------------------------------- */

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
        for (size_t k = 0; k < objective->n; k++) {
            if (d->dtype == HBCD_F32) ((float *)x)[k] -= 0.2f * g.at.f32[k];
            else ((double *)x)[k] -= 0.2 * g.at.f64[k];
        }
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
    (void)dtype;
    r->wrong |= n_params != N_PARAMS || start != starts[b] || stop != stops[b] || !theta || !gradient || !lo || !hi;
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

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_same_seed_same_bits_at_any_number_of_threads(dtypes[k]);
        test_runs_inside_one_another_do_not_meet(dtypes[k]);
        test_runs_side_by_side_do_not_meet(dtypes[k]);
        test_every_pass_sees_every_row_once(dtypes[k]);
        test_an_optimizer_from_outside(dtypes[k]);
        test_a_sensitivity_from_outside(dtypes[k]);
    }
    CHECK_DONE("test_train_parts");
}
