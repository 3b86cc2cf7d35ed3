/* test_streams.c: rows that are read piece by piece lead to the numbers of rows in memory, for every call that takes them;
 * weights that are drawn to a center of another size are refused by every call. */
#include "train_world.h"

enum { ROWS = 700, OTHERS = 17 };

typedef struct source {
    const void *arrays[3];
    size_t number, loads;
} source;

static int load(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    source *s = self;
    const void **to[] = {x, y, w};
    const size_t per_tile[] = {HBCD_TILE * N_IN, HBCD_TILE, HBCD_TILE};
    (void)last;
    s->loads++;
    for (int k = 0; k < 3; k++)
        *to[k] = s->arrays[k] ? (const char *)s->arrays[k] + first * per_tile[k] * s->number : NULL;
    return HBCD_OK;
}

typedef struct equations {
    double f, gradient[N_PARAMS], matrix[N_PARAMS * N_PARAMS];
} equations;

static int normal(const world *w, const void *data, int block, equations *to)
{
    hbcd_arena count = {NULL, 0, 0};
    memset(to, 0, sizeof *to);
    CHECK(hbcd_net_normal(w->dtype, w->net, data, &w->start, block, 1, NULL, &count, &to->f, to->gradient, to->matrix) == HBCD_OK);
    memory m = borrow(count.used);
    const int status = hbcd_net_normal(w->dtype, w->net, data, &w->start, block, 1, NULL, &m.arena, &to->f, to->gradient, to->matrix);
    give_back(&m);
    return status;
}

static int linearize(const world *w, const void *data)
{
    static double outputs[(N_IN + 12) * ROWS], targets[3 * ROWS], jacobian[N_PARAMS * ROWS];
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_linearize(w->dtype, w->net, data, &w->start, 1, NULL, &count, outputs, targets, jacobian) == HBCD_OK);
    memory m = borrow(count.used);
    const int status = hbcd_net_linearize(w->dtype, w->net, data, &w->start, 1, NULL, &m.arena, outputs, targets, jacobian);
    give_back(&m);
    return status;
}

static void test_equations_of_rows_read_piece_by_piece(world *w)
{
    static equations here, there;
    source s = {.number = w->dtype == HBCD_F32 ? sizeof(float) : sizeof(double)};
    const hbcd_tiles tiles = {load, &s, 1};
    size_t sizes[3];
    void *data;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_data_arrays(w->dtype, w->data, s.arrays, sizes);
    CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, 0, &tiles, NULL, &count, &data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, 0, &tiles, NULL, &m.arena, &data) == HBCD_OK);
    for (int block = -1; block < N_BLOCKS; block++) {
        CHECK(normal(w, w->data, block, &here) == HBCD_OK && normal(w, data, block, &there) == HBCD_OK);
        CHECK(memcmp(&here, &there, sizeof here) == 0 && here.f > 0);
    }
    CHECK(s.loads > 0);
    CHECK(linearize(w, data) == HBCD_ERR_ARGUMENT && linearize(w, w->data) == HBCD_OK); /* what is kept has all rows */
    /* Block by block, and with the output layer eliminated: what is below a block is not kept of such rows. */
    for (int k = 0; k < 3; k++) {
        static const hbcd_lm projected = {.scope = HBCD_LM_PROJECTED, .mu = 1e-3, .radius = 1, .ridge = 1e-8};
        static const hbcd_lm blocks = {.scope = HBCD_LM_BLOCKS, .mu = 1e-3, .radius = 1};
        hbcd_phase_spec phase = phase_of(w, k < 2 ? HBCD_LM : HBCD_LBFGS, k < 2 ? -1 : HBCD_BACKWARD);
        if (k < 2) phase.optimizer.options = k ? &projected : &blocks;
        phase.stop.max_iterations = 6;
        run *one = new_run(), *other = new_run();
        void *const kept = w->data;
        CHECK(go(w, one, 1, &phase) > 0);
        w->data = data;
        CHECK(go(w, other, 1, &phase) == one->report.status && same(w->dtype, &one->theta, &other->theta));
        CHECK(other->report.f < other->report.f_start);
        w->data = kept;
        free(one), free(other);
    }
    give_back(&m);
}

