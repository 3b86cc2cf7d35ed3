/* test_short_memory.c: every call that borrows memory, with each amount of it that is too little: it says so, writes no
 * result and nothing outside, and with enough memory it gives the same bits afterwards. */
#include "train_world.h"

enum { MOST_NUMBERS = 40000, ROWS = 300, FEW = 5 };

typedef struct results {
    double f;
    unsigned char bytes[MOST_NUMBERS * sizeof(double)]; /* whatever a call writes */
    void *handle;
} results;

typedef int (*borrower)(const world *w, hbcd_arena *arena, results *to);

static hbcd_table columns(double *at, size_t rows, size_t cols)
{
    return (hbcd_table){at, HBCD_F64, rows, cols, (ptrdiff_t)(cols * sizeof *at), sizeof *at, NULL, NULL, NULL};
}

static double *doubles(results *to) { return (double *)(void *)to->bytes; }

static int make_a_net(const world *w, hbcd_arena *arena, results *to)
{
    return hbcd_net_make(w->dtype, &w->spec, arena, &to->handle);
}

static int make_data_of_rows(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), y = columns(w->y, ROWS, 1);
    return hbcd_data_make(w->dtype, &x, &y, &y, NULL, 1, arena, &to->handle);
}

static int take_rows(const world *w, hbcd_arena *arena, results *to)
{
    static const uint32_t index[] = {7, 0, 299, 7, 255};
    return hbcd_data_take(w->dtype, w->data, FEW, index, 1, arena, &to->handle);
}

static int load_no_tiles(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    (void)self, (void)first, (void)last, (void)x, (void)y, (void)w;
    return HBCD_ERR_HOOK;
}

static int stream_rows(const world *w, hbcd_arena *arena, results *to)
{
    static const hbcd_tiles tiles = {.load = load_no_tiles, .most = 4};
    return hbcd_data_stream(w->dtype, ROWS, N_IN, 1, 0, &tiles, NULL, arena, &to->handle);
}

static int loss(const world *w, hbcd_arena *arena, results *to)
{
    return hbcd_net_loss(w->dtype, w->net, w->data, &w->start, 1, NULL, arena, &to->f, to->bytes);
}

static int normal(const world *w, hbcd_arena *arena, results *to)
{
    double *numbers = doubles(to);
    return hbcd_net_normal(w->dtype, w->net, w->data, &w->start, -1, 1, NULL, arena, &to->f, numbers, numbers + N_PARAMS);
}

static int linearize(const world *w, hbcd_arena *arena, results *to)
{
    double *outputs = doubles(to), *targets = outputs + (N_IN + 12) * ROWS, *jacobian = targets + 3 * ROWS;
    return hbcd_net_linearize(w->dtype, w->net, w->data, &w->start, 1, NULL, arena, outputs, targets, jacobian);
}

static int predict_rows(const world *w, size_t rows, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, rows, N_IN), out = columns(doubles(to), rows, 1);
    return hbcd_net_predict(w->dtype, w->net, &x, &w->start, 1, NULL, arena, &out);
}

static int predict(const world *w, hbcd_arena *arena, results *to) { return predict_rows(w, ROWS, arena, to); }
static int predict_one(const world *w, hbcd_arena *arena, results *to) { return predict_rows(w, 1, arena, to); }

static int pullback(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), y = columns(w->y, ROWS, 1);
    const hbcd_table grad_x = columns(doubles(to) + N_PARAMS, ROWS, N_IN);
    return hbcd_net_pullback(w->dtype, w->net, &x, &w->start, &y, arena, &grad_x, doubles(to));
}

static int jacobian_in(const world *w, int in_theta, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), out = columns(doubles(to), ROWS, 1);
    const hbcd_table jacobian = columns(doubles(to) + ROWS, ROWS, in_theta ? N_PARAMS : N_IN);
    return hbcd_net_jacobian(w->dtype, w->net, &x, &w->start, in_theta, 1, NULL, arena, &out, &jacobian);
}

static int jacobian(const world *w, hbcd_arena *arena, results *to) { return jacobian_in(w, 0, arena, to); }
static int jacobian_theta(const world *w, hbcd_arena *arena, results *to) { return jacobian_in(w, 1, arena, to); }

static int hessian(const world *w, hbcd_arena *arena, results *to)
{
    const hbcd_table x = columns(w->x, ROWS, N_IN), hessian = columns(doubles(to), ROWS, N_IN * N_IN);
    return hbcd_net_hessian(w->dtype, w->net, &x, &w->start, NULL, 1, NULL, arena, &hessian);
}

static results *untouched(void)
{
    results *made = malloc(sizeof *made);
    if (!made) abort();
    memset(made, RUBBISH, sizeof *made);
    return made;
}

static size_t measure(const world *w, borrower call)
{
    results *to = untouched(), *same = untouched();
    hbcd_arena count = {NULL, 0, 0};
    CHECK(call(w, &count, to) == HBCD_OK);
    CHECK(memcmp(to->bytes, same->bytes, sizeof to->bytes) == 0);
    CHECK(memcmp(&to->f, &same->f, sizeof to->f) == 0);
    free(to), free(same);
    return count.used;
}

/* With enough memory; what it wrote. */
static results *whole(const world *w, borrower call, size_t size)
{
    results *to = untouched();
    memory m = borrow(size);
    CHECK(call(w, &m.arena, to) >= HBCD_OK);
    to->handle = NULL; /* it pointed into the memory */
    give_back(&m);
    return to;
}

static void check_guard(memory *m)
{
    m->arena.used = m->arena.size; /* more was asked for */
    give_back(m);
}

