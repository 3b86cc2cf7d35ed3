/* test_train.c: laws of a training run: memory, every optimizer with every selector, block visits, limits, stops. */
#include "train_world.h"

static const int dtypes[] = {HBCD_F32, HBCD_F64};

/* ---- memory ------------------------------------------------------------------------------------------------------ */

enum { LISTS = 6, MOST_PHASES = 4 };

/* Lists of phases with different needs: subsets, growing batches, caches, states of different size. */
static size_t phase_list(const world *w, int list, hbcd_phase_spec phases[MOST_PHASES])
{
    hbcd_phase_spec explore = phase_of(w, HBCD_ICRS, -1), subset = phase_of(w, HBCD_LBFGS, HBCD_MOST_SENSITIVE);
    hbcd_phase_spec shell = batches_of(w, HBCD_LBFGS, HBCD_MOST_SENSITIVE, 93, 5);
    hbcd_phase_spec finish = phase_of(w, HBCD_LBFGS, -1), adam = batches_of(w, HBCD_ADAM, -1, 40, 3);
    hbcd_phase_spec blocks = phase_of(w, HBCD_ICRS, HBCD_FORWARD), bb = batches_of(w, HBCD_BB, HBCD_PING_PONG, 500, 2);
    explore.batch_rows = 93, explore.stop.max_evaluations = 200;
    subset.batch_rows = 130, subset.stop.max_evaluations = 200;
    shell.batch_growth = 2; /* 93, 186, 372, all, all */
    finish.stop.max_iterations = 20;
    blocks.stop.max_evaluations = 300;
    const hbcd_phase_spec lists[LISTS][MOST_PHASES] = {{finish}, {shell}, {adam}, {explore, shell, finish},
                                                       {adam, blocks, subset}, {bb, finish, explore, adam}};
    const size_t lengths[LISTS] = {1, 1, 1, 3, 3, 4};
    memcpy(phases, lists[list], sizeof lists[list]);
    return lengths[list];
}

static void test_a_plan_takes_what_was_measured(int dtype)
{
    for (size_t held_out = 0; held_out <= 700; held_out += 350) /* fewer and more than the training rows */
        for (int list = 0; list < LISTS; list++) {
            world w;
            hbcd_phase_spec phases[MOST_PHASES];
            open_world(&w, dtype, 601, held_out);
            size_t n = phase_list(&w, list, phases);
            run *r = new_run();
            CHECK(go(&w, r, n, phases) > 0); /* checks the memory, too */
            check_best(&w, r);
            CHECK(r->report.f < 0.8 * r->report.f_start);
            size_t seen = 0;
            for (size_t k = 0; k < r->n_lines; k++) seen |= (size_t)1 << r->lines[k].phase;
            CHECK(seen == ((size_t)1 << n) - 1); /* every phase left its mark */

            hbcd_arena count = {NULL, 0, 0};
            void *plan;
            CHECK(hbcd_plan_make(dtype, w.net, w.data, w.held_out, n, phases, 1, &count, &plan) == HBCD_OK);
            for (size_t size = HBCD_ALIGN; size < count.used; size += count.used / 9 / HBCD_ALIGN * HBCD_ALIGN) {
                memory m = borrow(size);
                CHECK(hbcd_plan_make(dtype, w.net, w.data, w.held_out, n, phases, 1, &m.arena, &plan) ==
                      HBCD_ERR_MEMORY);
                CHECK(plan == NULL);
                m.arena.used = m.arena.size;
                give_back(&m);
            }
            free(r);
            close_world(&w);
        }
}

/* Many rows and no batch to draw: nothing that grows as the rows do is taken, or written to. */
static void test_a_plan_on_all_rows_does_not_grow_with_them(int dtype)
{
    size_t used[2];
    for (size_t k = 0; k < 2; k++) {
        world w;
        open_world(&w, dtype, k ? 40000 : 4000, 0);
        hbcd_phase_spec phase = phase_of(&w, HBCD_LBFGS, -1);
        phase.stop.max_iterations = 1;
        hbcd_arena count = {NULL, 0, 0};
        void *plan;
        CHECK(hbcd_plan_make(dtype, w.net, w.data, NULL, 1, &phase, 1, &count, &plan) == HBCD_OK);
        used[k] = count.used;
        run *r = new_run();
        CHECK(go(&w, r, 1, &phase) == HBCD_STOP_ITERATIONS);
        check_best(&w, r);
        free(r);
        close_world(&w);
    }
    const size_t one = (N_PARAMS + 1 + HBCD_ALIGN / sizeof(double)) * sizeof(double); /* one for every doubling of lanes */
    CHECK(used[1] >= used[0] && used[1] <= used[0] + one && used[1] < 40000 * sizeof(uint32_t));
}

/* ---- optimizers and selectors ------------------------------------------------------------------------------------ */

