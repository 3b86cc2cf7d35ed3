/* lanes.h: work on tiles by the threads of a team, and sums over tiles: lane by lane (hbcd_ranks.h), added by the fixed
 * tree of tree.h, with the same bits at any number of threads. */
#ifndef HBCD_LANES_H
#define HBCD_LANES_H

#include "base/tree.h"

/* The threads of a call into the core, one region after the other.  No region changes what any thread is allowed. */
typedef struct hbcd_team {
    int n_threads;     /* at least 1 */
    hbcd_watch *watch; /* may be NULL */
} hbcd_team;

/* Work on one tile on behalf of a thread (0 <= thread < n_threads); 0 or a status that ends the run. */
typedef int (*hbcd_tile_work)(void *context, size_t tile, int thread);

/* Calls work for every tile.  `cost` is the operation count of all of it: below a measured threshold everything runs on
 * the calling thread.  The watch is polled before anything is done and between tiles of the calling thread; a nonzero
 * answer of it or of any work ends all of it early.  Returned is the first error, or where there was none the first stop
 * code. */
int hbcd_tiles_run(const hbcd_team *team, size_t n_tiles, double cost, hbcd_tile_work work, void *context);

/* The same for work that adds to the sums (n) of a lane, zero before its first tile; ends: this is its last one.  Tiles of
 * a lane come in order, on one thread. */
typedef int (*hbcd_sum_work)(void *context, double *sums, size_t tile, int ends, int thread);

/* Which of all lanes are meant, and how many tiles lie before those that `work` counts from 0. */
typedef struct hbcd_cut {
    size_t tiles, lanes; /* all */
    size_t from, to;     /* lanes */
    size_t before;       /* tiles */
} hbcd_cut;

/* Room for sums of up to n numbers over the lanes of up to so many tiles, by a team. */
typedef struct hbcd_sums {
    hbcd_tree tree;        /* what is complete */
    size_t pieces, levels; /* subtrees that threads work on side by side, of up to 2^levels lanes */
    double *roots;         /* (pieces, n) */
    double *others;        /* (n_threads, levels, n): of a thread, above the root that it works on */
    size_t stride;         /* of threads in `others` */
    double *root;          /* (n): over all ranks; NULL where there is one */
} hbcd_sums;

/* Counts or carves.  in_ranges: the lanes need not begin with the first. */
void hbcd_sums_make(size_t n_tiles, int in_ranges, size_t n, int n_threads, hbcd_arena *arena, hbcd_sums *sums);
/* Nothing is added up yet, of up to as many numbers as there is room for. */
void hbcd_sums_begin(hbcd_sums *sums, size_t n);
/* Adds lanes cut->from .. cut->to - 1, which follow those added before. */
int hbcd_sums_add(hbcd_sums *sums, const hbcd_team *team, const hbcd_cut *cut, double cost, hbcd_sum_work work,
                  void *context);

#endif
