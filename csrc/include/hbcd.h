/* hbcd.h: the public contract of the core, the part that does not depend on the precision.
 *
 * The core allocates nothing, prints nothing, holds no changing global and reads no clock outside
 * stop.c.  Every function that can fail returns a status: 0 fine, > 0 why it stopped, < 0 what failed.
 * Memory is borrowed: a caller measures (an arena without memory counts), then hands over one block.
 * The typed part (hbcd_typed.h) is included twice at the end, as hbcd_*_f32 and hbcd_*_f64. */
#ifndef HBCD_H
#define HBCD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status (status.c) ------------------------------------------------------------------------ */

enum hbcd_status {
    HBCD_OK = 0,
    HBCD_STOP_GRADIENT = 1,     /* projected gradient norm <= pg_tol */
    HBCD_STOP_DECREASE = 2,     /* (f_old - f_new) / max(|f_old|, |f_new|, 1) <= f_tol */
    HBCD_STOP_ITERATIONS = 3,   /* iteration limit */
    HBCD_STOP_EVALUATIONS = 4,  /* evaluation limit */
    HBCD_STOP_TIME = 5,         /* time limit */
    HBCD_STOP_TARGET = 6,       /* f <= target */
    HBCD_STOP_WIDTH = 7,        /* ICRS: the search interval is narrower than its tolerance */
    HBCD_STOP_SENSITIVITY = 8,  /* no block more sensitive than the tolerance */
    HBCD_STOP_LINE_SEARCH = 9,  /* no better point along the search direction */
    HBCD_STOP_EPOCHS = 10,      /* all passes over the data done */
    HBCD_STOP_NO_PROGRESS = 11, /* several passes without a better value */
    HBCD_STOP_INTERRUPTED = 12, /* the user pressed Ctrl-C */
    HBCD_STOP_CALLBACK = 13,    /* the user's callback asked to stop */
    HBCD_STOP_NOT_FINITE = 14,  /* objective or gradient not finite at the start point */

    HBCD_ERR_ARGUMENT = -1, /* a size, index or option outside its range */
    HBCD_ERR_MEMORY = -2,   /* more is needed than was borrowed, or than size_t can count */
    HBCD_ERR_HOOK = -3,     /* a part supplied by the user failed; the caller knows the exception */
    HBCD_ERR_BOUNDS = -4,   /* this optimizer needs finite bounds on every variable */
    HBCD_ERR_NORMAL = -5,   /* this optimizer needs normal equations, and the loss or a layer has none */
    HBCD_ERR_OUTPUT = -6    /* this optimizer needs a last layer that is dense and linear, and squared error */
};

/* One line of text for a status; never NULL. */
const char *hbcd_status_text(int status);

#define HBCD_TRY(call)                                                                             \
    do {                                                                                           \
        int status_ = (call);                                                                      \
        if (status_ < 0) return status_;                                                           \
    } while (0)

/* ---- precision and instruction set ------------------------------------------------------------ */

enum hbcd_dtype { HBCD_F32 = 0, HBCD_F64 = 1 };
enum hbcd_isa { HBCD_ISA_BASELINE = 0, HBCD_ISA_AVX2 = 1, HBCD_ISA_AVX512 = 2 };

/* The best instruction set that this build has and this processor runs. */
int hbcd_isa_detect(void);
const char *hbcd_isa_name(int isa);
/* The OpenMP version date this build uses, 0 without OpenMP. */
int hbcd_openmp(void);

/* ---- arena (arena.c): bump allocation over borrowed memory ------------------------------------ */

typedef struct hbcd_arena {
    unsigned char *base; /* NULL: count only */
    size_t size;         /* bytes at base */
    size_t used;         /* bytes handed out so far, each piece aligned to HBCD_ALIGN */
} hbcd_arena;

enum { HBCD_ALIGN = 64 };

/* A piece of `count` elements of `bytes` each, aligned to HBCD_ALIGN when base is.  Counting arenas,
 * and arenas that are full, return NULL; `used` grows all the same. */
void *hbcd_arena_take(hbcd_arena *arena, size_t count, size_t bytes);
/* HBCD_OK, or HBCD_ERR_MEMORY when more was taken than there is; of a counting arena, than size_t can count.  Every
 * function that measures returns this. */
