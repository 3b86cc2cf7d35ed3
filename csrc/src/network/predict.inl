/* predict.inl: a network on tables: its loss, its outputs, and the pullback of a gradient through it. */

int FN(net_loss)(const TY(net) *net, const TY(data) *data, const REAL *theta, int n_threads, hbcd_watch *watch,
                 hbcd_arena *arena, double *f, REAL *g)
{
    TY(bound) bound;
    FN(bound_make)(net, data->all, data->range.ranks != NULL, 0, n_threads, watch, arena, &bound);
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    HBCD_TRY(FN(objective_bind)(&bound, data, -1));
    int status = FN(objective_of)(&bound).eval(&bound, theta, f, g);
    return status;
}

int FN(net_normal)(const TY(net) *net, const TY(data) *data, const REAL *theta, int block, int n_threads,
                   hbcd_watch *watch, hbcd_arena *arena, double *f, double *jtwr, double *jtwj)
{
    TY(bound) bound;
    if (block < -1 || (block >= 0 && (size_t)block >= net->n_blocks)) return HBCD_ERR_ARGUMENT;
    size_t n = block < 0 ? net->n_params : net->blocks[block].size;
    FN(bound_make)(net, data->all, data->range.ranks != NULL, block < 0 || data->tiles ? 0 : data->rows, n_threads, watch,
                   arena, &bound);
    HBCD_TRY(FN(normal_make)(&bound, n, arena));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    memcpy(bound.theta, theta, net->n_params * sizeof *theta);
    int status = FN(objective_bind)(&bound, data, block);
    if (status == 0) status = FN(objective_normal)(&bound, theta + bound.start, f, jtwr, jtwj);
    return status;
}

int FN(net_linearize)(const TY(net) *net, const TY(data) *data, const REAL *theta, int n_threads, hbcd_watch *watch,
                      hbcd_arena *arena, double *outputs, double *targets, double *jacobian)
{
    TY(bound) bound;
    FN(bound_make)(net, data->all, data->range.ranks != NULL, 0, n_threads, watch, arena, &bound);
    HBCD_TRY(FN(normal_make)(&bound, net->n_params, arena));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    HBCD_TRY(FN(objective_bind)(&bound, data, -1));
    return FN(objective_linearize)(&bound, theta, outputs, targets, jacobian);
}

void FN(unpack_tile)(const REAL *from, size_t begin, size_t rows, size_t ld, const hbcd_table *table)
{
    for (size_t c = 0; c < table->cols; c++, from += ld) {
        char *to = (char *)table->data + (ptrdiff_t)begin * table->row_stride + (ptrdiff_t)c * table->col_stride;
        for (size_t r = 0; r < rows; r++, to += table->row_stride) {
            if (table->dtype == HBCD_F64) *(double *)(void *)to = (double)from[r];
            else *(float *)(void *)to = (float)from[r];
        }
    }
}

typedef struct TY(prediction) {
    const TY(net) *net;
    const hbcd_table *x, *out;
    const REAL *theta;
    REAL *input; /* per thread: (n_in, HBCD_TILE) */
    TY(work) *work;
} TY(prediction);

static int FN(predict_tile)(void *self, size_t tile, int thread)
{
    const TY(prediction) *p = self;
    size_t begin = tile * HBCD_TILE, left = p->x->rows - begin, rows = left < HBCD_TILE ? left : HBCD_TILE;
    size_t ld = FN(padded)(rows);
    REAL *input = p->input + (size_t)thread * HBCD_TILE * p->net->n_in;
    FN(pack_tile)(p->x, begin, rows, ld, input);
    HBCD_TRY(FN(tile_forward)(p->net, 0, p->net->n_layers, rows, ld, p->theta, input, &p->work[thread]));
    const REAL *a = p->work[thread].a + p->net->layers[p->net->n_layers - 1].a * HBCD_TILE;
    FN(unpack_tile)(a, begin, rows, ld, p->out);
    return HBCD_OK;
}

