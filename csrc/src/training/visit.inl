/* visit.inl: values of the whole, limits, and one call of an optimizer.  Part of train.c. */

/* ---- values of the whole ------------------------------------------------------------------------------------ */

static void FN(count)(TY(plan) *plan, size_t evaluations, size_t iterations)
{
    plan->n_evaluations += evaluations;
    plan->phase_evaluations += evaluations;
    plan->n_iterations += iterations;
    plan->phase_iterations += iterations;
    plan->watch->progress.n_evaluations = plan->n_evaluations;
    plan->watch->progress.n_iterations = plan->n_iterations;
}

/* f, and g unless NULL, of all parameters on some rows at the present point. */
static int FN(measure)(TY(plan) *plan, const TY(data) *data, double *f, REAL *g)
{
    HBCD_TRY(FN(objective_bind)(&plan->bound, data, -1));
    TY(objective) whole = FN(objective_of)(&plan->bound);
    FN(copy)(whole.n, plan->bound.theta, plan->point);
    FN(count)(plan, 1, 0);
    return whole.eval(whole.self, plan->point, f, g);
}

/* Keeps the present point if it is the best measured so far, by what the watch makes of the loss on held-out rows where
 * there are any, else of the loss on all training rows.  *loss: NaN asks for it to be measured, with its gradient (n_params)
 * unless that is NULL. */
