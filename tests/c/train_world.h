/* train_world.h: a small regression and everything one run needs, in either precision (hbcd_any.h), for the tests of
 * training: a net 3-6-5-1, its data, optimizers that work on it, a run in borrowed memory and its history. */
#ifndef TRAIN_WORLD_H
#define TRAIN_WORLD_H

#include "check.h"
#include "hbcd_any.h"
#include "memory.h"

enum { N_IN = 3, N_PARAMS = (3 + 1) * 6 + (6 + 1) * 5 + (5 + 1) * 1, N_BLOCKS = 3, MAX_LINES = 20000 };

static const hbcd_adam adam_options = {.learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
static const hbcd_lbfgs lbfgs_options = {.memory = 10, .armijo = 1e-3, .wolfe = 0.9, .max_line_search = 20};
static const hbcd_bb bb_options = {.step = HBCD_ABBMIN, .history = 10, .armijo = 1e-4, .step_min = 1e-10,
                                   .step_max = 1e10, .tau = 0.8, .abb_memory = 5};
static const hbcd_bfgs bfgs_options = {.scaling = HBCD_BFGS_AL_BAALI, .armijo = 1e-3, .wolfe = 0.9,
                                       .max_line_search = 20};
static const hbcd_icrs icrs_options = {.k1 = 1.0 / 3.0, .k2 = 0.5, .failures_per_parameter = 4.0, .tolerance = 1e-4,
                                       .floor = 0.05, .max_evaluations = 2000};
static const hbcd_lm lm_options = {.mu = 1e-3, .radius = 1};
static const hbcd_exact_output exact_options = {.ridge = 1e-8, .inner = HBCD_LBFGS, .inner_options = &lbfgs_options};

static inline hbcd_optimizer_spec optimizer_spec(int kind)
{
    const void *const options[HBCD_N_OPTIMIZERS] = {&adam_options, &lbfgs_options, &bb_options,   &icrs_options,
                                                   &bfgs_options, &lm_options,    &exact_options};
    return (hbcd_optimizer_spec){kind, options[kind]};
}

/* Numbers of the run's precision. */
typedef struct vector {
    union {
        float f32[N_PARAMS];
        double f64[N_PARAMS];
    } at;
} vector;

static inline double get(int dtype, const void *x, size_t k)
{
    return dtype == HBCD_F32 ? (double)((const float *)x)[k] : ((const double *)x)[k];
}

static inline void set(int dtype, void *x, size_t k, double value)
{
    if (dtype == HBCD_F32) ((float *)x)[k] = (float)value;
    else ((double *)x)[k] = value;
}

static inline size_t vector_bytes(int dtype) { return N_PARAMS * (dtype == HBCD_F32 ? sizeof(float) : sizeof(double)); }

static inline int same(int dtype, const vector *a, const vector *b) { return memcmp(a, b, vector_bytes(dtype)) == 0; }

typedef struct world {
    int dtype;
    size_t rows;
    double *x, *y;
    void *net, *data, *held_out; /* held_out: NULL unless asked for */
    memory net_memory, data_memory, held_out_memory;
    vector start, lo, hi;        /* start; box -4 .. 4 */
    hbcd_layer_spec layers[4];   /* room for one more than the net has */
    hbcd_net_spec spec;
} world;

/* y = sin 2 x0 + x1 x2 / 2 + noise of a tenth. */
static inline void make_table(size_t rows, uint64_t seed, double *x, double *y)
{
    hbcd_rng rng;
    hbcd_rng_seed(&rng, seed, 1);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < N_IN; c++) x[N_IN * r + c] = hbcd_rng_normal(&rng);
        y[r] = sin(2 * x[N_IN * r]) + 0.5 * x[N_IN * r + 1] * x[N_IN * r + 2] + 0.1 * hbcd_rng_normal(&rng);
    }
}

