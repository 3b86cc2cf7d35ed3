/* test_hessian.c: second derivatives of networks of any layers are the differences of their first ones, in tiles of any size;
 * a network without parameters has no derivatives in them. */
#include "train_world.h"

enum { ROWS = 40, WIDE = 130, MOST_PARAMS = (N_IN + 1) * WIDE + WIDE + 1, MOST_LAYERS = 4 };

typedef struct shape {
    hbcd_layer_spec layers[MOST_LAYERS];
    size_t n_layers, n_params;
} shape;

static const hbcd_part_spec parts[] = {{.n_in = 1, .n_out = 2, .activation = HBCD_TANH},
                                       {.n_in = 1, .n_out = 2, .activation = HBCD_LEAKY_RELU, .activation_parameter = 0.1},
                                       {.n_in = 1, .n_out = 1, .activation = HBCD_LEAKY_RELU, .activation_parameter = 0.3}};
static const size_t columns[] = {0, 2, 2};
static const double centers[] = {0.1, -0.5, 0.7}, widths[] = {0.8, 1.5, 0.6};

static shape shape_of(int kind)
{
    const hbcd_layer_spec tangent = {.n_out = 4, .activation = HBCD_TANH}, straight = {.n_out = 5};
    const hbcd_layer_spec bent = {.n_out = 4, .activation = HBCD_LEAKY_RELU, .activation_parameter = 0.2}, output = {.n_out = 1};
    const hbcd_layer_spec side_by_side = {.kind = HBCD_BLOCK_DIAGONAL, .n_out = 5, .n_parts = 3, .parts = parts};
    const hbcd_layer_spec pieces = {.kind = HBCD_SMOOTH_PIECES, .n_out = N_IN + 3, .n_pieces = 3, .columns = columns,
                                    .centers = centers, .widths = widths};
    const hbcd_layer_spec wide = {.n_out = WIDE, .activation = HBCD_SIGMOID};
    switch (kind) {
    case 0: return (shape){{side_by_side, tangent, output}, 3, 10 + 24 + 5};
    case 1: return (shape){{straight, tangent, bent, output}, 4, 20 + 24 + 20 + 5};
    case 2: return (shape){{pieces, straight, tangent, output}, 4, 35 + 24 + 5};
    case 3: return (shape){{wide, output}, 2, MOST_PARAMS};
    case 4: return (shape){{bent, side_by_side, output}, 3, 0}; /* refused: parts for another width */
    default: return (shape){{pieces}, 1, 0};
    }
}

static double theta_room[MOST_PARAMS];

static void open_net(world *w, const shape *s)
{
    hbcd_rng rng;
    memcpy(w->layers, s->layers, sizeof s->layers);
    w->spec = (hbcd_net_spec){.n_in = N_IN, .n_layers = s->n_layers, .layers = w->layers, .isa = hbcd_isa_detect()};
    make_net(w);
    hbcd_rng_seed(&rng, 11, 0);
    for (size_t k = 0; k < s->n_params; k++) set(w->dtype, theta_room, k, 0.7 * hbcd_rng_normal(&rng));
}

static hbcd_table table_of(double *at, size_t rows, size_t cols)
{
    return (hbcd_table){at, HBCD_F64, rows, cols, (ptrdiff_t)(cols * sizeof *at), sizeof *at, NULL, NULL, NULL};
}

static void first_derivatives(const world *w, double *x, size_t rows, size_t n_out, int threads, double *to)
{
    const hbcd_table xs = table_of(x, rows, N_IN), jacobian = table_of(to, rows, n_out * N_IN);
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_jacobian(w->dtype, w->net, &xs, theta_room, 0, threads, NULL, &count, NULL, &jacobian) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_jacobian(w->dtype, w->net, &xs, theta_room, 0, threads, NULL, &m.arena, NULL, &jacobian) == HBCD_OK);
    give_back(&m);
}

static void second_derivatives(const world *w, double *x, int threads, double *to)
{
    const hbcd_table xs = table_of(x, ROWS, N_IN), hessian = table_of(to, ROWS, N_IN * N_IN);
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_hessian(w->dtype, w->net, &xs, theta_room, NULL, threads, NULL, &count, &hessian) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_hessian(w->dtype, w->net, &xs, theta_room, NULL, threads, NULL, &m.arena, &hessian) == HBCD_OK);
    give_back(&m);
}

