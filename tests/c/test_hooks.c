/* test_hooks.c: parts supplied from outside that do what the core does lead to its numbers; what they may leave out or do
 * wrong is noticed. */
#include "train_world.h"

enum { ROWS = 300, HIDDEN = 6, HOOK_PARAMS = (N_IN + 1) * HIDDEN };

/* ---- a loss ---------------------------------------------------------------------------------------------------------- */

static int half_square(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out, const void *target,
                       double *value, void *g)
{
    (void)self;
    for (size_t r = 0; r < rows; r++) {
        value[r] = 0;
        for (size_t o = 0; o < outputs; o++) {
            const double e = get(dtype, out, o * ld + r) - get(dtype, target, o * ld + r);
            value[r] += e * e / 2;
            if (g) set(dtype, g, o * ld + r, e);
        }
    }
    return HBCD_OK;
}

static double loss_and_gradient(const world *w, const void *data, vector *g)
{
    double f = NAN;
    hbcd_arena count = {NULL, 0, 0};
    memset(g, 0, sizeof *g);
    CHECK(hbcd_net_loss(w->dtype, w->net, data, &w->start, 1, NULL, &count, &f, g) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_net_loss(w->dtype, w->net, data, &w->start, 1, NULL, &m.arena, &f, g) == HBCD_OK);
    give_back(&m);
    return f;
}

static void test_a_loss_from_outside_is_weighted(int dtype)
{
    static double weights[ROWS];
    world w;
    vector g, own;
    void *data = NULL;
    open_world(&w, dtype, ROWS, 0);
    for (size_t r = 0; r < ROWS; r++) weights[r] = (double)(r % 4);
    const hbcd_table x = {w.x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w.x, sizeof *w.x, NULL, NULL, NULL};
    const hbcd_table y = {w.y, HBCD_F64, ROWS, 1, sizeof *w.y, sizeof *w.y, NULL, NULL, NULL};
    const hbcd_table v = {weights, HBCD_F64, ROWS, 1, sizeof *weights, sizeof *weights, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(dtype, &x, &y, &v, NULL, 1, &count, &data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(dtype, &x, &y, &v, NULL, 1, &m.arena, &data) == HBCD_OK);
    const double f = loss_and_gradient(&w, data, &g), even = loss_and_gradient(&w, w.data, &own);
    CHECK(fabs(f - even) > 1e-3); /* the weights matter */
    w.spec.loss = HBCD_LOSS_HOOK;
    w.spec.loss_hook = (hbcd_loss_hook){half_square, NULL};
    give_back(&w.net_memory);
    make_net(&w);
    const double tolerance = dtype == HBCD_F32 ? 1e-5 : 1e-13;
    CHECK_NEAR(loss_and_gradient(&w, data, &own), f, tolerance);
    for (size_t k = 0; k < N_PARAMS; k++) CHECK_NEAR(get(dtype, &own, k), get(dtype, &g, k), tolerance);
    give_back(&m);
    close_world(&w);
}

/* ---- a layer --------------------------------------------------------------------------------------------------------- */

/* Dense: weights (N_IN, HIDDEN) row by row, then the bias. */
static int dense_forward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, void *out)
{
    (void)self;
    for (size_t o = 0; o < HIDDEN; o++)
        for (size_t r = 0; r < rows; r++) {
            double sum = get(dtype, theta, N_IN * HIDDEN + o);
            for (size_t i = 0; i < N_IN; i++) sum += get(dtype, theta, i * HIDDEN + o) * get(dtype, x, i * ld + r);
            set(dtype, out, o * ld + r, sum);
        }
    return HBCD_OK;
}

