/* train.inl: plan_train, the one loop: select a block, bind the objective, minimize, record.  Every part in it is a
 * function pointer and its state. */

#include "training/batches.inl"
#include "training/plan.inl"
#include "training/visit.inl"
#include "training/block_statistics.inl"

/* Of how something ended, and what came back when it was reported, the one that counts: an error, the user's interrupt, a
 * stop that a listener asked for (plan->over is set then), a stop code. */
static int FN(settle)(int status, int answer)
{
    return answer < 0 || (answer > 0 && status != HBCD_STOP_INTERRUPTED) ? answer : status;
}

/* All parameters at once. */
static int FN(solve_joint)(TY(plan) *plan, const TY(data) *rows, double *f)
{
    const TY(phase) *phase = plan->phase;
    int whole = rows == plan->data, passes = phase->epochs > 0;
    if (!whole && !(phase->optimizer.flags & HBCD_OPT_ACROSS_BATCHES)) plan->reset_needed = 1;
    hbcd_report report;
    int answer = FN(notify_begin)(plan, rows->all, -1, NAN, NAN);
    if (answer != 0) return answer;
    int status = FN(visit)(plan, rows, -1, NAN, NULL, &report);
    if (status < 0) return status;
    *f = report.f;
    status = FN(settle)(status, FN(record)(plan, rows->all, -1, &report, report.f_start, NAN));
    int end = FN(ends_phase)(plan, status);
    if (end != 0) return end;
    if (!passes) return status;                                     /* this was the phase */
    return whole && status != HBCD_STOP_ITERATIONS ? status : HBCD_OK; /* solved, or the next pass */
}

static int FN(choose)(TY(plan) *plan, int *block)
{
    hbcd_block_state about = {.n_blocks = plan->net->n_blocks,
                              .sensitivity = plan->sensitivity,
                              .last_visit = plan->last_visit,
                              .statistics = plan->statistics,
                              .tolerance = plan->phase->sensitivity_tol,
                              .last = plan->last_block,
                              .repeats = plan->repeats,
                              .step = plan->visits,
                              .rng = plan->rng};
    HBCD_TRY(plan->phase->selector->next(plan->phase->selector->self, &about, block));
    if (*block < 0 || (size_t)*block >= plan->net->n_blocks) return HBCD_ERR_ARGUMENT;
    plan->repeats = *block == plan->last_block ? plan->repeats + 1 : 1;
    plan->last_block = *block;
    plan->last_visit[*block] = ++plan->visits;
    return HBCD_OK;
}

/* Visits that gain nothing, one after another, end the work on these rows: a converged net in float32, say. */
static int FN(is_idle)(TY(plan) *plan, double f_before, double f)
{
    double scale = fmax(fmax(fabs(f_before), fabs(f)), 1);
    plan->idle = f_before - f > fmax(plan->phase->stop.f_tol, 0) * scale ? 0 : plan->idle + 1;
    return plan->idle >= 2 * plan->net->n_blocks;
}

/* The sensitivity of every block, from plan->gradient at the present point, and whether all are within the tolerance. */
static int FN(is_insensitive)(TY(plan) *plan, int *all)
{
    const TY(phase) *phase = plan->phase;
    HBCD_TRY(FN(net_sensitivities)(plan->net, phase->sensitivity, plan->bound.theta, plan->gradient, &phase->box,
                                   plan->sensitivity));
    double most = 0;
    for (size_t b = 0; b < plan->net->n_blocks; b++) most = fmax(most, fabs(plan->sensitivity[b]));
    *all = most <= phase->sensitivity_tol;
    return HBCD_OK;
}

/* Block by block: the kernel of the hybrid method. */
static int FN(solve_blocks)(TY(plan) *plan, const TY(data) *rows, double *f)
{
    const TY(phase) *phase = plan->phase;
    int last_work = rows == plan->data || phase->epochs == 0; /* solved here means the phase is done */
    plan->idle = 0;
    for (size_t t = 0; phase->epochs == 0 || t < phase->visits_per_batch; t++) {
        int block, solved, status = FN(measure)(plan, rows, f, plan->gradient);
        if (status == 0 && !isfinite(*f)) status = HBCD_STOP_NOT_FINITE;
        if (status == 0) status = FN(is_insensitive)(plan, &solved);
        if (status != 0) return FN(ends_phase)(plan, status);
        if (solved) return last_work ? HBCD_STOP_SENSITIVITY : HBCD_OK;

        FN(statistics_gradients)(plan);
        HBCD_TRY(FN(choose)(plan, &block));
        hbcd_report report;
        double before = *f;
        int answer = FN(notify_begin)(plan, rows->all, block, before, plan->sensitivity[block]);
        if (answer != 0) return answer;
        plan->reset_needed = 1;
        status = FN(visit)(plan, rows, block, before, plan->gradient, &report);
        if (status < 0) return status;
        if (!isnan(report.f)) {
            *f = report.f;
            FN(statistics_learn)(plan, block, before, *f, report.n_evaluations);
        }
        status = FN(settle)(status, FN(record)(plan, rows->all, block, &report, before, plan->sensitivity[block]));
        int end = FN(ends_phase)(plan, status);
        if (end != 0) return end;
        if (FN(is_idle)(plan, before, *f)) return last_work ? HBCD_STOP_NO_PROGRESS : HBCD_OK;
    }
    return HBCD_OK;
}