/* One row through all layers, none of them from outside, without padding; its outputs stand at *out. */
static int FN(forward_row)(const TY(prediction) *p, size_t r, const REAL **out)
{
    const TY(work) *work = &p->work[0];
    const REAL *x = p->input;
    int finite = 1;
    FN(pack_tile)(p->x, r, 1, 1, p->input);
    for (size_t l = 0; l < p->net->n_layers; l++) {
        const TY(layer) *layer = &p->net->layers[l];
        REAL *a = work->a + layer->a * HBCD_TILE;
        layer->kind->forward(layer, 1, 1, p->theta + layer->start, x, a);
        finite &= FN(all_finite)(layer->n_out, a);
        layer->activation.forward(layer->activation.self, layer->n_out, a, a);
        x = a;
    }
    *out = x;
    return finite ? HBCD_OK : HBCD_STOP_NOT_FINITE;
}

/* A tile would compute HBCD_PAD rows for the one or few that are asked for. */
static int FN(predict_rows)(const TY(prediction) *p)
{
    int status = HBCD_OK;
    for (size_t r = 0; r < p->x->rows; r++) {
        const REAL *out;
        if (FN(forward_row)(p, r, &out) != HBCD_OK) status = HBCD_STOP_NOT_FINITE;
        FN(unpack_tile)(out, r, 1, 1, p->out);
    }
    return status;
}

int FN(net_predict)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads, hbcd_watch *watch,
                    hbcd_arena *arena, const hbcd_table *out)
{
    size_t tiles = FN(n_tiles)(x->rows);
    if (x->cols != net->n_in || out->cols != net->n_out || out->rows != x->rows) return HBCD_ERR_ARGUMENT;
    if (n_threads < 1 || net->serial) n_threads = 1;
    if ((size_t)n_threads > tiles) n_threads = tiles ? (int)tiles : 1;
    TY(prediction) p = {.net = net, .x = x, .out = out, .theta = theta};
    const hbcd_team team = {n_threads, watch};
    p.input = hbcd_arena_take(arena, hbcd_times((size_t)n_threads * HBCD_TILE, net->n_in), sizeof(REAL));
    p.work = hbcd_arena_take(arena, (size_t)n_threads, sizeof *p.work);
    for (int t = 0; t < n_threads; t++) {
        TY(work) one;
        FN(work_make)(net, arena, &one);
        if (arena->base && hbcd_arena_check(arena) == HBCD_OK) p.work[t] = one;
    }
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    if (x->rows <= HBCD_FEW_ROWS && net->n_hooks == 0) return FN(predict_rows)(&p);
    double cost = 2.0 * (double)x->rows * (double)net->n_params;
    int status = hbcd_tiles_run(&team, tiles, FN(repays)(net, cost), FN(predict_tile), &p);
    return status;
}

int FN(net_pullback)(const TY(net) *net, const hbcd_table *x, const REAL *theta, const hbcd_table *grad_out,
                     hbcd_arena *arena, const hbcd_table *grad_x, double *grad)
{
    if (x->cols != net->n_in || grad_out->cols != net->n_out || grad_out->rows != x->rows) return HBCD_ERR_ARGUMENT;
    if (grad_x && (grad_x->rows != x->rows || grad_x->cols != x->cols)) return HBCD_ERR_ARGUMENT;
    TY(work) work;
    FN(work_make)(net, arena, &work);
    REAL *input = hbcd_arena_take(arena, hbcd_times(HBCD_TILE, net->n_in), sizeof(REAL));
    REAL *below = hbcd_arena_take(arena, hbcd_times(HBCD_TILE, net->n_in), sizeof(REAL));
    HBCD_TRY(hbcd_arena_check(arena));
    if (arena->base == NULL) return HBCD_OK;
    memset(grad, 0, net->n_params * sizeof *grad);
    for (size_t begin = 0; begin < x->rows; begin += HBCD_TILE) {
        size_t rows = x->rows - begin < HBCD_TILE ? x->rows - begin : HBCD_TILE, ld = FN(padded)(rows);
        FN(pack_tile)(x, begin, rows, ld, input);
        HBCD_TRY(FN(tile_forward)(net, 0, net->n_layers, rows, ld, theta, input, &work));
        FN(pack_tile)(grad_out, begin, rows, ld, work.delta);
        HBCD_TRY(FN(tile_backward)(net, 0, 0, rows, ld, theta, input, &work, grad, below));
        if (grad_x) FN(unpack_tile)(below, begin, rows, ld, grad_x);
    }
    return HBCD_OK;
}
