/* data.inl: tables of any stride and precision copied once into feature-major tiles, and rows gathered from them. */

void FN(data_room)(size_t rows, size_t n_in, size_t n_out, int with_y, int with_w, hbcd_arena *arena, TY(data) *data)
{
    size_t room = FN(padded)(rows); /* only the last tile is shorter, so all but it are full */
    *data = (TY(data)){.rows = rows, .n_in = n_in, .n_out = n_out, .weight_sum = (double)rows};
    data->x = hbcd_arena_take(arena, hbcd_times(room, n_in), sizeof(REAL));
    data->y = with_y ? hbcd_arena_take(arena, hbcd_times(room, n_out), sizeof(REAL)) : NULL;
    data->w = with_w ? hbcd_arena_take(arena, room, sizeof(REAL)) : NULL;
}

/* Rows of one column from its element at `from` on. */
static void FN(pack_scaled)(const hbcd_table *table, const char *from, size_t rows, double mean, double scale, REAL *to)
{
    if (table->dtype == HBCD_F64)
        for (size_t r = 0; r < rows; r++, from += table->row_stride)
            to[r] = (REAL)((*(const double *)from - mean) / scale);
    else
        for (size_t r = 0; r < rows; r++, from += table->row_stride)
            to[r] = (REAL)((*(const float *)from - mean) / scale);
}

/* Rows of one column that are chosen, from its first element in the table. */
static void FN(pack_chosen)(const hbcd_table *table, const char *from, size_t rows, const uint32_t *index, double mean,
                            double scale, REAL *to)
{
    if (table->dtype == HBCD_F64)
        for (size_t r = 0; r < rows; r++)
            to[r] = (REAL)((*(const double *)(from + (ptrdiff_t)index[r] * table->row_stride) - mean) / scale);
    else
        for (size_t r = 0; r < rows; r++)
            to[r] = (REAL)((*(const float *)(from + (ptrdiff_t)index[r] * table->row_stride) - mean) / scale);
}

void FN(pack_tile)(const hbcd_table *table, size_t begin, size_t rows, size_t ld, REAL *to)
{
    const char *base = (const char *)table->data + (table->index ? 0 : (ptrdiff_t)begin * table->row_stride);
    for (size_t c = 0; c < table->cols; c++, to += ld, base += table->col_stride) {
        const char *from = base;
        if (table->index)
            FN(pack_chosen)(table, from, rows, table->index + begin, table->scale ? table->mean[c] : 0,
                            table->scale ? table->scale[c] : 1, to);
        else if (table->scale)
            FN(pack_scaled)(table, from, rows, table->mean[c], table->scale[c], to);
        else if (table->dtype == HBCD_F64)
            for (size_t r = 0; r < rows; r++, from += table->row_stride) to[r] = (REAL) * (const double *)from;
        else
            for (size_t r = 0; r < rows; r++, from += table->row_stride) to[r] = (REAL) * (const float *)from;
        for (size_t r = rows; r < ld; r++) to[r] = 0;
    }
}

/* What a packing of tables works on, for every tile of `to`. */
typedef struct TY(packing) {
    const hbcd_table *x, *y, *w; /* y, w: NULL for none */
    const TY(data) *to;
} TY(packing);

static int FN(pack_tile_of_data)(void *self, size_t lane, size_t tile, int thread)
{
    (void)lane, (void)thread;
    const TY(packing) *work = self;
    const TY(data) *to = work->to;
    const size_t rows = FN(tile_rows)(to, tile), ld = FN(padded)(rows), at = tile * HBCD_TILE;
    FN(pack_tile)(work->x, at, rows, ld, to->x + at * to->n_in);
    if (work->y) FN(pack_tile)(work->y, at, rows, ld, to->y + at * to->n_out);
    if (work->w) FN(pack_tile)(work->w, at, rows, ld, to->w + at);
    return HBCD_OK;
}

