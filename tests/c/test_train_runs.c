/* test_train_runs.c: laws of a whole run: its seed, its threads, runs beside one another, and its batches. */
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

/* ---- the same bits ----------------------------------------------------------------------------------------------- */

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

/* ---- batches ----------------------------------------------------------------------------------------------------- */

enum { ROWS = 301, FEW = 5 };

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
            double value = get(dtype, x, at);
            set(dtype, out, at, value);
            if (k > 0 || !c->on) continue;
            if (c->first == ROWS) c->first = (size_t)value;
            if (value >= 0 && value < ROWS) c->seen[(size_t)value]++;
        }
    return HBCD_OK;
}

static int pass_back(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                     const void *out, const void *grad_out, void *grad_x, void *grad_theta)
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
    unsigned once = 0, more = 0;
    for (size_t k = 0; k < ROWS; k++) once += p->c->seen[k] == 1, more += p->c->seen[k] > 1;
    CHECK(more == 0 && once == (line->phase == 0 ? FEW : ROWS));
    memset(p->c->seen, 0, sizeof p->c->seen);
    if (line->phase > 0) p->firsts[p->epochs++ % 8] = p->c->first;
    p->c->first = ROWS;
    return HBCD_OK;
}

/* In a pass every row is seen exactly once, in batches of the size asked for or a little more, shuffled anew.  A phase
 * on one subset of FEW rows goes before, which needs less room. */
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
            hbcd_phase_spec phases[2] = {phase, phase};
            phases[0].batch_rows = FEW, phases[0].epochs = 0;
            run *r = new_run();
            r->on_record = check_pass;
            r->own = &p;
            CHECK(go(&w, r, 2, phases) > 0);
            CHECK(p.epochs == 4);
            if (sizes[s] <= 150) CHECK(p.firsts[0] != p.firsts[1] || p.firsts[1] != p.firsts[2]);
            size_t rows = 0, epoch = 0;
            for (size_t k = 0; k < r->n_lines; k++) {
                const hbcd_record *line = &r->lines[k];
                if (line->phase == 0) continue;
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

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_same_seed_same_bits_at_any_number_of_threads(dtypes[k]);
        test_runs_inside_one_another_do_not_meet(dtypes[k]);
        test_runs_side_by_side_do_not_meet(dtypes[k]);
        test_every_pass_sees_every_row_once(dtypes[k]);
    }
    CHECK_DONE("test_train_runs");
}
