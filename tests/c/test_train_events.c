/* test_train_events.c: laws of what a watch hears between two calls of an optimizer, and of the score it may give. */
#include "train_world.h"

static const int dtypes[] = {HBCD_F32, HBCD_F64};

/* What was heard, checked as it comes. */
typedef struct heard {
    const world *w;
    size_t counts[4], n;
    int open;               /* a visit has begun and not ended */
    int improves;           /* the sweep that has just ended found a better point */
    double best;
    size_t stop_at;         /* the event of this number, from 1, answers `code` */
    int code;
    size_t after;           /* events after that one */
} heard;

static int listen(run *r, const hbcd_event *event)
{
    heard *h = r->own;
    const hbcd_record *line = event->line;
    int dtype = h->w->dtype;
    h->counts[event->kind]++;
    if (h->stop_at && h->n >= h->stop_at) h->after++;
    h->n++;
    CHECK(line->phase < 2 && line->seconds >= 0);
    if (event->kind == HBCD_EVENT_BLOCK_BEGIN) CHECK(!h->open);
    if (event->kind == HBCD_EVENT_BLOCK_END) CHECK(h->open);
    h->open = event->kind == HBCD_EVENT_BLOCK_BEGIN;
    if (event->kind == HBCD_EVENT_SWEEP_END) {
        CHECK(line->epoch_end && line->loss == loss_on(h->w, h->w->data, event->theta));
        if (h->w->held_out) CHECK(line->validation == loss_on(h->w, h->w->held_out, event->theta));
    }
    /* A better best is told of right after the sweep that found it, and at no other time. */
    CHECK((event->kind == HBCD_EVENT_IMPROVED) == h->improves);
    if (event->kind == HBCD_EVENT_IMPROVED) CHECK(same(dtype, event->theta, event->best_theta));
    h->improves = event->best < h->best;
    CHECK(!h->improves || event->kind == HBCD_EVENT_SWEEP_END);
    CHECK(!(event->best > h->best));
    h->best = event->best;
    return h->stop_at && h->n == h->stop_at ? h->code : HBCD_OK;
}

/* Two phases that use everything: blocks on batches, then all parameters on all rows. */
static void two_phases(const world *w, hbcd_phase_spec *phases)
{
    phases[0] = batches_of(w, HBCD_LBFGS, HBCD_MOST_SENSITIVE, 100, 4);
    phases[1] = batches_of(w, HBCD_LBFGS, -1, 0, 6);
}

static void test_every_line_of_the_history_is_told_and_changes_nothing(int dtype, size_t held_out)
{
    world w;
    open_world(&w, dtype, 300, held_out);
    hbcd_phase_spec phases[2];
    two_phases(&w, phases);
    run *alone = new_run(), *r = new_run();
    CHECK(go(&w, alone, 2, phases) > 0);
    heard h = {.w = &w, .best = NAN};
    r->on_event = listen;
    r->own = &h;
    CHECK(go(&w, r, 2, phases) == alone->report.status);
    CHECK(same(dtype, &alone->theta, &r->theta) && alone->report.n_evaluations == r->report.n_evaluations);
    CHECK(alone->n_lines == r->n_lines);
    CHECK(h.counts[HBCD_EVENT_BLOCK_END] + h.counts[HBCD_EVENT_SWEEP_END] == r->n_lines);
    CHECK(h.counts[HBCD_EVENT_BLOCK_BEGIN] == h.counts[HBCD_EVENT_BLOCK_END]);
    CHECK(h.counts[HBCD_EVENT_IMPROVED] > 0 && h.counts[HBCD_EVENT_SWEEP_END] >= 5);
    free(alone);
    free(r);
    close_world(&w);
}

/* Whatever the event at which somebody asks for the end, that is the last one but for the last line of the history,
 * and what is kept is the best measured. */