static inline memory make_data(int dtype, size_t rows, double *x, double *y, void **data)
{
    hbcd_table xs = {x, HBCD_F64, rows, N_IN, N_IN * sizeof *x, sizeof *x, NULL, NULL, NULL};
    hbcd_table ys = {y, HBCD_F64, rows, 1, sizeof *y, sizeof *y, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(dtype, &xs, &ys, NULL, NULL, 1, &count, data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(dtype, &xs, &ys, NULL, NULL, 1, &m.arena, data) == HBCD_OK);
    return m;
}

static inline void make_net(world *w)
{
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_make(w->dtype, &w->spec, &count, &w->net) == HBCD_OK);
    w->net_memory = borrow(count.used);
    CHECK(hbcd_net_make(w->dtype, &w->spec, &w->net_memory.arena, &w->net) == HBCD_OK);
}

/* With `held_out` > 0 that many further rows are held out. */
static inline void open_world(world *w, int dtype, size_t rows, size_t held_out)
{
    memset(w, 0, sizeof *w);
    w->dtype = dtype;
    w->rows = rows;
    w->layers[0] = (hbcd_layer_spec){.n_out = 6, .activation = HBCD_TANH};
    w->layers[1] = (hbcd_layer_spec){.n_out = 5, .activation = HBCD_TANH};
    w->layers[2] = (hbcd_layer_spec){.n_out = 1};
    w->spec = (hbcd_net_spec){.n_in = N_IN, .n_layers = 3, .layers = w->layers, .isa = hbcd_isa_detect()};
    make_net(w);
    w->x = malloc((rows + held_out) * N_IN * sizeof *w->x);
    w->y = malloc((rows + held_out) * sizeof *w->y);
    if (!w->x || !w->y) abort();
    make_table(rows + held_out, 1, w->x, w->y);
    w->data_memory = make_data(dtype, rows, w->x, w->y, &w->data);
    if (held_out) w->held_out_memory = make_data(dtype, held_out, w->x + rows * N_IN, w->y + rows, &w->held_out);
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 2, 2);
    for (size_t k = 0; k < N_PARAMS; k++) {
        set(dtype, &w->start, k, 0.5 * hbcd_rng_normal(&rng));
        set(dtype, &w->lo, k, -4);
        set(dtype, &w->hi, k, 4);
    }
}

static inline void close_world(world *w)
{
    give_back(&w->net_memory);
    give_back(&w->data_memory);
    if (w->held_out) give_back(&w->held_out_memory);
    free(w->x);
    free(w->y);
}

static inline double loss_on(const world *w, const void *data, const vector *theta)
{
    double f = NAN;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_loss(w->dtype, w->net, data, theta, 1, NULL, &count, &f, NULL) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_loss(w->dtype, w->net, data, theta, 1, NULL, &m.arena, &f, NULL) == HBCD_OK);
    give_back(&m);
    return f;
}

/* All rows until solved, all parameters at once (selector < 0) or block by block. */
static inline hbcd_phase_spec phase_of(const world *w, int optimizer, int selector)
{
    hbcd_phase_spec phase = {.optimizer = optimizer_spec(optimizer), .visits_per_batch = 1, .batch_growth = 1,
                             .sensitivity_tol = 1e-6, .max_seconds = INFINITY, .lo = &w->lo, .hi = &w->hi};
    phase.selector = selector < 0 ? NULL : hbcd_selector_row(selector);
    phase.inner_iterations = selector < 0 ? 0 : 10;
    hbcd_stop_default(&phase.stop);
    return phase;
}

/* Batches of `rows`, `epochs` times through the data. */
static inline hbcd_phase_spec batches_of(const world *w, int optimizer, int selector, size_t rows, size_t epochs)
{
    hbcd_phase_spec phase = phase_of(w, optimizer, selector);
    phase.batch_rows = rows;
    phase.epochs = epochs;
    phase.inner_iterations = optimizer == HBCD_ICRS ? 2 : selector < 0 && optimizer == HBCD_ADAM ? 1 : 3;
    phase.visits_per_batch = 2;
    return phase;
}

/* ---- one run --------------------------------------------------------------------------------------------------- */

