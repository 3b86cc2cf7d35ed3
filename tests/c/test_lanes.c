/* test_lanes.c: laws of the split of work over threads. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "check.h"
#include "base/lanes.h"

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

int main(void)
{
    test_an_error_is_not_replaced_by_a_stop_code();
    test_processors_allowed_stay_as_they_were();
    test_the_watch_is_asked_before_anything_is_done();
    test_every_tile_is_done_once();
    test_the_status_of_any_tile_ends_the_run();
    CHECK_DONE("test_lanes");
}
