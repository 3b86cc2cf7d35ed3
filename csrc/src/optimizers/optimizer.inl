/* optimizer.inl: the typed half of optimizer.c. */

/* What an optimizer needs because of its options. */
static unsigned FN(flags_of)(int kind, const void *options)
{
    if (kind == HBCD_LM) {
        const int scope = ((const hbcd_lm *)options)->scope;
        if (scope == HBCD_LM_BLOCKS) return HBCD_OPT_NORMAL_OF;
        return scope == HBCD_LM_PROJECTED ? HBCD_OPT_NORMAL | HBCD_OPT_OUTPUT : HBCD_OPT_NORMAL;
    }
    if (kind == HBCD_ADAM)
        return ((const hbcd_adam *)options)->schedule == HBCD_ADAM_CONSTANT ? 0 : HBCD_OPT_SCHEDULED;
    const hbcd_exact_output *exact = options;
    TY(optimizer) inner;
    if (kind != HBCD_EXACT_OUTPUT || exact->inner < 0) return 0;
    FN(optimizer_make)(exact->inner, exact->inner_options, &inner); /* its options are checked already */
    return inner.flags & (HBCD_OPT_NEEDS_BOX | HBCD_OPT_NORMAL | HBCD_OPT_NORMAL_OF | HBCD_OPT_SCHEDULED);
}

int FN(optimizer_make)(int kind, const void *options, TY(optimizer) *optimizer)
{
    static const TY(optimizer) *const rows[HBCD_N_OPTIMIZERS] = {
        [HBCD_ADAM] = &FN(row_adam),
        [HBCD_LBFGS] = &FN(row_lbfgs),
        [HBCD_BB] = &FN(row_bb),
        [HBCD_ICRS] = &FN(row_icrs),
        [HBCD_BFGS] = &FN(row_bfgs),
        [HBCD_LM] = &FN(row_lm),
        [HBCD_EXACT_OUTPUT] = &FN(row_exact),
    };
    if (kind < 0 || kind >= HBCD_N_OPTIMIZERS || options == NULL || optimizer == NULL) return HBCD_ERR_ARGUMENT;
    if (!options_valid(kind, options)) return HBCD_ERR_ARGUMENT;
    *optimizer = *rows[kind];
    optimizer->options = options;
    optimizer->flags |= FN(flags_of)(kind, options);
    return HBCD_OK;
}

hbcd_shape FN(shape_of)(const TY(objective) *objective)
{
    const size_t n = objective->n, n_blocks = objective->n_blocks;
    hbcd_shape shape = {.n = n};
    for (size_t b = 0; b < n_blocks; b++) {
        const size_t size = objective->blocks[b].size;
        shape.squares = hbcd_plus(shape.squares, hbcd_times(size, size));
        if (size > shape.largest) shape.largest = size;
    }
    if (n_blocks == 0) shape.largest = n, shape.squares = hbcd_times(n, n);
    if (objective->output_gram) {
        shape.inputs = objective->blocks[n_blocks - 1].n_in;
        shape.outputs = objective->blocks[n_blocks - 1].n_out;
    }
    return shape;
}

int FN(evaluate)(const TY(objective) *objective, const hbcd_stop *stop, hbcd_report *report, const REAL *x,
                 double *f, REAL *g)
{
    if (report->n_evaluations >= stop->max_evaluations) return HBCD_STOP_EVALUATIONS;
    report->n_evaluations++;
    int status = objective->eval(objective->self, x, f, g);
    if (status != HBCD_OK) return status;
    if (!isfinite(*f) || (g != NULL && !FN(all_finite)(objective->n, g))) *f = INFINITY;
    return HBCD_OK;
}
