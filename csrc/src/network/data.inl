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

void FN(pack_tile)(const hbcd_table *table, size_t begin, size_t rows, size_t ld, REAL *to)
{
    const char *base = (const char *)table->data + (ptrdiff_t)begin * table->row_stride;
    for (size_t c = 0; c < table->cols; c++, to += ld, base += table->col_stride) {
        const char *from = base;
        if (table->scale)
            FN(pack_scaled)(table, from, rows, table->mean[c], table->scale[c], to);
        else if (table->dtype == HBCD_F64)
            for (size_t r = 0; r < rows; r++, from += table->row_stride) to[r] = (REAL) * (const double *)from;
        else
            for (size_t r = 0; r < rows; r++, from += table->row_stride) to[r] = (REAL) * (const float *)from;
        for (size_t r = rows; r < ld; r++) to[r] = 0;
    }
}

static void FN(pack)(const hbcd_table *table, REAL *to)
{
    for (size_t begin = 0; begin < table->rows; begin += HBCD_TILE) {
        size_t rows = table->rows - begin < HBCD_TILE ? table->rows - begin : HBCD_TILE;
        FN(pack_tile)(table, begin, rows, FN(padded)(rows), to + begin * table->cols);
    }
}

int FN(data_make)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, hbcd_arena *arena, TY(data) *data)
{
    if (x->rows == 0 || x->rows > UINT32_MAX || x->cols == 0 || (y && (y->rows != x->rows || y->cols == 0)) ||
        (w && (w->rows != x->rows || w->cols != 1)))
        return HBCD_ERR_ARGUMENT;
    FN(data_room)(x->rows, x->cols, y ? y->cols : 0, y != NULL, w != NULL, arena, data);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    FN(pack)(x, data->x);
    if (y) FN(pack)(y, data->y);
    if (w) {
        FN(pack)(w, data->w);
        data->weight_sum = 0;
        for (size_t r = 0; r < x->rows; r++) data->weight_sum += (double)data->w[r];
    }
    return HBCD_OK;
}

/* Rows `index` of one array of `features` per row. */
static void FN(gather)(const REAL *from, size_t from_rows, size_t features, size_t rows, const uint32_t *index, REAL *to)
{
    size_t last = (from_rows - 1) / HBCD_TILE, last_ld = FN(padded)(from_rows - last * HBCD_TILE);
    for (size_t r = 0; r < rows; r++) {
        size_t tile = index[r] / HBCD_TILE, ld = tile == last ? last_ld : HBCD_TILE;
        const REAL *row = from + tile * HBCD_TILE * features + index[r] % HBCD_TILE;
        size_t here = r / HBCD_TILE, left = rows - here * HBCD_TILE;
        size_t to_ld = left < HBCD_TILE ? FN(padded)(left) : HBCD_TILE;
        REAL *out = to + here * HBCD_TILE * features + r % HBCD_TILE;
        for (size_t c = 0; c < features; c++) out[c * to_ld] = row[c * ld];
    }
    size_t here = (rows - 1) / HBCD_TILE, left = rows - here * HBCD_TILE, to_ld = FN(padded)(left);
    REAL *out = to + here * HBCD_TILE * features;
    for (size_t c = 0; c < features; c++)
        for (size_t r = left; r < to_ld; r++) out[c * to_ld + r] = 0;
}

void FN(data_gather)(const TY(data) *from, size_t rows, const uint32_t *index, TY(data) *to)
{
    to->rows = rows;
    to->weight_sum = (double)rows;
    to->penalty = from->penalty;
    FN(gather)(from->x, from->rows, from->n_in, rows, index, to->x);
    FN(gather)(from->y, from->rows, from->n_out, rows, index, to->y);
    if (from->w == NULL) return;
    FN(gather)(from->w, from->rows, 1, rows, index, to->w);
    to->weight_sum = 0;
    for (size_t r = 0; r < rows; r++) to->weight_sum += (double)to->w[r];
}
