/* test_train_windows.c: batches of more rows than are shuffled together.  Rows in memory, read tile by tile, of a rank, and
 * read by a rank lead to the same bits; what fails while a window is collected ends the run. */
#include "train_world.h"

enum { ROWS = 66000, BATCH = 4096, DEALT = 30000 }; /* 258 tiles, the last one short; a window has 256 */

/* Rows that lie elsewhere, and a run on one rank. */
typedef struct source {
    const void *arrays[3];
    size_t loads, fails_at, number, shares, gradients;
    int share_fails;
} source;

static int load(void *self, size_t first, size_t last, const void **x, const void **y, const void **w)
{
    source *s = self;
    const void **to[] = {x, y, w};
    const size_t per_tile[] = {HBCD_TILE * N_IN, HBCD_TILE, HBCD_TILE};
    (void)last;
    if (++s->loads == s->fails_at) return HBCD_ERR_HOOK;
    for (int k = 0; k < 3; k++)
        *to[k] = s->arrays[k] ? (const char *)s->arrays[k] + first * per_tile[k] * s->number : NULL;
    return HBCD_OK;
}

static int sum_of_one(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root, hbcd_control *control)
{
    source *s = self;
    s->gradients += n > N_PARAMS; /* and a value */
    return control->status == 0 && n > 0 ? hbcd_add_nodes(n_nodes, nodes, n, root) : HBCD_OK;
}

static int share_of_one(void *self, const void *own, const size_t *bytes, void *all)
{
    source *s = self;
    s->shares++;
    memcpy(all, own, bytes[0]);
    return s->share_fails ? HBCD_ERR_HOOK : HBCD_OK;
}

static memory stream(const world *w, int weighted, const hbcd_tiles *tiles, const hbcd_range *range, void **data)
{
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, weighted, tiles, range, &count, data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_stream(w->dtype, ROWS, N_IN, 1, weighted, tiles, range, &m.arena, data) == HBCD_OK);
    return m;
}

static memory pack(const world *w, double *weights, const hbcd_range *range, void **data)
{
    const hbcd_table x = {w->x, HBCD_F64, ROWS, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    const hbcd_table y = {w->y, HBCD_F64, ROWS, 1, sizeof *w->y, sizeof *w->y, NULL, NULL, NULL};
    const hbcd_table v = {weights, HBCD_F64, ROWS, 1, sizeof *weights, sizeof *weights, NULL, NULL, NULL};
    hbcd_arena count = {NULL, 0, 0};
    CHECK(hbcd_data_make(w->dtype, &x, &y, weights ? &v : NULL, range, 1, &count, data) == HBCD_OK);
    memory m = borrow(count.used);
    CHECK(hbcd_data_make(w->dtype, &x, &y, weights ? &v : NULL, range, 1, &m.arena, data) == HBCD_OK);
    return m;
}

static void test_where_the_rows_lie_changes_no_bit(world *w, double *weights)
{
    /* Batches that every rank does whole, then such that ranks share. */
    const hbcd_phase_spec phase[] = {batches_of(w, HBCD_ADAM, -1, BATCH, 1), batches_of(w, HBCD_ADAM, -1, DEALT, 1)};
    const size_t first[] = {0, ROWS};
    void *const unweighted = w->data, *data[4];
    source s = {.number = w->dtype == HBCD_F32 ? sizeof(float) : sizeof(double)};
    const hbcd_ranks one = {0, 1, sum_of_one, share_of_one, &s};
    const hbcd_range range = {&one, first};
    const hbcd_tiles tiles = {load, &s, 16};
    size_t sizes[3];
    memory m[4];
    m[0] = pack(w, weights, NULL, &data[0]);
    hbcd_data_arrays(w->dtype, data[0], s.arrays, sizes);
    m[1] = stream(w, weights != NULL, &tiles, NULL, &data[1]);
    m[2] = pack(w, weights, &range, &data[2]);
    m[3] = stream(w, weights != NULL, &tiles, &range, &data[3]);
    run *runs[4];
    for (int k = 0; k < 4; k++) {
        runs[k] = new_run();
        w->data = data[k];
        s.loads = s.shares = s.gradients = 0;
        CHECK(go(w, runs[k], 2, phase) == HBCD_STOP_EPOCHS);
        CHECK(same(w->dtype, &runs[k]->theta, &runs[0]->theta) && runs[k]->report.f == runs[0]->report.f);
        CHECK((s.loads > 0) == (k % 2 == 1) && s.shares == (k >= 2 ? 4 : 0)); /* one call for each window */
        CHECK(s.gradients == (k >= 2 ? ROWS / DEALT : 0)); /* of batches that are shared alone */
    }
    CHECK(!same(w->dtype, &runs[0]->theta, &w->start) && runs[0]->report.f < runs[0]->report.f_start);
    /* The first loss takes loads as well: fail behind them, within a window. */
    for (int k = 1; k <= 3; k += 2) {
        run *failed = new_run();
        double f = NAN;
        hbcd_arena count = {NULL, 0, 0};
        w->data = data[k];
        s.loads = s.fails_at = 0;
        CHECK(hbcd_net_loss(w->dtype, w->net, w->data, &w->start, 1, NULL, &count, &f, NULL) == HBCD_OK);
        f = loss_on(w, w->data, &w->start);
        s.fails_at = s.loads + 100;
        s.loads = 0;
        CHECK(go(w, failed, 1, phase) == HBCD_ERR_HOOK && failed->report.f == f);
        CHECK(same(w->dtype, &failed->theta, &w->start));
        s.fails_at = 0;
        free(failed);
    }
    run *failed = new_run();
    w->data = data[2];
    s.share_fails = 1;
    CHECK(go(w, failed, 1, phase) == HBCD_ERR_HOOK && same(w->dtype, &failed->theta, &w->start));
    free(failed);
    for (int k = 0; k < 4; k++) {
        give_back(&m[k]);
        free(runs[k]);
    }
    w->data = unweighted;
}

int main(void)
{
    double *weights = malloc(ROWS * sizeof *weights);
    if (!weights) abort();
    for (size_t r = 0; r < ROWS; r++) weights[r] = 1 + (double)(r % 3);
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        world w;
        open_world(&w, dtype, ROWS, 0);
        test_where_the_rows_lie_changes_no_bit(&w, dtype == HBCD_F32 ? weights : NULL);
        close_world(&w);
    }
    free(weights);
    CHECK_DONE("test_train_windows");
}
