/* selector.c: which block is next, and the table of built-in rules. */
#include "hbcd.h"

#include <math.h>

/* A greedy rule would otherwise choose one block for ever. */
static const hbcd_greedy DEFAULT_GREEDY = {.max_repeats = 2};

/* What a greedy rule goes by; NAN: the block is passed over. */
typedef double (*score_of)(const hbcd_block_state *about, size_t block);

static double score_sensitivity(const hbcd_block_state *about, size_t block)
{
    return fabs(about->sensitivity[block]);
}

/* Blocks that nothing is known of come first, the most sensitive before the others (in their order in the network, from
 * the input up, the first sweep over a deep net does lasting harm); one that has been visited without news has nothing to say. */
static double unknown(const hbcd_block_state *about, size_t block)
{
    return about->last_visit[block] == 0 ? INFINITY : 0.0;
}

/* || g || / sqrt(L): its square is twice the decrease that a gradient step of length 1 / L is sure of. */
static double score_lipschitz(const hbcd_block_state *about, size_t block)
{
    if (!about->statistics) return score_sensitivity(about, block);
    const hbcd_block_statistics *known = &about->statistics[block];
    return known->curvature > 0 ? known->gradient / sqrt(known->curvature) : unknown(about, block);
}

/* The decrease that the last visits promise, per operation. */
static double score_per_operation(const hbcd_block_state *about, size_t block)
{
    if (!about->statistics) return score_sensitivity(about, block);
    const hbcd_block_statistics *known = &about->statistics[block];
    double decrease = known->gain * known->gradient * known->gradient;
    return isnan(known->gain) ? unknown(about, block) : decrease / known->operations;
}

/* Between blocks of the same score: the one visited longest ago, of two never visited the more sensitive one. */
static int goes_before(const hbcd_block_state *about, size_t a, size_t b)
{
    if (about->last_visit[a] != about->last_visit[b]) return about->last_visit[a] < about->last_visit[b];
    return fabs(about->sensitivity[a]) > fabs(about->sensitivity[b]);
}

/* The block with the largest score other than `skip`.  -1: none has a number. */
static int best_but(const hbcd_block_state *about, score_of score, int skip)
{
    int best = -1;
    double most = -1.0;
    for (size_t b = 0; b < about->n_blocks; b++) {
        double s = score(about, b);
        if ((int)b == skip || isnan(s)) continue;
        if (s > most || (s == most && goes_before(about, b, (size_t)best))) {
            best = (int)b;
            most = s;
        }
    }
    return best;
}

static int visited_longest_ago(const hbcd_block_state *about)
{
    size_t oldest = 0;
    for (size_t b = 1; b < about->n_blocks; b++)
        if (about->last_visit[b] < about->last_visit[oldest]) oldest = b;
    return (int)oldest;
}

static int next_greedy(const hbcd_greedy *options, const hbcd_block_state *about, score_of score, int *block)
{
    const size_t most = options ? options->max_repeats : DEFAULT_GREEDY.max_repeats;
    if (most == 0 || about->n_blocks == 0 || !about->sensitivity || !about->last_visit) return HBCD_ERR_ARGUMENT;
    *block = best_but(about, score, about->repeats >= most ? about->last : -1);
    if (*block < 0) *block = best_but(about, score, -1); /* one block only, or one block with a number */
    if (*block < 0) *block = visited_longest_ago(about);
    return HBCD_OK;
}

static int next_most_sensitive(void *self, const hbcd_block_state *about, int *block)
{
    return next_greedy(self, about, score_sensitivity, block);
}

/* GSL, the Gauss-Southwell-Lipschitz rule of J. Nutini et al., ICML 2015, with L estimated from the visits. */
static int next_lipschitz_weighted(void *self, const hbcd_block_state *about, int *block)
{
    return next_greedy(self, about, score_lipschitz, block);
}

static int next_per_operation(void *self, const hbcd_block_state *about, int *block)
{
    return next_greedy(self, about, score_per_operation, block);
}

static int is_active(const hbcd_block_state *about, size_t block)
{
    return about->sensitivity && fabs(about->sensitivity[block]) > about->tolerance;
}

/* Uniform over the blocks that have not converged, over all if all have. */
static int next_random(void *self, const hbcd_block_state *about, int *block)
{
    size_t n_active = 0;
    (void)self;
    if (about->n_blocks == 0 || !about->rng) return HBCD_ERR_ARGUMENT;
    for (size_t b = 0; b < about->n_blocks; b++) n_active += (size_t)is_active(about, b);
    size_t k = (size_t)hbcd_rng_below(about->rng, n_active ? n_active : about->n_blocks);
    size_t b = 0;
    if (!n_active) b = k;
    else
        while (!is_active(about, b) || k-- > 0) b++;
    *block = (int)b;
    return HBCD_OK;
}

/* 0, 1, .., n-1, 0, 1, .. */
static int next_forward(void *self, const hbcd_block_state *about, int *block)
{
    (void)self;
    if (about->n_blocks == 0) return HBCD_ERR_ARGUMENT;
    *block = (int)(about->step % about->n_blocks);
    return HBCD_OK;
}

/* 0, 1, .., n-1, n-2, .., 1, 0, 1, ..: the blocks at the ends are visited half as often. */
static int next_ping_pong(void *self, const hbcd_block_state *about, int *block)
{
    (void)self;
    if (about->n_blocks == 0) return HBCD_ERR_ARGUMENT;
    size_t period = about->n_blocks > 1 ? 2 * about->n_blocks - 2 : 1;
    size_t k = about->step % period;
    *block = (int)(k < about->n_blocks ? k : period - k);
    return HBCD_OK;
}

/* n-1, n-2, .., 0, n-1, .. */
static int next_backward(void *self, const hbcd_block_state *about, int *block)
{
    (void)self;
    if (about->n_blocks == 0) return HBCD_ERR_ARGUMENT;
    *block = (int)(about->n_blocks - 1 - about->step % about->n_blocks);
    return HBCD_OK;
}

const hbcd_selector *hbcd_selector_row(int kind)
{
    static const hbcd_selector rows[HBCD_N_SELECTORS] = {
        [HBCD_MOST_SENSITIVE] = {"most_sensitive", next_most_sensitive, NULL},
        [HBCD_RANDOM_BLOCK] = {"random", next_random, NULL},
        [HBCD_FORWARD] = {"forward", next_forward, NULL},
        [HBCD_PING_PONG] = {"ping_pong", next_ping_pong, NULL},
        [HBCD_BACKWARD] = {"backward", next_backward, NULL},
        [HBCD_LIPSCHITZ_WEIGHTED] = {"lipschitz_weighted", next_lipschitz_weighted, NULL},
        [HBCD_PER_OPERATION] = {"per_operation", next_per_operation, NULL},
    };
    return kind >= 0 && kind < HBCD_N_SELECTORS ? &rows[kind] : NULL;
}
