/* test_net_data.inl: tables of any stride and precision become the same tiles; rows picked from tiles are the tiles of
 * the rows picked. */

enum { TY(TABLE_ROWS) = 1000, TY(TABLE_COLS) = 5 };

/* Element (r, c), exact in float. */
static double FN(cell)(size_t r, size_t c) { return (double)r + 0.0625 * (double)c + 0.5; }

static size_t FN(place)(size_t rows, size_t cols, size_t r, size_t c)
{
    size_t tile = r / HBCD_TILE, in_tile = rows - tile * HBCD_TILE < HBCD_TILE ? rows - tile * HBCD_TILE : HBCD_TILE;
    size_t ld = (in_tile + HBCD_PAD - 1) / HBCD_PAD * HBCD_PAD;
    return tile * HBCD_TILE * cols + c * ld + r % HBCD_TILE;
}

/* Tiles of rows x cols hold cell(index[r], c) (index NULL: r) and zeros in the padding. */
static int FN(tiles_hold)(const REAL *tiles, size_t rows, size_t cols, const uint32_t *index, size_t first_col)
{
    for (size_t r = 0; r < (rows + HBCD_PAD - 1) / HBCD_PAD * HBCD_PAD; r++)
        for (size_t c = 0; c < cols; c++) {
            REAL wanted = r < rows ? (REAL)FN(cell)(index ? index[r] : r, first_col + c) : 0;
            if (tiles[FN(place)(rows, cols, r, c)] != wanted) return 0;
        }
    return 1;
}

static void FN(carve_data)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, memory *m, TY(data) *data)
{
    hbcd_arena count = {NULL, 0, 0};
    CHECK(FN(data_make)(x, y, w, NULL, 1, &count, data) == HBCD_OK);
    *m = borrow(count.used);
    CHECK(FN(data_make)(x, y, w, NULL, 1, &m->arena, data) == HBCD_OK);
    CHECK(data->rows == x->rows && data->n_in == x->cols && (!y || data->n_out == y->cols));
}

static void FN(check_table)(const hbcd_table *x)
{
    const size_t rows[] = {1, 15, 16, 17, HBCD_TILE - 1, HBCD_TILE, HBCD_TILE + 1, 2 * HBCD_TILE, 2 * HBCD_TILE + 1, 1000};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        hbcd_table part = *x, y = *x, w = *x;
        memory m;
        TY(data) data;
        part.rows = y.rows = w.rows = rows[k];
        part.cols = 3, y.cols = 2, w.cols = 1;
        y.data = (char *)x->data + 3 * x->col_stride;
        if (x->scale) y.mean += 3, y.scale += 3;
        FN(carve_data)(&part, &y, &w, &m, &data);
        CHECK(FN(tiles_hold)(data.x, rows[k], 3, NULL, 0));
        CHECK(FN(tiles_hold)(data.y, rows[k], 2, NULL, 3));
        CHECK(FN(tiles_hold)(data.w, rows[k], 1, NULL, 0));
        CHECK(data.weight_sum == 0.5 * (double)(rows[k] * rows[k])); /* sum of r + 1/2 */
        give_back(&m);
        FN(carve_data)(&part, NULL, NULL, &m, &data);
        CHECK(data.y == NULL && data.w == NULL && data.n_out == 0 && data.weight_sum == (double)rows[k]);
        give_back(&m);
    }
}

/* Row by row, column by column, every other row and column of a larger table, backwards; both precisions; as they are
 * and standardized on the way.  All numbers are exact. */
