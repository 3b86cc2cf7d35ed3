/* test_lanes.c: laws of the split of work over threads, and of sums over lanes. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "check.h"
#include "base/lanes.h"
#include "memory.h"

#if defined(__linux__) && defined(_OPENMP)
#include <sched.h>
#endif

enum { TILES = 40, REPEATS = 200, MOST_THREADS = 4, WAITS = 1000000 };

typedef struct {
    int visits[TILES];  /* read and written atomically */
    int failing;        /* tile whose work fails; -1: none */
    int stopping;       /* tile whose work stops the run; 0: none */
    int patient;        /* of these two tiles the one that waits for the other */
} tally;

static int visits_of(const tally *t, int tile)
{
    int n;
#pragma omp atomic read
    n = t->visits[tile];
    return n;
}

/* Until the other tile is done and has had time to say so; not for ever, for one thread may have both. */
static void wait_for(const tally *t, int tile)
{
    for (int k = 0; k < WAITS && visits_of(t, tile) == 0; k++) continue;
    for (int k = 0; k < 20000; k++) visits_of(t, tile);
}

static int count_tile(void *context, size_t tile, int thread)
{
    tally *t = context;
    (void)thread;
    if (t->stopping && (int)tile == t->patient) wait_for(t, t->patient == t->failing ? t->stopping : t->failing);
#pragma omp atomic update
    t->visits[tile]++;
    return (int)tile == t->failing ? HBCD_ERR_HOOK : t->stopping && (int)tile == t->stopping ? HBCD_STOP_CALLBACK : 0;
}

/* All tiles by a team of its own. */
static int run_tiles(int threads, tally *t, hbcd_watch *watch)
{
    const hbcd_team team = {threads, watch};
    return hbcd_tiles_run(&team, TILES, 1e9, count_tile, t);
}

static int worked(const tally *t)
{
    int n = 0;
    for (int tile = 0; tile < TILES; tile++) n += t->visits[tile];
    return n;
}

static int answer(void *self, const hbcd_progress *progress)
{
    (void)progress;
    return *(const int *)self;
}

/* Whatever thread comes first: a region may be over before the calling thread gets a lane of its own. */
static void test_the_watch_is_asked_before_anything_is_done(void)
{
    const int code = HBCD_STOP_CALLBACK;
    for (int threads = 1; threads <= MOST_THREADS; threads++)
        for (int k = 0; k < REPEATS; k++) {
            tally t = {.failing = -1};
            hbcd_watch watch;
            hbcd_watch_start(&watch, INFINITY);
            watch.poll = answer;
            watch.self = (void *)(uintptr_t)&code;
            watch.interval = 0;
            CHECK(run_tiles(threads, &t, &watch) == code);
            CHECK(worked(&t) == 0);
            hbcd_watch_start(&watch, 0);
            CHECK(run_tiles(threads, &t, &watch) == HBCD_STOP_TIME);
            CHECK(worked(&t) == 0);
        }
}

static void test_every_tile_is_done_once(void)
{
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        tally t = {.failing = -1};
        CHECK(run_tiles(threads, &t, NULL) == 0);
        for (int tile = 0; tile < TILES; tile++) CHECK(t.visits[tile] == 1);
    }
}

static void test_the_status_of_any_tile_ends_the_run(void)
{
    for (int threads = 1; threads <= MOST_THREADS; threads++)
        for (int tile = 0; tile < TILES; tile++) {
            tally t = {.failing = tile};
            CHECK(run_tiles(threads, &t, NULL) == HBCD_ERR_HOOK);
            CHECK(t.visits[tile] == 1);
        }
}

