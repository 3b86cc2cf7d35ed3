/* test_processors.c: whatever the system says of processors, or refuses, every tile is done once, and a worker that steps
 * aside is allowed everything again.  The functions on processors here stand in for those of the system. */
#if defined(__linux__)
#define _GNU_SOURCE /* cpu_set_t */
#endif
#include "check.h"
#include "base/lanes.h"

#if defined(__linux__) && defined(_OPENMP)
#include <omp.h>
#include <sched.h>

enum { TILES = 40, THREADS = 3, PROCESSORS = 4, NOWHERE = -1 };

/* What the system answers, set before a region; what it was asked for is counted atomically. */
static struct {
    int of_caller, of_workers; /* processors that they are on */
    int processors;            /* that a thread is allowed */
    int hides, refuses;        /* what is allowed; to change it */
    int narrowed, widened, others;
} now;

int sched_getcpu(void) { return omp_get_thread_num() == 0 ? now.of_caller : now.of_workers; }

int sched_getaffinity(pid_t thread, size_t size, cpu_set_t *allowed)
{
    (void)thread;
    if (now.hides || size < sizeof *allowed) return -1;
    CPU_ZERO(allowed);
    for (int k = 0; k < now.processors; k++) CPU_SET((unsigned)k, allowed);
    return 0;
}

int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *allowed)
{
    const int left = CPU_COUNT(allowed), without = !CPU_ISSET((unsigned)now.of_caller, allowed);
    int *count = left == now.processors ? &now.widened : left == now.processors - 1 && without ? &now.narrowed : &now.others;
    (void)thread, (void)size;
#pragma omp atomic update
    *count += 1;
    return now.refuses ? -1 : 0;
}

static int visits[TILES];

static int visit(void *context, size_t tile, int thread)
{
    (void)context, (void)thread;
#pragma omp atomic update
    visits[tile]++;
    return 0;
}

static int workers_come(void)
{
    int members = 1;
#pragma omp parallel num_threads(THREADS)
    if (omp_get_thread_num() == 0) members = omp_get_num_threads();
    return members > 1;
}

int main(void)
{
    static const struct {
        int of_caller, of_workers, processors, hides, refuses, narrows, widens;
    } cases[] = {{0, 0, PROCESSORS, 0, 0, 1, 1},             /* both on one: aside, and everything allowed again */
                 {0, 1, PROCESSORS, 0, 0, 0, 0},             /* each on its own */
                 {0, 0, PROCESSORS, 0, 1, 1, 0},             /* the system refuses: nothing to take back */
                 {0, 0, PROCESSORS, 1, 0, 0, 0},             /* what is allowed is not known */
                 {0, 0, 1, 0, 0, 0, 0},                      /* there is no other one */
                 {NOWHERE, NOWHERE, PROCESSORS, 0, 0, 0, 0}, /* nobody knows where it is */
                 {CPU_SETSIZE, CPU_SETSIZE, PROCESSORS, 0, 0, 0, 0}}; /* more processors than a set has */
    const hbcd_team team = {THREADS, NULL};
    const int come = workers_come(); /* or OMP_THREAD_LIMIT forbids it */
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        memset(&now, 0, sizeof now);
        memset(visits, 0, sizeof visits);
        now.of_caller = cases[k].of_caller, now.of_workers = cases[k].of_workers, now.processors = cases[k].processors;
        now.hides = cases[k].hides, now.refuses = cases[k].refuses;
        CHECK(hbcd_tiles_run(&team, TILES, 1e9, visit, NULL) == 0);
        for (int tile = 0; tile < TILES; tile++) CHECK(visits[tile] == 1);
        CHECK((now.narrowed > 0) == (come && cases[k].narrows) && (now.widened > 0) == (come && cases[k].widens));
        CHECK((now.widened == now.narrowed || cases[k].refuses) && now.others == 0);
    }
    CHECK_DONE("test_processors");
}
#else
int main(void) { CHECK_DONE("test_processors"); }
#endif