static void test_every_optimizer_trains_with_every_selector(int dtype)
{
    world w;
    open_world(&w, dtype, 300, 0);
    for (int optimizer = 0; optimizer < HBCD_N_OPTIMIZERS; optimizer++)
        for (int selector = -1; selector < HBCD_N_SELECTORS; selector++)
            for (int passes = 0; passes <= 1; passes++) {
                hbcd_phase_spec phase = passes ? batches_of(&w, optimizer, selector, 100, 15)
                                               : phase_of(&w, optimizer, selector);
                phase.stop.max_evaluations = 3000;
                if (optimizer == HBCD_ICRS && selector < 0) { /* enough to narrow its interval on every batch */
                    phase.inner_iterations = 40;
                    phase.stop.max_evaluations = 40000;
                }
                run *r = new_run();
                int status = go(&w, r, 1, &phase);
                double bar = optimizer == HBCD_ICRS || (optimizer == HBCD_ADAM && passes) ? 0.8 : 0.4;
                if (!(status > 0 && r->report.f < bar * r->report.f_start))
                    fprintf(stderr, "optimizer %d, selector %d, passes %d: %g -> %g, status %d\n", optimizer, selector,
                            passes, r->report.f_start, r->report.f, status);
                CHECK(status > 0 && r->report.f < bar * r->report.f_start);
                check_best(&w, r);
                free(r);
            }
    close_world(&w);
}

/* Whatever the optimizer, a visit of a block never ends above where it began, on any batch. */
static void test_a_block_visit_never_increases_its_objective(int dtype)
{
    world w;
    open_world(&w, dtype, 600, 0);
    size_t tried = 0, found = 0; /* by the random search, which often finds nothing: of all its runs together */
    for (int optimizer = 0; optimizer < HBCD_N_OPTIMIZERS; optimizer++)
        for (int selector = 0; selector < HBCD_N_SELECTORS; selector++) {
            hbcd_phase_spec phase = batches_of(&w, optimizer, selector, 80, 6);
            run *r = new_run();
            phase.batch_growth = 1.5;
            CHECK(go(&w, r, 1, &phase) > 0);
            size_t visits = 0, gains = 0;
            for (size_t k = 0; k < r->n_lines; k++)
                if (!r->lines[k].epoch_end) {
                    CHECK(r->lines[k].block >= 0 && r->lines[k].block < N_BLOCKS);
                    CHECK(r->lines[k].loss <= r->lines[k].loss_before);
                    visits++;
                    gains += r->lines[k].loss < r->lines[k].loss_before;
                }
            CHECK(visits >= 20 && (optimizer == HBCD_ICRS || 4 * gains > visits));
            if (optimizer == HBCD_ICRS) tried += visits, found += gains;
            free(r);
        }
    CHECK(4 * found > tried);
    close_world(&w);
}

/* ---- limits and stops -------------------------------------------------------------------------------------------- */

/* Whatever the limit, the best of what was measured comes back.  Evaluations: the value a visit begins with and the
 * measurements at an end may come on top.  Some lists are done before a large limit. */
static void test_limits_are_kept_and_reported(int dtype)
{
    world w;
    hbcd_phase_spec phases[MOST_PHASES];
    open_world(&w, dtype, 601, 0);
    for (int list = 0; list < LISTS; list++) {
        size_t n = phase_list(&w, list, phases);
        for (size_t limit = 1; limit <= 50; limit++) {
            run *r = new_run();
            r->stop.max_evaluations = limit;
            int status = go(&w, r, n, phases);
            size_t used = r->report.n_evaluations;
            CHECK((status == HBCD_STOP_EVALUATIONS && used >= limit) || (limit > 20 && used <= limit));
            CHECK(used <= limit + 3);
            check_best(&w, r);
            r->stop.max_evaluations = SIZE_MAX;
            r->stop.max_iterations = limit;
            r->n_lines = 0;
            status = go(&w, r, n, phases);
            used = r->report.n_iterations;
            CHECK((status == HBCD_STOP_ITERATIONS && used == limit) || (limit > 20 && used <= limit));
            check_best(&w, r);
            free(r);
        }
    }
    close_world(&w);
}