static void test_second_derivatives_are_differences_of_first_ones(void)
{
    static double x[ROWS * N_IN], moved[ROWS * N_IN], up[ROWS * N_IN], down[ROWS * N_IN], found[2][ROWS * N_IN * N_IN];
    const double step = 1e-5;
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 5, 0);
    for (size_t k = 0; k < ROWS * N_IN; k++) x[k] = hbcd_rng_normal(&rng);
    for (int kind = 0; kind < 4; kind++) {
        const shape s = shape_of(kind);
        world w = {.dtype = HBCD_F64};
        open_net(&w, &s);
        second_derivatives(&w, x, 1, found[0]);
        second_derivatives(&w, x, 0, found[1]); /* no number of threads: one */
        CHECK(memcmp(found[0], found[1], sizeof found[0]) == 0);
        double bends = 0;
        for (size_t i = 0; i < N_IN; i++) {
            memcpy(moved, x, sizeof x);
            for (size_t r = 0; r < ROWS; r++) moved[r * N_IN + i] = x[r * N_IN + i] + step;
            first_derivatives(&w, moved, ROWS, 1, 1, up);
            for (size_t r = 0; r < ROWS; r++) moved[r * N_IN + i] = x[r * N_IN + i] - step;
            first_derivatives(&w, moved, ROWS, 1, 0, down);
            for (size_t r = 0; r < ROWS; r++)
                for (size_t j = 0; j < N_IN; j++) {
                    const double expected = (up[r * N_IN + j] - down[r * N_IN + j]) / (2 * step);
                    CHECK_NEAR(found[0][(r * N_IN + i) * N_IN + j], expected, 1e-7); /* no kink within a step of these rows */
                    bends = fmax(bends, fabs(expected));
                }
        }
        CHECK(bends > 1e-2);
        give_back(&w.net_memory);
        world single = {.dtype = HBCD_F32};
        open_net(&single, &s);
        second_derivatives(&single, x, 1, found[1]);
        for (size_t k = 0; k < ROWS * N_IN * N_IN; k++) CHECK_NEAR(found[1][k], found[0][k], 1e-4);
        give_back(&single.net_memory);
    }
}

static void test_a_network_without_parameters(int dtype)
{
    static double x[ROWS * N_IN], jacobian[ROWS * (N_IN + 3) * N_IN], out[ROWS * (N_IN + 3)];
    const shape s = shape_of(5);
    world w = {.dtype = dtype};
    hbcd_arena count = {NULL, 0, 0};
    for (size_t k = 0; k < ROWS * N_IN; k++) x[k] = cos((double)k);
    open_net(&w, &s);
    first_derivatives(&w, x, ROWS, N_IN + 3, 2, jacobian);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < 3; j++) {
            const double t = tanh((x[r * N_IN + columns[j]] - centers[j]) / widths[j]);
            CHECK_NEAR(jacobian[(r * (N_IN + 3) + N_IN + j) * N_IN + columns[j]], (1 - t * t) / widths[j], 1e-5);
        }
    first_derivatives(&w, x, 0, N_IN + 3, 2, jacobian); /* of no rows */
    const hbcd_table xs = table_of(x, ROWS, N_IN), outputs = table_of(out, ROWS, N_IN + 3), none = table_of(jacobian, ROWS, 0);
    const hbcd_table no_rows = table_of(x, 0, N_IN), no_outputs = table_of(out, 0, N_IN + 3);
    CHECK(hbcd_net_jacobian(dtype, w.net, &xs, theta_room, 1, 1, NULL, &count, &outputs, &none) == HBCD_OK);
    memory m = borrow(count.used);
    memset(out, 0, sizeof out);
    CHECK(hbcd_net_jacobian(dtype, w.net, &xs, theta_room, 1, 1, NULL, &m.arena, &outputs, &none) == HBCD_OK);
    CHECK_NEAR(out[N_IN + 3], x[N_IN], 1e-7);
    give_back(&m);
    count = (hbcd_arena){NULL, 0, 0};
    CHECK(hbcd_net_predict(dtype, w.net, &no_rows, theta_room, 2, NULL, &count, &no_outputs) == HBCD_OK);
    m = borrow(count.used);
    CHECK(hbcd_net_predict(dtype, w.net, &no_rows, theta_room, 2, NULL, &m.arena, &no_outputs) == HBCD_OK);
    give_back(&m);
    give_back(&w.net_memory);
}

/* Layers that contradict themselves, or what is below them. */
static void test_layers_that_fit_nothing_are_refused(int dtype)
{
    hbcd_part_spec no_inputs[] = {{.n_in = 0, .n_out = 1}, {.n_in = N_IN, .n_out = 1}};
    const hbcd_layer_spec wrong[] = {{.kind = HBCD_BLOCK_DIAGONAL, .n_out = 2, .n_parts = 2, .parts = no_inputs},
                                     {.kind = HBCD_BLOCK_DIAGONAL, .n_out = 5, .n_parts = 3, .parts = parts, .activation = HBCD_TANH},
                                     {.kind = HBCD_BLOCK_DIAGONAL, .n_out = 5, .n_parts = 0},
                                     {.kind = HBCD_SMOOTH_PIECES, .n_out = N_IN, .n_pieces = 0},
                                     {.kind = 7, .n_out = 2},
                                     {.n_out = 0}};
    void *net;
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        const hbcd_net_spec spec = {.n_in = N_IN, .n_layers = 1, .layers = &wrong[k]};
        hbcd_arena count = {NULL, 0, 0};
        CHECK(hbcd_net_make(dtype, &spec, &count, &net) == HBCD_ERR_ARGUMENT && net == NULL);
    }
    const shape s = shape_of(4);
    const hbcd_net_spec spec = {.n_in = N_IN, .n_layers = s.n_layers, .layers = s.layers};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_make(dtype, &spec, &count, &net) == HBCD_ERR_ARGUMENT && net == NULL);
}

int main(void)
{
    test_second_derivatives_are_differences_of_first_ones();
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        test_a_network_without_parameters(dtype);
        test_layers_that_fit_nothing_are_refused(dtype);
    }
    CHECK_DONE("test_hessian");
}
