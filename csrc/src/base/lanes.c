/* lanes.c: the only OpenMP of the core: pieces of work for a team, the work threshold, sums by pieces. */
#if defined(__linux__) && defined(_OPENMP)
#define _GNU_SOURCE /* sched_getcpu, sched_setaffinity */
#include <sched.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/pieces.h"

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

int hbcd_pieces_status(hbcd_pieces *r)
{
    int error, stop;
#pragma omp atomic read
    error = r->error.status;
#pragma omp atomic read
    stop = r->stop.status;
    return error != 0 ? error : stop;
}

static void set_status(hbcd_pieces *r, int status)
{
    hbcd_answer *to = status < 0 ? &r->error : &r->stop;
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

/* Whether the piece was free; it is this thread's now. */
static int take(hbcd_pieces *r, size_t piece)
{
    unsigned before, bit = 1u << piece % HBCD_PIECE_BITS, *word = &r->taken[piece / HBCD_PIECE_BITS];
#pragma omp atomic capture
    {
        before = *word;
        *word |= bit;
    }
    return !(before & bit);
}

static void offer_while_missing(hbcd_pieces *r)
{
    if (r->offers == 0) return;
    int missing;
#pragma omp atomic read
    missing = r->missing;
    r->offers = missing ? r->offers - 1 : 0;
    if (missing) offer_processor();
}

static void begin(hbcd_pieces *r, int threads)
{
    (void)threads; /* older compilers overlook its use below */
#pragma omp atomic update
    r->missing -= threads;
}

int hbcd_pieces_tick(hbcd_pieces *r, int thread)
{
    if (thread != 0) return 0;
    offer_while_missing(r);
    return hbcd_watch_tick(r->team->watch);
}

int hbcd_pieces_end(hbcd_pieces *r, int status)
{
    if (status != 0) set_status(r, status);
    return hbcd_pieces_status(r) != 0;
}

/* The pieces of one thread, from `first` on and round about: those that nobody has taken yet.  A thread that comes late,
 * because it had to be woken, finds some of its own done by the others; who does a piece leaves no trace in its sums. */
static void share_pieces(hbcd_pieces *r, size_t first, int thread)
{
    for (size_t k = 0, over = 0; k < r->n_pieces && !over; k++) {
        size_t piece = (first + k) % r->n_pieces;
        over = take(r, piece) && r->piece(r, piece, thread) != 0;
    }
}

static void leave(hbcd_pieces *r, int threads)
{
    (void)threads; /* older compilers overlook its use below */
#pragma omp atomic update
    r->away -= threads;
}

/* Waits awake until the other threads are out of lanes, up to about 100 us: a caller that sleeps at the end of every
 * region has to be woken, and may be woken on the processor of another thread of the team. */
static void linger(hbcd_pieces *r)
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

int hbcd_pieces_run(hbcd_pieces *r, int n_threads)
{
    if (n_threads <= 1) {
        for (size_t k = 0; k < r->n_pieces && r->piece(r, k, 0) == 0;) k++;
        return hbcd_pieces_status(r);
    }
    /* The caller may find every piece taken, and looks at the watch before its own tiles alone. */
    int status = hbcd_watch_tick(r->team->watch);
    if (status != 0) return status;
    r->away = n_threads;
    r->missing = n_threads - 1;
    r->offers = OFFERS;
    r->processor = processor();
#pragma omp parallel num_threads(n_threads)
    {
        const int thread = member(), members = n_members();
        if (thread == 0) {
            begin(r, n_threads - members); /* those that will not come */
            leave(r, n_threads - members);
        } else {
            begin(r, 1);
            step_aside(r->processor);
        }
        share_pieces(r, (size_t)thread * r->n_pieces / (size_t)members, thread);
        leave(r, 1);
        if (thread == 0) linger(r);
    }
    return hbcd_pieces_status(r);
}

int hbcd_threads_for(const hbcd_team *team, size_t n_pieces, double cost)
{
    if (cost < WORTH_A_REGION) return 1;
    return (size_t)team->n_threads < n_pieces ? team->n_threads : (int)n_pieces;
}

size_t hbcd_pieces_for(int n_threads)
{
    size_t most = 16;
    while (most < 4 * (size_t)n_threads && most < HBCD_MOST_PIECES / 2) most *= 2;
    return most;
}

/* ---- tiles without sums ------------------------------------------------------------------------------------------------ */

typedef struct {
    size_t n_tiles;
    hbcd_tile_work work;
    void *context;
} tile_job;

static int run_tiles(hbcd_pieces *r, size_t piece, int thread)
{
    const tile_job *job = r->work;
    const size_t end = (piece + 1) * job->n_tiles / r->n_pieces;
    for (size_t tile = piece * job->n_tiles / r->n_pieces; tile < end; tile++) {
        int status = hbcd_pieces_tick(r, thread);
        if (hbcd_pieces_end(r, status != 0 ? status : job->work(job->context, tile, thread))) return 1;
    }
    return 0;
}

int hbcd_tiles_run(const hbcd_team *team, size_t n_tiles, double cost, hbcd_tile_work work, void *context)
{
    tile_job job = {n_tiles, work, context};
    const size_t pieces = hbcd_pieces_for(team->n_threads);
    hbcd_pieces r = {.team = team, .n_pieces = n_tiles < pieces ? n_tiles : pieces, .piece = run_tiles, .work = &job};
    return hbcd_pieces_run(&r, hbcd_threads_for(team, r.n_pieces, cost));
}