static void FN(test_tables_of_any_stride)(void)
{
    enum { R = TY(TABLE_ROWS), C = TY(TABLE_COLS) };
    double *f64 = calloc(4 * R * C, sizeof *f64);
    float *f32 = calloc(4 * R * C, sizeof *f32);
    if (!f64 || !f32) abort();
    const ptrdiff_t strides[][2] = {{C, 1}, {1, R}, {4 * C, 2}, {-C, 1}, {C, -1}};
    const ptrdiff_t starts[] = {0, 0, C, (R - 1) * C, C - 1};
    const double mean[C] = {0, -2, 1, 0.5, 64}, scale[C] = {1, 0.25, 2, 8, 0.5};
    for (size_t run = 0; run < 2 * (sizeof starts / sizeof *starts); run++) {
        const size_t k = run / 2, scaled = run % 2;
        for (size_t i = 0; i < 4 * R * C; i++) f64[i] = -1e9, f32[i] = -1e9f;
        for (size_t r = 0; r < R; r++)
            for (size_t c = 0; c < C; c++) {
                ptrdiff_t at = starts[k] + (ptrdiff_t)r * strides[k][0] + (ptrdiff_t)c * strides[k][1];
                f64[at] = scaled ? FN(cell)(r, c) * scale[c] + mean[c] : FN(cell)(r, c);
                f32[at] = (float)f64[at];
            }
        const ptrdiff_t d = sizeof *f64, s = sizeof *f32;
        hbcd_table wide = {f64 + starts[k], HBCD_F64, R, C, d * strides[k][0], d * strides[k][1], NULL, NULL, NULL};
        hbcd_table narrow = {f32 + starts[k], HBCD_F32, R, C, s * strides[k][0], s * strides[k][1], NULL, NULL, NULL};
        if (scaled) wide.mean = narrow.mean = mean, wide.scale = narrow.scale = scale;
        FN(check_table)(&wide);
        FN(check_table)(&narrow);
    }
    free(f64);
    free(f32);
}

/* Rows chosen from a table of either precision, by rows or by columns, as they are and standardized: the tiles of the
 * rows chosen.  All numbers are exact; rows that are not chosen are not read. */
static void FN(test_chosen_rows_of_a_table_are_the_rows)(void)
{
    enum { R = TY(TABLE_ROWS), C = TY(TABLE_COLS) };
    const size_t sizes[] = {1, 17, HBCD_TILE, HBCD_TILE + 1, 300};
    const double mean[C] = {0, -2, 1, 0.5, 64}, scale[C] = {1, 0.25, 2, 8, 0.5};
    double *f64 = malloc(R * C * sizeof *f64);
    float *f32 = malloc(R * C * sizeof *f32);
    if (!f64 || !f32) abort();
    for (size_t run = 0; run < 8; run++) {
        const int by_columns = run % 2, scaled = run / 2 % 2, wide = run / 4;
        for (size_t r = 0; r < R; r++)
            for (size_t c = 0; c < C; c++) {
                const size_t at = by_columns ? c * R + r : r * C + c;
                const double plain = r % 3 == 2 ? NAN : FN(cell)(r, c);
                f64[at] = scaled ? plain * scale[c] + mean[c] : plain;
                f32[at] = (float)f64[at];
            }
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            uint32_t index[R];
            for (size_t r = 0; r < sizes[k]; r++) index[r] = (uint32_t)(R - 1 - 3 * r);
            const ptrdiff_t size = wide ? sizeof *f64 : sizeof *f32;
            hbcd_table x = {.data = wide ? (void *)f64 : f32, .dtype = wide ? HBCD_F64 : HBCD_F32, .rows = sizes[k],
                            .cols = C, .row_stride = by_columns ? size : C * size,
                            .col_stride = by_columns ? R * size : size, .index = index};
            if (scaled) x.mean = mean, x.scale = scale;
            memory m;
            TY(data) data;
            FN(carve_data)(&x, &x, NULL, &m, &data);
            CHECK(FN(tiles_hold)(data.x, sizes[k], C, index, 0));
            CHECK(FN(tiles_hold)(data.y, sizes[k], C, index, 0));
            give_back(&m);
        }
    }
    free(f64);
    free(f32);
}

