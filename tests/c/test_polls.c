/* test_polls.c: whoever watches a run may end it at any look: within an evaluation, a matrix, a factorization, between steps.
 * The run ends there, with the best point until then. */
#include "train_world.h"

enum { ROWS = 700 };

static void check_every_look(const world *w, const hbcd_phase_spec *phase)
{
    static const int codes[] = {HBCD_STOP_INTERRUPTED, HBCD_ERR_HOOK, HBCD_STOP_CALLBACK};
    run *whole = new_run();
    CHECK(go(w, whole, 1, phase) > 0 && whole->report.f < whole->report.f_start);
    for (int at = 1; at < whole->polls; at += 1 + at / 12) {
        run *r = new_run();
        r->end_at = at;
        r->code = codes[at % 3];
        CHECK(go(w, r, 1, phase) == r->code);
        if (r->code < 0) CHECK(r->polls_after == 0);
        if (!isnan(r->report.f)) CHECK(r->report.f == loss_on(w, w->data, &r->theta) && r->report.f <= r->report.f_start);
        CHECK(r->polls <= whole->polls + 1 && (at > 1 || same(w->dtype, &r->theta, &w->start)));
        free(r);
    }
    free(whole);
}

int main(void)
{
    static const hbcd_lm lm[] = {{.scope = HBCD_LM_JOINT, .mu = 1e-3, .radius = 1},
                                 {.scope = HBCD_LM_JOINT, .damping = HBCD_LM_TRUST_REGION, .mu = 1e-3, .radius = 1},
                                 {.scope = HBCD_LM_BLOCKS, .mu = 1e-3, .radius = 1},
                                 {.scope = HBCD_LM_PROJECTED, .mu = 1e-3, .radius = 1, .ridge = 1e-8},
                                 {.scope = HBCD_LM_PROJECTED, .damping = HBCD_LM_TRUST_REGION, .mu = 1e-3, .radius = 1}};
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        for (size_t k = 0; k < sizeof lm / sizeof *lm; k++) {
            hbcd_phase_spec phase = phase_of(&w, HBCD_LM, -1);
            phase.optimizer.options = &lm[k];
            phase.stop.max_iterations = 4;
            check_every_look(&w, &phase);
        }
        const int kinds[] = {HBCD_EXACT_OUTPUT, HBCD_BFGS, HBCD_ICRS};
        for (size_t k = 0; k < 3; k++) {
            hbcd_phase_spec phase = phase_of(&w, kinds[k], HBCD_BACKWARD);
            phase.stop.max_iterations = 12;
            check_every_look(&w, &phase);
        }
        close_world(&w);
    }
    CHECK_DONE("test_polls");
}
