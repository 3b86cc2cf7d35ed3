/* evaluations.inl: one evaluation of the whole network and of its layers: against its floor, its share of the
 * operations, the number of rows and the number of threads. */

/* 6 P operations a row at the peak of the instruction set, and tanh (tanh_seconds). */
static double FN(floor_of)(size_t width, size_t rows, int isa)
{
    double row = 6 * n_params(width) / peak.flops[REAL_DTYPE][isa];
    return (double)rows * (row + n_tanh(width, 0) * tanh_seconds(REAL_DTYPE));
}

/* The full gradient of 4-width^3-1. */
static line FN(gradient_line)(size_t width, int isa, int threads, size_t rows)
{
    line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = threads, .size = rows, .rows = (double)rows};
    snprintf(l.what, sizeof l.what, "gradient, hidden %zu^3, %zu rows", width, rows);
    l.work = l.rows * operations(width, 0, 1, 1);
    l.peak = threads * peak.flops[REAL_DTYPE][isa];
    return l;
}

static void FN(bench_floor)(size_t width, int isa)
{
    line with = FN(gradient_line)(width, isa, 1, ROWS), without = with;
    with.floor = FN(floor_of)(width, ROWS, isa);
    snprintf(without.what, sizeof without.what, "value only, hidden %zu^3, %d rows", width, ROWS);
    without.work = ROWS * operations(width, 0, 0, 1);
    if (!wanted(&with) && !wanted(&without)) return;
    TY(bench) b = FN(make_bench)(width, isa, 1, ROWS);
    FN(bind)(&b, -1);
    measure(&with, FN(call_gradient), &b);
    measure(&without, FN(call_value), &b);
    FN(free_bench)(&b);
}

/* Shares of the whole evaluation: of operations, of operations and tanh as the floor counts them, of time. */
static void FN(report_block)(line *l, size_t width, size_t block, int with_gradient, double whole, void (*call)(void *),
                             void *self)
{
    const double speed = peak.flops[REAL_DTYPE][l->isa], tanh_time = tanh_seconds(REAL_DTYPE);
    double part = operations(width, block, with_gradient, 0), all = operations(width, 0, with_gradient, 1);
    double cost = part / speed + n_tanh(width, block) * tanh_time;
    double cost_all = all / speed + n_tanh(width, 0) * tanh_time;
    if (!wanted(l)) return;
    l->work = l->rows * part;
    l->time = time_of(options.seconds, call, self);
    snprintf(l->note, sizeof l->note, "operations %.0f%%, with tanh %.0f%%, time %.0f%%: %.2f x", 100 * part / all,
             100 * cost / cost_all, 100 * l->time.median / whole, l->time.median / whole / (cost / cost_all));
    report(l);
}

static void FN(bench_blocks)(int isa)
{
    enum { WIDTH = 10 };
    TY(bench) b = FN(make_bench)(WIDTH, isa, 1, ROWS);
    double whole[2] = {0};
    for (size_t block = 0; block < N_LAYERS; block++) {
        line l = FN(gradient_line)(WIDTH, isa, 1, ROWS), value = l, bind = l;
        snprintf(l.what, sizeof l.what, "layer %zu: gradient", block + 1);
        snprintf(value.what, sizeof value.what, "layer %zu: value only", block + 1);
        snprintf(bind.what, sizeof bind.what, "layer %zu: bind", block + 1);
        if (!wanted(&l) && !wanted(&value) && !wanted(&bind)) continue;
        if (whole[0] == 0) {
            FN(bind)(&b, -1);
            whole[0] = time_of(options.seconds, FN(call_value), &b).median;
            whole[1] = time_of(options.seconds, FN(call_gradient), &b).median;
        }
        FN(bind)(&b, (int)block);
        FN(report_block)(&l, WIDTH, block, 1, whole[1], FN(call_gradient), &b);
        FN(report_block)(&value, WIDTH, block, 0, whole[0], FN(call_value), &b);
        bind.work = bind.peak = 0;
        measure(&bind, FN(call_bind), &b);
    }
    FN(free_bench)(&b);
}

/* Time per row of 10^3, 10^4, ... rows, beside the least of those before: 1 where cost is linear. */
static void FN(bench_rows)(int isa)
{
    double least = INFINITY;
    for (size_t rows = 1000; rows <= (options.huge ? 10000000 : 1000000); rows *= 10) {
        line l = FN(gradient_line)(10, isa, 1, rows);
        if (!wanted(&l)) continue;
        TY(bench) b = FN(make_bench)(10, isa, 1, rows);
        FN(bind)(&b, -1);
        l.time = time_of(options.seconds, FN(call_gradient), &b);
        double row = l.time.median / l.rows;
        if (row < least) least = row;
        snprintf(l.note, sizeof l.note, "%.2f x the least so far", row / least);
        report(&l);
        FN(free_bench)(&b);
    }
}

static void FN(bench_threads)(int isa)
{
    static const size_t rows[] = {ROWS, 30000, 300000};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        double one = 0;
        for (int threads = 1; threads <= 2; threads++) {
            line l = FN(gradient_line)(10, isa, threads, rows[k]);
            snprintf(l.what, sizeof l.what, "gradient, one thread or two, %zu rows", rows[k]);
            if (!wanted(&l)) continue;
            TY(bench) b = FN(make_bench)(10, isa, threads, rows[k]);
            FN(bind)(&b, -1);
            l.time = time_of(options.seconds, FN(call_gradient), &b);
            if (threads == 1) one = l.time.median;
            else if (one > 0) snprintf(l.note, sizeof l.note, "%.2f x one thread", one / l.time.median);
            report(&l);
            FN(free_bench)(&b);
        }
    }
}
