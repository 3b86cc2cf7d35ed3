/* test_sizes.c: sizes beyond any memory: what is measured is never less than what is needed, it is refused instead. */
#include "base/sizes.h"
#include "train_world.h"

/* 2^bits, or the largest power that a size can be. */
#define WIDTH (8 * sizeof(size_t))
#define POWER(bits) ((size_t)1 << ((bits) < WIDTH ? (bits) : WIDTH - 1))

static const size_t HUGE_SIZES[] = {POWER(31), POWER(61), POWER(62), SIZE_MAX - 1, SIZE_MAX};
enum { N_HUGE = sizeof HUGE_SIZES / sizeof *HUGE_SIZES };

static void test_sums_and_products_stay_at_the_largest_size(void)
{
    const size_t half = SIZE_MAX / 2 + 1;
    CHECK(hbcd_plus(2, 3) == 5 && hbcd_times(2, 3) == 6);
    CHECK(hbcd_plus(SIZE_MAX, 0) == SIZE_MAX && hbcd_plus(SIZE_MAX - 1, 1) == SIZE_MAX);
    CHECK(hbcd_plus(SIZE_MAX, 1) == SIZE_MAX && hbcd_plus(half, half) == SIZE_MAX);
    CHECK(hbcd_times(SIZE_MAX, 1) == SIZE_MAX && hbcd_times(SIZE_MAX, 0) == 0 && hbcd_times(0, SIZE_MAX) == 0);
    CHECK(hbcd_times(half, 2) == SIZE_MAX && hbcd_times(2, half) == SIZE_MAX && hbcd_times(half, half) == SIZE_MAX);
}

/* Refused, or at least `least` bytes. */
static void check_measured(int status, const hbcd_arena *count, double least)
{
    CHECK(status == HBCD_OK || status == HBCD_ERR_MEMORY || status == HBCD_ERR_ARGUMENT);
    if (status != HBCD_OK) return;
    CHECK(count->used != SIZE_MAX);
    CHECK((double)count->used >= least);
}

static hbcd_bb with_history(size_t size)
{
    hbcd_bb options = bb_options;
    options.history = size;
    return options;
}

static hbcd_bb with_short_steps(size_t size)
{
    hbcd_bb options = bb_options;
    options.abb_memory = size;
    return options;
}

static void check_optimizer(const world *w, hbcd_optimizer_spec optimizer, double least)
{
    hbcd_objective_any objective = {.dtype = w->dtype, .n = 10};
    hbcd_stop stop;
    hbcd_stop_default(&stop);
    hbcd_arena count = {NULL, 0, 0};
    check_measured(hbcd_minimize(&optimizer, &objective, NULL, NULL, NULL, &stop, NULL, &count, NULL), &count, least);
    for (int selector = -1; selector <= HBCD_MOST_SENSITIVE; selector++) {
        hbcd_phase_spec phase = phase_of(w, HBCD_ADAM, selector);
        phase.optimizer = optimizer;
        void *plan = NULL;
        count = (hbcd_arena){NULL, 0, 0};
        int status = hbcd_plan_make(w->dtype, w->net, w->data, NULL, 1, &phase, 1, &count, &plan);
        check_measured(status, &count, least);
        CHECK(plan == NULL);
    }
}

static void test_options_of_optimizers(const world *w)
{
    for (int k = 0; k < N_HUGE; k++) {
        const size_t size = HUGE_SIZES[k];
        const double least = 8.0 * (double)size;
        const hbcd_bb history = with_history(size), short_steps = with_short_steps(size);
        hbcd_lbfgs lbfgs = lbfgs_options;
        lbfgs.memory = size;
        check_optimizer(w, (hbcd_optimizer_spec){HBCD_BB, &history}, least);
        check_optimizer(w, (hbcd_optimizer_spec){HBCD_BB, &short_steps}, least);
        check_optimizer(w, (hbcd_optimizer_spec){HBCD_LBFGS, &lbfgs}, least);
        const hbcd_exact_output exact = {.ridge = 1e-8, .inner = HBCD_BB, .inner_options = &history};
        check_optimizer(w, (hbcd_optimizer_spec){HBCD_EXACT_OUTPUT, &exact}, least);
    }
}

