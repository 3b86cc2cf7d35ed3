/* hbcd_ranks.h: rows that several machines share, and rows that are read piece by piece.  Part of hbcd.h.
 *
 * Lanes.  Rows are cut into tiles of HBCD_TILE by their number, T of them, and tiles into L = hbcd_n_lanes(T) lanes, a
 * power of two that follows from T alone: lane k has the tiles k T / L .. (k + 1) T / L - 1.  Every sum over rows is
 * formed lane by lane, in the order of the rows, and lanes are added by one fixed tree: 0 + 1, 2 + 3, ..; then these, two
 * by two; and so on.  Who adds what, a thread, a process or another machine, leaves no trace in the bits. */
#ifndef HBCD_RANKS_H
#define HBCD_RANKS_H

#include "hbcd_base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HBCD_MOST_LANES = 1024 };

/* Lanes of so many tiles: the largest power of two that leaves every lane a tile, 16 at most; from 128 tiles on the
 * largest that leaves it four, HBCD_MOST_LANES at most.  0 of 0. */
size_t hbcd_n_lanes(size_t n_tiles);
/* The row that lane `lane` begins with, of all `rows` of them; `rows` for the lane behind the last. */
size_t hbcd_lane_row(size_t rows, size_t lane);
/* The first lane that begins with this row or a later one. */
size_t hbcd_lane_of(size_t rows, size_t row);

/* ---- the tree ------------------------------------------------------------------------------------------------------ */

/* What has been added up of one subtree: lanes first .. first + lanes - 1, lanes a power of two, first a multiple of it. */
typedef struct hbcd_node {
    size_t first, lanes;
    const double *sums; /* (n) */
} hbcd_node;

/* total (n) <- the sum of nodes that cover all lanes once, in their order, by the tree; HBCD_ERR_ARGUMENT if they do not.
 * Where they came from does not matter; n may be a slice of the whole; total may be the sums of one of them. */
int hbcd_add_nodes(size_t n_nodes, const hbcd_node *nodes, size_t n, double *total);

/* ---- ranks --------------------------------------------------------------------------------------------------------- */

/* What travels with a sum beside the numbers.  In: of this rank; out: the same on all ranks. */
typedef struct hbcd_control {
    uint64_t point; /* in: a hash of the parameters, 0 where there are none.  Ranks that differ are an error. */
    int status;     /* in: 0, < 0 an error of this rank, > 0 a stop that rank 0 asks for.  out: the error of the first
                     * rank that has one, else what rank 0 said */
    int over;       /* in: 1, rank 0 says that the whole run is over and not only the phase.  out: what rank 0 said */
} hbcd_control;

/* The other ranks, as one rank of a run reaches them.  Every rank makes the same calls in the same order, from the thread
 * that called the core; each is a collective.  A call returns 0, or < 0 where the others cannot be reached any more or do
 * not agree: that ends the run here, and whoever stands behind the call makes sure that it ends everywhere. */
typedef struct hbcd_ranks {
    size_t rank, ranks;
    /* root (n) <- the sum of all nodes of all ranks, as hbcd_add_nodes forms it; n may be 0.  nodes: of this rank, in the
     * order of lanes, at most 2 log2 L, none of an empty rank.  Whose control->status is < 0 on its way in sends no nodes,
     * and its n need not be that of the others; where it is not 0 on its way out root has no meaning. */
    int (*sum)(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root, hbcd_control *control);
    /* Sends `own` bytes to every rank and receives those of all: all <- those of rank 0, of rank 1, ..; bytes (ranks)
     * says how many each one has, bytes[rank] is this one's. */
    int (*share)(void *self, const void *own, const size_t *bytes, void *all);
    void *self;
} hbcd_ranks;

/* Which of all rows a table holds: rows first[rank] .. first[rank + 1] - 1 of first[ranks], where a rank may have none.
 * Every first[k] is where a lane begins (hbcd_lane_row), first[0] is 0. */
typedef struct hbcd_range {
    const hbcd_ranks *ranks;
    const size_t *first; /* (ranks + 1) */
} hbcd_range;

/* ---- rows that do not fit into memory ---------------------------------------------------------------------------- */

/* Tiles of one precision as the core lays them out (TY(data)), brought into memory a few at a time. */
typedef struct hbcd_tiles {
    /* Makes the tiles first .. last - 1 (of those that this rank has) readable until the next call: *x, *y and *w are set
     * to where tile `first` begins in arrays as in TY(data), *w to NULL where rows have no weights; all on a multiple of
     * HBCD_ALIGN bytes.  Called by the thread that
     * called the core; tiles come in rising order within a pass, so that the next ones may be read meanwhile, and one by
     * one in any order where batches are drawn.  0, or < 0. */
    int (*load)(void *self, size_t first, size_t last, const void **x, const void **y, const void **w);
    void *self;
    size_t most; /* tiles of a call, at least 1; more only where one lane has more */
} hbcd_tiles;

#ifdef __cplusplus
}
#endif
#endif
