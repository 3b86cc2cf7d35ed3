/* ranks.h: a sum over the rows of all ranks, and what travels with it. */
#ifndef HBCD_RANKS_SUM_H
#define HBCD_RANKS_SUM_H

#include "base/lanes.h"

/* The end of a sum over rows of which this rank has `status`: *total is set to what they come to over the rows of all
 * ranks, NULL: these are all rows.  point: as in hbcd_control.  Returned is what ended it, the same on all ranks. */
int hbcd_sums_total(hbcd_sums *sums, const hbcd_ranks *ranks, hbcd_watch *watch, uint64_t point, int status,
                    double **total);
/* Nothing but what rank 0 has to say, and whether a rank has failed. */
int hbcd_ranks_agree(const hbcd_ranks *ranks, hbcd_watch *watch, int status);
/* A number that differs, but for one chance in 2^64, where the bytes differ; not 0. */
uint64_t hbcd_hash(const void *data, size_t bytes);

#endif