/* n variables: two vectors at least, for the methods with a matrix half of n^2 numbers. */
static void test_numbers_of_variables(int dtype)
{
    const size_t sizes[] = {POWER(31), POWER(31) + 1, POWER(32), POWER(35), POWER(60),
                            POWER(61), POWER(62), SIZE_MAX - 7, SIZE_MAX};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int kind = 0; kind < HBCD_N_OPTIMIZERS; kind++) {
            const double n = (double)sizes[k], vectors = 2 * n * (dtype == HBCD_F32 ? 4 : 8);
            const int squared = kind == HBCD_BFGS || kind == HBCD_LM;
            const hbcd_optimizer_spec optimizer = optimizer_spec(kind);
            hbcd_objective_any objective = {.dtype = dtype, .n = sizes[k]};
            hbcd_stop stop;
            hbcd_stop_default(&stop);
            hbcd_arena count = {NULL, 0, 0};
            check_measured(hbcd_minimize(&optimizer, &objective, NULL, NULL, NULL, &stop, NULL, &count, NULL), &count,
                           squared ? 4 * n * n : vectors);
        }
}

/* Nothing is read while measuring: strides of 0 stand for memory that nobody has. */
static void test_tables(int dtype)
{
    const size_t columns[] = {1, POWER(31), POWER(40), POWER(61), POWER(62), SIZE_MAX};
    const size_t rows[] = {1, 256, POWER(31), UINT32_MAX, POWER(61), SIZE_MAX};
    double number = 1;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            const hbcd_table wide = {&number, HBCD_F64, rows[k], columns[i], 0, 0, NULL, NULL, NULL};
            const hbcd_table narrow = {&number, HBCD_F64, rows[k], 1, 0, 0, NULL, NULL, NULL};
            const double least = (double)rows[k] * (double)columns[i] * (dtype == HBCD_F32 ? 4 : 8);
            void *data;
            hbcd_arena count = {NULL, 0, 0};
            check_measured(hbcd_data_make(dtype, &wide, &narrow, &narrow, NULL, 1, &count, &data), &count, least);
            count = (hbcd_arena){NULL, 0, 0};
            check_measured(hbcd_data_make(dtype, &narrow, &wide, NULL, NULL, 1, &count, &data), &count, least);
        }
}

static void test_layers(int dtype)
{
    const size_t widths[] = {POWER(31), POWER(40), POWER(61), POWER(62), SIZE_MAX};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
            const hbcd_layer_spec layers[] = {{.n_out = widths[i], .activation = HBCD_TANH}, {.n_out = widths[k]}};
            const hbcd_net_spec spec = {.n_in = 3, .n_layers = 2, .layers = layers};
            void *net;
            hbcd_arena count = {NULL, 0, 0};
            check_measured(hbcd_net_make(dtype, &spec, &count, &net), &count, 1);
            const hbcd_layer_spec hook = {.kind = HBCD_LAYER_HOOK, .n_out = widths[i], .n_params = widths[k]};
            const hbcd_net_spec odd = {.n_in = 3, .n_layers = 1, .layers = &hook};
            count = (hbcd_arena){NULL, 0, 0};
            check_measured(hbcd_net_make(dtype, &odd, &count, &net), &count, 1);
        }
}

/* What a phase counts is no memory: it is planned at once, and a run ends at its limits. */
static void test_sizes_of_a_phase(const world *w)
{
    run *r = new_run();
    for (int k = 0; k < N_HUGE; k++)
        for (int option = 0; option < 6; option++) {
            hbcd_phase_spec phase = batches_of(w, HBCD_LBFGS, HBCD_MOST_SENSITIVE, 50, 2);
            if (option == 0) phase.batch_rows = HUGE_SIZES[k];
            if (option == 1) phase.inner_iterations = HUGE_SIZES[k];
            if (option == 2) phase.visits_per_batch = HUGE_SIZES[k];
            if (option >= 3) phase.epochs = HUGE_SIZES[k];
            if (option == 4) phase.batch_growth = 1 + 1e-12;
            if (option == 5) phase.batch_growth = 1e300;
            r->n_lines = 0;
            r->stop.max_evaluations = 60;
            CHECK(go(w, r, 1, &phase) >= 0);
            check_best(w, r);
        }
    free(r);
}

int main(void)
{
    test_sums_and_products_stay_at_the_largest_size();
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, 300, 0);
        test_options_of_optimizers(&w);
        test_numbers_of_variables(dtype);
        test_tables(dtype);
        test_layers(dtype);
        test_sizes_of_a_phase(&w);
        close_world(&w);
    }
    CHECK_DONE("test_sizes");
}
