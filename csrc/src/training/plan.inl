/* plan.inl: plan_make: what the phases need, and the one place where it is carved.  Part of train.c. */

struct TY(plan) {
    const TY(net) *net;
    const TY(data) *data, *held_out;
    size_t n_phases;
    const TY(phase) *phases;
    TY(bound) bound;
    TY(batches) batches;
    void *state;             /* of the optimizer of the present phase */
    REAL *best, *gradient, *point; /* (n_params) each; point: the variables an optimizer moves */
    double *sensitivity;     /* (n_blocks) */
    size_t *last_visit;      /* (n_blocks) */
    hbcd_block_statistics *statistics;   /* (n_blocks) */
    /* the run */
    const hbcd_stop *stop;
    hbcd_watch *watch;
    hbcd_rng *rng;
    double best_score, best_loss, run_deadline;
    size_t n_evaluations, n_iterations, step;
    int over;                /* a limit of the run, not only of the phase, is reached */
    /* the phase */
    const TY(phase) *phase;
    size_t phase_index, epoch, phase_evaluations, phase_iterations, visits, idle;
    size_t run_iterations;   /* of the phase, where its optimizer has a schedule; else 0 */
    int last_block;
    size_t repeats;
    int reset_needed;        /* the optimizer's memory belongs to another objective */
};

/* Rows of the batches of an epoch: the data cut into `batches` nearly equal parts of at least the rows asked for. */
static size_t FN(epoch_batches)(const TY(phase) *phase, size_t epoch, size_t n_rows, size_t *rows)
{
    double wanted = phase->batch_rows == 0 ? (double)n_rows : (double)phase->batch_rows * pow(phase->batch_growth, (double)epoch);
    *rows = wanted >= (double)n_rows ? n_rows : (size_t)ceil(wanted);
    if (phase->epochs == 0) return 1; /* one subset of just these rows */
    size_t batches = n_rows / *rows;
    *rows = (n_rows + batches - 1) / batches;
    return batches;
}

/* Iterations of the optimizer in a whole phase: passes x batches x visits x iterations of a visit; SIZE_MAX where nothing
 * limits them.  Batches grow fewer from pass to pass, so passes of as many batches follow each other. */
static size_t FN(phase_length)(const TY(phase) *phase, size_t n_rows)
{
    size_t length = 0, rows;
    if (phase->inner_iterations == 0) return SIZE_MAX;
    if (phase->epochs == 0) return phase->selector ? SIZE_MAX : phase->inner_iterations;
    for (size_t epoch = 0; epoch < phase->epochs;) {
        size_t batches = FN(epoch_batches)(phase, epoch, n_rows, &rows), from = epoch + 1, to = phase->epochs;
        while (from < to) {
            size_t middle = from + (to - from) / 2;
            if (FN(epoch_batches)(phase, middle, n_rows, &rows) == batches) from = middle + 1;
            else to = middle;
        }
        length = hbcd_plus(length, hbcd_times(batches, from - epoch));
        epoch = from;
    }
    return hbcd_times(hbcd_times(length, phase->selector ? phase->visits_per_batch : 1), phase->inner_iterations);
}

/* The largest batch of a phase that is smaller than the data; 0 if there is none.  Batches only grow, so it is that of
 * the last epoch with a smaller one, found by halving: there may be 2^62 epochs. */
static size_t FN(phase_room)(const TY(phase) *phase, size_t n_rows)
{
    size_t room = 0, from = 0, to = phase->epochs ? phase->epochs : 1;
    while (from < to) {
        size_t rows, middle = from + (to - from) / 2;
        FN(epoch_batches)(phase, middle, n_rows, &rows);
        if (rows >= n_rows) {
            to = middle;
        } else {
            room = rows;
            from = middle + 1;
        }
    }
    return room;
}

static int FN(check_phase)(const TY(net) *net, const TY(phase) *phase)
{
    if (phase->selector && (phase->sensitivity == NULL || net->n_blocks == 0)) return HBCD_ERR_ARGUMENT;
    if (!(phase->batch_growth >= 1) || !(phase->max_seconds >= 0)) return HBCD_ERR_ARGUMENT;
    if ((phase->optimizer.flags & HBCD_OPT_NEEDS_BOX) && !FN(is_boxed)(net->n_params, &phase->box))
        return HBCD_ERR_BOUNDS;
    return HBCD_OK;
}

