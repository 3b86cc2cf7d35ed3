/* test_normal_wide.c: normal equations of more parameters than threads sum up in rooms of their own; too many are refused. */
#include "train_world.h"

enum { ROWS = 300, WIDTH = 500, WIDE_PARAMS = 3 * WIDTH + 1, BLOCK = 2 * WIDTH };

typedef struct equations {
    double f, *gradient, *matrix; /* (n), (n, n) */
    size_t n;
} equations;

static equations equations_of(const world *w, const void *data, const void *theta, int block, size_t n, int threads)
{
    equations e = {NAN, malloc(n * sizeof(double)), malloc(n * n * sizeof(double)), n};
    hbcd_arena count = {NULL, 0, 0};
    if (!e.gradient || !e.matrix) abort();
    CHECK(hbcd_net_normal(w->dtype, w->net, data, theta, block, threads, NULL, &count, &e.f, e.gradient, e.matrix) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_normal(w->dtype, w->net, data, theta, block, threads, NULL, &m.arena, &e.f, e.gradient, e.matrix) ==
          HBCD_OK);
    give_back(&m);
    return e;
}

static void give_equations_back(equations *e)
{
    free(e->gradient);
    free(e->matrix);
}

/* The equations of a block stand in those of all parameters, and any number of threads has their bits. */
static void test_blocks_of_many_parameters(int dtype)
{
    world w;
    static double theta[WIDE_PARAMS]; /* of either precision */
    hbcd_rng rng;
    open_world(&w, dtype, ROWS, 0);
    give_back(&w.net_memory);
    give_back(&w.data_memory);
    w.layers[0].n_out = WIDTH;
    w.layers[1] = (hbcd_layer_spec){.n_out = 1};
    w.spec.n_in = 1;
    w.spec.n_layers = 2;
    make_net(&w);
    const hbcd_table x = {w.x, HBCD_F64, ROWS, 1, N_IN * sizeof *w.x, sizeof *w.x, NULL, NULL, NULL};
    const hbcd_table y = {w.y, HBCD_F64, ROWS, 1, sizeof *w.y, sizeof *w.y, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(dtype, &x, &y, NULL, NULL, 1, &count, &w.data) == HBCD_OK);
    w.data_memory = borrow(count.used);
    CHECK(hbcd_data_make(dtype, &x, &y, NULL, NULL, 1, &w.data_memory.arena, &w.data) == HBCD_OK);
    hbcd_rng_seed(&rng, 3, 0);
    for (size_t k = 0; k < WIDE_PARAMS; k++) set(dtype, theta, k, 0.1 * hbcd_rng_normal(&rng));
    equations all = equations_of(&w, w.data, theta, -1, WIDE_PARAMS, 1), other = equations_of(&w, w.data, theta, -1, WIDE_PARAMS, 3);
    CHECK(all.f == other.f && memcmp(all.gradient, other.gradient, all.n * sizeof(double)) == 0);
    CHECK(memcmp(all.matrix, other.matrix, all.n * all.n * sizeof(double)) == 0);
    equations block = equations_of(&w, w.data, theta, 0, BLOCK, 1);
    double error = 0, size = 0;
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t j = 0; j < BLOCK; j++) {
            error = fmax(error, fabs(all.matrix[i * all.n + j] - block.matrix[i * BLOCK + j]));
            size = fmax(size, fabs(block.matrix[i * BLOCK + j]));
        }
    CHECK(size > 0 && error <= 1e-12 * size);
    CHECK_NEAR(block.f, all.f, 1e-12);
    for (size_t i = 0; i < BLOCK; i++) CHECK_NEAR(block.gradient[i], all.gradient[i], 1e-12);
    give_equations_back(&all), give_equations_back(&other), give_equations_back(&block);
    close_world(&w);
}

/* Only counted: nothing of that size is borrowed. */
static void test_memory_for_very_many(int dtype)
{
    const size_t widths[] = {2000, 5000};
    const int expected[] = {HBCD_OK, HBCD_ERR_MEMORY}; /* 4 million and 25 million parameters */
    for (size_t k = 0; k < 2; k++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        give_back(&w.net_memory);
        w.layers[0].n_out = w.layers[1].n_out = widths[k];
        make_net(&w);
        hbcd_arena count = {NULL, 0, 0};
        double f = 7, unused = 7;
        const int status = hbcd_net_normal(dtype, w.net, w.data, &unused, -1, 1, NULL, &count, &f, &unused, &unused);
        CHECK((status == expected[k] || (sizeof(size_t) == 4 && status == HBCD_ERR_MEMORY)) && f == 7 && unused == 7);
        count.used = 0;
        CHECK(hbcd_net_linearize(dtype, w.net, w.data, &unused, 1, NULL, &count, &unused, &unused, &unused) == status);
        close_world(&w);
    }
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        test_blocks_of_many_parameters(dtype);
        test_memory_for_very_many(dtype);
    }
    CHECK_DONE("test_normal_wide");
}