typedef struct run {
    vector theta;
    hbcd_stop stop;          /* of the run; watch is filled in */
    hbcd_watch watch;        /* poll, interval and max_seconds may be set before */
    double max_seconds;
    hbcd_report report;
    hbcd_record lines[MAX_LINES];
    size_t n_lines;
    int threads, polls, end_at, code; /* the poll number end_at returns `code`; 0: none */
    int polls_after;         /* polls after that one */
    uint64_t seed;
    int (*on_record)(struct run *run, const hbcd_record *line);
    int (*on_event)(struct run *run, const hbcd_event *event);                /* NULL: nobody listens */
    int (*score)(void *self, const void *theta, double *score);               /* self is the run */
    size_t patience;         /* 0: as it is */
    void *own;               /* of on_record and on_event */
} run;

static inline int keep_line(void *self, const hbcd_record *line)
{
    run *r = self;
    if (r->n_lines < MAX_LINES) r->lines[r->n_lines++] = *line;
    return r->on_record ? r->on_record(r, line) : HBCD_OK;
}

static inline int hear(void *self, const hbcd_event *event)
{
    run *r = self;
    return r->on_event(r, event);
}

static inline int answer_poll(void *self, const hbcd_progress *progress)
{
    run *r = self;
    (void)progress;
    r->polls++;
    r->polls_after += r->end_at && r->polls > r->end_at;
    return r->end_at && r->polls >= r->end_at ? r->code : HBCD_OK;
}

static inline run *new_run(void)
{
    run *r = calloc(1, sizeof *r);
    if (!r) abort();
    hbcd_stop_default(&r->stop);
    r->max_seconds = INFINITY;
    r->threads = 1;
    r->seed = 7;
    return r;
}

/* Trains from the world's start; what a plan takes is what was measured. */
static inline int go(const world *w, run *r, size_t n_phases, const hbcd_phase_spec *phases)
{
    void *plan = NULL;
    hbcd_arena count = {NULL, 0, 0};
    int status = hbcd_plan_make(w->dtype, w->net, w->data, w->held_out, n_phases, phases, r->threads, &count, &plan);
    if (status != HBCD_OK) return status;
    CHECK(plan == NULL);
    memory m = borrow(count.used);
    CHECK(hbcd_plan_make(w->dtype, w->net, w->data, w->held_out, n_phases, phases, r->threads, &m.arena, &plan) ==
          HBCD_OK);
    hbcd_rng rng;
    hbcd_rng_seed(&rng, r->seed, 0);
    r->theta = w->start;
    hbcd_watch_start(&r->watch, r->max_seconds);
    r->watch.record = keep_line;
    r->watch.poll = answer_poll;
    if (r->on_event) r->watch.event = hear;
    r->watch.score = r->score;
    if (r->patience) r->watch.patience = r->patience;
    r->watch.interval = 0;
    r->watch.self = r;
    r->stop.watch = &r->watch;
    status = hbcd_plan_train(w->dtype, plan, &r->theta, &r->stop, &rng, &r->report);
    CHECK(status == r->report.status);
    give_back(&m);
    return status;
}

/* What holds after every run: theta is the best point measured, and the report says its loss. */
static inline void check_best(const world *w, const run *r)
{
    double least = w->held_out ? loss_on(w, w->held_out, &w->start) : r->report.f_start, validation = least;
    CHECK(r->report.f_start == loss_on(w, w->data, &w->start));
    CHECK(r->report.f == loss_on(w, w->data, &r->theta));
    for (size_t k = 0; k < r->n_lines; k++) {
        const hbcd_record *line = &r->lines[k];
        double score = w->held_out ? line->validation : line->loss;
        if (line->epoch_end && score < least) least = score;
        CHECK(k == 0 || line->step >= r->lines[k - 1].step);
        CHECK(k == 0 || line->n_evaluations >= r->lines[k - 1].n_evaluations);
    }
    validation = w->held_out ? loss_on(w, w->held_out, &r->theta) : r->report.f;
    CHECK(validation == least);
    if (!w->held_out) CHECK(r->report.f <= r->report.f_start);
}

#endif
