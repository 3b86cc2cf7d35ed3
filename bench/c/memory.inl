/* memory.inl: what moves numbers: a table of rows packed into tiles, and rows gathered from tiles.  The work is bytes
 * read and written, the peak is the copy of STREAM. */

enum { TY(PACK_COLUMNS) = 15 };

typedef struct TY(memory_case) {
    hbcd_table x, y;
    TY(data) data, batch;
    hbcd_arena room;
    size_t gathered;
    uint32_t *index;
} TY(memory_case);

static void FN(call_pack)(void *self)
{
    TY(memory_case) *c = self;
    hbcd_arena again = c->room;
    must(FN(data_make)(&c->x, &c->y, NULL, NULL, 1, &again, &c->data));
}

static void FN(call_plain_pack)(void *self)
{
    TY(memory_case) *c = self;
    const double *x = c->x.data, *y = c->y.data;
    const size_t n = c->x.rows, cols = TY(PACK_COLUMNS);
    for (size_t k = 0; k < n; k++) {
        size_t tile = k / HBCD_TILE * HBCD_TILE, ld = FN(padded)(n - tile < HBCD_TILE ? n - tile : HBCD_TILE);
        for (size_t j = 0; j < cols; j++) c->data.x[tile * cols + j * ld + k - tile] = (REAL)x[k * cols + j];
        c->data.y[k] = (REAL)y[k];
    }
}

static void FN(call_gather)(void *self)
{
    TY(memory_case) *c = self;
    const hbcd_team team = {.n_threads = 1};
    FN(data_gather)(&c->data, c->gathered, c->index, &team, &c->batch);
}

/* Straight from the table, whose rows stand together. */
static void FN(call_plain_gather)(void *self)
{
    TY(memory_case) *c = self;
    const double *x = c->x.data, *y = c->y.data;
    const size_t n = c->gathered, cols = TY(PACK_COLUMNS);
    for (size_t k = 0; k < n; k++) {
        size_t tile = k / HBCD_TILE * HBCD_TILE, ld = FN(padded)(n - tile < HBCD_TILE ? n - tile : HBCD_TILE);
        for (size_t j = 0; j < cols; j++) c->batch.x[tile * cols + j * ld + k - tile] = (REAL)x[c->index[k] * cols + j];
        c->batch.y[k] = (REAL)y[c->index[k]];
    }
}

/* Row k of tiled data is row `from` of the table. */
static void FN(check_row)(const line *l, const TY(memory_case) *c, const TY(data) *data, size_t k, size_t from)
{
    const double *x = (const double *)c->x.data + from * TY(PACK_COLUMNS), *y = c->y.data;
    size_t tile = k / HBCD_TILE, ld = FN(padded)(FN(tile_rows)(data, tile));
    for (size_t j = 0; j < TY(PACK_COLUMNS); j++) {
        REAL got = data->x[tile * HBCD_TILE * TY(PACK_COLUMNS) + j * ld + k % HBCD_TILE];
        if (got != (REAL)x[j]) wrong(l, k, (double)got, x[j]);
    }
    if (data->y[k] != (REAL)y[from]) wrong(l, k, (double)data->y[k], y[from]);
}

static void FN(bench_pack)(TY(memory_case) *c, int isa)
{
    const double numbers = (double)c->x.rows * (TY(PACK_COLUMNS) + 1);
    line l = {.what = "packing, 15 columns", .dtype = REAL_DTYPE, .isa = isa, .threads = 1, .size = c->x.rows};
    l.rows = (double)c->x.rows;
    l.work = numbers * (sizeof(double) + sizeof(REAL));
    l.peak = peak.copy;
    FN(call_pack)(c);
    for (size_t k = 0; k < c->x.rows; k++) FN(check_row)(&l, c, &c->data, k, k);
    if (!wanted(&l)) return;
    l.plain = time_of(options.seconds, FN(call_plain_pack), c).median;
    measure(&l, FN(call_pack), c);
}

static void FN(bench_gather)(TY(memory_case) *c, int isa, size_t rows)
{
    line l = {.dtype = REAL_DTYPE, .isa = isa, .threads = 1, .size = rows, .rows = (double)rows};
    snprintf(l.what, sizeof l.what, "gather %zu random rows", rows);
    l.work = (double)rows * (2 * (TY(PACK_COLUMNS) + 1) * sizeof(REAL) + sizeof *c->index);
    l.peak = peak.copy;
    if (!wanted(&l)) return;
    hbcd_arena count = {NULL, 0, 0};
    FN(data_room)(rows, TY(PACK_COLUMNS), 1, 1, 0, &count, &c->batch);
    hbcd_arena arena = borrow(count.used);
    FN(data_room)(rows, TY(PACK_COLUMNS), 1, 1, 0, &arena, &c->batch);
    c->gathered = rows;
    FN(call_gather)(c);
    for (size_t k = 0; k < rows; k++) FN(check_row)(&l, c, &c->batch, k, c->index[k]);
    l.plain = time_of(options.seconds, FN(call_plain_gather), c).median;
    measure(&l, FN(call_gather), c);
    free(arena.base);
}

/* The kernels have no part in it, so one instruction set says all. */
static void FN(bench_memory)(int isa)
{
    enum { TABLE = 300000 };
    const size_t cols = TY(PACK_COLUMNS);
    hbcd_arena x = borrow(TABLE * cols * sizeof(double)), order = borrow(TABLE * sizeof(uint32_t));
    double *table = (double *)(void *)x.base;
    TY(memory_case) c = {.index = (uint32_t *)(void *)order.base};
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 6, 0);
    for (size_t k = 0; k < TABLE * cols; k++) table[k] = hbcd_rng_uniform(&rng);
    for (uint32_t k = 0; k < TABLE; k++) c.index[k] = k;
    hbcd_rng_shuffle(&rng, TABLE, c.index);
    c.x = (hbcd_table){table, HBCD_F64, TABLE, cols, (ptrdiff_t)(cols * sizeof *table), sizeof *table, NULL, NULL};
    c.y = (hbcd_table){table, HBCD_F64, TABLE, 1, sizeof *table, sizeof *table, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    must(FN(data_make)(&c.x, &c.y, NULL, NULL, 1, &count, &c.data));
    c.room = borrow(count.used);
    FN(bench_pack)(&c, isa);
    FN(bench_gather)(&c, isa, 310);
    FN(bench_gather)(&c, isa, TABLE);
    free(x.base), free(order.base), free(c.room.base);
}
