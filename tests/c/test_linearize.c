/* test_linearize.c: the rows that hbcd_net_linearize keeps, with weights and without, are those behind the normal equations
 * and the gradient. */
#include "train_world.h"

enum { ROWS = 300, OUTPUTS_IN_ALL = N_IN + 6 + 5 + 1 };

typedef struct rows_of {
    double outputs[OUTPUTS_IN_ALL * ROWS], targets[3 * ROWS], jacobian[N_PARAMS * ROWS];
} rows_of;

static rows_of kept;

static memory weigh(const world *w, double *weights, void **data)
{
    const hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    const hbcd_table y = {w->y, HBCD_F64, ROWS, 1, sizeof *w->y, sizeof *w->y, NULL, NULL, NULL};
    const hbcd_table v = {weights, HBCD_F64, ROWS, 1, sizeof *weights, sizeof *weights, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(w->dtype, &x, &y, weights ? &v : NULL, NULL, 1, &count, data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(w->dtype, &x, &y, weights ? &v : NULL, NULL, 1, &m.arena, data) == HBCD_OK);
    return m;
}

static void linearize(const world *w, const void *data)
{
    hbcd_arena count = {NULL, 0, 0};
    memset(&kept, RUBBISH, sizeof kept);
    CHECK(hbcd_net_linearize(w->dtype, w->net, data, &w->start, 1, NULL, &count, kept.outputs, kept.targets,
                             kept.jacobian) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_linearize(w->dtype, w->net, data, &w->start, 1, NULL, &m.arena, kept.outputs, kept.targets,
                             kept.jacobian) == HBCD_OK);
    give_back(&m);
}

static void check_rows(const world *w, const double *weights)
{
    static double gradient[N_PARAMS], matrix[N_PARAMS * N_PARAMS];
    const double *out = kept.outputs + (OUTPUTS_IN_ALL - 1) * ROWS, tolerance = w->dtype == HBCD_F32 ? 1e-5 : 1e-12;
    void *data;
    double f = NAN, loss = 0, sum = 0;
    memory rows = weigh(w, (double *)(uintptr_t)weights, &data);
    linearize(w, data);
    for (size_t r = 0; r < ROWS; r++) {
        const double weight = weights ? weights[r] : 1, e = out[r] - kept.targets[r];
        for (size_t i = 0; i < N_IN; i++) CHECK_NEAR(kept.outputs[i * ROWS + r], w->x[r * N_IN + i], 1e-7);
        CHECK_NEAR(kept.targets[r], w->y[r], 1e-7);
        CHECK(kept.targets[2 * ROWS + r] == weight);
        CHECK_NEAR(kept.targets[ROWS + r], sqrt(weight), 1e-7);
        sum += weight, loss += weight * e * e / 2;
    }
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_normal(w->dtype, w->net, data, &w->start, -1, 1, NULL, &count, &f, gradient, matrix) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_normal(w->dtype, w->net, data, &w->start, -1, 1, NULL, &m.arena, &f, gradient, matrix) == HBCD_OK);
    give_back(&m);
    CHECK_NEAR(loss / sum, f, tolerance);
    for (size_t p = 0; p < N_PARAMS; p++) {
        double slope = 0;
        for (size_t r = 0; r < ROWS; r++)
            slope += kept.jacobian[p * ROWS + r] * kept.targets[ROWS + r] * (out[r] - kept.targets[r]);
        CHECK_NEAR(slope / sum, gradient[p], tolerance);
        for (size_t q = 0; q <= p; q++) {
            double product = 0;
            for (size_t r = 0; r < ROWS; r++) product += kept.jacobian[p * ROWS + r] * kept.jacobian[q * ROWS + r];
            CHECK_NEAR(product / sum, matrix[p * N_PARAMS + q], tolerance);
        }
    }
    give_back(&rows);
}

int main(void)
{
    static double weights[ROWS];
    for (size_t r = 0; r < ROWS; r++) weights[r] = (double)(r % 4);
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        check_rows(&w, NULL);
        check_rows(&w, weights);
        close_world(&w);
    }
    CHECK_DONE("test_linearize");
}
