/* test_train_ranks.c: one training on several ranks, threads of this process that meet at a barrier, has the bits of one
 * alone.  Nothing is checked on those threads: they keep what they found. */
#include <pthread.h>

#include "train_world.h"

enum { ROWS = 5000, MOST_RANKS = 7, MOST_NODES = 20 };

/* A barrier that every platform has. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t all_here;
    size_t size, waiting, round;
} barrier;

static void wait_for_all(barrier *b)
{
    pthread_mutex_lock(&b->lock);
    const size_t round = b->round;
    if (++b->waiting == b->size) {
        b->waiting = 0;
        b->round++;
        pthread_cond_broadcast(&b->all_here);
    }
    while (round == b->round) pthread_cond_wait(&b->all_here, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* What one rank brings to a meeting. */
typedef struct {
    size_t n_nodes, n;
    const hbcd_node *nodes;
    hbcd_control control;
    const void *bytes;
} item;

typedef struct {
    barrier at;
    item items[MOST_RANKS];
    int apart; /* ranks brought different points, or sums of different length */
} meeting;

typedef struct {
    meeting *met;
    const world *w;
    const hbcd_phase_spec *phase;
    const size_t *first;
    hbcd_ranks ranks;
    run *run;
    size_t most_nodes, calls;
    size_t fails_at;  /* the call that this rank fails before; 0: none */
    int status;
} rank_of;

static int sum_of_ranks(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root, hbcd_control *control)
{
    rank_of *r = self;
    meeting *met = r->met;
    hbcd_node all[MOST_RANKS * MOST_NODES];
    size_t count = 0;
    int error = 0;
    if (n_nodes > r->most_nodes) r->most_nodes = n_nodes;
    if (++r->calls == r->fails_at) control->status = HBCD_ERR_HOOK;
    met->items[r->ranks.rank] = (item){n_nodes, n, nodes, *control, NULL};
    wait_for_all(&met->at);
    for (size_t k = 0; k < met->at.size; k++) {
        const item *i = &met->items[k];
        if (error == 0 && i->control.status < 0) error = i->control.status;
        for (size_t j = 0; j < i->n_nodes; j++) all[count++] = i->nodes[j];
    }
    for (size_t k = 1; k < met->at.size && error == 0; k++)
        if (met->items[k].control.point != met->items[0].control.point || met->items[k].n != met->items[0].n) met->apart = 1;
    *control = met->items[0].control;
    if (error != 0) control->status = error;
    int status = control->status == 0 && n > 0 ? hbcd_add_nodes(count, all, n, root) : HBCD_OK;
    wait_for_all(&met->at);
    return status;
}

static int share_of_ranks(void *self, const void *own, const size_t *bytes, void *all)
{
    rank_of *r = self;
    meeting *met = r->met;
    unsigned char *to = all;
    met->items[r->ranks.rank].bytes = own;
    wait_for_all(&met->at);
    for (size_t k = 0; k < met->at.size; to += bytes[k++])
        if (bytes[k] > 0) memcpy(to, met->items[k].bytes, bytes[k]);
    wait_for_all(&met->at);
    return HBCD_OK;
}

static void *lend(hbcd_arena *arena)
{
    *arena = (hbcd_arena){ALIGNED_ALLOC(arena->used), arena->used, 0};
    if (!arena->base) abort();
    return arena->base;
}

/* Trains on its rows; a network is shared, nothing in it changes. */
static void *train_rank(void *self)
{
    rank_of *r = self;
    const world *w = r->w;
    const size_t begin = r->first[r->ranks.rank], rows = r->first[r->ranks.rank + 1] - begin;
    const hbcd_range range = {&r->ranks, r->first};
    hbcd_table x = {w->x + begin * N_IN, HBCD_F64, rows, N_IN, N_IN * sizeof *w->x, sizeof *w->x, NULL, NULL, NULL};
    hbcd_table y = {w->y + begin, HBCD_F64, rows, 1, sizeof *w->y, sizeof *w->y, NULL, NULL, NULL};
    hbcd_arena arena = {NULL, 0, 0}, again = {NULL, 0, 0};
    void *data, *plan;
    r->status = hbcd_data_make(w->dtype, &x, &y, NULL, &range, 1, &arena, &data);
    void *room = lend(&arena);
    if (r->status == HBCD_OK) r->status = hbcd_data_make(w->dtype, &x, &y, NULL, &range, 1, &arena, &data);
    if (r->status == HBCD_OK)
        r->status = hbcd_plan_make(w->dtype, w->net, data, NULL, 1, r->phase, r->run->threads, &again, &plan);
    void *more = lend(&again);
    if (r->status == HBCD_OK)
        r->status = hbcd_plan_make(w->dtype, w->net, data, NULL, 1, r->phase, r->run->threads, &again, &plan);
    hbcd_rng rng;
    hbcd_rng_seed(&rng, r->run->seed, 0);
    r->run->theta = w->start;
    hbcd_watch_start(&r->run->watch, r->run->max_seconds);
    r->run->watch.poll = answer_poll;
    r->run->watch.interval = 0;
    r->run->watch.self = r->run;
    r->run->stop.watch = &r->run->watch;
    if (r->status == HBCD_OK)
        r->status = hbcd_plan_train(w->dtype, plan, &r->run->theta, &r->run->stop, &rng, &r->run->report);
    ALIGNED_FREE(room);
    ALIGNED_FREE(more);
    return NULL;
}