/* ---- a phase, a run ------------------------------------------------------------------------------------------------ */

/* Writes the history's line of the end of a pass and notifies the listener; 0, its stop code, or an error. */
static int FN(record_epoch)(TY(plan) *plan, const hbcd_record *line, int improved)
{
    hbcd_watch *watch = plan->watch;
    if (watch->record) HBCD_TRY(watch->record(watch->self, line));
    int answer = FN(notify)(plan, HBCD_EVENT_SWEEP_END, line);
    return answer == 0 && improved ? FN(notify)(plan, HBCD_EVENT_IMPROVED, line) : answer;
}

/* What the end of a pass measures at the present point, whatever the time; *solved: the blocks are within the sensitivity
 * tolerance on all rows, where the phase asks for that after batches. */
static int FN(measure_pass)(TY(plan) *plan, int quick, double *loss, double *validation, double *score, int *solved)
{
    const int asked = isnan(*loss) && plan->phase->selector && plan->phase->full_sensitivity;
    const double deadline = plan->watch->deadline;
    plan->bound.team.watch = quick ? NULL : plan->watch;
    plan->watch->deadline = INFINITY;
    int status = FN(keep_best)(plan, asked ? plan->gradient : NULL, loss, validation, score);
    plan->bound.team.watch = plan->watch;
    plan->watch->deadline = deadline;
    if (asked && status == HBCD_OK) status = FN(is_insensitive)(plan, solved);
    return status;
}

/* The end of a pass, or of the phase with `status`: measure, keep the best, one line of history. */
static int FN(end_epoch)(TY(plan) *plan, size_t rows, double loss, int status)
{
    /* A limit may be reached already: this one measurement is still made, unless it takes long and nobody waits. */
    int quick = 2.0 * (double)plan->data->all * (double)plan->net->n_params < 1e9, solved = 0;
    if (isnan(loss) && status == HBCD_STOP_INTERRUPTED && !quick) return status;
    double validation = NAN, score = NAN, best = plan->best_score;
    int measured = FN(measure_pass)(plan, quick, &loss, &validation, &score, &solved);
    if (measured != 0 && measured != HBCD_STOP_TARGET) return FN(ends_phase)(plan, measured);
    if (status != HBCD_STOP_INTERRUPTED && measured == HBCD_STOP_TARGET) status = measured;
    if (status == HBCD_OK && solved) status = HBCD_STOP_SENSITIVITY;
    if (plan->watch->record == NULL && plan->watch->event == NULL) return status;
    hbcd_record line = FN(line)(plan, rows, -1);
    line.epoch_end = 1;
    line.status = status;
    line.loss = loss;
    line.validation = validation;
    if (plan->watch->score) line.score = score;
    int improved = score < best || (isnan(best) && !isnan(score));
    return FN(settle)(status, FN(record_epoch)(plan, &line, improved));
}

/* One pass: every batch once, or the one subset of a phase without passes. */
static int FN(run_epoch)(TY(plan) *plan, size_t batches, size_t rows, double *loss)
{
    const TY(data) *data = plan->data;
    int whole = rows >= data->all, status = HBCD_OK;
    double f = *loss = NAN;
    if (!whole) FN(batches_shuffle)(&plan->batches, plan->rng);
    for (size_t k = 0; k < batches && status == HBCD_OK; k++) {
        size_t begin = k * data->all / batches, end = (k + 1) * data->all / batches;
        if (plan->phase->epochs == 0) begin = 0, end = rows;
        if (!whole && end - begin > plan->batches.room) return HBCD_ERR_MEMORY; /* never, while pow() is monotone */
        if (!whole) {
            status = FN(batch_cut)(&plan->batches, begin, end, plan->net->n_params, &plan->bound.team);
            if (status != 0) return FN(ends_phase)(plan, status);
        }
        const TY(data) *batch = whole ? data : &plan->batches.batch;
        status = plan->phase->selector ? FN(solve_blocks)(plan, batch, &f) : FN(solve_joint)(plan, batch, &f);
    }
    *loss = whole ? f : NAN;
    return status;
}

