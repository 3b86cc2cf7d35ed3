/* test_short_memory.c: every call that borrows memory, with each amount of it that is too little: it says so, writes no
 * result and nothing outside, and with enough memory it gives the same bits afterwards. */
#include "network_calls.h"

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
    for (int k = 0; k < N_CALLS; k++) try_short(w, network_calls[k]);
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
