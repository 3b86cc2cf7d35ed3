/* training.inl: whole training runs like the strategies Hybrid.fast() and Hybrid.paper(). */

enum { TY(N_PHASES) = 3 };

/* explore: random search on one subset; shell: the most sensitive layer, batch by batch; finish: all at once. */
static size_t FN(make_phases)(int fast, const TY(box) *box, hbcd_icrs *search, TY(phase) phases[TY(N_PHASES)])
{
    const TY(sensitivity) *measure = FN(sensitivity_row)(HBCD_PROJECTED_GRADIENT);
    for (size_t p = 0; p < TY(N_PHASES); p++) {
        phases[p] = (TY(phase)){.sensitivity = measure, .batch_growth = 1, .visits_per_batch = 2,
                                .sensitivity_tol = 1e-4, .max_seconds = INFINITY};
        hbcd_stop_default(&phases[p].stop);
    }
    *search = icrs;
    search->tolerance = 1e-4;
    search->max_evaluations = fast ? 1000 : 28100;
    must(FN(optimizer_make)(HBCD_ICRS, search, &phases[0].optimizer));
    must(FN(optimizer_make)(HBCD_LBFGS, &lbfgs, &phases[1].optimizer));
    must(FN(optimizer_make)(HBCD_LBFGS, &lbfgs_finish, &phases[2].optimizer));
    phases[0].batch_rows = phases[1].batch_rows = BATCH;
    phases[0].box = *box;
    phases[1].selector = hbcd_selector_row(HBCD_MOST_SENSITIVE);
    phases[1].batch_growth = fast ? 2 : 1;
    phases[1].inner_iterations = fast ? 3 : 2;
    phases[1].epochs = fast ? 6 : 10;
    phases[2].stop.max_iterations = 500;
    return fast ? 3 : 2;
}

static void FN(train)(TY(bench) *b, TY(plan) *plan, line *l)
{
    enum { REPEATS = 3 };
    hbcd_report report_of_run;
    double sample[REPEATS];
    hbcd_stop_default(&b->stop);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        hbcd_rng rng;
        hbcd_rng_seed(&rng, 4, 0);
        memcpy(b->x, b->start, b->net->n_params * sizeof(REAL));
        double began = hbcd_clock();
        must(FN(plan_train)(plan, b->x, &b->stop, &rng, &report_of_run));
        sample[repeat] = hbcd_clock() - began;
    }
    l->time = timing_of(REPEATS, sample);
    snprintf(l->note, sizeof l->note, "loss %.5f, %zu evaluations, stop %d", report_of_run.f,
             report_of_run.n_evaluations, report_of_run.status);
    report(l);
}

static void FN(bench_training)(int isa, int threads)
{
    for (int fast = 1; fast >= (threads > 1); fast--) { /* the batches of the other are too small for two threads */
        line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = threads};
        snprintf(l.what, sizeof l.what, "a run like %s", fast ? "Hybrid.fast" : "Hybrid.paper");
        if (!wanted(&l)) continue;
        TY(bench) b = FN(make_bench)(10, isa, threads, ROWS);
        const TY(box) box = {b.lo, b.hi};
        TY(phase) phases[TY(N_PHASES)];
        TY(plan) *plan;
        hbcd_icrs search;
        size_t n_phases = FN(make_phases)(fast, &box, &search, phases);
        hbcd_arena count = {NULL, 0, 0};
        must(FN(plan_make)(b.net, &b.data, NULL, n_phases, phases, threads, &count, &plan));
        hbcd_arena arena = borrow(count.used);
        must(FN(plan_make)(b.net, &b.data, NULL, n_phases, phases, threads, &arena, &plan));
        FN(train)(&b, plan, &l);
        free(arena.base);
        FN(free_bench)(&b);
    }
}
