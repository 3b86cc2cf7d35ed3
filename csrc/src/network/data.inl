/* data.inl: tables of any stride and precision copied once into feature-major tiles, and rows gathered from them. */

void FN(data_room)(size_t rows, size_t n_in, size_t n_out, int with_y, int with_w, hbcd_arena *arena, TY(data) *data)
{
    size_t room = FN(padded)(rows); /* only the last tile is shorter, so all but it are full */
    *data = (TY(data)){.rows = rows, .n_in = n_in, .n_out = n_out, .weight_sum = (double)rows, .all = rows,
                       .weighted = with_w};
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

static int FN(pack_tile_of_data)(void *self, size_t tile, int thread)
{
    (void)thread;
    const TY(packing) *work = self;
    const TY(data) *to = work->to;
    const size_t rows = FN(tile_rows)(to, tile), ld = FN(padded)(rows), at = tile * HBCD_TILE;
    FN(pack_tile)(work->x, at, rows, ld, to->x + at * to->n_in);
    if (work->y) FN(pack_tile)(work->y, at, rows, ld, to->y + at * to->n_out);
    if (work->w) FN(pack_tile)(work->w, at, rows, ld, to->w + at);
    return HBCD_OK;
}

/* Every tile by one of the threads. */
static void FN(pack)(TY(packing) *work, int n_threads)
{
    enum { OPERATIONS = 10 }; /* of one number: 0.4 to 2 ns, 3 ns where memory is touched for the first time */
    const TY(data) *to = work->to;
    const hbcd_team team = {.n_threads = n_threads < 1 ? 1 : n_threads};
    const double cost = (double)OPERATIONS * (double)to->rows * (double)(to->n_in + to->n_out);
    hbcd_tiles_run(&team, FN(n_tiles)(to->rows), cost, FN(pack_tile_of_data), work);
}

/* Lanes from `from` on whose tiles are loaded together: one at least. */
static size_t FN(lanes_at_once)(const TY(data) *data, const hbcd_cut *cut, size_t from)
{
    size_t to = from + 1;
    if (data->tiles == NULL) return cut->to;
    while (to < cut->to && (to + 1) * cut->tiles / cut->lanes - from * cut->tiles / cut->lanes <= data->tiles->most) to++;
    return to;
}

int FN(data_load)(const TY(data) *data, size_t first, size_t last, TY(loaded) *at)
{
    const void *x, *y, *w;
    HBCD_TRY(data->tiles->load(data->tiles->self, first, last, &x, &y, &w));
    *at = (TY(loaded)){x, y, w, first};
    return HBCD_OK;
}

int FN(data_sum)(const TY(data) *data, hbcd_sums *sums, const hbcd_team *team, double cost, hbcd_sum_work work, void *context,
                 TY(loaded) *at)
{
    const hbcd_cut all = FN(cut_of)(data);
    int status = HBCD_OK;
    *at = (TY(loaded)){data->x, data->y, data->w, 0};
    for (hbcd_cut cut = all; cut.from < all.to && status == HBCD_OK; cut.from = cut.to) {
        cut.to = FN(lanes_at_once)(data, &all, cut.from);
        if (data->tiles)
            HBCD_TRY(FN(data_load)(data, cut.from * cut.tiles / cut.lanes - cut.before,
                                   cut.to * cut.tiles / cut.lanes - cut.before, at));
        double share = (double)(cut.to - cut.from) / (double)(all.to - all.from);
        status = hbcd_sums_add(sums, team, &cut, share * cost, work, context);
    }
    return status;
}

/* What a weighing works on. */
typedef struct TY(weighing) {
    const TY(data) *data;
    TY(loaded) at;
} TY(weighing);

static int FN(weigh_tile)(void *self, double *sums, size_t tile, int ends, int thread)
{
    (void)ends, (void)thread;
    const TY(weighing) *work = self;
    const REAL *w = work->at.w + (tile - work->at.first) * HBCD_TILE;
    for (size_t r = 0; r < FN(tile_rows)(work->data, tile); r++) sums[0] += (double)w[r];
    return HBCD_OK;
}

/* The sum of the weights of all rows. */
static int FN(weigh)(TY(data) *data)
{
    enum { STRIDE = HBCD_ALIGN / sizeof(double) };
    double room[HBCD_TREE_DEPTH * STRIDE], root, *total;
    const hbcd_team team = {1, NULL};
    TY(weighing) work = {.data = data};
    hbcd_sums sums = {.tree = {.lowest = room, .others = room + STRIDE}, .root = &root};
    hbcd_sums_begin(&sums, 1);
    int status = FN(data_sum)(data, &sums, &team, 0, FN(weigh_tile), &work, &work.at);
    status = hbcd_sums_total(&sums, data->range.ranks, NULL, 0, status, &total);
    if (status == HBCD_OK) data->weight_sum = *total;
    return status;
}

/* The rows of this rank, of all that a range divides; -1 if it does not begin ranks with lanes. */
static int FN(set_range)(TY(data) *data, const hbcd_range *range)
{
    if (range == NULL) return data->rows > 0 ? HBCD_OK : HBCD_ERR_ARGUMENT;
    const size_t *first = range->first, ranks = range->ranks->ranks, rank = range->ranks->rank, all = first[ranks];
    if (all == 0 || all > UINT32_MAX || rank >= ranks || first[0] != 0) return HBCD_ERR_ARGUMENT;
    for (size_t k = 0; k < ranks; k++)
        if (first[k + 1] < first[k] || hbcd_lane_row(all, hbcd_lane_of(all, first[k])) != first[k]) return HBCD_ERR_ARGUMENT;
    if (first[rank + 1] - first[rank] != data->rows) return HBCD_ERR_ARGUMENT;
    data->range = *range;
    data->all = all;
    data->weight_sum = (double)all;
    return HBCD_OK;
}

int FN(data_make)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, const hbcd_range *range, int n_threads,
                  hbcd_arena *arena, TY(data) *data)
{
    if (x->rows > UINT32_MAX || x->cols == 0 || (y && (y->rows != x->rows || y->cols == 0)) ||
        (w && (w->rows != x->rows || w->cols != 1)))
        return HBCD_ERR_ARGUMENT;
    FN(data_room)(x->rows, x->cols, y ? y->cols : 0, y != NULL, w != NULL, arena, data);
    HBCD_TRY(FN(set_range)(data, range));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    TY(packing) work = {x, y, w, data};
    FN(pack)(&work, n_threads);
    return w ? FN(weigh)(data) : HBCD_OK;
}

