/* test_train_one_rank.c: a run on one rank ends where and how a run without ranks ends: at the time limit of a phase and of
 * the run, when a listener asks for it, when a history cannot be kept. */
#include "train_world.h"

enum { ROWS = 1201 };

typedef struct ears {
    size_t heard, stop_at;
    int code;
    size_t lines, line_fails_at;
    size_t sums, ends_at;      /* the sum that the others end, from 1; 0: none */
    int ending;                /* what they say then, or LOST */
} ears;

enum { LOST = -100 };          /* the others cannot be reached any more */

static int sum_of_one(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root, hbcd_control *control)
{
    ears *e = self;
    if (++e->sums == e->ends_at) {
        if (e->ending == LOST) return HBCD_ERR_MEMORY;
        control->status = e->ending;
        control->over = e->ending > 0;
    }
    return control->status == 0 && n > 0 ? hbcd_add_nodes(n_nodes, nodes, n, root) : HBCD_OK;
}

static int share_of_one(void *self, const void *own, const size_t *bytes, void *all)
{
    (void)self;
    memcpy(all, own, bytes[0]);
    return HBCD_OK;
}

static int listen(run *r, const hbcd_event *event)
{
    ears *e = r->own;
    CHECK(event->line != NULL && event->theta != NULL);
    return ++e->heard == e->stop_at ? e->code : HBCD_OK;
}

static int count_line(run *r, const hbcd_record *line)
{
    ears *e = r->own;
    CHECK(line->phase < 2);
    return ++e->lines == e->line_fails_at ? HBCD_ERR_HOOK : HBCD_OK;
}

