/* lanes.c: the only OpenMP of the core, the work threshold, and the one reduction. */
#if defined(__linux__) && defined(_OPENMP)
#define _GNU_SOURCE /* sched_getcpu, sched_setaffinity */
#include <sched.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/lanes.h"

#include <string.h>

/* What a region must have to do, in operations (some 15 of them take a nanosecond): 40 us of work fall to 28 on two
 * threads that wait awake. */
static const double WORTH_A_REGION = 1.0e6;

/* How often the caller offers its processor in a region; on a busy machine somebody else may take it each time. */
enum { OFFERS = 4 };

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
    int given, status; /* read and written atomically */
} answer;

typedef struct {
    const hbcd_team *team;
    size_t n_tiles, n_lanes;
    hbcd_tile_work work;
    void *context;
    answer error, stop; /* the first of each kind; an error counts for more than a stop */
    unsigned taken; /* bit k: some thread has lane k; read and written atomically */
    int missing;    /* workers that have not begun; read and written atomically */
    int offers;     /* of its processor, that the caller still makes */
    int away;       /* threads that have not run out of lanes; read and written atomically */
    int processor;  /* of the calling thread; -1: not known */
} run;

/* A scheduler may wake a thread on the processor of the one that woke it, although others are idle: the two then take
 * turns, and wait for each other in between (440 us instead of 23 on two processors).  So the caller offers its
 * processor while a worker is missing, and a worker that finds itself there steps aside: it is allowed everything
 * again at once, and stays where it went.  The affinity of the calling thread, which passes on to child processes, is
 * never touched. */
#if defined(__linux__) && defined(_OPENMP)
static int processor(void) { return sched_getcpu(); }
static void offer_processor(void) { sched_yield(); }

static void step_aside(int processor)
{
    cpu_set_t allowed, others;
    if (processor < 0 || processor >= CPU_SETSIZE || processor != sched_getcpu()) return;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    others = allowed;
    CPU_CLR((unsigned)processor, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
        sched_setaffinity(0, sizeof allowed, &allowed);
}
#else
static int processor(void) { return -1; }
static void offer_processor(void) {}
static void step_aside(int processor) { (void)processor; }
#endif

/* Which member of its team the present thread is, 0 for the caller, and of how many: a runtime may give fewer threads
 * than were asked for (OMP_THREAD_LIMIT, a region inside another one). */
#ifdef _OPENMP
static int member(void) { return omp_get_thread_num(); }
static int n_members(void) { return omp_get_num_threads(); }
#else
static int member(void) { return 0; }
static int n_members(void) { return 1; }
#endif

static int status_of(run *r)
{
    int error, stop;
#pragma omp atomic read
    error = r->error.status;
#pragma omp atomic read
    stop = r->stop.status;
    return error != 0 ? error : stop;
}

static void set_status(run *r, int status)
{
    answer *to = status < 0 ? &r->error : &r->stop;
    int given;
#pragma omp atomic capture
    {
        given = to->given;
        to->given = 1;
    }
    if (given) return;
#pragma omp atomic write
    to->status = status;
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

static void offer_while_missing(run *r)
{
    if (r->offers == 0) return;
    int missing;
#pragma omp atomic read
    missing = r->missing;
    r->offers = missing ? r->offers - 1 : 0;
    if (missing) offer_processor();
}

static void begin(run *r, int threads)
{
    (void)threads; /* older compilers overlook its use below */
#pragma omp atomic update
    r->missing -= threads;
}

/* One lane, front to back.  0: go on. */
static int run_lane(run *r, size_t lane, int thread)
{
    size_t end = (lane + 1) * r->n_tiles / r->n_lanes;
    for (size_t tile = lane * r->n_tiles / r->n_lanes; tile < end; tile++) {
        if (thread == 0) offer_while_missing(r);
        int status = thread == 0 ? hbcd_watch_tick(r->team->watch) : 0;
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
    for (size_t k = 0, over = 0; k < r->n_lanes && !over; k++) {
        size_t lane = (first + k) % r->n_lanes;
        over = take(r, lane) && run_lane(r, lane, thread) != 0;
    }
}

static void leave(run *r, int threads)
{
    (void)threads; /* older compilers overlook its use below */
#pragma omp atomic update
    r->away -= threads;
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

int hbcd_lanes_run(const hbcd_team *team, size_t n_tiles, double cost, hbcd_tile_work work, void *context)
{
    return hbcd_lanes_run_in(team, hbcd_n_lanes(n_tiles), n_tiles, cost, work, context);
}

int hbcd_lanes_run_in(const hbcd_team *team, size_t n_lanes, size_t n_tiles, double cost, hbcd_tile_work work,
                      void *context)
{
    run r = {.team = team, .n_tiles = n_tiles, .n_lanes = n_lanes, .work = work, .context = context};
    const int n_threads = team->n_threads < (int)n_lanes ? team->n_threads : (int)n_lanes;
    if (n_threads <= 1 || cost < WORTH_A_REGION) {
        for (size_t lane = 0; lane < n_lanes && run_lane(&r, lane, 0) == 0;) lane++;
        return status_of(&r);
    }
    /* The caller may find every lane taken, and the loop over tiles looks at the watch on its thread alone. */
    int status = hbcd_watch_tick(team->watch);
    if (status != 0) return status;
    r.away = n_threads;
    r.missing = n_threads - 1;
    r.offers = OFFERS;
    r.processor = processor();
#pragma omp parallel num_threads(n_threads)
    {
        const int thread = member(), members = n_members();
        if (thread == 0) {
            begin(&r, n_threads - members); /* those that will not come */
            leave(&r, n_threads - members);
        } else {
            begin(&r, 1);
            step_aside(r.processor);
        }
        share_lanes(&r, (size_t)thread * r.n_lanes / (size_t)members, thread);
        leave(&r, 1);
        if (thread == 0) linger(&r);
    }
    return status_of(&r);
}

void hbcd_lanes_sum(size_t n_lanes, size_t stride, size_t n, const double *lanes, double *sum)
{
    memcpy(sum, lanes, n * sizeof *sum);
    for (size_t lane = 1; lane < n_lanes; lane++)
        for (size_t k = 0; k < n; k++) sum[k] += lanes[lane * stride + k];
}
