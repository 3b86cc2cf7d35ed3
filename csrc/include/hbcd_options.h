/* hbcd_options.h: the options of the optimizers, and what a block selector goes by.  Part of hbcd.h. */
#ifndef HBCD_OPTIONS_H
#define HBCD_OPTIONS_H

#include "hbcd_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options of the optimizers ---------------------------------------------------------------- */

enum hbcd_optimizer_kind { HBCD_ADAM, HBCD_LBFGS, HBCD_BB, HBCD_ICRS, HBCD_BFGS, HBCD_LM, HBCD_EXACT_OUTPUT,
                           HBCD_N_OPTIMIZERS };

/* What is minimized, as far as the memory of an optimizer depends on it: n variables in blocks (one where none are
 * told apart), the largest of them, the sum of the squares of their sizes, and the shape of a linear output layer. */
typedef struct hbcd_shape {
    size_t n, largest, squares;
    size_t inputs, outputs; /* of the output layer; 0: there is none */
} hbcd_shape;

enum hbcd_adam_schedule {
    HBCD_ADAM_CONSTANT,
    HBCD_ADAM_COSINE         /* the learning rate of step t = 0, 1, .. of T is learning_rate (1 + cos(pi t / T)) / 2; t and T:
                                hbcd_stop, run_iterations.  Without a T (SIZE_MAX) it does not fall. */
};
typedef struct hbcd_adam {   /* Kingma and Ba 2015, algorithm 1, then projection onto the box */
    double learning_rate, beta1, beta2, epsilon;
    int schedule;            /* hbcd_adam_schedule */
} hbcd_adam;

typedef struct hbcd_lbfgs {  /* Byrd, Lu, Nocedal, Zhu 1995; line search of More and Thuente 1994 */
    size_t memory;           /* pairs kept, >= 1 */
    int damping;             /* 0: skip pairs of bad curvature, 1: Powell damping */
    double armijo, wolfe;    /* 0 < armijo < wolfe < 1 */
    size_t max_line_search;  /* evaluations in one line search */
} hbcd_lbfgs;

enum hbcd_bb_step { HBCD_BB1, HBCD_BB2, HBCD_ABBMIN };
typedef struct hbcd_bb {     /* SPG: Birgin, Martinez, Raydan 2000; ABBmin: Frassoldati, Zanni, Zanghirati 2008 */
    int step;                /* hbcd_bb_step */
    size_t history;          /* M of the non-monotone search, >= 1 */
    double armijo;           /* gamma */
    double step_min, step_max;
    double tau;              /* ABBmin: threshold of BB2 / BB1 */
    size_t abb_memory;       /* ABBmin: how many BB2 steps the minimum is over */
} hbcd_bb;

typedef struct hbcd_icrs {   /* Banga and Casares 1987: one point, all coordinates move together */
    double k1, k2;           /* first relative width, shrink factor */
    double failures_per_parameter; /* n_e: shrink after n_e * n failures (at least 1) */
    size_t max_failures;     /* > 0: a fixed count instead of n_e * n */
    int cumulative;          /* 0: failures in a row; 1: failures since the last shrink */
    int reset_width;         /* 1: a success sets the width back to k1 */
    double tolerance;        /* stop when the widest relative interval is below */
    double floor;            /* smallest distance to a bound that counts, relative to the box width */
    size_t max_evaluations;  /* of its own, SIZE_MAX: none */
} hbcd_icrs;

enum hbcd_bfgs_scaling { HBCD_BFGS_FIRST, HBCD_BFGS_AL_BAALI, HBCD_BFGS_OREN_LUENBERGER };
typedef struct hbcd_bfgs {   /* the whole inverse Hessian: state_size grows as 4 n^2 bytes */
    int scaling;             /* hbcd_bfgs_scaling */
    double armijo, wolfe;    /* 0 < armijo < wolfe < 1 */
    size_t max_line_search;  /* evaluations in one line search */
} hbcd_bfgs;

