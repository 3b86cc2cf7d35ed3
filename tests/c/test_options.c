/* test_options.c: every option of every optimizer: outside its range it is refused, inside it trains, also with a penalty
 * and with weights drawn to others. */
#include <stddef.h>

#include "train_world.h"

enum { ROWS = 300 };

static const double wrong_numbers[] = {NAN, -1, -1e-300, INFINITY, -INFINITY};

static int try_plan(const world *w, int kind, const void *options)
{
    hbcd_phase_spec phase = phase_of(w, HBCD_ADAM, -1);
    void *plan;
    hbcd_arena count = {NULL, 0, 0};
    phase.optimizer = (hbcd_optimizer_spec){kind, options};
    return hbcd_plan_make(w->dtype, w->net, w->data, NULL, 1, &phase, 1, &count, &plan);
}

/* `good` with one field, a number at `offset`, set to what it may not be. */
static void refuse_number(const world *w, int kind, const void *good, size_t size, size_t offset, double value)
{
    union {
        unsigned char bytes[256];
        double align;
    } room;
    CHECK(size <= sizeof room);
    memcpy(&room, good, size);
    memcpy(room.bytes + offset, &value, sizeof value);
    CHECK(try_plan(w, kind, &room) == HBCD_ERR_ARGUMENT);
}

#define REFUSE(kind, good, field, value) refuse_number(w, kind, &(good), sizeof(good), offsetof(__typeof__(good), field), value)
#define REFUSE_WRONG(kind, good, field)                                                                                \
    for (int k = 0; k < 5; k++) REFUSE(kind, good, field, wrong_numbers[k])
/* The same for a field that is counted. */
#define REFUSE_COUNT(kind, type, good, field, value)                                                                   \
    do {                                                                                                               \
        type changed = good;                                                                                           \
        changed.field = value;                                                                                         \
        CHECK(try_plan(w, kind, &changed) == HBCD_ERR_ARGUMENT);                                                       \
    } while (0)

static void test_numbers_outside_their_range(const world *w)
{
    REFUSE_WRONG(HBCD_ADAM, adam_options, learning_rate);
    REFUSE_WRONG(HBCD_ADAM, adam_options, beta1);
    REFUSE_WRONG(HBCD_ADAM, adam_options, beta2);
    REFUSE_WRONG(HBCD_ADAM, adam_options, epsilon);
    REFUSE(HBCD_ADAM, adam_options, beta1, 1);
    REFUSE(HBCD_ADAM, adam_options, beta2, 1);
    REFUSE_WRONG(HBCD_LBFGS, lbfgs_options, armijo);
    REFUSE_WRONG(HBCD_LBFGS, lbfgs_options, wolfe);
    REFUSE(HBCD_LBFGS, lbfgs_options, wolfe, 1);
    REFUSE_WRONG(HBCD_BB, bb_options, armijo);
    REFUSE_WRONG(HBCD_BB, bb_options, step_min);
    REFUSE_WRONG(HBCD_BB, bb_options, step_max);
    REFUSE_WRONG(HBCD_BB, bb_options, tau);
    REFUSE(HBCD_BB, bb_options, armijo, 1);
    REFUSE_WRONG(HBCD_ICRS, icrs_options, k1);
    REFUSE_WRONG(HBCD_ICRS, icrs_options, k2);
    REFUSE_WRONG(HBCD_ICRS, icrs_options, failures_per_parameter);
    REFUSE_WRONG(HBCD_ICRS, icrs_options, tolerance);
    REFUSE_WRONG(HBCD_ICRS, icrs_options, floor);
    REFUSE(HBCD_ICRS, icrs_options, k2, 1);
    REFUSE(HBCD_ICRS, icrs_options, floor, 1);
    REFUSE_WRONG(HBCD_BFGS, bfgs_options, armijo);
    REFUSE_WRONG(HBCD_BFGS, bfgs_options, wolfe);
    REFUSE(HBCD_BFGS, bfgs_options, wolfe, 1);
    REFUSE_WRONG(HBCD_LM, lm_options, mu);
    REFUSE_WRONG(HBCD_LM, lm_options, radius);
    REFUSE_WRONG(HBCD_LM, lm_options, ridge);
    REFUSE_WRONG(HBCD_EXACT_OUTPUT, exact_options, ridge);
}

static void test_choices_outside_their_range(const world *w)
{
    for (int bad = -1; bad <= 100; bad += 101) {
        REFUSE_COUNT(HBCD_ADAM, hbcd_adam, adam_options, schedule, bad);
        REFUSE_COUNT(HBCD_LBFGS, hbcd_lbfgs, lbfgs_options, damping, bad);
        REFUSE_COUNT(HBCD_BB, hbcd_bb, bb_options, step, bad);
        REFUSE_COUNT(HBCD_BFGS, hbcd_bfgs, bfgs_options, scaling, bad);
        REFUSE_COUNT(HBCD_LM, hbcd_lm, lm_options, scope, bad);
        REFUSE_COUNT(HBCD_LM, hbcd_lm, lm_options, damping, bad);
        CHECK(try_plan(w, bad == -1 ? -2 : bad, &adam_options) == HBCD_ERR_ARGUMENT);
    }
    REFUSE_COUNT(HBCD_LBFGS, hbcd_lbfgs, lbfgs_options, memory, 0);
    REFUSE_COUNT(HBCD_LBFGS, hbcd_lbfgs, lbfgs_options, memory, 10001);
    REFUSE_COUNT(HBCD_LBFGS, hbcd_lbfgs, lbfgs_options, max_line_search, 0);
    REFUSE_COUNT(HBCD_BFGS, hbcd_bfgs, bfgs_options, max_line_search, 0);
    REFUSE_COUNT(HBCD_BB, hbcd_bb, bb_options, history, 0);
    REFUSE_COUNT(HBCD_BB, hbcd_bb, bb_options, abb_memory, 0);
    REFUSE_COUNT(HBCD_EXACT_OUTPUT, hbcd_exact_output, exact_options, inner, HBCD_EXACT_OUTPUT);
    REFUSE_COUNT(HBCD_EXACT_OUTPUT, hbcd_exact_output, exact_options, inner, 100);
    REFUSE_COUNT(HBCD_EXACT_OUTPUT, hbcd_exact_output, exact_options, inner_options, NULL);
}

