/* ranks.c: a sum over the rows of all ranks, and what travels with it. */
#include "base/ranks.h"

#include <math.h>
#include <string.h>

static int sum(const hbcd_ranks *ranks, hbcd_watch *watch, size_t n_nodes, const hbcd_node *nodes, size_t n,
               uint64_t point, int status, double *root)
{
    hbcd_control control = {.point = point, .status = status};
    /* A limit of time that does not count now (the deadline is infinite) waits. */
    const int waits = watch && watch->kept == HBCD_STOP_TIME && isinf(watch->deadline);
    if (status == 0 && watch && watch->kept != 0 && !waits) {
        control.status = watch->kept;
        control.over = watch->whole || (watch->kept == HBCD_STOP_TIME && hbcd_clock() >= watch->last);
        watch->kept = 0;
    }
    int answer = ranks->sum(ranks->self, control.status < 0 ? 0 : n_nodes, nodes, n, root, &control);
    if (answer >= 0) answer = control.status;
    if (watch) {
        watch->over |= control.over;
        watch->told |= answer < 0;
    }
    return answer;
}

int hbcd_sums_total(hbcd_sums *sums, const hbcd_ranks *ranks, hbcd_watch *watch, uint64_t point, int status,
                    double **total)
{
    *total = sums->tree.lowest;
    if (ranks == NULL) return status;
    hbcd_node nodes[HBCD_TREE_DEPTH];
    *total = sums->root;
    return sum(ranks, watch, hbcd_tree_nodes(&sums->tree, nodes), nodes, sums->tree.n, point, status, sums->root);
}

int hbcd_ranks_agree(const hbcd_ranks *ranks, hbcd_watch *watch, int status)
{
    return sum(ranks, watch, 0, NULL, 0, 0, status, NULL);
}

uint64_t hbcd_hash(const void *data, size_t bytes)
{
    const unsigned char *from = data;
    uint64_t hash = bytes + 1, word;
    for (; bytes > 0; bytes -= bytes < sizeof word ? bytes : sizeof word, from += sizeof word) {
        word = 0;
        memcpy(&word, from, bytes < sizeof word ? bytes : sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u; /* an odd number: no two words lead to the same */
        hash ^= hash >> 32;
    }
    return hash | 1;
}
