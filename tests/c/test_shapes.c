/* test_shapes.c: tables that do not fit the network are refused by every call; any number of threads and any half of a box
 * is taken. */
#include "train_world.h"

enum { ROWS = 300, N_SHAPES = 3 };

/* Rows and columns that are off by one: (dr, dc); the first is right. */
static const int off[N_SHAPES][2] = {{0, 0}, {1, 0}, {0, 1}};

static hbcd_table shaped(double *at, size_t rows, size_t cols, int shape)
{
    return (hbcd_table){at, HBCD_F64, rows + (size_t)off[shape][0], cols + (size_t)off[shape][1],
                        (ptrdiff_t)(cols * sizeof *at), sizeof *at, NULL, NULL, NULL};
}

static double room[(ROWS + 1) * (N_PARAMS + 1)], more_room[(ROWS + 1) * 12], still_more[(ROWS + 1) * 12];

/* Shapes of the inputs, of the outputs, and of what is wanted; all right, or refused. */
static void test_calls(const world *w)
{
    for (int a = 0; a < N_SHAPES; a++)
        for (int b = 0; b < N_SHAPES; b++)
            for (int c = 0; c < N_SHAPES; c++) {
                const int expected = a || b || c ? HBCD_ERR_ARGUMENT : HBCD_OK;
                const int dtype = w->dtype, only_columns = a == 1; /* one more row of all is right, too */
                if (only_columns && b == 1 && c == 1) continue;
                hbcd_table x = shaped(w->x, ROWS, N_IN, a), out = shaped(more_room, ROWS, 1, b);
                hbcd_table jacobian = shaped(room, ROWS, N_IN, c), theta = shaped(room, ROWS, N_PARAMS, c);
                hbcd_table hessian = shaped(room, ROWS, N_IN * N_IN, c), grad_x = shaped(still_more, ROWS, N_IN, c);
                hbcd_arena count[5] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
                CHECK(hbcd_net_jacobian(dtype, w->net, &x, &w->start, 0, 1, NULL, &count[0], &out, &jacobian) == expected);
                CHECK(hbcd_net_jacobian(dtype, w->net, &x, &w->start, 1, 1, NULL, &count[1], &out, &theta) == expected);
                CHECK(hbcd_net_hessian(dtype, w->net, &x, &w->start, &out, 1, NULL, &count[2], &hessian) == expected);
                CHECK(hbcd_net_pullback(dtype, w->net, &x, &w->start, &out, &count[3], &grad_x, room) == expected);
                if (c == 0 && !(only_columns && b == 1))
                    CHECK(hbcd_net_predict(dtype, w->net, &x, &w->start, 1, NULL, &count[4], &out) == expected);
            }
}

static void predict_on(const world *w, int threads, double *to)
{
    const hbcd_table x = shaped(w->x, ROWS, N_IN, 0), out = shaped(to, ROWS, 1, 0);
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_predict(w->dtype, w->net, &x, &w->start, threads, NULL, &count, &out) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_predict(w->dtype, w->net, &x, &w->start, threads, NULL, &m.arena, &out) == HBCD_OK);
    give_back(&m);
}

static double loss_by(const world *w, int threads)
{
    double f = NAN;
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_loss(w->dtype, w->net, w->data, &w->start, threads, NULL, &count, &f, NULL) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_loss(w->dtype, w->net, w->data, &w->start, threads, NULL, &m.arena, &f, NULL) == HBCD_OK);
    give_back(&m);
    return f;
}

static void test_numbers_of_threads(const world *w)
{
    static double one[ROWS], other[ROWS];
    predict_on(w, 1, one);
    for (int threads = -1; threads <= 1000; threads += 1 + threads * threads) {
        predict_on(w, threads, other);
        CHECK(memcmp(one, other, sizeof one) == 0);
        CHECK(loss_by(w, threads) == loss_by(w, 1));
    }
}

static void test_data_that_do_not_fit(const world *w)
{
    for (int wide = 0; wide < 2; wide++) {
        hbcd_table x = shaped(room, ROWS, N_IN, wide ? 2 : 0), y = shaped(more_room, ROWS, 1, wide ? 0 : 2);
        void *data, *plan;
        hbcd_arena count = {NULL, 0, 0};
        hbcd_phase_spec phase = phase_of(w, HBCD_LBFGS, -1);
        CHECK(hbcd_data_make(w->dtype, &x, &y, NULL, NULL, 1, &count, &data) == HBCD_OK);
        memory m = borrow(count.used);
        CHECK(hbcd_data_make(w->dtype, &x, &y, NULL, NULL, 1, &m.arena, &data) == HBCD_OK);
        count = (hbcd_arena){NULL, 0, 0};
        CHECK(hbcd_plan_make(w->dtype, w->net, data, NULL, 1, &phase, 1, &count, &plan) == HBCD_ERR_ARGUMENT);
        count = (hbcd_arena){NULL, 0, 0};
        CHECK(hbcd_plan_make(w->dtype, w->net, w->data, data, 1, &phase, 1, &count, &plan) == HBCD_ERR_ARGUMENT);
        give_back(&m);
    }
    run *r = new_run();
    hbcd_phase_spec phase = phase_of(w, HBCD_LBFGS, -1);
    hbcd_data_set_penalty(w->dtype, w->data, 1e-3);
    hbcd_data_set_center(w->dtype, w->data, &w->start, N_PARAMS - 1);
    CHECK(go(w, r, 1, &phase) == HBCD_ERR_ARGUMENT);
    hbcd_data_set_center(w->dtype, w->data, NULL, 0);
    hbcd_data_set_penalty(w->dtype, w->data, 0);
    free(r);
}

/* Both halves, one, the other, none. */
static void test_halves_of_a_box(const world *w)
{
    for (int kind = 0; kind < HBCD_N_OPTIMIZERS; kind++)
        for (int half = 0; half < 4; half++)
            for (int selector = -1; selector <= HBCD_MOST_SENSITIVE; selector += 1 + HBCD_MOST_SENSITIVE) {
                hbcd_phase_spec phase = batches_of(w, kind, selector, 128, 2);
                run *r = new_run();
                if (half & 1) phase.lo = NULL;
                if (half & 2) phase.hi = NULL;
                const int status = go(w, r, 1, &phase);
                CHECK(status >= 0 || (kind == HBCD_ICRS && half ? status == HBCD_ERR_BOUNDS : kind == HBCD_EXACT_OUTPUT));
                if (status >= 0) check_best(w, r);
                for (size_t k = 0; status >= 0 && k < N_PARAMS; k++) {
                    CHECK((half & 1) || get(w->dtype, &r->theta, k) >= -4);
                    CHECK((half & 2) || get(w->dtype, &r->theta, k) <= 4);
                }
                free(r);
            }
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS + 100, 0); /* more than the calls are told of */
        test_calls(&w);
        test_numbers_of_threads(&w);
        test_data_that_do_not_fit(&w);
        test_halves_of_a_box(&w);
        close_world(&w);
    }
    CHECK_DONE("test_shapes");
}