/* So many numbers that several threads work; the last tile is short.  By rows and by columns, standardized or not. */
static void FN(test_tables_packed_by_threads_have_the_bits_of_one_thread)(void)
{
    enum { ROWS = 3001, COLUMNS = 100 };
    double *all = malloc(ROWS * COLUMNS * sizeof *all), mean[COLUMNS], scale[COLUMNS];
    if (!all) abort();
    for (size_t k = 0; k < ROWS * COLUMNS; k++) all[k] = 1.0 / (double)(1 + k % 9973);
    for (size_t c = 0; c < COLUMNS; c++) mean[c] = 0.1 * (double)c, scale[c] = 1.0 / 3.0 + (double)c;
    for (int run = 0; run < 4; run++) {
        hbcd_table x = table_of(all, HBCD_F64, ROWS, COLUMNS), y = x, w = x;
        if (run & 1) x.row_stride = 8, x.col_stride = 8 * ROWS;
        if (run & 2) x.mean = y.mean = mean, x.scale = y.scale = scale;
        y.cols = 2, w.cols = 1;
        memory m;
        TY(data) alone, made;
        FN(carve_data)(&x, &y, &w, &m, &alone);
        for (int threads = 0; threads <= 4; threads++) { /* 0: as 1 */
            hbcd_arena count = {NULL, 0, 0};
            CHECK(FN(data_make)(&x, &y, &w, NULL, threads, &count, &made) == HBCD_OK);
            memory room = borrow(count.used);
            memset(room.base, 0xff, count.used); /* not a number */
            CHECK(FN(data_make)(&x, &y, &w, NULL, threads, &room.arena, &made) == HBCD_OK);
            const size_t padded = FN(padded)(ROWS);
            CHECK(memcmp(made.x, alone.x, padded * COLUMNS * sizeof(REAL)) == 0);
            CHECK(memcmp(made.y, alone.y, padded * 2 * sizeof(REAL)) == 0);
            CHECK(memcmp(made.w, alone.w, padded * sizeof(REAL)) == 0);
            CHECK(made.weight_sum == alone.weight_sum);
            give_back(&room);
        }
        give_back(&m);
    }
    free(all);
}

static void FN(test_gathered_rows_are_the_rows)(void)
{
    enum { R = TY(TABLE_ROWS), C = TY(TABLE_COLS) };
    const size_t sizes[] = {1, 16, 17, HBCD_TILE - 1, HBCD_TILE, HBCD_TILE + 1, HBCD_TILE + 2, 300, 999}, sources[] = {1, 50, HBCD_TILE, HBCD_TILE + 1, 1000};
    double *all = malloc(R * C * sizeof *all);
    if (!all) abort();
    for (size_t r = 0; r < R; r++)
        for (size_t c = 0; c < C; c++) all[r * C + c] = FN(cell)(r, c);
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 5, 0);
    for (size_t s = 0; s < sizeof sources / sizeof *sources; s++) {
        hbcd_table x = table_of(all, HBCD_F64, sources[s], C), y = x, w = x;
        x.cols = 2, y.cols = 2, w.cols = 1;
        y.data = all + 2;
        memory m;
        TY(data) data;
        FN(carve_data)(&x, &y, &w, &m, &data);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            uint32_t index[R];
            double weights = 0;
            for (size_t r = 0; r < sizes[k]; r++) { /* rows may come twice */
                index[r] = (uint32_t)hbcd_rng_below(&rng, sources[s]);
                weights += FN(cell)(index[r], 0);
            }
            hbcd_arena count = {NULL, 0, 0};
            TY(data) some;
            const hbcd_team team = {1 + (int)(k % 4), NULL};
            FN(data_room)(sizes[k], 2, 2, 1, 1, &count, &some);
            memory room = borrow(count.used);
            FN(data_room)(sizes[k], 2, 2, 1, 1, &room.arena, &some);
            CHECK(FN(data_gather)(&data, sizes[k], index, &team, &some) == HBCD_OK);
            CHECK(some.rows == sizes[k] && some.weight_sum == weights);
            CHECK(FN(tiles_hold)(some.x, sizes[k], 2, index, 0));
            CHECK(FN(tiles_hold)(some.y, sizes[k], 2, index, 2));
            CHECK(FN(tiles_hold)(some.w, sizes[k], 1, index, 0));
            size_t fewer = (sizes[k] + 1) / 2; /* the same room again, for less */
            CHECK(FN(data_gather)(&data, fewer, index, &team, &some) == HBCD_OK);
            CHECK(some.rows == fewer && FN(tiles_hold)(some.x, fewer, 2, index, 0));
            give_back(&room);
        }
        give_back(&m);
    }
    free(all);
}