static int FN(keep_best)(TY(plan) *plan, REAL *gradient, double *loss, double *validation, double *score)
{
    hbcd_watch *watch = plan->watch;
    int status = 0;
    *validation = NAN;
    if (isnan(*loss)) status = FN(measure)(plan, plan->data, loss, gradient);
    if (status == 0 && plan->held_out) status = FN(measure)(plan, plan->held_out, validation, NULL);
    if (status != 0) return status;
    *score = plan->held_out ? *validation : *loss;
    if (watch->score) HBCD_TRY(watch->score(watch->self, plan->bound.theta, score));
    if (*score < plan->best_score || (isnan(plan->best_score) && !isnan(*score))) {
        FN(copy)(plan->net->n_params, plan->bound.theta, plan->best);
        plan->best_score = *score;
        plan->best_loss = *loss;
        watch->progress.best = *score;
    }
    plan->over |= *loss <= plan->stop->target;
    return *loss <= plan->stop->target ? HBCD_STOP_TARGET : HBCD_OK;
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

static size_t FN(left)(size_t limit, size_t used) { return limit == SIZE_MAX ? limit : used < limit ? limit - used : 0; }
static size_t FN(smaller)(size_t a, size_t b) { return a < b ? a : b; }

/* Iterations that the phase that begins can make: those planned, or fewer where limits leave fewer. */
static size_t FN(length_of_phase)(const TY(plan) *plan)
{
    if (!(plan->phase->optimizer.flags & HBCD_OPT_SCHEDULED)) return 0;
    const size_t most = FN(smaller)(plan->phase->stop.max_iterations,
                                    FN(left)(plan->stop->max_iterations, plan->n_iterations));
    return FN(smaller)(most, FN(phase_length)(plan->phase, plan->data->all));
}

/* Whether limits of the run or of the phase are used up. */
static int FN(spent)(TY(plan) *plan)
{
    const hbcd_stop *run = plan->stop, *phase = &plan->phase->stop;
    plan->over |= plan->n_evaluations >= run->max_evaluations || plan->n_iterations >= run->max_iterations;
    if (plan->n_evaluations >= run->max_evaluations || plan->phase_evaluations >= phase->max_evaluations)
        return HBCD_STOP_EVALUATIONS;
    if (plan->n_iterations >= run->max_iterations || plan->phase_iterations >= phase->max_iterations)
        return HBCD_STOP_ITERATIONS;
    return HBCD_OK;
}

/* Whether what an optimizer or an evaluation returned ends the phase (nonzero), and perhaps the run. */
static int FN(ends_phase)(TY(plan) *plan, int status)
{
    if (status > 0 && plan->watch->ranks) plan->over |= plan->watch->over;
    if (status < 0 || plan->over) return status; /* over: a listener asked for a stop */
    if (status == HBCD_STOP_INTERRUPTED || status == HBCD_STOP_CALLBACK) {
        plan->over = 1;
        return status;
    }
    if (status == HBCD_STOP_TIME) {
        plan->watch->deadline = plan->run_deadline;
        plan->over |= plan->watch->ranks ? plan->watch->over : hbcd_clock() >= plan->run_deadline;
        return status;
    }
    if (status == HBCD_STOP_NOT_FINITE || status == HBCD_STOP_TARGET) return status;
    return FN(spent)(plan);
}

/* The limits of one visit: tolerances of the phase, what is left of every budget. */
static hbcd_stop FN(visit_stop)(const TY(plan) *plan, const TY(data) *rows, int joint)
{
    const hbcd_stop *run = plan->stop, *phase = &plan->phase->stop;
    const size_t inner = plan->phase->inner_iterations ? plan->phase->inner_iterations : SIZE_MAX;
    int whole = rows == plan->data, passes = plan->phase->epochs > 0;
    hbcd_stop stop = *phase;
    stop.watch = plan->watch;
    stop.max_evaluations = FN(smaller)(FN(left)(run->max_evaluations, plan->n_evaluations),
                                       FN(left)(phase->max_evaluations, plan->phase_evaluations));
    stop.max_iterations = FN(smaller)(inner, FN(smaller)(FN(left)(run->max_iterations, plan->n_iterations),
                                                         FN(left)(phase->max_iterations, plan->phase_iterations)));
    if (whole && run->target > stop.target) stop.target = run->target;
    if (!whole && passes) stop.target = -INFINITY; /* one batch of many says nothing about the target */
    stop.run_iterations = plan->run_iterations;
    stop.iterations_before = plan->phase_iterations;
    stop.keep_last = joint && passes && !whole && (plan->phase->optimizer.flags & HBCD_OPT_ACROSS_BATCHES);
    return stop;
}

/* ---- one visit --------------------------------------------------------------------------------------------------- */

/* A line of the history about `rows`, without what only a visit or the end of a pass knows. */
static hbcd_record FN(line)(const TY(plan) *plan, size_t rows, int block)
{
    return (hbcd_record){.step = plan->step,
                         .phase = plan->phase_index,
                         .epoch = plan->epoch,
                         .rows = rows,
                         .n_evaluations = plan->n_evaluations,
                         .n_iterations = plan->n_iterations,
                         .block = block,
                         .loss_before = NAN,
                         .loss = NAN,
                         .validation = NAN,
                         .score = NAN,
                         .sensitivity = NAN,
                         .seconds = hbcd_clock() - plan->watch->started};
}

/* Calls the listener, if there is one; a stop code that comes back ends the run. */
static int FN(notify)(TY(plan) *plan, int kind, const hbcd_record *line)
{
    hbcd_watch *watch = plan->watch;
    if (watch->event == NULL || (watch->ranks && watch->ranks->rank > 0)) return HBCD_OK;
    hbcd_event event = {kind, line, plan->best_score, plan->bound.theta, plan->best};
    int status = watch->event(watch->self, &event);
    if (watch->ranks) watch->whole |= status > 0;
    else plan->over |= status > 0;
    return hbcd_watch_keep(watch, status);
}

static int FN(notify_begin)(TY(plan) *plan, size_t rows, int block, double f, double sensitivity)
{
    if (plan->watch->event == NULL) return HBCD_OK;
    hbcd_record line = FN(line)(plan, rows, block);
    line.loss = line.loss_before = f;
    line.sensitivity = sensitivity;
    return FN(notify)(plan, HBCD_EVENT_BLOCK_BEGIN, &line);
}

static int FN(record)(TY(plan) *plan, size_t rows, int block, const hbcd_report *report, double f_before,
                      double sensitivity)
{
    hbcd_watch *watch = plan->watch;
    watch->progress.step = ++plan->step;
    watch->progress.block = block;
    watch->progress.loss = report->f;
    if (watch->record == NULL && watch->event == NULL) return HBCD_OK;
    hbcd_record line = FN(line)(plan, rows, block);
    line.status = report->status;
    line.loss_before = f_before;
    line.loss = report->f;
    line.sensitivity = sensitivity;
    if (watch->record) HBCD_TRY(watch->record(watch->self, &line));
    return FN(notify)(plan, HBCD_EVENT_BLOCK_END, &line);
}

/* Minimizes over one block, or over everything (block < 0), of the objective on `rows`.  With a gradient from a full
 * evaluation (value f_before) evaluations at the point of departure are free, and not in report->n_evaluations.  A block
 * visit never increases the objective: a point that is not better is taken back. */
static int FN(visit)(TY(plan) *plan, const TY(data) *rows, int block, double f_before, const REAL *gradient,
                     hbcd_report *report)
{
    const TY(phase) *phase = plan->phase;
    TY(bound) *bound = &plan->bound;
    hbcd_stop stop = FN(visit_stop)(plan, rows, block < 0);
    hbcd_report_start(report);
    report->status = FN(objective_bind)(bound, rows, block);
    if (report->status != 0) return report->status;
    if (gradient) FN(objective_prime)(bound, f_before, gradient);
    TY(objective) objective = FN(objective_of)(bound);
    TY(box) box = {phase->box.lo ? phase->box.lo + bound->start : NULL, phase->box.hi ? phase->box.hi + bound->start : NULL};
    if (plan->reset_needed) phase->optimizer.reset(phase->optimizer.options, plan->state, objective.n);
    plan->reset_needed = 0;
    FN(copy)(objective.n, bound->theta + bound->start, plan->point);
    if (gradient) FN(copy)(objective.n, plan->point, bound->known_x); /* theta before, to go back to */
    int status = phase->optimizer.minimize(phase->optimizer.options, plan->state, &objective, &box, plan->point, &stop,
                                           plan->rng, report);
    report->n_evaluations -= FN(smaller)(report->n_evaluations, bound->n_known);
    FN(count)(plan, report->n_evaluations, report->n_iterations);
    if (status < 0) return status;
    if (gradient && !(report->f <= f_before)) {
        FN(copy)(objective.n, bound->known_x, plan->point);
        report->f = f_before;
    }
    FN(copy)(objective.n, plan->point, bound->theta + bound->start);
    return status;
}