static int dense_backward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, const void *out,
                          const void *grad_out, void *grad_x, void *grad_theta)
{
    int *fails_at = self;
    (void)out;
    if (*fails_at > 0 && --*fails_at == 0) return HBCD_ERR_HOOK;
    for (size_t r = 0; grad_x && r < rows; r++)
        for (size_t i = 0; i < N_IN; i++) {
            double sum = 0;
            for (size_t o = 0; o < HIDDEN; o++) sum += get(dtype, theta, i * HIDDEN + o) * get(dtype, grad_out, o * ld + r);
            set(dtype, grad_x, i * ld + r, sum);
        }
    for (size_t r = 0; grad_theta && r < rows; r++)
        for (size_t o = 0; o < HIDDEN; o++) {
            const double d = get(dtype, grad_out, o * ld + r);
            for (size_t i = 0; i <= N_IN; i++) {
                const double input = i < N_IN ? get(dtype, x, i * ld + r) : 1;
                set(dtype, grad_theta, i * HIDDEN + o, get(dtype, grad_theta, i * HIDDEN + o) + d * input);
            }
        }
    return HBCD_OK;
}

static int jacobian_of(const world *w, double *out, double *jacobian)
{
    const hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    const hbcd_table y = {out, HBCD_F64, ROWS, 1, sizeof *out, sizeof *out, NULL, NULL, NULL};
    const hbcd_table j = {jacobian, HBCD_F64, ROWS, N_PARAMS, N_PARAMS * sizeof *out, sizeof *out, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_net_jacobian(w->dtype, w->net, &x, &w->start, 1, 1, NULL, &count, &y, &j) == HBCD_OK);
    memory m = borrow(count.used);
    const int status = hbcd_net_jacobian(w->dtype, w->net, &x, &w->start, 1, 1, NULL, &m.arena, &y, &j);
    give_back(&m);
    return status;
}

static void test_the_jacobian_of_a_layer_from_outside(int dtype)
{
    static double out[ROWS], expected[ROWS * N_PARAMS], found[ROWS * N_PARAMS];
    world w;
    int fails_at = 0;
    open_world(&w, dtype, ROWS, 0);
    CHECK(jacobian_of(&w, out, expected) == HBCD_OK);
    w.layers[0].kind = HBCD_LAYER_HOOK;
    w.layers[0].n_params = HOOK_PARAMS;
    w.layers[0].layer_hook = (hbcd_layer_hook){dense_forward, dense_backward, &fails_at};
    w.spec.serial = 1;
    give_back(&w.net_memory);
    make_net(&w);
    CHECK(jacobian_of(&w, out, found) == HBCD_OK);
    for (size_t k = 0; k < ROWS * N_PARAMS; k++) CHECK_NEAR(found[k], expected[k], dtype == HBCD_F32 ? 1e-5 : 1e-13);
    fails_at = 5;
    CHECK(jacobian_of(&w, out, found) == HBCD_ERR_HOOK && fails_at == 0);
    close_world(&w);
}

/* ---- an optimizer ---------------------------------------------------------------------------------------------------- */

enum { LOOKS_NOWHERE, LOOKS_AT_WORSE, MOVES_ON, GIVES_UP, N_MANNERS };

static int sphere(void *self, const void *x, double *f, void *g)
{
    const int dtype = *(const int *)self;
    *f = 0;
    for (size_t k = 0; k < 2; k++) {
        *f += get(dtype, x, k) * get(dtype, x, k) / 2;
        if (g) set(dtype, g, k, get(dtype, x, k));
    }
    return HBCD_OK;
}

static int act(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
               const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const int manner = *(const int *)self;
    const int dtype = objective->dtype;
    double f;
    (void)lo, (void)hi, (void)stop, (void)rng, (void)report;
    if (manner == LOOKS_NOWHERE) return HBCD_STOP_ITERATIONS;
    if (objective->eval(objective->self, x, &f, NULL) != HBCD_OK) return HBCD_ERR_HOOK;
    set(dtype, x, 0, manner == MOVES_ON ? 0.5 : 9);
    if (manner == LOOKS_AT_WORSE && objective->eval(objective->self, x, &f, NULL) != HBCD_OK) return HBCD_ERR_HOOK;
    return manner == GIVES_UP ? HBCD_ERR_HOOK : HBCD_STOP_ITERATIONS;
}