/* Whichever comes first: a stop code says that all is well so far. */
static void test_an_error_is_not_replaced_by_a_stop_code(void)
{
    for (int threads = 2; threads <= MOST_THREADS; threads++)
        for (int k = 0; k < REPEATS; k++) {
            const int first = 0, last = TILES - 1; /* of two pieces */
            tally t = {.failing = k % 2 ? first : last, .stopping = k % 2 ? last : first};
            if (t.stopping == 0) t.stopping = 1; /* 0: none */
            t.patient = k % 4 < 2 ? t.failing : t.stopping;
            int status = run_tiles(threads, &t, NULL);
            CHECK(status == (t.visits[t.failing] ? HBCD_ERR_HOOK : HBCD_STOP_CALLBACK));
        }
}

/* That of the calling thread, which child processes inherit, and in the end that of the workers. */
static void test_processors_allowed_stay_as_they_were(void)
{
#if defined(__linux__) && defined(_OPENMP)
    cpu_set_t before;
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
    for (int threads = 1; threads <= MOST_THREADS; threads++)
        for (int k = 0; k < REPEATS; k++) {
            tally t = {.failing = -1};
            CHECK(run_tiles(threads, &t, NULL) == 0);
            int changed = 0;
#pragma omp parallel num_threads(threads) reduction(+ : changed)
            {
                cpu_set_t now;
                changed += sched_getaffinity(0, sizeof now, &now) != 0 || !CPU_EQUAL(&now, &before);
            }
            CHECK(changed == 0);
        }
#endif
}

/* ---- sums --------------------------------------------------------------------------------------------------------- */

enum { MOST_SUMS = 9000 };

/* Numbers of any size, so that another order of summation shows. */
static double share_of(size_t tile, size_t k)
{
    const uint64_t hash = (tile * 9000 + k + 1) * 0x9E3779B97F4A7C15u;
    return ldexp((double)(hash >> 11), (int)(hash & 31) - 40);
}

typedef struct {
    size_t n, before;
    size_t broken; /* lanes that were not begun with zeros, or whose last tile was not told; written atomically */
    size_t tiles, lanes;
} adding;

static int add_tile(void *context, double *sums, size_t tile, int ends, int thread)
{
    adding *a = context;
    (void)thread;
    tile += a->before;
    const size_t lane = ((tile + 1) * a->lanes - 1) / a->tiles;
    const int first = tile == lane * a->tiles / a->lanes, last = tile + 1 == (lane + 1) * a->tiles / a->lanes;
    if ((first && sums[0] != 0) || last != ends) {
#pragma omp atomic update
        a->broken++;
    }
    for (size_t k = 0; k < a->n; k++) sums[k] += share_of(tile, k);
    return 0;
}

/* The definition: lanes tile by tile, then two by two. */
static void sum_by_definition(size_t tiles, size_t lanes, size_t first, size_t count, size_t n, double *sum)
{
    if (count == 1) {
        memset(sum, 0, n * sizeof *sum);
        for (size_t tile = first * tiles / lanes; tile < (first + 1) * tiles / lanes; tile++)
            for (size_t k = 0; k < n; k++) sum[k] += share_of(tile, k);
        return;
    }
    double *right = malloc(n * sizeof *right);
    if (!right) abort();
    sum_by_definition(tiles, lanes, first, count / 2, n, sum);
    sum_by_definition(tiles, lanes, first + count / 2, count / 2, n, right);
    for (size_t k = 0; k < n; k++) sum[k] += right[k];
    free(right);
}

