/* batches.inl: the order of the rows in a pass, and the batches cut from it.  Part of train.c.
 *
 * The order of the tiles is shuffled, so many of them make a window, and the rows of a window are shuffled: a pass reads
 * every tile once, wherever it lies, and holds one window.  A table of one window is shuffled as a whole. */

typedef struct TY(batches) {
    const TY(data) *data;
    size_t room;          /* rows of the largest batch smaller than the data; 0: none is drawn */
    TY(data) batch;
    uint32_t *tiles;      /* their order in a pass; NULL: one window has them all */
    uint32_t *order;      /* of the rows of a window: numbers of rows, or of rows of `window` where there is one */
    size_t at;            /* the window that `order` is of; SIZE_MAX: none */
    size_t last;          /* where in their order the last of all tiles is, which may be short */
    uint64_t key;         /* of the random numbers of this pass */
    int collects;         /* rows of a window come from other ranks or from outside of memory */
    TY(data) window;      /* then they are collected here, in the order of tiles */
    unsigned char *own, *all; /* tiles of a window of this rank, and of all, as they travel */
    size_t *bytes;        /* (ranks) */
} TY(batches);

static size_t FN(window_rows)(const TY(data) *data)
{
    return data->all < HBCD_WINDOW * HBCD_TILE ? data->all : HBCD_WINDOW * HBCD_TILE;
}

/* Bytes of a tile as it travels: x, y, w. */
static size_t FN(tile_bytes)(const TY(data) *data, int weighted, size_t rows)
{
    return FN(padded)(rows) * (data->n_in + data->n_out + (weighted ? 1 : 0)) * sizeof(REAL);
}

static void FN(batches_make)(const TY(data) *data, size_t room, hbcd_arena *arena, TY(batches) *batches)
{
    const hbcd_ranks *ranks = data->range.ranks;
    const size_t tiles = FN(n_tiles)(data->all), rows = FN(window_rows)(data);
    TY(batches) made = {.data = data, .room = room, .collects = ranks != NULL || data->tiles != NULL};
    *batches = made;
    if (room == 0) return;
    const int weighted = data->weighted;
    FN(data_room)(room, data->n_in, data->n_out, 1, weighted, arena, &made.batch);
    made.order = hbcd_arena_take(arena, rows, sizeof(uint32_t));
    made.tiles = tiles > HBCD_WINDOW ? hbcd_arena_take(arena, tiles, sizeof(uint32_t)) : NULL;
    if (made.collects) FN(data_room)(rows, data->n_in, data->n_out, 1, weighted, arena, &made.window);
    const size_t bytes = FN(tile_bytes)(data, weighted, HBCD_TILE), most = tiles < HBCD_WINDOW ? tiles : HBCD_WINDOW;
    const size_t own = FN(n_tiles)(data->rows);
    if (made.collects) made.all = hbcd_arena_take(arena, ranks ? most : 1, bytes);
    if (ranks) {
        made.own = hbcd_arena_take(arena, own < most ? own : most, bytes);
        made.bytes = hbcd_arena_take(arena, ranks->ranks, sizeof *made.bytes);
    }
    *batches = made;
}

static size_t FN(tile_at)(const TY(batches) *batches, size_t k) { return batches->tiles ? batches->tiles[k] : k; }
static size_t FN(rows_of_tile)(const TY(data) *data, size_t tile)
{
    const size_t left = data->all - tile * HBCD_TILE;
    return left < HBCD_TILE ? left : HBCD_TILE;
}

/* The row of the pass that window w begins with: the short tile may be in one before. */
static size_t FN(window_begin)(const TY(batches) *batches, size_t w)
{
    const size_t tiles = FN(n_tiles)(batches->data->all), k = w * HBCD_WINDOW;
    if (k >= tiles) return batches->data->all;
    return k * HBCD_TILE - (batches->last < k ? HBCD_TILE - FN(rows_of_tile)(batches->data, tiles - 1) : 0);
}

/* A new run: rows of one window are in their order. */
static void FN(batches_begin)(TY(batches) *batches)
{
    batches->at = SIZE_MAX;
    if (batches->room == 0 || batches->tiles) return;
    for (size_t r = 0; r < batches->data->all; r++) batches->order[r] = (uint32_t)r;
}