static void test_the_best_point_that_was_seen_is_kept(int dtype)
{
    static const double expected[] = {1, 1, 0.625, 0}; /* from (1, 1) */
    for (int manner = 0; manner < N_MANNERS; manner++) {
        const hbcd_optimizer_hook hook = {act, &manner};
        const hbcd_optimizer_spec spec = {HBCD_HOOK, &hook};
        const hbcd_objective_any any = {dtype, 2, sphere, &dtype, NULL};
        hbcd_arena count = {NULL, 0, 0};
        hbcd_stop stop;
        hbcd_report report;
        vector x;
        hbcd_stop_default(&stop);
        set(dtype, &x, 0, 1), set(dtype, &x, 1, 1);
        CHECK(hbcd_minimize(&spec, &any, NULL, NULL, &x, &stop, NULL, &count, &report) == HBCD_OK);
        memory m = borrow(count.used);
        const int status = hbcd_minimize(&spec, &any, NULL, NULL, &x, &stop, NULL, &m.arena, &report);
        CHECK(status == (manner == GIVES_UP ? HBCD_ERR_HOOK : HBCD_STOP_ITERATIONS));
        if (status > 0) {
            double f;
            sphere(&dtype, &x, &f, NULL);
            CHECK(f == expected[manner] && report.f == f);
        }
        give_back(&m);
    }
}

/* An objective that fails at one of its calls. */
typedef struct fragile {
    int dtype, calls, fails_at, code;
} fragile;

static int fragile_sphere(void *self, const void *x, double *f, void *g)
{
    fragile *o = self;
    if (++o->calls == o->fails_at) return o->code;
    return sphere(&o->dtype, x, f, g);
}

static int look_on(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                   const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    const int looks = *(const int *)self, dtype = objective->dtype;
    double f;
    (void)lo, (void)hi, (void)stop, (void)rng, (void)report;
    for (int k = 0; k < looks; k++) {
        const int status = objective->eval(objective->self, x, &f, NULL);
        if (status != HBCD_OK) return status;
        set(dtype, x, 0, get(dtype, x, 0) + 1);
    }
    return HBCD_STOP_ITERATIONS;
}

/* The last evaluation is that of the point handed back, which nobody else has seen. */
static void test_an_objective_that_fails_under_an_optimizer_from_outside(int dtype)
{
    static const int codes[] = {HBCD_ERR_HOOK, HBCD_STOP_CALLBACK};
    for (int looks = 0; looks < 3; looks++)
        for (int at = 0; at <= looks + 1; at++)
            for (int c = 0; c < 2; c++)
                for (int keep_last = 0; keep_last < 2; keep_last++) {
                    fragile o = {dtype, 0, at, codes[c]};
                    const hbcd_optimizer_hook hook = {look_on, &looks};
                    const hbcd_optimizer_spec spec = {HBCD_HOOK, &hook};
                    const hbcd_objective_any any = {dtype, 2, fragile_sphere, &o, NULL};
                    hbcd_arena count = {NULL, 0, 0};
                    hbcd_stop stop;
                    hbcd_report report;
                    vector x;
                    hbcd_stop_default(&stop);
                    stop.keep_last = keep_last;
                    set(dtype, &x, 0, 1), set(dtype, &x, 1, 1);
                    CHECK(hbcd_minimize(&spec, &any, NULL, NULL, &x, &stop, NULL, &count, &report) == HBCD_OK);
                    memory m = borrow(count.used);
                    const int status = hbcd_minimize(&spec, &any, NULL, NULL, &x, &stop, NULL, &m.arena, &report);
                    give_back(&m);
                    const int fails = at > 0 && codes[c] < 0, stops = at > 0 && at <= looks && codes[c] > 0;
                    CHECK(status == (fails ? HBCD_ERR_HOOK : stops ? HBCD_STOP_CALLBACK : HBCD_STOP_ITERATIONS));
                    if (fails || at > 0) continue;
                    CHECK(get(dtype, &x, 0) == (keep_last ? 1 + looks : 1) && o.calls == looks + 1);
                    CHECK(report.f == (keep_last ? ((1 + looks) * (1 + looks) + 1) / 2.0 : 1));
                }
}

