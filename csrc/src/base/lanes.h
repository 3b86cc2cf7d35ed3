/* lanes.h: the fixed split of rows into lanes.  The split depends on the number of tiles alone, so that sums kept
 * per lane and added in lane order have the same bits at any number of threads. */
#ifndef HBCD_LANES_H
#define HBCD_LANES_H

#include "hbcd.h"

/* Work on one tile for a lane on behalf of a thread (0 <= thread < n_threads); 0 or a status that ends the run. */
typedef int (*hbcd_tile_work)(void *context, size_t lane, size_t tile, int thread);

size_t hbcd_n_lanes(size_t n_tiles);

/* The threads of a call into the core, one region after the other.  No region changes what any thread is allowed. */
typedef struct hbcd_team {
    int n_threads;     /* at least 1 */
    hbcd_watch *watch; /* may be NULL */
} hbcd_team;

/* Calls work for every tile, in order within a lane.  `cost` is the operation count of all of it: below a measured
 * threshold everything runs on the calling thread.  The watch is polled before anything is done and between tiles of the
 * calling thread; a nonzero answer of it or of any work ends all lanes early.  Returned is the first error, or where
 * there was none the first stop code. */
int hbcd_lanes_run(const hbcd_team *team, size_t n_tiles, double cost, hbcd_tile_work work, void *context);
/* The same with fewer lanes than hbcd_n_lanes, for work whose sums are large: lane k of n has the tiles
 * [k n_tiles / n, (k + 1) n_tiles / n).  n_lanes must follow from the problem alone, never from the threads. */
int hbcd_lanes_run_in(const hbcd_team *team, size_t n_lanes, size_t n_tiles, double cost, hbcd_tile_work work,
                      void *context);

/* sum[k] = lane 0 + lane 1 + ..., n values each, lanes `stride` apart: the one reduction. */
void hbcd_lanes_sum(size_t n_lanes, size_t stride, size_t n, const double *lanes, double *sum);

#endif