/* A new pass. */
static void FN(batches_shuffle)(TY(batches) *batches, hbcd_rng *rng)
{
    const size_t tiles = FN(n_tiles)(batches->data->all);
    if (!batches->tiles) {
        hbcd_rng_shuffle(rng, batches->data->all, batches->order);
        return;
    }
    hbcd_rng order;
    batches->key = hbcd_rng_u64(rng);
    batches->at = SIZE_MAX;
    for (size_t t = 0; t < tiles; t++) batches->tiles[t] = (uint32_t)t;
    hbcd_rng_seed(&order, batches->key, 0);
    hbcd_rng_shuffle(&order, tiles, batches->tiles);
    for (batches->last = 0; batches->tiles[batches->last] != tiles - 1;) batches->last++;
}

/* ---- rows from elsewhere ------------------------------------------------------------------------------------------- */

static int FN(is_own)(const TY(data) *data, size_t rank, size_t tile)
{
    const size_t *first = data->range.first, row = tile * HBCD_TILE;
    return data->range.ranks == NULL || (first[rank] <= row && row < first[rank + 1]);
}

/* A tile of this rank, as it travels. */
static int FN(read_tile)(const TY(data) *data, size_t tile, REAL *to)
{
    const size_t before = data->range.ranks ? data->range.first[data->range.ranks->rank] / HBCD_TILE : 0;
    const size_t own = tile - before, ld = FN(padded)(FN(rows_of_tile)(data, tile));
    TY(loaded) at = {data->x, data->y, data->w, 0};
    if (data->tiles) HBCD_TRY(FN(data_load)(data, own, own + 1, &at));
    const size_t begin = (own - at.first) * HBCD_TILE;
    memcpy(to, at.x + begin * data->n_in, ld * data->n_in * sizeof *to);
    memcpy(to + ld * data->n_in, at.y + begin * data->n_out, ld * data->n_out * sizeof *to);
    if (data->weighted) memcpy(to + ld * (data->n_in + data->n_out), at.w + begin, ld * sizeof *to);
    return HBCD_OK;
}

/* One array of a tile of `rows` goes to the rows of the window from `at` on. */
static const REAL *FN(place)(const TY(data) *window, const REAL *from, size_t features, size_t rows, size_t at, REAL *to)
{
    const size_t ld = FN(padded)(rows);
    for (size_t r = 0; r < rows; r++) {
        const size_t tile = (at + r) / HBCD_TILE, to_ld = FN(padded)(FN(tile_rows)(window, tile));
        REAL *row = to + tile * HBCD_TILE * features + (at + r) % HBCD_TILE;
        for (size_t c = 0; c < features; c++) row[c * to_ld] = from[c * ld + r];
    }
    return from + features * ld;
}

static void FN(place_tile)(TY(batches) *batches, size_t tile, const REAL *from, size_t at)
{
    const TY(data) *window = &batches->window;
    const size_t rows = FN(rows_of_tile)(batches->data, tile);
    from = FN(place)(window, from, window->n_in, rows, at, window->x);
    from = FN(place)(window, from, window->n_out, rows, at, window->y);
    if (window->w) FN(place)(window, from, 1, rows, at, window->w);
}

/* Tiles begin .. end - 1 of the pass from all ranks. */
static int FN(share_window)(TY(batches) *batches, size_t begin, size_t end)
{
    const TY(data) *data = batches->data;
    const hbcd_ranks *ranks = data->range.ranks;
    size_t used = 0;
    int status = HBCD_OK; /* the others wait for what this rank has, whatever it is */
    for (size_t rank = 0; rank < ranks->ranks; rank++) {
        batches->bytes[rank] = 0;
        for (size_t k = begin; k < end; k++) {
            const size_t tile = FN(tile_at)(batches, k), bytes = FN(tile_bytes)(data, data->weighted, FN(rows_of_tile)(data, tile));
            if (!FN(is_own)(data, rank, tile)) continue;
            batches->bytes[rank] += bytes;
            if (rank != ranks->rank) continue;
            if (status == HBCD_OK) status = FN(read_tile)(data, tile, (REAL *)(void *)(batches->own + used));
            used += bytes;
        }
    }
    HBCD_TRY(ranks->share(ranks->self, batches->own, batches->bytes, batches->all));
    const unsigned char *from = batches->all;
    for (size_t rank = 0; rank < ranks->ranks; rank++)
        for (size_t k = begin, row = 0; k < end; k++) {
            const size_t tile = FN(tile_at)(batches, k);
            if (FN(is_own)(data, rank, tile)) {
                FN(place_tile)(batches, tile, (const REAL *)(const void *)from, row);
                from += FN(tile_bytes)(data, data->weighted, FN(rows_of_tile)(data, tile));
            }
            row += FN(rows_of_tile)(data, tile);
        }
    return status;
}