int hbcd_arena_check(const hbcd_arena *arena);

/* ---- random numbers (rng.c): Philox4x32-10 (Salmon et al. 2011), explicit state ----------------
 * The state is a key and a counter: the same seed and stream give the same numbers anywhere. */

typedef struct hbcd_rng {
    uint64_t key, stream, counter;
    uint32_t block[4];
    unsigned left; /* words of block not handed out yet */
} hbcd_rng;

void hbcd_rng_seed(hbcd_rng *rng, uint64_t seed, uint64_t stream);
uint64_t hbcd_rng_u64(hbcd_rng *rng);
double hbcd_rng_uniform(hbcd_rng *rng);                     /* in (0, 1), 53 bits */
double hbcd_rng_normal(hbcd_rng *rng);                      /* N(0, 1), inverse distribution function */
void hbcd_rng_normals(hbcd_rng *rng, size_t n, double *z);  /* the next n of them, in less time */
uint64_t hbcd_rng_below(hbcd_rng *rng, uint64_t n);         /* 0 <= k < n, unbiased; n >= 1 */
void hbcd_rng_shuffle(hbcd_rng *rng, size_t n, uint32_t *order); /* Fisher-Yates, in place */

/* ---- stopping and watching (stop.c): the only reader of the clock ----------------------------- */

typedef struct hbcd_progress {
    size_t phase, epoch, step; /* step counts block visits (or optimizer calls) over the whole run */
    size_t n_evaluations, n_iterations;
    int block;                 /* -1: all parameters at once */
    double loss, best;         /* value on the present batch; best value measured so far */
    double seconds;            /* since the run began */
} hbcd_progress;

/* One line of the history: a block visit (block >= 0 or -1), or the end of an epoch (epoch_end = 1). */
typedef struct hbcd_record {
    size_t step, phase, epoch, rows, n_evaluations, n_iterations;
    int block, epoch_end, status;
    double loss_before;  /* objective on this batch before the visit; at an epoch end: NaN */
    double loss;         /* after the visit; at an epoch end: full training loss */
    double validation;   /* at an epoch end, where rows were held out, else NaN */
    double score;        /* at an epoch end, what `score` of the watch made of it, else NaN */
    double sensitivity;  /* of the chosen block, NaN where none was measured */
    double seconds;
} hbcd_record;

/* What happens between two calls of an optimizer. */
enum hbcd_event_kind { HBCD_EVENT_BLOCK_BEGIN, HBCD_EVENT_BLOCK_END, HBCD_EVENT_SWEEP_END, HBCD_EVENT_IMPROVED };
typedef struct hbcd_event {
    int kind;                /* hbcd_event_kind */
    const hbcd_record *line; /* of the history; at a beginning without what is not known yet */
    double best;             /* the best value measured so far, of what is kept */
    const void *theta, *best_theta; /* all parameters, in the run's precision; not after the call */
} hbcd_event;

typedef struct hbcd_watch {
    /* Called from the calling thread, never from a worker, at most every `interval` seconds, also in the
     * middle of a long evaluation.  Returns 0 to go on, a stop code (> 0) or an error (< 0).  May be NULL. */
    int (*poll)(void *self, const hbcd_progress *progress);
    /* Called at every history line; NULL: no history.  Returns 0 or an error. */
    int (*record)(void *self, const hbcd_record *record);
    /* Called after every iteration of an optimizer with its point x (n values of the run's precision) and
     * value; NULL in training.  Returns 0, a stop code or an error. */
    int (*iteration)(void *self, size_t n, const void *x, double f);
    /* Called between calls of optimizers, in training; NULL: nobody listens, and nothing is done for it.  Returns 0 to
     * go on, a stop code, which ends the run, or an error. */
    int (*event)(void *self, const hbcd_event *event);
    /* What is kept is the least *score: as it comes the loss on held-out rows, else the training loss.  Called where
     * these were measured at theta, NULL: *score stays.  Returns 0 or an error. */
    int (*score)(void *self, const void *theta, double *score);
    void *self;
    size_t patience;  /* passes in a row without a better score, after which a phase ends; SIZE_MAX: any number */
    double interval;  /* seconds between polls */
    double deadline;  /* on hbcd_clock(); INFINITY: none */
    double started, polled;
    hbcd_progress progress;
} hbcd_watch;