/* ---- a measure ------------------------------------------------------------------------------------------------------- */

/* || g ||_2 of a block, as the core's own has it. */
static int length_of_gradient(void *self, int dtype, size_t n_params, size_t start, size_t stop, const void *theta,
                              const void *gradient, const void *lo, const void *hi, double *value)
{
    int *fails_at = self;
    double square = 0;
    CHECK(n_params == N_PARAMS && theta != NULL && lo != NULL && hi != NULL);
    for (size_t k = start; k < stop; k++) square += get(dtype, gradient, k) * get(dtype, gradient, k);
    *value = sqrt(square);
    return *fails_at > 0 && --*fails_at == 0 ? HBCD_ERR_HOOK : HBCD_OK;
}

static void test_a_measure_from_outside(int dtype)
{
    world w;
    int fails_at = 0;
    open_world(&w, dtype, ROWS, 0);
    const hbcd_sensitivity_spec outside = {HBCD_HOOK, {length_of_gradient, &fails_at, N_PARAMS}};
    hbcd_phase_spec own = phase_of(&w, HBCD_LBFGS, HBCD_MOST_SENSITIVE), other = own;
    own.sensitivity.kind = HBCD_GRADIENT_NORM;
    other.sensitivity = outside;
    own.stop.max_iterations = other.stop.max_iterations = 40;
    run *one = new_run(), *two = new_run(), *failed = new_run();
    CHECK(go(&w, one, 1, &own) > 0 && go(&w, two, 1, &other) == one->report.status);
    CHECK(same(dtype, &one->theta, &two->theta) && one->report.f < one->report.f_start);
    fails_at = 5;
    CHECK(go(&w, failed, 1, &other) == HBCD_ERR_HOOK && fails_at == 0);
    CHECK(failed->report.f == loss_on(&w, w.data, &failed->theta));
    /* Blocks without anything in them. */
    double value = 7;
    vector g;
    memset(&g, 0, sizeof g);
    CHECK(hbcd_sensitivity_measure(dtype, HBCD_RMS_GRADIENT, 3, 3, 1, 1, &w.start, &g, NULL, NULL, &value) == HBCD_OK && value == 0);
    CHECK(hbcd_sensitivity_measure(dtype, HBCD_SCALING_FACTOR, 3, 9, 0, 0, &w.start, &g, NULL, NULL, &value) == HBCD_OK && value == 0);
    CHECK(hbcd_sensitivity_measure(dtype, HBCD_RMS_GRADIENT, 3, 2, 1, 1, &w.start, &g, NULL, NULL, &value) == HBCD_ERR_ARGUMENT);
    free(one), free(two), free(failed);
    close_world(&w);
}

/* ---- an optimizer and what it needs ---------------------------------------------------------------------------------- */