int FN(data_stream)(size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles, const hbcd_range *range,
                    hbcd_arena *arena, TY(data) *data)
{
    if (rows > UINT32_MAX || n_in == 0 || n_out == 0 || tiles->most == 0) return HBCD_ERR_ARGUMENT;
    *data = (TY(data)){.rows = rows, .n_in = n_in, .n_out = n_out, .weight_sum = (double)rows, .all = rows, .weighted = weighted,
                       .tiles = tiles};
    HBCD_TRY(FN(set_range)(data, range));
    return arena->base && weighted ? FN(weigh)(data) : HBCD_OK;
}

/* What a gathering of rows works on, for the tiles of `to` from that of row `at` on. */
typedef struct TY(gathering) {
    const TY(data) *from, *to;
    const uint32_t *index; /* rows of `from` */
    size_t at, rows;
} TY(gathering);

/* Rows `index` of one array of `features` per row go to a tile of `to_ld`, from its row `offset` on, feature by feature: what
 * is written lies together, and what is read of one feature is independent.  Behind them the tile is set to zero. */
static void FN(gather)(const REAL *from, size_t from_rows, size_t features, size_t rows, const uint32_t *index,
                       size_t offset, size_t to_ld, REAL *to)
{
    const size_t last = (from_rows - 1) / HBCD_TILE, last_ld = FN(padded)(from_rows - last * HBCD_TILE);
    const REAL *row[HBCD_TILE];
    size_t ld[HBCD_TILE];
    for (size_t r = 0; r < rows; r++) {
        const size_t tile = index[r] / HBCD_TILE;
        row[r] = from + tile * HBCD_TILE * features + index[r] % HBCD_TILE;
        ld[r] = tile == last ? last_ld : HBCD_TILE;
    }
    for (size_t c = 0; c < features; c++, to += to_ld) {
        for (size_t r = 0; r < rows; r++) to[offset + r] = row[r][c * ld[r]];
        for (size_t r = offset + rows; r < to_ld; r++) to[r] = 0;
    }
}

static int FN(gather_tile)(void *self, size_t tile, int thread)
{
    (void)thread;
    const TY(gathering) *work = self;
    const TY(data) *from = work->from, *to = work->to;
    tile += work->at / HBCD_TILE;
    const size_t begin = tile * HBCD_TILE, end = begin + FN(tile_rows)(to, tile), ld = FN(padded)(end - begin);
    const size_t offset = begin < work->at ? work->at - begin : 0, all = work->at + work->rows;
    const size_t rows = (all < end ? all : end) - begin - offset;
    const uint32_t *index = work->index + (begin + offset - work->at);
    FN(gather)(from->x, from->rows, from->n_in, rows, index, offset, ld, to->x + begin * from->n_in);
    FN(gather)(from->y, from->rows, from->n_out, rows, index, offset, ld, to->y + begin * from->n_out);
    if (from->w) FN(gather)(from->w, from->rows, 1, rows, index, offset, ld, to->w + begin);
    return HBCD_OK;
}

void FN(data_resize)(const TY(data) *from, size_t rows, TY(data) *to)
{
    to->rows = to->all = rows;
    to->weight_sum = (double)rows;
    to->penalty = from->penalty;
    to->center = from->center;
    to->n_center = from->n_center;
    to->range = (hbcd_range){0};
    to->dealt = 0;
}

int FN(data_gather)(const TY(data) *from, size_t rows, const uint32_t *index, const hbcd_team *team, TY(data) *to)
{
    FN(data_resize)(from, rows, to);
    return FN(data_place)(from, rows, index, team, 0, to);
}

int FN(data_place)(const TY(data) *from, size_t rows, const uint32_t *index, const hbcd_team *team, size_t at, TY(data) *to)
{
    enum { OPERATIONS = 15 }; /* of one number: 1 ns of a narrow table */
    TY(gathering) work = {from, to, index, at, rows};
    const double cost = (double)OPERATIONS * (double)rows * (double)(from->n_in + from->n_out);
    const size_t tiles = FN(n_tiles)(at + rows) - at / HBCD_TILE;
    int status = hbcd_tiles_run(team, tiles, cost, FN(gather_tile), &work);
    return status != 0 || from->w == NULL || at + rows < to->rows ? status : FN(weigh)(to);
}