/* Seconds on a monotonic clock. */
double hbcd_clock(void);
/* Fills a watch that never stops anything; max_seconds = INFINITY for no limit. */
void hbcd_watch_start(hbcd_watch *watch, double max_seconds);
/* Time limit and poll: 0, a stop code or an error.  watch may be NULL.  Cheap enough for every tile. */
int hbcd_watch_tick(hbcd_watch *watch);

typedef struct hbcd_stop {
    double pg_tol;          /* infinity norm of P(x - g) - x */
    double f_tol;           /* relative decrease of one iteration; negative: never */
    double target;          /* stop when f <= target; -INFINITY: never */
    size_t max_iterations;  /* SIZE_MAX: no limit */
    size_t max_evaluations; /* SIZE_MAX: no limit */
    int keep_last;          /* 1: return the last iterate (the objective is one of many batches), 0: the best */
    hbcd_watch *watch;      /* may be NULL */
} hbcd_stop;

/* What one call of an optimizer did. */
typedef struct hbcd_report {
    int status;
    double f;        /* value at the returned x; NaN where keep_last left it unevaluated */
    double f_start;  /* value at the x passed in (after projection onto the box) */
    double pg;       /* projected gradient norm at the last gradient, NaN if none was asked for */
    size_t n_iterations, n_evaluations;
} hbcd_report;

void hbcd_stop_default(hbcd_stop *stop);     /* pg_tol 1e-5, f_tol 1e-9, no limits */
void hbcd_report_start(hbcd_report *report); /* zeros and NaNs */

/* The tests of a start point, after its first evaluation; fills f, f_start and pg.  pg = NaN where no gradient is
 * asked for, INFINITY where f is not finite and a gradient was asked for.  0: go on; > 0 stop code. */
int hbcd_stop_start(const hbcd_stop *stop, hbcd_report *report, double f, double pg);
/* Every stopping test, once.  Call at the end of an iteration that moved from f_old to f_new, x of n values;
 * pg as for hbcd_stop_start, f_old = NaN to skip the test of the decrease, f_new = NaN where it is not known.
 * Counts the iteration.  0: go on; > 0 stop code; < 0 error of a callback. */
int hbcd_stop_test(const hbcd_stop *stop, hbcd_report *report, double f_old, double f_new, double pg,
                   size_t n, const void *x);

/* ---- options of the optimizers ---------------------------------------------------------------- */

enum hbcd_optimizer_kind { HBCD_ADAM, HBCD_LBFGS, HBCD_BB, HBCD_ICRS, HBCD_BFGS, HBCD_LM, HBCD_EXACT_OUTPUT,
                           HBCD_N_OPTIMIZERS };

/* What is minimized, as far as the memory of an optimizer depends on it: n variables in blocks (one where none are
 * told apart), the largest of them, the sum of the squares of their sizes, and the shape of a linear output layer. */
typedef struct hbcd_shape {
    size_t n, largest, squares;
    size_t inputs, outputs; /* of the output layer; 0: there is none */
} hbcd_shape;