/* First rows of ranks, of growing size; rank `empty` has none, where there are several. */
static void cut(size_t ranks, size_t empty, size_t *first)
{
    const size_t lanes = hbcd_n_lanes((ROWS + HBCD_TILE - 1) / HBCD_TILE);
    double total = 0, before = 0;
    for (size_t k = 0; k < ranks; k++) total += k == empty && ranks > 1 ? 0 : (double)k + 1;
    first[0] = 0;
    for (size_t k = 0; k < ranks; k++) {
        before += k == empty && ranks > 1 ? 0 : (double)k + 1;
        first[k + 1] = hbcd_lane_row(ROWS, (size_t)((double)lanes * before / total + 0.5));
    }
}

/* All ranks side by side; ready: what was set of each before. */
static void run_ranks(const world *w, const hbcd_phase_spec *phase, size_t ranks, size_t empty, rank_of *r)
{
    meeting met = {.at = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, ranks, 0, 0}};
    size_t first[MOST_RANKS + 1];
    pthread_t threads[MOST_RANKS];
    cut(ranks, empty, first);
    for (size_t k = 0; k < ranks; k++) {
        r[k].met = &met;
        r[k].w = w;
        r[k].phase = phase;
        r[k].first = first;
        r[k].ranks = (hbcd_ranks){k, ranks, sum_of_ranks, share_of_ranks, &r[k]};
        if (pthread_create(&threads[k], NULL, train_rank, &r[k]) != 0) abort();
    }
    for (size_t k = 0; k < ranks; k++) pthread_join(threads[k], NULL);
    CHECK(!met.apart);
    for (size_t k = 0; k < ranks; k++) CHECK(r[k].most_nodes <= 8); /* 2 log2 of 16 lanes */
}

static void check_ranks(const world *w, const hbcd_phase_spec *phase)
{
    const size_t ranks[] = {1, 2, 3, 4, 7}, empty[] = {0, 1, 1, 0, 6};
    run *alone = new_run();
    int status = go(w, alone, 1, phase);
    for (size_t k = 0; k < sizeof ranks / sizeof *ranks; k++) {
        rank_of r[MOST_RANKS] = {0};
        for (size_t j = 0; j < ranks[k]; j++) (r[j].run = new_run())->threads = 1 + (int)(j % 2);
        run_ranks(w, phase, ranks[k], empty[k], r);
        for (size_t j = 0; j < ranks[k]; j++) {
            CHECK(r[j].status == status && same(w->dtype, &r[j].run->theta, &alone->theta));
            CHECK(r[j].run->report.f == alone->report.f);
            CHECK(r[j].run->report.n_evaluations == alone->report.n_evaluations);
            free(r[j].run);
        }
    }
    free(alone);
}

static void test_any_number_of_ranks_gives_the_same_bits(int dtype)
{
    world w;
    open_world(&w, dtype, ROWS, 0);
    for (int optimizer = 0; optimizer < HBCD_N_OPTIMIZERS; optimizer++)
        for (int blocks = 0; blocks < 2; blocks++) {
            if (blocks && (optimizer == HBCD_LM || optimizer == HBCD_EXACT_OUTPUT)) continue;
            hbcd_phase_spec whole = phase_of(&w, optimizer, blocks ? HBCD_MOST_SENSITIVE : -1);
            whole.stop.max_evaluations = 40;
            check_ranks(&w, &whole);
            hbcd_phase_spec batches = batches_of(&w, optimizer, blocks ? HBCD_RANDOM_BLOCK : -1, 1100, 2);
            check_ranks(&w, &batches);
        }
    hbcd_phase_spec small = batches_of(&w, HBCD_ADAM, -1, 100, 2); /* batches of one lane */
    check_ranks(&w, &small);
    close_world(&w);
}

/* A stop that rank 0 alone knows of, and an error of another one, end all. */
static void test_what_ends_one_rank_ends_all(int dtype)
{
    world w;
    open_world(&w, dtype, ROWS, 0);
    hbcd_phase_spec phase = phase_of(&w, HBCD_LBFGS, -1);
    phase.stop.f_tol = -1;
    for (int error = 0; error < 2; error++) {
        rank_of r[3] = {0};
        for (size_t k = 0; k < 3; k++) r[k].run = new_run();
        if (error) r[2].fails_at = 5;
        else r[0].run->end_at = 30, r[0].run->code = HBCD_STOP_CALLBACK;
        run_ranks(&w, &phase, 3, 1, r);
        for (size_t k = 0; k < 3; k++) {
            CHECK(r[k].status == (error ? HBCD_ERR_HOOK : HBCD_STOP_CALLBACK));
            CHECK(same(dtype, &r[k].run->theta, &r[0].run->theta) && r[k].calls == r[0].calls);
            CHECK(k == 0 || r[k].run->polls == 0);
        }
        for (size_t k = 0; k < 3; k++) free(r[k].run);
    }
    close_world(&w);
}

int main(void)
{
    for (int dtype = HBCD_F32; dtype <= HBCD_F64; dtype++) {
        test_any_number_of_ranks_gives_the_same_bits(dtype);
        test_what_ends_one_rank_ends_all(dtype);
    }
    CHECK_DONE("test_train_ranks");
}
