/* any_data.inl: shims of data between void * and REAL *.  Part of any.c. */

static int FN(any_data_make)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, const hbcd_range *range,
                             int n_threads, hbcd_arena *arena, void **data)
{
    TY(data) made, *kept = hbcd_arena_take(arena, 1, sizeof *kept);
    *data = NULL;
    HBCD_TRY(FN(data_make)(x, y, w, range, n_threads, arena, &made));
    if (arena->base == NULL) return HBCD_OK;
    *kept = made;
    *data = kept;
    return HBCD_OK;
}

static int FN(any_data_stream)(size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles,
                               const hbcd_range *range, hbcd_arena *arena, void **data)
{
    TY(data) made, *kept = hbcd_arena_take(arena, 1, sizeof *kept);
    *data = NULL;
    HBCD_TRY(hbcd_arena_check(arena));
    HBCD_TRY(FN(data_stream)(rows, n_in, n_out, weighted, tiles, range, arena, &made));
    if (arena->base == NULL) return HBCD_OK;
    *kept = made;
    *data = kept;
    return HBCD_OK;
}

static void FN(any_data_describe)(const void *data, size_t *rows, size_t *all, double *weight_sum)
{
    const TY(data) *of = data;
    *rows = of->rows;
    *all = of->all;
    *weight_sum = of->weight_sum;
}

static void FN(any_data_arrays)(const void *data, const void *arrays[3], size_t sizes[3])
{
    const TY(data) *of = data;
    const size_t room = FN(padded)(of->rows);
    arrays[0] = of->x, arrays[1] = of->y, arrays[2] = of->w;
    sizes[0] = room * of->n_in, sizes[1] = of->y ? room * of->n_out : 0, sizes[2] = of->w ? room : 0;
}

static int FN(any_data_take)(const void *data, size_t rows, const uint32_t *index, int n_threads, hbcd_arena *arena,
                             void **taken)
{
    const TY(data) *from = data;
    TY(data) made = {0}, *kept = hbcd_arena_take(arena, 1, sizeof *kept);
    const hbcd_team team = {n_threads, NULL};
    *taken = NULL;
    if (from->tiles) return HBCD_ERR_ARGUMENT;
    FN(data_room)(rows, from->n_in, from->n_out, from->y != NULL, from->w != NULL, arena, &made);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    HBCD_TRY(FN(data_gather)(from, rows, index, &team, &made));
    *kept = made;
    *taken = kept;
    return HBCD_OK;
}
