/* test_lanes.c: laws of the split of work over threads. */
#include "check.h"
#include "base/lanes.h"

enum { TILES = 40, REPEATS = 200 };

typedef struct {
    int visits[TILES];  /* read and written atomically */
    int failing;        /* tile whose work fails; -1: none */
} tally;

static int count_tile(void *context, size_t lane, size_t tile, int thread)
{
    tally *t = context;
    (void)lane, (void)thread;
#pragma omp atomic update
    t->visits[tile]++;
    return (int)tile == t->failing ? HBCD_ERR_HOOK : 0;
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
    for (int threads = 1; threads <= 4; threads++)
        for (int k = 0; k < REPEATS; k++) {
            tally t = {.failing = -1};
            hbcd_watch watch;
            hbcd_watch_start(&watch, INFINITY);
            watch.poll = answer;
            watch.self = (void *)(uintptr_t)&code;
            watch.interval = 0;
            CHECK(hbcd_lanes_run(TILES, threads, 1e9, count_tile, &t, &watch) == code);
            CHECK(worked(&t) == 0);
            hbcd_watch_start(&watch, 0);
            CHECK(hbcd_lanes_run(TILES, threads, 1e9, count_tile, &t, &watch) == HBCD_STOP_TIME);
            CHECK(worked(&t) == 0);
        }
}

static void test_every_tile_is_done_once(void)
{
    for (int threads = 1; threads <= 4; threads++)
        for (size_t lanes = 1; lanes <= HBCD_LANES; lanes++) {
            tally t = {.failing = -1};
            CHECK(hbcd_lanes_run_in(lanes, TILES, threads, 1e9, count_tile, &t, NULL) == 0);
            for (int tile = 0; tile < TILES; tile++) CHECK(t.visits[tile] == 1);
        }
}

static void test_the_status_of_any_tile_ends_the_run(void)
{
    for (int threads = 1; threads <= 4; threads++)
        for (int tile = 0; tile < TILES; tile++) {
            tally t = {.failing = tile};
            CHECK(hbcd_lanes_run(TILES, threads, 1e9, count_tile, &t, NULL) == HBCD_ERR_HOOK);
            CHECK(t.visits[tile] == 1);
        }
}

int main(void)
{
    test_the_watch_is_asked_before_anything_is_done();
    test_every_tile_is_done_once();
    test_the_status_of_any_tile_ends_the_run();
    CHECK_DONE("test_lanes");
}
