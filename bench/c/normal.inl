/* normal.inl: the normal equations of all parameters and of each layer.  GF/s counts n (n + 1) operations per row
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
    TY(equations_bench) e = {.b = FN(make_bench)(10, isa, threads, ROWS)};
    size_t n = e.b.net->n_params;
    hbcd_arena count = {NULL, 0, 0};
    must(FN(normal_make)(&e.b.bound, n, &count));
    hbcd_arena arena = borrow(count.used), vector = borrow(n * sizeof(double)), matrix = borrow(n * n * sizeof(double));
    must(FN(normal_make)(&e.b.bound, n, &arena));
    e.jtwr = (double *)(void *)vector.base;
    e.jtwj = (double *)(void *)matrix.base;
    for (int block = -1; block < (with_blocks ? N_LAYERS : 0); block++) {
        FN(bind)(&e.b, block);
        double size = (double)e.b.bound.n;
        line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = threads, .size = e.b.bound.n, .rows = ROWS};
        if (block < 0) snprintf(l.what, sizeof l.what, "J'J and J'e, %zu parameters", l.size);
        else snprintf(l.what, sizeof l.what, "J'J and J'e, layer %d, %zu parameters", block + 1, l.size);
        l.work = ROWS * size * (size + 1);
        l.peak = threads * peak.flops[HBCD_F64][isa];
        measure(&l, FN(call_normal), &e);
    }
    free(arena.base), free(vector.base), free(matrix.base);
    FN(free_bench)(&e.b);
}
