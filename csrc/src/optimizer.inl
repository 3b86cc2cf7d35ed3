/* optimizer.inl: the typed half of optimizer.c. */

int FN(optimizer_make)(int kind, const void *options, TY(optimizer) *optimizer)
{
    static const TY(optimizer) *const rows[HBCD_N_OPTIMIZERS] = {
        [HBCD_ADAM] = &FN(row_adam),
        [HBCD_LBFGS] = &FN(row_lbfgs),
        [HBCD_BB] = &FN(row_bb),
        [HBCD_ICRS] = &FN(row_icrs),
        [HBCD_BFGS] = &FN(row_bfgs),
    };
    if (kind < 0 || kind >= HBCD_N_OPTIMIZERS || options == NULL || optimizer == NULL) return HBCD_ERR_ARGUMENT;
    if (!options_valid(kind, options)) return HBCD_ERR_ARGUMENT;
    *optimizer = *rows[kind];
    optimizer->options = options;
    return HBCD_OK;
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