/* So many numbers that several threads work, from tiles of every place. */
static void FN(test_rows_gathered_by_threads_are_the_rows)(void)
{
    enum { ROWS = 3000, COLUMNS = 100 };
    double *all = malloc(ROWS * COLUMNS * sizeof *all);
    uint32_t *index = malloc(ROWS * sizeof *index);
    if (!all || !index) abort();
    for (size_t k = 0; k < ROWS * COLUMNS; k++) all[k] = (double)(k % 9973);
    const hbcd_table x = table_of(all, HBCD_F64, ROWS, COLUMNS), y = {all, HBCD_F64, ROWS, 1, 8 * COLUMNS, 8, NULL, NULL, NULL};
    hbcd_rng rng;
    hbcd_rng_seed(&rng, 8, 0);
    for (size_t r = 0; r < ROWS; r++) index[r] = (uint32_t)r;
    hbcd_rng_shuffle(&rng, ROWS, index);
    memory m;
    TY(data) data, some;
    FN(carve_data)(&x, &y, NULL, &m, &data);
    for (int threads = 1; threads <= 4; threads++)
        for (size_t rows = ROWS - 300; rows <= ROWS; rows += 100) {
            hbcd_arena count = {NULL, 0, 0};
            const hbcd_team team = {threads, NULL};
            FN(data_room)(rows, COLUMNS, 1, 1, 0, &count, &some);
            memory room = borrow(count.used);
            FN(data_room)(rows, COLUMNS, 1, 1, 0, &room.arena, &some);
            CHECK(FN(data_gather)(&data, rows, index, &team, &some) == HBCD_OK);
            int wrong = 0;
            for (size_t r = 0; r < rows; r++) {
                const size_t tile = r / HBCD_TILE, ld = FN(padded)(FN(tile_rows)(&some, tile));
                const REAL *at = some.x + tile * HBCD_TILE * COLUMNS + r % HBCD_TILE;
                for (size_t c = 0; c < COLUMNS; c++) wrong += at[c * ld] != (REAL)all[index[r] * COLUMNS + c];
                wrong += some.y[r] != (REAL)all[index[r] * COLUMNS];
            }
            CHECK(wrong == 0);
            give_back(&room);
        }
    give_back(&m);
    free(all);
    free(index);
}

static void FN(test_tables_that_do_not_fit_are_refused)(void)
{
    double cells[12] = {0};
    const hbcd_table x = table_of(cells, HBCD_F64, 4, 3), y = table_of(cells, HBCD_F64, 4, 1);
    hbcd_table none = x, flat = x, longer = y, broad = x;
    none.rows = 0, flat.cols = 0, longer.rows = 5;
    hbcd_arena count = {NULL, 0, 0};
    TY(data) data;
    CHECK(FN(data_make)(&none, &y, NULL, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&flat, &y, NULL, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&x, &longer, NULL, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&x, &flat, NULL, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&x, &y, &longer, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&x, &y, &broad, NULL, 1, &count, &data) == HBCD_ERR_ARGUMENT);
    CHECK(FN(data_make)(&x, &y, &y, NULL, 1, &count, &data) == HBCD_OK);
    memory m = borrow(count.used);
    hbcd_arena small = {m.base, count.used - HBCD_ALIGN, 0};
    CHECK(FN(data_make)(&x, &y, &y, NULL, 1, &small, &data) == HBCD_ERR_MEMORY);
    m.arena.used = m.arena.size;
    give_back(&m);
}

static void FN(test_data)(void)
{
    FN(test_tables_of_any_stride)();
    FN(test_chosen_rows_of_a_table_are_the_rows)();
    FN(test_tables_packed_by_threads_have_the_bits_of_one_thread)();
    FN(test_gathered_rows_are_the_rows)();
    FN(test_rows_gathered_by_threads_are_the_rows)();
    FN(test_tables_that_do_not_fit_are_refused)();
}