/* With the rows in ranges or not. */
static int train(world *w, run *r, ears *e, int ranks, size_t n_phases, const hbcd_phase_spec *phases)
{
    static const size_t first[] = {0, ROWS};
    const hbcd_ranks one = {0, 1, sum_of_one, share_of_one, e};
    const hbcd_range range = {&one, first};
    const hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    const hbcd_table y = {w->y, HBCD_F64, ROWS, 1, sizeof *w->y, sizeof *w->y, NULL, NULL, NULL};
    void *const whole = w->data;
    hbcd_arena count = {NULL, 0, 0};
    r->own = e;
    r->on_event = listen;
    r->on_record = count_line;
    if (!ranks) return go(w, r, n_phases, phases);
    CHECK(hbcd_data_make(w->dtype, &x, &y, NULL, &range, 1, &count, &w->data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(w->dtype, &x, &y, NULL, &range, 1, &m.arena, &w->data) == HBCD_OK);
    const int status = go(w, r, n_phases, phases);
    give_back(&m);
    w->data = whole;
    return status;
}

static void two_phases(const world *w, hbcd_phase_spec *phases)
{
    phases[0] = batches_of(w, HBCD_LBFGS, HBCD_MOST_SENSITIVE, 300, 3);
    phases[1] = batches_of(w, HBCD_ADAM, -1, 300, 2);
}

/* Every listener's answer and every line that cannot be kept, with the point reached until then. */
static void test_listeners_and_histories(world *w)
{
    const int codes[] = {HBCD_STOP_CALLBACK, HBCD_STOP_INTERRUPTED, HBCD_ERR_HOOK};
    hbcd_phase_spec phases[2];
    two_phases(w, phases);
    ears all = {0};
    run *alone = new_run();
    CHECK(train(w, alone, &all, 0, 2, phases) == HBCD_STOP_EPOCHS && all.heard > 20 && all.lines > 10);
    for (size_t at = 0; at < all.heard; at += 1 + at)
        for (size_t c = 0; c < 3; c++)
            for (int lines = 0; lines < 2; lines++) {
                if (lines && (c != 2 || at > all.lines)) continue;
                run *one = new_run(), *other = new_run();
                ears e = {.stop_at = lines ? 0 : at, .code = codes[c], .line_fails_at = lines ? at : 0}, f = e;
                const int expected = at == 0 ? HBCD_STOP_EPOCHS : codes[c];
                CHECK(train(w, one, &e, 0, 2, phases) == expected);
                CHECK(train(w, other, &f, 1, 2, phases) == expected);
                CHECK(same(w->dtype, &one->theta, &other->theta) || expected != HBCD_STOP_EPOCHS);
                CHECK(other->report.f == loss_on(w, w->data, &other->theta) && other->report.f <= other->report.f_start);
                free(one), free(other);
            }
    free(alone);
}

static void test_limits_of_time(world *w)
{
    for (int ranks = 0; ranks < 2; ranks++)
        for (int whole = 0; whole < 2; whole++) {
            hbcd_phase_spec phases[2];
            two_phases(w, phases);
            phases[0] = phase_of(w, HBCD_LBFGS, -1); /* all rows: every evaluation is a sum over ranks */
            ears e = {0};
            run *r = new_run();
            if (whole) r->max_seconds = -1;
            else phases[0].max_seconds = 0;
            CHECK(train(w, r, &e, ranks, 2, phases) == (whole ? HBCD_STOP_TIME : HBCD_STOP_EPOCHS));
            CHECK(whole ? same(w->dtype, &r->theta, &w->start) : r->report.f < r->report.f_start);
            size_t second = 0;
            for (size_t k = 0; k < r->n_lines; k++) second += r->lines[k].phase == 1;
            CHECK((second > 0) == !whole);
            free(r);
        }
}

/* Batches that every rank has whole are trained on without sums: the limit counts at the end of the pass. */
static void test_limits_of_time_on_batches(world *w)
{
    for (int ranks = 0; ranks < 2; ranks++)
        for (int whole = 0; whole < 2; whole++) {
            hbcd_phase_spec phases[2];
            two_phases(w, phases);
            phases[0] = batches_of(w, HBCD_ADAM, -1, 300, 50);
            ears e = {0};
            run *r = new_run();
            if (whole) r->max_seconds = -1;
            else phases[0].max_seconds = 0;
            CHECK(train(w, r, &e, ranks, 2, phases) == (whole ? HBCD_STOP_TIME : HBCD_STOP_EPOCHS));
            size_t first = 0, second = 0;
            for (size_t k = 0; k < r->n_lines; k++) {
                first += r->lines[k].phase == 0 && r->lines[k].epoch_end;
                second += r->lines[k].phase == 1;
            }
            CHECK(first <= 1);
            CHECK((second > 0) == !whole);
            free(r);
        }
}

/* A sum that the others end is the last one where that is an error; what was reached until then is kept. */
static void check_every_sum(world *w, const hbcd_phase_spec *phase)
{
    static const int endings[] = {HBCD_ERR_HOOK, LOST, HBCD_STOP_CALLBACK};
    ears all = {0};
    run *whole = new_run();
    const int status = train(w, whole, &all, 1, 1, phase);
    CHECK(status > 0 && whole->report.f <= whole->report.f_start);
    for (size_t at = 1; at < all.sums; at += 1 + at / 4) {
        ears e = {.ends_at = at, .ending = endings[at % 3]};
        run *r = new_run();
        CHECK(train(w, r, &e, 1, 1, phase) == (e.ending == LOST ? HBCD_ERR_MEMORY : e.ending));
        if (e.ending < 0) CHECK(e.sums <= at + 1); /* they agree once more where a pass was measured */
        CHECK(at == 1 ? isnan(r->report.f) : r->report.f == loss_on(w, w->data, &r->theta));
        if (at == 1) CHECK(same(w->dtype, &r->theta, &w->start));
        else CHECK(r->report.f <= r->report.f_start && r->report.f >= whole->report.f);
        free(r);
    }
    free(whole);
}

static void test_every_sum_may_be_the_last_one(world *w)
{
    static const hbcd_lm scopes[] = {{.scope = HBCD_LM_BLOCKS, .mu = 1e-3, .radius = 1},
                                     {.scope = HBCD_LM_PROJECTED, .mu = 1e-3, .radius = 1, .ridge = 1e-8},
                                     {.scope = HBCD_LM_PROJECTED, .damping = HBCD_LM_TRUST_REGION, .mu = 1e-3, .radius = 1}};
    for (int blocks = 0; blocks < 2; blocks++)
        for (int batches = 0; batches < 2; batches++)
            for (int k = 0; k < HBCD_N_OPTIMIZERS + 3; k++) {
                const int kind = k < HBCD_N_OPTIMIZERS ? k : HBCD_LM, selector = blocks ? HBCD_FORWARD : -1;
                hbcd_phase_spec phase = batches ? batches_of(w, kind, selector, 600, 2) : phase_of(w, kind, selector);
                if (kind != k) phase.optimizer.options = &scopes[k - HBCD_N_OPTIMIZERS];
                if (!batches) phase.stop.max_iterations = 4;
                check_every_sum(w, &phase);
            }
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        test_listeners_and_histories(&w);
        test_limits_of_time(&w);
        test_limits_of_time_on_batches(&w);
        test_every_sum_may_be_the_last_one(&w);
        close_world(&w);
    }
    CHECK_DONE("test_train_one_rank");
}