typedef struct hbcd_adam {   /* Kingma and Ba 2015, algorithm 1, then projection onto the box */
    double learning_rate, beta1, beta2, epsilon;
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

/* ---- description of a network ------------------------------------------------------------------ */

enum { HBCD_TILE = 256, HBCD_PAD = 16 }; /* rows of a tile; rows are padded to a multiple of HBCD_PAD */
enum { HBCD_LANES = 16 };                /* sums are kept per lane and added in lane order */

/* A table somebody else owns: element (r, c) of type dtype at data + r * row_stride + c * col_stride bytes.
 * Where mean and scale are given, (cols) each and no scale 0, what is read is (element - mean[c]) / scale[c], formed
 * in double: a table is standardized while it is copied, and never held twice. */
typedef struct hbcd_table {
    void *data;
    int dtype;
    size_t rows, cols;
    ptrdiff_t row_stride, col_stride;
    const double *mean, *scale; /* NULL: as they are */
} hbcd_table;

enum hbcd_activation_kind { HBCD_IDENTITY, HBCD_SIGMOID, HBCD_TANH, HBCD_RELU, HBCD_LEAKY_RELU, HBCD_N_ACTIVATIONS,
                            HBCD_ACTIVATION_HOOK = 100 };
enum hbcd_loss_kind { HBCD_SQUARED_ERROR, HBCD_ABSOLUTE, HBCD_HUBER, HBCD_LOG_COSH, HBCD_QUANTILE, HBCD_POISSON,
                      HBCD_LOGISTIC, HBCD_CROSS_ENTROPY, HBCD_N_LOSSES, HBCD_LOSS_HOOK = 100 };
enum { HBCD_LOSS_PARAMETERS = 2 };       /* of HBCD_ABSOLUTE: width of the rounded tip; of HBCD_HUBER: where it turns
                                            straight; of HBCD_QUANTILE: width of the tip, level */
enum hbcd_sensitivity_kind { HBCD_PROJECTED_GRADIENT, HBCD_GRADIENT_NORM, HBCD_RMS_GRADIENT, HBCD_RELATIVE_GRADIENT,
                             HBCD_SCALING_FACTOR, HBCD_N_SENSITIVITIES };
enum hbcd_layer_kind { HBCD_DENSE, HBCD_LAYER_HOOK = 100 };
enum { HBCD_ACT_KEEP_Z = 1 };            /* the activation's slope needs z: z and a are kept apart */

/* Parts supplied from outside, for both precisions: pointers are to float or double as dtype says.
 * Each returns 0 or < 0. */
typedef struct hbcd_activation_hook {
    int (*forward)(void *self, int dtype, size_t n, const void *z, void *a);
    int (*backward)(void *self, int dtype, size_t n, const void *z, const void *a, void *g); /* g *= slope */
    void *self;
} hbcd_activation_hook;

/* A layer on one tile; x (n_in, ld) and out (n_out, ld) are feature-major, the first `rows` columns count. */
typedef struct hbcd_layer_hook {
    int (*forward)(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x, void *out);
    /* Sets grad_x unless it is NULL, adds to grad_theta (zeroed before) unless it is NULL. */
    int (*backward)(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                    const void *out, const void *grad_out, void *grad_x, void *grad_theta);
    void *self;
} hbcd_layer_hook;

/* A loss on one tile, feature-major: out, target and g (outputs, ld), of which the first `rows` columns count.  Sets the
 * value (rows) of every row and, unless g is NULL, its gradient; weights are no concern of it. */
typedef struct hbcd_loss_hook {
    int (*eval)(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out, const void *target,
                double *value, void *g);
    void *self;
} hbcd_loss_hook;

typedef struct hbcd_layer_spec {
    int kind;                  /* hbcd_layer_kind */
    size_t n_out;
    size_t n_params;           /* of a hook; a dense layer has (n_in + 1) * n_out */
    int activation;            /* hbcd_activation_kind, applied to the output of the layer */
    double activation_parameter; /* leak of HBCD_LEAKY_RELU */
    hbcd_activation_hook activation_hook;
    hbcd_layer_hook layer_hook;
} hbcd_layer_spec;

typedef struct hbcd_net_spec {
    size_t n_in, n_layers;     /* layers after the input */
    const hbcd_layer_spec *layers;
    int loss;                  /* hbcd_loss_kind */
    double loss_parameters[HBCD_LOSS_PARAMETERS];
    hbcd_loss_hook loss_hook;
    int isa;                   /* hbcd_isa: which variant of the kernels */
    int serial;                /* 1: some part must run on the calling thread only */
    int threads_sleep;         /* 1: other threads have to be woken for every evaluation (OMP_WAIT_POLICY=passive) */
} hbcd_net_spec;

/* ---- the same for both precisions --------------------------------------------------------------- */

#define HBCD_EACH "hbcd_typed.h"
#include "hbcd_each_real.h"
#undef HBCD_EACH

#ifdef __cplusplus
}
#endif
#endif