static int FN(run_phase)(TY(plan) *plan)
{
    const TY(phase) *phase = plan->phase;
    const hbcd_ranks *ranks = plan->data->range.ranks;
    hbcd_watch *watch = plan->watch;
    FN(project)(plan->net->n_params, &phase->box, plan->bound.theta);
    memset(plan->last_visit, 0, plan->net->n_blocks * sizeof *plan->last_visit);
    FN(statistics_begin)(plan);
    plan->phase_evaluations = plan->phase_iterations = plan->visits = plan->repeats = 0;
    plan->run_iterations = FN(length_of_phase)(plan);
    plan->last_block = -1;
    plan->reset_needed = 1;
    watch->deadline = fmin(plan->run_deadline, hbcd_clock() + phase->max_seconds);
    size_t without = 0;
    for (plan->epoch = 0; phase->epochs == 0 || plan->epoch < phase->epochs; plan->epoch++) {
        size_t rows, batches = FN(epoch_batches)(phase, plan->epoch, plan->data->all, &rows);
        double loss, best = plan->best_score;
        watch->progress.epoch = plan->epoch;
        int status = FN(run_epoch)(plan, batches, rows, &loss);
        if (status < 0) return status;
        status = FN(end_epoch)(plan, rows, loss, status);
        /* Batches that every rank has whole are trained on without a word, and the sum over the pass waits with limits of time. */
        if (status == 0 && ranks != NULL && rows < plan->data->all)
            status = FN(ends_phase)(plan, hbcd_ranks_agree(ranks, watch, HBCD_OK));
        if (status != 0) return status;
        if (phase->epochs == 0) return HBCD_STOP_EPOCHS;
        int better = best - plan->best_score > fmax(phase->stop.f_tol, 0) * fmax(fabs(best), 1) || isnan(best);
        without = better ? 0 : without + 1;
        if (phase->optimizer.flags & HBCD_OPT_SCHEDULED) continue; /* its gain may come at the end */
        if ((rows < plan->data->all || plan->held_out) && without >= watch->patience) return HBCD_STOP_NO_PROGRESS;
    }
    return HBCD_STOP_EPOCHS;
}

/* How a run on several ranks ended: an error that the others do not know of yet, a stop that came with the last event. */
static int FN(agree)(const TY(plan) *plan, int status)
{
    const hbcd_ranks *ranks = plan->data->range.ranks;
    if (ranks == NULL || (status < 0 && plan->watch->told)) return status;
    int end = hbcd_ranks_agree(ranks, plan->watch, status < 0 ? status : HBCD_OK);
    if (status < 0 || end == HBCD_OK || end == HBCD_STOP_TIME) return status;
    return end;
}

int FN(plan_train)(TY(plan) *plan, REAL *theta, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    size_t n = plan->net->n_params;
    hbcd_watch idle, *watch = stop->watch;
    if (watch == NULL) hbcd_watch_start(watch = &idle, INFINITY);
    plan->stop = stop;
    plan->watch = plan->bound.team.watch = watch;
    watch->ranks = plan->data->range.ranks;
    watch->last = watch->deadline;
    plan->rng = rng;
    plan->best_score = plan->best_loss = NAN;
    plan->run_deadline = watch->deadline;
    plan->n_evaluations = plan->n_iterations = plan->step = 0;
    plan->over = 0;
    plan->phase = NULL;
    FN(batches_begin)(&plan->batches);
    hbcd_report_start(report);
    FN(copy)(n, theta, plan->bound.theta);
    FN(copy)(n, theta, plan->best);
    double loss = NAN, validation, score;
    watch->deadline = INFINITY; /* the start is measured, however little time there is */
    int status = FN(keep_best)(plan, NULL, &loss, &validation, &score);
    watch->deadline = plan->run_deadline;
    report->f_start = loss;
    for (size_t p = 0; p < plan->n_phases && status >= 0 && !plan->over; p++) {
        if (status == HBCD_STOP_INTERRUPTED || status == HBCD_STOP_CALLBACK) break;
        plan->phase = &plan->phases[p];
        plan->phase_index = watch->progress.phase = p;
        status = FN(run_phase)(plan);
        FN(copy)(n, plan->best, plan->bound.theta); /* the next phase starts from the best */
    }
    FN(copy)(n, plan->best, theta);
    watch->deadline = plan->run_deadline;
    status = FN(agree)(plan, status);
    report->status = status;
    report->f = plan->best_loss;
    report->n_evaluations = plan->n_evaluations;
    report->n_iterations = plan->n_iterations;
    return status;
}