/* All sizes that are too small: a piece is a multiple of HBCD_ALIGN, so each of them is once the first not to be had. */
static void try_short(const world *w, borrower call)
{
    const size_t size = measure(w, call);
    results *reference = whole(w, call, size), *to = untouched(), *before = untouched();
    int refused = 0, tried = 0;
    for (size_t little = 0; little < size; little += HBCD_ALIGN, tried++) {
        memory m = borrow(little);
        refused += call(w, &m.arena, to) == HBCD_ERR_MEMORY;
        check_guard(&m);
    }
    CHECK(tried > 0 && refused == tried);
    before->handle = to->handle;
    CHECK(memcmp(to, before, sizeof *to) == 0);
    results *after = whole(w, call, size);
    CHECK(memcmp(after, reference, sizeof *after) == 0);
    free(reference), free(to), free(before), free(after);
}

static void test_calls_on_a_network(const world *w)
{
    const borrower calls[] = {make_a_net, make_data_of_rows, take_rows, stream_rows, loss, normal, linearize, predict,
                              predict_one, pullback, jacobian, jacobian_theta, hessian};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) try_short(w, calls[k]);
}

static void try_plan(const world *w, const hbcd_phase_spec *phase)
{
    hbcd_arena count = {NULL, 0, 0};
    void *plan = NULL;
    run *r = new_run(), *again = new_run();
    CHECK(go(w, r, 1, phase) >= 0);
    CHECK(hbcd_plan_make(w->dtype, w->net, w->data, w->held_out, 1, phase, 1, &count, &plan) == HBCD_OK);
    int refused = 0, tried = 0;
    for (size_t little = 0; little < count.used; little += HBCD_ALIGN, tried++) {
        memory m = borrow(little);
        refused += hbcd_plan_make(w->dtype, w->net, w->data, w->held_out, 1, phase, 1, &m.arena, &plan) == HBCD_ERR_MEMORY;
        check_guard(&m);
    }
    CHECK(tried > 0 && refused == tried);
    CHECK(go(w, again, 1, phase) >= 0);
    CHECK(same(w->dtype, &again->theta, &r->theta) && again->report.f == r->report.f && again->n_lines == r->n_lines);
    free(r), free(again);
}

static void test_plans(const world *w)
{
    for (int optimizer = 0; optimizer < HBCD_N_OPTIMIZERS; optimizer++) {
        hbcd_phase_spec phase = phase_of(w, optimizer, -1);
        phase.stop.max_iterations = 4;
        try_plan(w, &phase);
        phase = batches_of(w, optimizer, HBCD_MOST_SENSITIVE, 100, 1);
        if (optimizer != HBCD_EXACT_OUTPUT) try_plan(w, &phase);
    }
}

/* A bowl. */
static int bowl(void *self, const void *x, double *f, void *g)
{
    const int dtype = *(const int *)self;
    *f = 0;
    for (size_t k = 0; k < FEW; k++) {
        const double d = get(dtype, x, k) - (double)k;
        *f += (1 + (double)k) * d * d / 2;
        if (g) set(dtype, g, k, (1 + (double)k) * d);
    }
    return HBCD_OK;
}

static int bowl_normal(void *self, const void *x, double *f, double *jtwr, double *jtwj)
{
    const int dtype = *(const int *)self;
    int status = bowl(self, x, f, NULL);
    for (size_t i = 0; i < FEW; i++) {
        jtwr[i] = (1 + (double)i) * (get(dtype, x, i) - (double)i);
        for (size_t k = 0; k < FEW; k++) jtwj[i * FEW + k] = i == k ? 1 + (double)i : 0;
    }
    return status;
}

static int minimize(const world *w, int kind, vector *x, hbcd_arena *arena, hbcd_report *report)
{
    int dtype = w->dtype;
    const hbcd_optimizer_spec optimizer = optimizer_spec(kind);
    const hbcd_objective_any objective = {dtype, FEW, bowl, &dtype, bowl_normal};
    hbcd_stop stop;
    hbcd_rng rng;
    hbcd_stop_default(&stop);
    stop.max_iterations = 30;
    hbcd_rng_seed(&rng, 1, 0);
    return hbcd_minimize(&optimizer, &objective, &w->lo, &w->hi, x, &stop, &rng, arena, report);
}

static void test_minimizing(const world *w)
{
    for (int kind = 0; kind < HBCD_N_OPTIMIZERS; kind++) {
        if (kind == HBCD_EXACT_OUTPUT) continue; /* needs a network */
        hbcd_arena count = {NULL, 0, 0};
        hbcd_report report;
        vector x = w->start, first = w->start;
        CHECK(minimize(w, kind, &x, &count, &report) == HBCD_OK && same(w->dtype, &x, &w->start));
        memory m = borrow(count.used);
        CHECK(minimize(w, kind, &first, &m.arena, &report) > 0 && !same(w->dtype, &first, &w->start));
        give_back(&m);
        for (size_t little = 0; little < count.used; little += HBCD_ALIGN) {
            m = borrow(little);
            CHECK(minimize(w, kind, &x, &m.arena, &report) == HBCD_ERR_MEMORY);
            CHECK(same(w->dtype, &x, &w->start));
            check_guard(&m);
        }
        m = borrow(count.used);
        CHECK(minimize(w, kind, &x, &m.arena, &report) > 0 && same(w->dtype, &x, &first));
        give_back(&m);
    }
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        test_calls_on_a_network(&w);
        test_minimizing(&w);
        close_world(&w);
        open_world(&w, dtype, ROWS, 100);
        test_plans(&w);
        close_world(&w);
    }
    CHECK_DONE("test_short_memory");
}