/* Every tile by one of the threads. */
static int FN(pack)(TY(packing) *work, int n_threads)
{
    enum { OPERATIONS = 10 }; /* of one number: 0.4 to 2 ns, 3 ns where memory is touched for the first time */
    const TY(data) *to = work->to;
    const hbcd_team team = {.n_threads = n_threads < 1 ? 1 : n_threads};
    const double cost = (double)OPERATIONS * (double)to->rows * (double)(to->n_in + to->n_out);
    return hbcd_lanes_run(&team, FN(n_tiles)(to->rows), cost, FN(pack_tile_of_data), work);
}

int FN(data_make)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, int n_threads, hbcd_arena *arena,
                  TY(data) *data)
{
    if (x->rows == 0 || x->rows > UINT32_MAX || x->cols == 0 || (y && (y->rows != x->rows || y->cols == 0)) ||
        (w && (w->rows != x->rows || w->cols != 1)))
        return HBCD_ERR_ARGUMENT;
    FN(data_room)(x->rows, x->cols, y ? y->cols : 0, y != NULL, w != NULL, arena, data);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    TY(packing) work = {x, y, w, data};
    HBCD_TRY(FN(pack)(&work, n_threads));
    if (w == NULL) return HBCD_OK;
    data->weight_sum = 0;
    for (size_t r = 0; r < x->rows; r++) data->weight_sum += (double)data->w[r];
    return HBCD_OK;
}

/* What a gathering of rows works on, for every tile of `to`. */
typedef struct TY(gathering) {
    const TY(data) *from, *to;
    const uint32_t *index; /* rows of `from` */
} TY(gathering);

/* Rows `index` of one array of `features` per row become one tile, feature by feature: what is written lies together, and
 * what is read of one feature is independent. */
static void FN(gather)(const REAL *from, size_t from_rows, size_t features, size_t rows, const uint32_t *index, REAL *to)
{
    const size_t last = (from_rows - 1) / HBCD_TILE, last_ld = FN(padded)(from_rows - last * HBCD_TILE);
    const size_t to_ld = FN(padded)(rows);
    const REAL *row[HBCD_TILE];
    size_t ld[HBCD_TILE];
    for (size_t r = 0; r < rows; r++) {
        const size_t tile = index[r] / HBCD_TILE;
        row[r] = from + tile * HBCD_TILE * features + index[r] % HBCD_TILE;
        ld[r] = tile == last ? last_ld : HBCD_TILE;
    }
    for (size_t c = 0; c < features; c++, to += to_ld) {
        for (size_t r = 0; r < rows; r++) to[r] = row[r][c * ld[r]];
        for (size_t r = rows; r < to_ld; r++) to[r] = 0;
    }
}

static int FN(gather_tile)(void *self, size_t lane, size_t tile, int thread)
{
    (void)lane, (void)thread;
    const TY(gathering) *work = self;
    const TY(data) *from = work->from, *to = work->to;
    const size_t rows = FN(tile_rows)(to, tile), at = tile * HBCD_TILE;
    FN(gather)(from->x, from->rows, from->n_in, rows, work->index + at, to->x + at * from->n_in);
    FN(gather)(from->y, from->rows, from->n_out, rows, work->index + at, to->y + at * from->n_out);
    if (from->w) FN(gather)(from->w, from->rows, 1, rows, work->index + at, to->w + at);
    return HBCD_OK;
}

int FN(data_gather)(const TY(data) *from, size_t rows, const uint32_t *index, const hbcd_team *team, TY(data) *to)
{
    enum { OPERATIONS = 15 }; /* of one number: 1 ns of a narrow table */
    to->rows = rows;
    to->weight_sum = (double)rows;
    to->penalty = from->penalty;
    to->center = from->center;
    to->n_center = from->n_center;
    TY(gathering) work = {from, to, index};
    const double cost = (double)OPERATIONS * (double)rows * (double)(from->n_in + from->n_out);
    int status = hbcd_lanes_run(team, FN(n_tiles)(rows), cost, FN(gather_tile), &work);
    if (status != 0 || from->w == NULL) return status;
    to->weight_sum = 0;
    for (size_t r = 0; r < rows; r++) to->weight_sum += (double)to->w[r];
    return HBCD_OK;
}