static void test_a_stop_at_any_event_ends_the_run_with_the_best(int dtype)
{
    world w;
    open_world(&w, dtype, 300, 0);
    hbcd_phase_spec phases[2];
    two_phases(&w, phases);
    for (size_t at = 1; at <= 40; at++) {
        run *r = new_run();
        heard h = {.w = &w, .best = NAN, .stop_at = at, .code = HBCD_STOP_CALLBACK};
        r->on_event = listen;
        r->own = &h;
        int status = go(&w, r, 2, phases);
        CHECK(h.n < at || (status == HBCD_STOP_CALLBACK && h.after <= 2));
        check_best(&w, r);
        free(r);
    }
    for (size_t at = 1; at <= 40; at++) {
        run *r = new_run();
        heard h = {.w = &w, .best = NAN, .stop_at = at, .code = HBCD_ERR_HOOK};
        r->on_event = listen;
        r->own = &h;
        int status = go(&w, r, 2, phases);
        CHECK(h.n < at || (status == HBCD_ERR_HOOK && h.after == 0));
        CHECK(r->report.f == loss_on(&w, w.data, &r->theta) && r->report.f <= r->report.f_start);
        free(r);
    }
    close_world(&w);
}

/* ---- scores ---------------------------------------------------------------------------------------------------- */

/* Distance of the first parameter from 0.3: nothing that a loss has to do with. */
static int first_parameter(void *self, const void *theta, double *score)
{
    run *r = self;
    const world *w = r->own;
    *score = fabs(get(w->dtype, theta, 0) - 0.3);
    return HBCD_OK;
}

static int no_score(void *self, const void *theta, double *score)
{
    (void)self, (void)theta, (void)score;
    return HBCD_ERR_HOOK;
}

static void test_what_is_kept_has_the_least_score(int dtype)
{
    world w;
    open_world(&w, dtype, 300, 100);
    hbcd_phase_spec phases[2];
    two_phases(&w, phases);
    run *r = new_run();
    r->own = &w;
    r->score = first_parameter;
    r->patience = SIZE_MAX;
    CHECK(go(&w, r, 2, phases) > 0);
    double least = fabs(get(dtype, &w.start, 0) - 0.3);
    size_t sweeps = 0;
    for (size_t k = 0; k < r->n_lines; k++) {
        const hbcd_record *line = &r->lines[k];
        CHECK(isnan(line->score) == !line->epoch_end);
        sweeps += line->epoch_end != 0;
        if (line->epoch_end) least = fmin(least, line->score);
    }
    CHECK(sweeps >= 5);
    CHECK(fabs(get(dtype, &r->theta, 0) - 0.3) == least);
    CHECK(r->report.f == loss_on(&w, w.data, &r->theta));
    r->score = no_score;
    r->n_lines = 0;
    CHECK(go(&w, r, 2, phases) == HBCD_ERR_HOOK && same(dtype, &r->theta, &w.start));
    free(r);
    close_world(&w);
}

static void test_patience_is_the_number_of_passes_without_a_better_score(int dtype)
{
    world w;
    open_world(&w, dtype, 300, 100);
    hbcd_phase_spec phase = batches_of(&w, HBCD_ADAM, -1, 100, 60);
    for (size_t patience = 1; patience <= 12; patience += 11) {
        run *r = new_run();
        r->own = &w;
        r->score = first_parameter;
        r->patience = patience;
        int status = go(&w, r, 1, &phase);
        double best = fabs(get(dtype, &w.start, 0) - 0.3);
        size_t without = 0;
        for (size_t k = 0; k < r->n_lines; k++) {
            const hbcd_record *line = &r->lines[k];
            if (!line->epoch_end) continue;
            CHECK(without < patience);
            without = best - line->score > 1e-9 ? 0 : without + 1;
            best = fmin(best, line->score);
        }
        CHECK(status == (without == patience ? HBCD_STOP_NO_PROGRESS : HBCD_STOP_EPOCHS));
        CHECK(patience > 1 || status == HBCD_STOP_NO_PROGRESS);
        free(r);
    }
    close_world(&w);
}

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_every_line_of_the_history_is_told_and_changes_nothing(dtypes[k], 0);
        test_every_line_of_the_history_is_told_and_changes_nothing(dtypes[k], 100);
        test_a_stop_at_any_event_ends_the_run_with_the_best(dtypes[k]);
        test_what_is_kept_has_the_least_score(dtypes[k]);
        test_patience_is_the_number_of_passes_without_a_better_score(dtypes[k]);
    }
    CHECK_DONE("test_train_events");
}
