/* lanes.c: the only OpenMP of the core, the work threshold, and the one reduction. */
#if defined(__linux__) && defined(_OPENMP)
#define _GNU_SOURCE /* sched_getcpu, sched_setaffinity */
#include <sched.h>
#include <unistd.h>
#endif

#include "base/lanes.h"

#include <string.h>

/* What a region must have to do, in operations (some 15 of them take a nanosecond): 40 us of work fall to 28 on two
 * threads that wait awake. */
static const double WORTH_A_REGION = 1.0e6;

int hbcd_openmp(void)
{
#ifdef _OPENMP
    return _OPENMP;
#else
    return 0;
#endif
}

size_t hbcd_n_lanes(size_t n_tiles)
{
    return n_tiles < HBCD_LANES ? n_tiles : HBCD_LANES;
}

typedef struct {
    size_t n_tiles, n_lanes;
    hbcd_tile_work work;
    void *context;
    hbcd_watch *watch;
    int status;     /* first nonzero answer; read and written atomically */
    unsigned taken; /* bit k: some thread has lane k; read and written atomically */
    int away;       /* threads that have not run out of lanes; read and written atomically */
    int processor;  /* of the calling thread; -1: not known */
} run;

/* A scheduler may wake a thread on the processor of the one that woke it, although others are idle, and leave it there:
 * the two then take turns, and wait for each other in between (380 to 780 us instead of 180 on one thread).  A thread
 * of a team that finds itself there does without that processor from then on. */
#if defined(__linux__) && defined(_OPENMP)
static int processor(void) { return sched_getcpu(); }
static void leave(int processor)
{
    cpu_set_t others;
    if (processor < 0 || processor >= CPU_SETSIZE || processor != sched_getcpu()) return;
    if (sched_getaffinity(getpid(), sizeof others, &others) != 0) return; /* of the first thread: what is allowed */
    CPU_CLR((unsigned)processor, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}
#else
static int processor(void) { return -1; }
static void leave(int processor) { (void)processor; }
#endif

static int status_of(run *r)
{
    int status;
#pragma omp atomic read
    status = r->status;
    return status;
}

static void set_status(run *r, int status)
{
    (void)status; /* older compilers overlook its use below */
#pragma omp atomic write
    r->status = status;
}

/* Whether the lane was free; it is this thread's now. */
static int take(run *r, size_t lane)
{
    unsigned before, bit = 1u << lane;
#pragma omp atomic capture
    {
        before = r->taken;
        r->taken |= bit;
    }
    return !(before & bit);
}

/* One lane, front to back.  0: go on. */
static int run_lane(run *r, size_t lane, int thread)
{
    size_t end = (lane + 1) * r->n_tiles / r->n_lanes;
    for (size_t tile = lane * r->n_tiles / r->n_lanes; tile < end; tile++) {
        int status = thread == 0 ? hbcd_watch_tick(r->watch) : 0;
        if (status == 0) status = r->work(r->context, lane, tile, thread);
        if (status != 0) set_status(r, status);
        if (status_of(r) != 0) return 1;
    }
    return 0;
}

/* The lanes of one thread, from `first` on and round about: those that nobody has taken yet.  A thread that comes late,
 * because it had to be woken, finds some of its own done by the others; who does a lane leaves no trace in its sums. */
static void share_lanes(run *r, size_t first, int thread)
{
    if (thread > 0) leave(r->processor);
    for (size_t k = 0, over = 0; k < r->n_lanes && !over; k++) {
        size_t lane = (first + k) % r->n_lanes;
        over = take(r, lane) && run_lane(r, lane, thread) != 0;
    }
#pragma omp atomic update
    r->away--;
}

/* Waits awake until the other threads are out of lanes, up to about 100 us: a caller that sleeps at the end of every
 * region has to be woken, and may be woken on the processor of another thread of the team. */
static void linger(run *r)
{
    for (int spin = 0; spin < 4000; spin++) {
        int away;
#pragma omp atomic read
        away = r->away;
        if (away == 0) return;
#if defined(__x86_64__) && defined(__GNUC__)
        __builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
        __asm__ volatile("yield");
#endif
    }
}

int hbcd_lanes_run(size_t n_tiles, int n_threads, double cost, hbcd_tile_work work, void *context, hbcd_watch *watch)
{
    return hbcd_lanes_run_in(hbcd_n_lanes(n_tiles), n_tiles, n_threads, cost, work, context, watch);
}

int hbcd_lanes_run_in(size_t n_lanes, size_t n_tiles, int n_threads, double cost, hbcd_tile_work work, void *context,
                      hbcd_watch *watch)
{
    run r = {n_tiles, n_lanes, work, context, watch, 0, 0, n_threads, -1};
    if (n_threads > (int)r.n_lanes) n_threads = (int)r.n_lanes;
    if (n_threads <= 1 || cost < WORTH_A_REGION) {
        for (size_t lane = 0; lane < n_lanes && run_lane(&r, lane, 0) == 0;) lane++;
        return r.status;
    }
    /* The caller may find every lane taken, and the loop over tiles looks at the watch on its thread alone. */
    int status = hbcd_watch_tick(watch);
    if (status != 0) return status;
    r.away = n_threads;
    r.processor = processor();
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++) {
        share_lanes(&r, (size_t)thread * r.n_lanes / (size_t)n_threads, thread);
        if (thread == 0) linger(&r);
    }
    return r.status;
}

void hbcd_lanes_sum(size_t n_lanes, size_t stride, size_t n, const double *lanes, double *sum)
{
    memcpy(sum, lanes, n * sizeof *sum);
    for (size_t lane = 1; lane < n_lanes; lane++)
        for (size_t k = 0; k < n; k++) sum[k] += lanes[lane * stride + k];
}