/* A target of the run ends it, a target of a phase ends the phase, on all rows or on its one subset. */
static void test_a_target_ends_a_run_or_a_phase(int dtype)
{
    world w;
    open_world(&w, dtype, 601, 0);
    for (int kind = 0; kind < 4; kind++) {
        hbcd_phase_spec phases[2] = {phase_of(&w, HBCD_LBFGS, kind == 1 ? HBCD_BACKWARD : -1),
                                     phase_of(&w, HBCD_LBFGS, -1)};
        if (kind == 2) phases[0] = batches_of(&w, HBCD_LBFGS, HBCD_RANDOM_BLOCK, 93, 1000);
        if (kind == 3) phases[0] = batches_of(&w, HBCD_BB, -1, 601, 1000);
        run *r = new_run();
        r->stop.target = 0.2;
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_TARGET);
        CHECK(r->report.f <= 0.2 && r->report.f > 0.1 && r->lines[r->n_lines - 1].phase == 0);
        check_best(&w, r);
        r->stop.target = 1e9; /* reached before it began */
        r->n_lines = 0;
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_TARGET && same(dtype, &r->theta, &w.start) && r->n_lines == 0);
        free(r);
    }
    for (int kind = 0; kind < 4; kind++) {
        hbcd_phase_spec phases[2] = {phase_of(&w, HBCD_LBFGS, kind < 2 ? HBCD_BACKWARD : -1),
                                     phase_of(&w, HBCD_ADAM, -1)};
        phases[0].stop.target = 0.2;
        phases[0].batch_rows = kind % 2 ? 0 : 93;
        phases[1].stop.max_iterations = 3;
        run *r = new_run();
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_ITERATIONS);
        size_t last = 0; /* the end of the first phase, and the visit before it */
        while (last < r->n_lines && !r->lines[last].epoch_end) last++;
        CHECK(last >= 1 && last + 1 < r->n_lines && r->lines[last].phase == 0 && r->lines[last + 1].phase == 1);
        CHECK(r->lines[last].status == HBCD_STOP_TARGET && r->lines[last - 1].status == HBCD_STOP_TARGET);
        CHECK(r->lines[last - 1].loss <= 0.2);
        for (size_t k = 0; k + 1 < last; k++) CHECK(r->lines[k].loss > 0.2); /* no visit after it */
        free(r);
    }
    close_world(&w);
}

/* A deadline of the phase lets the next one begin, a deadline of the run ends it. */
static void test_a_deadline_ends_a_phase_or_a_run(int dtype)
{
    world w;
    hbcd_icrs endless = icrs_options;
    open_world(&w, dtype, 601, 0);
    endless.k2 = 0.999999, endless.max_evaluations = SIZE_MAX;
    for (int selector = -1; selector <= 0; selector++) {
        hbcd_phase_spec phases[2] = {phase_of(&w, HBCD_ICRS, selector), phase_of(&w, HBCD_ICRS, selector)};
        phases[0].optimizer.options = phases[1].optimizer.options = &endless;
        phases[0].inner_iterations = phases[1].inner_iterations = 0;
        phases[0].max_seconds = 0.05;
        run *r = new_run();
        r->max_seconds = 0.15;
        double began = hbcd_clock();
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_TIME);
        CHECK(hbcd_clock() - began >= 0.15 && hbcd_clock() - began < 3.0); /* long, for a busy machine */
        CHECK(r->lines[0].phase == 0 && r->lines[r->n_lines - 1].phase == 1);
        check_best(&w, r);
        phases[1].max_seconds = 0.05;
        r->max_seconds = 100;
        r->n_lines = 0;
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_TIME && hbcd_clock() - r->watch.started < 3.0);
        CHECK(r->watch.deadline == r->watch.started + 100); /* as it was handed over */
        phases[1].max_seconds = 50; /* not reached */
        phases[1].stop.max_evaluations = 100;
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_EVALUATIONS && r->watch.deadline == r->watch.started + 100);
        r->max_seconds = 0;
        r->n_lines = 0;
        CHECK(go(&w, r, 2, phases) == HBCD_STOP_TIME);
        check_best(&w, r);
        free(r);
    }
    close_world(&w);
}

/* Wherever the poll ends a run, it ends at once, and theta is the best point measured until then. */
static void test_a_poll_ends_a_run_at_once(int dtype)
{
    const int codes[] = {HBCD_STOP_INTERRUPTED, HBCD_STOP_CALLBACK, HBCD_ERR_HOOK};
    world w;
    hbcd_phase_spec phases[MOST_PHASES];
    open_world(&w, dtype, 1201, 0);
    for (int list = 0; list < LISTS; list++)
        for (size_t c = 0; c < sizeof codes / sizeof *codes; c++) {
            size_t n = phase_list(&w, list, phases);
            run *whole = new_run();
            CHECK(go(&w, whole, n, phases) > 0 && whole->polls >= 50);
            int last = whole->polls < 3000 ? whole->polls : 3000;
            free(whole);
            for (int end_at = 1; end_at <= last; end_at += 1 + end_at / 3) {
                run *r = new_run();
                r->end_at = end_at;
                r->code = codes[c];
                CHECK(go(&w, r, n, phases) == codes[c]);
                CHECK(r->polls == end_at && r->polls_after == 0);
                if (isnan(r->report.f)) CHECK(same(dtype, &r->theta, &w.start) && end_at <= 5); /* 5 tiles: no value */
                else check_best(&w, r);
                free(r);
            }
        }
    close_world(&w);
}

int main(void)
{
    for (int k = 0; k < 2; k++) {
        test_a_plan_takes_what_was_measured(dtypes[k]);
        test_a_plan_on_all_rows_does_not_grow_with_them(dtypes[k]);
        test_every_optimizer_trains_with_every_selector(dtypes[k]);
        test_a_block_visit_never_increases_its_objective(dtypes[k]);
        test_limits_are_kept_and_reported(dtypes[k]);
        test_a_target_ends_a_run_or_a_phase(dtypes[k]);
        test_a_deadline_ends_a_phase_or_a_run(dtypes[k]);
        test_a_poll_ends_a_run_at_once(dtypes[k]);
    }
    CHECK_DONE("test_train");
}