static void test_what_an_optimizer_needs(int dtype)
{
    static const hbcd_lm blocks = {.scope = HBCD_LM_BLOCKS, .mu = 1e-3, .radius = 1};
    static const hbcd_lm projected = {.scope = HBCD_LM_PROJECTED, .mu = 1e-3, .radius = 1};
    static const hbcd_exact_output alone = {.ridge = 1e-8, .inner = -1};
    const struct {
        hbcd_optimizer_spec spec;
        int expected;
    } cases[] = {{{HBCD_LM, &lm_options}, HBCD_ERR_NORMAL},
                 {{HBCD_LM, &blocks}, HBCD_ERR_NORMAL},
                 {{HBCD_LM, &projected}, HBCD_ERR_NORMAL}, /* one block: the joint matrix */
                 {{HBCD_EXACT_OUTPUT, &alone}, HBCD_ERR_OUTPUT},
                 {{HBCD_ICRS, &icrs_options}, HBCD_ERR_ARGUMENT}}; /* a generator */
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const hbcd_optimizer_spec spec = cases[k].spec;
        const hbcd_objective_any any = {dtype, 2, sphere, &dtype, NULL};
        hbcd_arena count = {NULL, 0, 0};
        hbcd_stop stop;
        hbcd_report report;
        vector x, lo, hi;
        hbcd_stop_default(&stop);
        for (size_t i = 0; i < 2; i++) set(dtype, &x, i, 1), set(dtype, &lo, i, -2), set(dtype, &hi, i, 2);
        CHECK(hbcd_minimize(&spec, &any, &lo, &hi, &x, &stop, NULL, &count, &report) == HBCD_OK);
        memory m = borrow(count.used);
        CHECK(hbcd_minimize(&spec, &any, &lo, &hi, &x, &stop, NULL, &m.arena, &report) == cases[k].expected);
        CHECK(get(dtype, &x, 0) == 1 && get(dtype, &x, 1) == 1);
        give_back(&m);
    }
}

/* ---- a selector ------------------------------------------------------------------------------------------------------ */

static int choose(void *self, const hbcd_block_state *about, int *block)
{
    *block = *(const int *)self;
    return about->step < 3 ? *block = 0, HBCD_OK : *block == 1000 ? HBCD_ERR_HOOK : HBCD_OK;
}

static void test_a_block_that_does_not_exist_ends_the_run(int dtype)
{
    const int wrong[] = {-1, N_BLOCKS, 1000};
    world w;
    open_world(&w, dtype, ROWS, 0);
    for (size_t k = 0; k < 3; k++) {
        int block = wrong[k];
        const hbcd_selector selector = {"fixed", choose, &block};
        hbcd_phase_spec phase = phase_of(&w, HBCD_LBFGS, HBCD_FORWARD);
        phase.selector = &selector;
        run *r = new_run();
        CHECK(go(&w, r, 1, &phase) == (block == 1000 ? HBCD_ERR_HOOK : HBCD_ERR_ARGUMENT));
        CHECK(r->report.f <= r->report.f_start && r->report.f == loss_on(&w, w.data, &r->theta));
        free(r);
    }
    close_world(&w);
}

static void test_every_status_has_a_sentence(void)
{
    const char *unknown = hbcd_status_text(1000);
    for (int status = HBCD_ERR_OUTPUT; status <= HBCD_STOP_NOT_FINITE; status++) {
        CHECK(strcmp(hbcd_status_text(status), unknown) != 0);
        for (int other = HBCD_ERR_OUTPUT; other < status; other++)
            CHECK(strcmp(hbcd_status_text(status), hbcd_status_text(other)) != 0);
    }
    CHECK(hbcd_isa_name(-1) == NULL && hbcd_isa_name(1000) == NULL && hbcd_isa_name(HBCD_ISA_BASELINE) != NULL);
    CHECK(hbcd_isa_name(hbcd_isa_detect()) != NULL);
}

int main(void)
{
    test_every_status_has_a_sentence();
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        test_a_loss_from_outside_is_weighted(dtype);
        test_the_jacobian_of_a_layer_from_outside(dtype);
        test_the_best_point_that_was_seen_is_kept(dtype);
        test_an_objective_that_fails_under_an_optimizer_from_outside(dtype);
        test_a_measure_from_outside(dtype);
        test_what_an_optimizer_needs(dtype);
        test_a_block_that_does_not_exist_ends_the_run(dtype);
    }
    CHECK_DONE("test_hooks");
}