/* What an optimizer of a phase may be given: all parameters, or any block. */
static hbcd_shape FN(phase_shape)(const TY(net) *net, const TY(phase) *phase)
{
    const TY(layer) *output = &net->layers[net->n_layers - 1];
    hbcd_shape shape = {.n = net->largest, .largest = net->largest, .squares = hbcd_times(net->largest, net->largest),
                        .inputs = output->n_in, .outputs = output->n_out};
    if (phase->selector) return shape;
    shape.n = net->n_params;
    shape.squares = 0;
    for (size_t b = 0; b < net->n_blocks; b++)
        shape.squares = hbcd_plus(shape.squares, hbcd_times(net->blocks[b].size, net->blocks[b].size));
    return shape;
}

static size_t FN(larger)(size_t a, size_t b) { return a > b ? a : b; }

int FN(plan_need)(const TY(net) *net, size_t rows, const TY(phase) *phase, TY(needs) *needs)
{
    HBCD_TRY(FN(check_phase)(net, phase));
    const hbcd_shape shape = FN(phase_shape)(net, phase);
    const unsigned flags = phase->optimizer.flags;
    size_t state = phase->optimizer.state_size(phase->optimizer.options, &shape), last, room = FN(phase_room)(phase, rows);
    FN(epoch_batches)(phase, phase->epochs ? phase->epochs - 1 : 0, rows, &last);
    if (state > needs->state) needs->state = state;
    if (room > needs->room) needs->room = room;
    if (phase->selector || (flags & (HBCD_OPT_NORMAL_OF | HBCD_OPT_OUTPUT)))
        needs->cache_batch = 1, needs->cache_all |= last >= rows;
    if (flags & HBCD_OPT_NORMAL) needs->normal = FN(larger)(needs->normal, shape.n);
    if (flags & HBCD_OPT_NORMAL_OF) needs->normal = FN(larger)(needs->normal, shape.largest);
    if (flags & HBCD_OPT_OUTPUT)
        needs->normal = FN(larger)(needs->normal, hbcd_plus(shape.inputs, hbcd_plus(1, shape.outputs)));
    return HBCD_OK;
}

int FN(plan_carve)(const TY(net) *net, const TY(data) *data, const TY(data) *held_out, const TY(needs) *needs,
                   size_t n_phases, const TY(phase) *phases, int n_threads, hbcd_arena *arena, TY(plan) **plan)
{
    *plan = NULL;
    if (data->n_in != net->n_in || data->n_out != net->n_out) return HBCD_ERR_ARGUMENT;
    if (held_out && (held_out->n_in != net->n_in || held_out->n_out != net->n_out)) return HBCD_ERR_ARGUMENT;
    const size_t own = data->tiles ? 0 : data->rows, held = held_out && !held_out->tiles ? held_out->rows : 0;
    const size_t cached = FN(larger)(needs->cache_all ? own : 0, needs->cache_batch ? needs->room : 0);
    const int in_ranges = data->range.ranks != NULL || (held_out && held_out->range.ranks);
    TY(plan) *made = hbcd_arena_take(arena, 1, sizeof *made);
    TY(plan) p = {.net = net, .data = data, .held_out = held_out, .n_phases = n_phases, .phases = phases};
    p.best = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    p.gradient = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    p.point = hbcd_arena_take(arena, net->n_params, sizeof(REAL));
    p.sensitivity = hbcd_arena_take(arena, net->n_blocks, sizeof(double));
    p.last_visit = hbcd_arena_take(arena, net->n_blocks, sizeof(size_t));
    p.statistics = hbcd_arena_take(arena, net->n_blocks, sizeof *p.statistics);
    p.state = hbcd_arena_take(arena, needs->state, 1);
    FN(batches_make)(data, needs->room, arena, &p.batches);
    FN(bound_make)(net, FN(larger)(data->all, held_out ? held_out->all : 0), in_ranges, cached, n_threads, NULL, arena,
                   &p.bound);
    FN(bound_keep_fixed)(&p.bound, FN(larger)(FN(larger)(own, held), needs->room), arena);
    if (needs->normal) HBCD_TRY(FN(normal_make)(&p.bound, needs->normal, arena));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    *made = p;
    *plan = made;
    return HBCD_OK;
}

int FN(plan_make)(const TY(net) *net, const TY(data) *data, const TY(data) *held_out, size_t n_phases,
                  const TY(phase) *phases, int n_threads, hbcd_arena *arena, TY(plan) **plan)
{
    TY(needs) needs = {0};
    for (size_t p = 0; p < n_phases; p++) HBCD_TRY(FN(plan_need)(net, data->all, &phases[p], &needs));
    return FN(plan_carve)(net, data, held_out, &needs, n_phases, phases, n_threads, arena, plan);
}