enum hbcd_lm_scope { HBCD_LM_JOINT, HBCD_LM_BLOCKS, HBCD_LM_PROJECTED };
enum hbcd_lm_damping {
    HBCD_LM_NIELSEN,         /* mu I is added to J'WJ, mu follows the gain (Nielsen 1999) */
    HBCD_LM_MARQUARDT,       /* the same with mu diag(J'WJ) */
    HBCD_LM_TRUST_REGION     /* mu diag(J'WJ) for a step of a given length, which follows the gain (More 1978) */
};
typedef struct hbcd_lm {     /* Levenberg 1944; Marquardt 1963 */
    int scope;               /* hbcd_lm_scope: one matrix, one for each block, or the output layer eliminated */
    int damping;             /* hbcd_lm_damping */
    double mu;               /* the first one, relative to the largest of diag(J'WJ) for HBCD_LM_NIELSEN */
    double radius;           /* the first one of a trust region, relative to (x'Dx)^1/2, D = diag(J'WJ) */
    double ridge;            /* of the output layer, as in hbcd_exact_output */
    int isa;                 /* hbcd_isa: which variant of the kernels */
} hbcd_lm;

typedef struct hbcd_exact_output {
    double ridge;            /* times the mean of the diagonal of the Gram matrix is added to it */
    int isa;                 /* hbcd_isa */
    int inner;               /* hbcd_optimizer_kind of the other blocks; -1: none */
    const void *inner_options;
} hbcd_exact_output;

/* ---- block selection --------------------------------------------------------------------------- */

enum hbcd_selector_kind { HBCD_MOST_SENSITIVE, HBCD_RANDOM_BLOCK, HBCD_FORWARD, HBCD_PING_PONG, HBCD_BACKWARD,
                          HBCD_LIPSCHITZ_WEIGHTED, HBCD_PER_OPERATION, HBCD_N_SELECTORS };

/* What the visits of a block have shown.  f, g: loss and gradient of the block before a visit; s: its step. */
typedef struct hbcd_block_statistics {
    double gradient;   /* ||g||_2 now, without variables on a bound that -g points out of */
    double curvature;  /* L: max(|2 (f_new - f - g's)| / s's, half of what it was), NAN: no step yet */
    double gain;       /* (f - f_new) / ||g||^2, averaged with what it was; NAN: no visit yet */
    double operations; /* multiply-adds per row of a visit like the last one, with the gradient before it */
} hbcd_block_statistics;

typedef struct hbcd_block_state { /* what a selector reads */
    size_t n_blocks;
    const double *sensitivity;   /* (n_blocks) */
    const size_t *last_visit;    /* (n_blocks): step of the last visit + 1, 0: never visited */
    const hbcd_block_statistics *statistics; /* (n_blocks); NULL: nothing is known */
    double tolerance;            /* blocks at or below it count as converged */
    int last;                    /* block of the last visit, -1: none yet */
    size_t repeats;              /* how many times in a row `last` was chosen */
    size_t step;                 /* visits so far in this phase; runs on across batches */
    hbcd_rng *rng;
} hbcd_block_state;

typedef struct hbcd_selector {
    const char *name;
    int (*next)(void *self, const hbcd_block_state *about, int *block);
    void *self; /* options or state of the rule; NULL: its defaults */
} hbcd_selector;

/* Options of HBCD_MOST_SENSITIVE, HBCD_LIPSCHITZ_WEIGHTED and HBCD_PER_OPERATION: `self` of a copy of their row. */
typedef struct hbcd_greedy {
    size_t max_repeats; /* a block is chosen at most so many times in a row, >= 1; SIZE_MAX: any number; default 2 */
} hbcd_greedy;

/* The table of built-in selectors, with default options; NULL for an unknown kind. */
const hbcd_selector *hbcd_selector_row(int kind);

#ifdef __cplusplus
}
#endif
#endif