static void test_a_center_of_another_size_is_refused(world *w)
{
    static equations e;
    static double center[N_PARAMS]; /* zero in either precision */
    double f = 7;
    hbcd_arena count = {NULL, 0, 0};
    hbcd_data_set_penalty(w->dtype, w->data, 0.5);
    for (int right = 0; right < 2; right++) {
        hbcd_data_set_center(w->dtype, w->data, center, right ? N_PARAMS : OTHERS);
        const int expected = right ? HBCD_OK : HBCD_ERR_ARGUMENT;
        count.used = 0;
        CHECK(hbcd_net_loss(w->dtype, w->net, w->data, &w->start, 1, NULL, &count, &f, NULL) == HBCD_OK);
        memory m = borrow(count.used);
        CHECK(hbcd_net_loss(w->dtype, w->net, w->data, &w->start, 1, NULL, &m.arena, &f, NULL) == expected);
        give_back(&m);
        CHECK(normal(w, w->data, -1, &e) == expected && normal(w, w->data, 1, &e) == expected);
        CHECK(linearize(w, w->data) == expected);
        hbcd_phase_spec phase = phase_of(w, HBCD_LBFGS, -1);
        phase.stop.max_iterations = 12;
        run *r = new_run();
        const int status = go(w, r, 1, &phase);
        CHECK(right ? status > 0 && r->report.f < r->report.f_start : status == expected);
        free(r);
    }
    hbcd_data_set_center(w->dtype, w->data, NULL, 0);
    hbcd_data_set_penalty(w->dtype, w->data, 0);
}

/* Threads that have to be woken are a matter of time, not of numbers; so are fewer than none. */
static void test_threads_that_sleep_change_no_bit(world *w)
{
    static equations here, there;
    CHECK(normal(w, w->data, -1, &here) == HBCD_OK);
    for (int threads = -1; threads < 4; threads += 2) {
        hbcd_phase_spec phase = phase_of(w, HBCD_LBFGS, HBCD_FORWARD);
        phase.stop.max_iterations = 12;
        run *one = new_run(), *other = new_run();
        one->threads = other->threads = threads;
        CHECK(go(w, one, 1, &phase) > 0);
        give_back(&w->net_memory);
        w->spec.threads_sleep = 1;
        make_net(w);
        CHECK(go(w, other, 1, &phase) > 0 && same(w->dtype, &one->theta, &other->theta));
        CHECK(normal(w, w->data, -1, &there) == HBCD_OK && memcmp(&here, &there, sizeof here) == 0);
        give_back(&w->net_memory);
        w->spec.threads_sleep = 0;
        make_net(w);
        free(one), free(other);
    }
}

static void test_rows_without_targets(const world *w)
{
    const hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    const void *arrays[3];
    size_t sizes[3];
    void *data;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(w->dtype, &x, NULL, NULL, NULL, 1, &count, &data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(w->dtype, &x, NULL, NULL, NULL, 1, &m.arena, &data) == HBCD_OK);
    hbcd_data_arrays(w->dtype, data, arrays, sizes);
    CHECK(arrays[0] != NULL && arrays[1] == NULL && arrays[2] == NULL && sizes[0] >= ROWS * N_IN && sizes[1] == 0 && sizes[2] == 0);
    give_back(&m);
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        test_equations_of_rows_read_piece_by_piece(&w);
        test_a_center_of_another_size_is_refused(&w);
        test_threads_that_sleep_change_no_bit(&w);
        test_rows_without_targets(&w);
        close_world(&w);
    }
    CHECK_DONE("test_streams");
}
