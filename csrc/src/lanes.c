/* lanes.c: the only OpenMP of the core, the work threshold, and the one reduction. */
#include "lanes.h"

#include <string.h>

/* Opening a region costs up to 18 us with a passive wait policy; at some 15 operations per nanosecond this many
 * operations take about 60 us, so a second thread repays it. */
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
    int status; /* first nonzero answer; read and written atomically */
} run;

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

/* The lanes of one thread, front to back. */
static void run_lanes(run *r, size_t first, size_t last, int thread)
{
    for (size_t lane = first; lane < last; lane++) {
        size_t end = (lane + 1) * r->n_tiles / r->n_lanes;
        for (size_t tile = lane * r->n_tiles / r->n_lanes; tile < end; tile++) {
            int status = thread == 0 ? hbcd_watch_tick(r->watch) : 0;
            if (status == 0) status = r->work(r->context, lane, tile, thread);
            if (status != 0) set_status(r, status);
            if (status_of(r) != 0) return;
        }
    }
}

int hbcd_lanes_run(size_t n_tiles, int n_threads, double cost, hbcd_tile_work work, void *context, hbcd_watch *watch)
{
    return hbcd_lanes_run_in(hbcd_n_lanes(n_tiles), n_tiles, n_threads, cost, work, context, watch);
}

int hbcd_lanes_run_in(size_t n_lanes, size_t n_tiles, int n_threads, double cost, hbcd_tile_work work, void *context,
                      hbcd_watch *watch)
{
    run r = {n_tiles, n_lanes, work, context, watch, 0};
    if (n_threads > (int)r.n_lanes) n_threads = (int)r.n_lanes;
    if (n_threads <= 1 || cost < WORTH_A_REGION) {
        run_lanes(&r, 0, r.n_lanes, 0);
        return r.status;
    }
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
    for (int thread = 0; thread < n_threads; thread++)
        run_lanes(&r, (size_t)thread * r.n_lanes / (size_t)n_threads, ((size_t)thread + 1) * r.n_lanes / (size_t)n_threads,
                  thread);
    return r.status;
}

void hbcd_lanes_sum(size_t n_lanes, size_t stride, size_t n, const double *lanes, double *sum)
{
    memcpy(sum, lanes, n * sizeof *sum);
    for (size_t lane = 1; lane < n_lanes; lane++)
        for (size_t k = 0; k < n; k++) sum[k] += lanes[lane * stride + k];
}
