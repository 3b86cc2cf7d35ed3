/* bench_normal.inl: the normal equations of all parameters and of each layer.  GF/s counts n (n + 1) operations per row
 * and output: the multiplications and additions of one triangle of J'J, as for BLAS's dsyrk. */

typedef struct TY(equations_bench) {
    TY(bench) b;
    double *jtwr, *jtwj;
} TY(equations_bench);

static void FN(call_normal)(void *self)
{
    TY(equations_bench) *e = self;
    double f;
    must(e->b.objective.normal(e->b.objective.self, e->b.x, &f, e->jtwr, e->jtwj));
}

static void FN(bench_normal)(int isa, int threads, int with_blocks)
{
    TY(equations_bench) e = {.b = FN(make_bench)(isa, threads, ROWS)};
    size_t n = e.b.net->n_params;
    hbcd_arena count = {NULL, 0, 0};
    must(FN(normal_make)(&e.b.bound, ROWS, n, &count));
    hbcd_arena arena = borrow(count.used);
    must(FN(normal_make)(&e.b.bound, ROWS, n, &arena));
    e.jtwr = (double *)(void *)borrow(n * sizeof *e.jtwr).base;
    e.jtwj = (double *)(void *)borrow(n * n * sizeof *e.jtwj).base;
    for (int block = -1; block < (with_blocks ? N_LAYERS : 0); block++) {
        char what[64];
        FN(bind)(&e.b, block);
        double size = (double)e.b.bound.n;
        if (block < 0) snprintf(what, sizeof what, "J'J and J'e, %.0f parameters", size);
        else snprintf(what, sizeof what, "J'J and J'e, layer %d, %.0f parameters", block + 1, size);
        print_line(what, REAL_DTYPE, isa, threads, time_of(FN(call_normal), &e), ROWS, ROWS * size * (size + 1));
    }
}