/* Trains twice: the same bits, the best point, inside the box, and better than the start. */
static void try_training(const world *w, hbcd_optimizer_spec optimizer, int selector, size_t batch)
{
    hbcd_phase_spec phase = batch ? batches_of(w, optimizer.kind, selector, batch, 3) : phase_of(w, optimizer.kind, selector);
    phase.optimizer = optimizer;
    phase.stop.max_iterations = 40;
    if (selector >= 0) phase.epochs = 2;
    run *r = new_run(), *again = new_run();
    const int status = go(w, r, 1, &phase);
    CHECK(status >= 0 || status == HBCD_ERR_OUTPUT || status == HBCD_ERR_NORMAL || status == HBCD_ERR_ARGUMENT);
    if (status >= 0) {
        check_best(w, r);
        CHECK(r->report.f < r->report.f_start || optimizer.kind == HBCD_ICRS); /* a search may draw nothing better */
        CHECK(go(w, again, 1, &phase) == status && same(w->dtype, &again->theta, &r->theta));
        for (size_t k = 0; k < N_PARAMS; k++) CHECK(fabs(get(w->dtype, &r->theta, k)) <= 4);
    }
    free(r), free(again);
}

static void try_everywhere(const world *w, int kind, const void *options)
{
    const hbcd_optimizer_spec optimizer = {kind, options};
    CHECK(try_plan(w, kind, options) == HBCD_OK);
    try_training(w, optimizer, -1, 0);
    try_training(w, optimizer, -1, 128);
    try_training(w, optimizer, HBCD_MOST_SENSITIVE, 128);
}

static void test_every_choice_trains(const world *w)
{
    for (int scope = HBCD_LM_JOINT; scope <= HBCD_LM_PROJECTED; scope++)
        for (int damping = HBCD_LM_NIELSEN; damping <= HBCD_LM_TRUST_REGION; damping++) {
            const hbcd_lm options = {.scope = scope, .damping = damping, .mu = 1e-3, .radius = 1, .ridge = 1e-8};
            try_everywhere(w, HBCD_LM, &options);
        }
    for (int step = HBCD_BB1; step <= HBCD_ABBMIN; step++) {
        hbcd_bb options = bb_options;
        options.step = step;
        try_everywhere(w, HBCD_BB, &options);
    }
    for (int scaling = HBCD_BFGS_FIRST; scaling <= HBCD_BFGS_OREN_LUENBERGER; scaling++) {
        hbcd_bfgs options = bfgs_options;
        options.scaling = scaling;
        try_everywhere(w, HBCD_BFGS, &options);
    }
    for (int k = 0; k < 2; k++) {
        hbcd_adam adam = adam_options;
        hbcd_lbfgs lbfgs = lbfgs_options;
        hbcd_icrs icrs = icrs_options;
        adam.schedule = k, lbfgs.damping = k, icrs.cumulative = k, icrs.reset_width = 1, icrs.max_failures = k ? 5 : 0;
        lbfgs.memory = 3;
        try_everywhere(w, HBCD_ADAM, &adam);
        try_everywhere(w, HBCD_LBFGS, &lbfgs);
        try_everywhere(w, HBCD_ICRS, &icrs);
    }
    for (int inner = -1; inner < HBCD_EXACT_OUTPUT; inner++) {
        const hbcd_exact_output options = {.ridge = 1e-8, .inner = inner,
                                           .inner_options = inner < 0 ? NULL : optimizer_spec(inner).options};
        const hbcd_optimizer_spec optimizer = {HBCD_EXACT_OUTPUT, &options};
        CHECK(try_plan(w, HBCD_EXACT_OUTPUT, &options) == HBCD_OK);
        try_training(w, optimizer, HBCD_MOST_SENSITIVE, 128);
        try_training(w, optimizer, HBCD_MOST_SENSITIVE, 0);
    }
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++)
        for (int penalty = 0; penalty < 3; penalty++) {
            world w;
            vector center;
            open_world(&w, dtype, ROWS, 0);
            for (size_t k = 0; k < N_PARAMS; k++) set(dtype, &center, k, 0.1 * (double)(k % 3));
            if (penalty) hbcd_data_set_penalty(dtype, w.data, 1e-3);
            if (penalty == 2) hbcd_data_set_center(dtype, w.data, &center, N_PARAMS);
            if (penalty == 0) test_numbers_outside_their_range(&w);
            if (penalty == 0) test_choices_outside_their_range(&w);
            test_every_choice_trains(&w);
            close_world(&w);
        }
    CHECK_DONE("test_options");
}