/* Lanes from .. to - 1 in portions of `at_once`; the nodes that are left, kept in `kept`. */
static size_t sum_lanes(size_t tiles, size_t from, size_t to, size_t at_once, size_t n, int threads, hbcd_node *nodes,
                        double *kept)
{
    hbcd_sums sums;
    hbcd_arena count = {NULL, 0, 0};
    const size_t lanes = hbcd_n_lanes(tiles);
    hbcd_sums_make(tiles, from > 0, n, threads, &count, &sums);
    memory m = borrow(count.used);
    hbcd_sums_make(tiles, from > 0, n, threads, &m.arena, &sums);
    hbcd_sums_begin(&sums, n);
    const hbcd_team team = {threads, NULL};
    adding a = {.n = n, .before = from * tiles / lanes, .tiles = tiles, .lanes = lanes};
    hbcd_cut cut = {tiles, lanes, from, to, a.before};
    for (; cut.from < to; cut.from = cut.to) {
        cut.to = to - cut.from < at_once ? to : cut.from + at_once;
        CHECK(hbcd_sums_add(&sums, &team, &cut, 1e9, add_tile, &a) == 0);
    }
    CHECK(a.broken == 0);
    const size_t n_nodes = hbcd_tree_nodes(&sums.tree, nodes);
    for (size_t k = 0; k < n_nodes; k++) nodes[k].sums = memcpy(kept + k * n, nodes[k].sums, n * sizeof *kept);
    give_back(&m);
    return n_nodes;
}

static void check_sums(size_t tiles, size_t n)
{
    const size_t lanes = hbcd_n_lanes(tiles);
    double *wanted = malloc((1 + 2 * HBCD_TREE_DEPTH) * n * sizeof *wanted), *kept = wanted + n;
    if (!wanted) abort();
    sum_by_definition(tiles, lanes, 0, lanes, n, wanted);
    hbcd_node nodes[2 * HBCD_TREE_DEPTH];
    for (int threads = 1; threads <= 16; threads += threads < 4 ? 1 : 12)
        for (size_t at_once = 1 + lanes / 5; at_once <= lanes; at_once += 1 + lanes / 2) {
            CHECK(sum_lanes(tiles, 0, lanes, lanes, n, threads, nodes, kept) == 1);
            CHECK(memcmp(wanted, kept, n * sizeof *kept) == 0);
            const size_t split = lanes * at_once % 7 % (lanes + 1);
            size_t left = sum_lanes(tiles, 0, split, at_once, n, threads, nodes, kept);
            size_t right = sum_lanes(tiles, split, lanes, at_once, n, threads, nodes + left, kept + left * n);
            CHECK(hbcd_add_nodes(left + right, nodes, n, kept) == HBCD_OK);
            CHECK(memcmp(wanted, kept, n * sizeof *kept) == 0);
        }
    free(wanted);
}

static void test_sums_are_those_of_the_definition_by_any_team_and_in_any_portions(void)
{
    const size_t tiles[] = {1, 2, 3, 15, 16, 31, 127, 128, 500, 3000, 5000};
    for (size_t k = 0; k < sizeof tiles / sizeof *tiles; k++) {
        check_sums(tiles[k], 1);
        check_sums(tiles[k], 300);
    }
    check_sums(130, MOST_SUMS); /* roots are added by several threads */
}

static void test_lanes_follow_from_the_tiles(void)
{
    const size_t tiles[] = {0, 1, 2, 3, 8, 15, 16, 127, 128, 255, 256, 4095, 4096, 1000000};
    const size_t lanes[] = {0, 1, 2, 2, 8, 8, 16, 16, 32, 32, 64, 512, 1024, 1024};
    for (size_t k = 0; k < sizeof tiles / sizeof *tiles; k++) CHECK(hbcd_n_lanes(tiles[k]) == lanes[k]);
    for (size_t rows = 1; rows < 400000; rows += 7777)
        for (size_t lane = 0; lane <= hbcd_n_lanes((rows + 255) / 256); lane++)
            CHECK(hbcd_lane_of(rows, hbcd_lane_row(rows, lane)) == lane);
}

int main(void)
{
    test_lanes_follow_from_the_tiles();
    test_sums_are_those_of_the_definition_by_any_team_and_in_any_portions();
    test_an_error_is_not_replaced_by_a_stop_code();
    test_processors_allowed_stay_as_they_were();
    test_the_watch_is_asked_before_anything_is_done();
    test_every_tile_is_done_once();
    test_the_status_of_any_tile_ends_the_run();
    CHECK_DONE("test_lanes");
}