static int FN(load_window)(TY(batches) *batches, size_t begin, size_t end)
{
    REAL *room = (REAL *)(void *)batches->all;
    for (size_t k = begin, row = 0; k < end; k++) {
        const size_t tile = FN(tile_at)(batches, k);
        HBCD_TRY(FN(read_tile)(batches->data, tile, room));
        FN(place_tile)(batches, tile, room, row);
        row += FN(rows_of_tile)(batches->data, tile);
    }
    return HBCD_OK;
}

/* ---- batches --------------------------------------------------------------------------------------------------------- */

/* The order of the rows of window w, and where they come from elsewhere, they. */
static int FN(open_window)(TY(batches) *batches, size_t w, hbcd_watch *watch)
{
    const TY(data) *data = batches->data;
    const size_t tiles = FN(n_tiles)(data->all), begin = w * HBCD_WINDOW;
    const size_t end = tiles - begin < HBCD_WINDOW ? tiles : begin + HBCD_WINDOW;
    if (batches->at == w) return HBCD_OK;
    int status = HBCD_OK;
    if (batches->collects) {
        batches->window.rows = FN(window_begin)(batches, w + 1) - FN(window_begin)(batches, w);
        if (data->range.ranks) status = hbcd_ranks_agree(data->range.ranks, watch, HBCD_OK);
        if (status != HBCD_OK) return status;
        status = data->range.ranks ? FN(share_window)(batches, begin, end) : FN(load_window)(batches, begin, end);
        if (status != HBCD_OK) return status;
    }
    batches->at = w;
    if (!batches->tiles) return HBCD_OK;
    size_t n = 0;
    for (size_t k = begin; k < end; k++) {
        const size_t tile = batches->tiles[k], rows = FN(rows_of_tile)(data, tile);
        for (size_t r = 0; r < rows; r++, n++)
            batches->order[n] = (uint32_t)(batches->collects ? n : tile * HBCD_TILE + r);
    }
    hbcd_rng order;
    hbcd_rng_seed(&order, batches->key, w + 1);
    hbcd_rng_shuffle(&order, n, batches->order);
    return HBCD_OK;
}

/* Rows begin .. end - 1 of the pass become the batch. */
static int FN(batch_cut)(TY(batches) *batches, size_t begin, size_t end, size_t n_params, const hbcd_team *team)
{
    enum { WORTH_DEALING = 10 * 1000 * 1000 }; /* operations: 0.7 ms */
    const TY(data) *data = batches->data;
    TY(data) *batch = &batches->batch;
    FN(data_resize)(data, end - begin, batch);
    for (size_t row = begin; row < end;) {
        size_t w = row / (HBCD_WINDOW * HBCD_TILE), from, to; /* or the next, where a short tile came before */
        while ((to = FN(window_begin)(batches, w + 1)) <= row) w++;
        from = FN(window_begin)(batches, w);
        if (to > end) to = end;
        int status = FN(open_window)(batches, w, team->watch);
        if (status == HBCD_OK)
            status = FN(data_place)(batches->collects ? &batches->window : data, to - row, batches->order + (row - from),
                                     team, row - begin, batch);
        if (status != HBCD_OK) return status;
        row = to;
    }
    const hbcd_ranks *ranks = data->range.ranks;
    batch->dealt = ranks != NULL && 6.0 * (double)batch->rows * (double)n_params >= WORTH_DEALING;
    if (batch->dealt) batch->range.ranks = ranks;
    return HBCD_OK;
}
