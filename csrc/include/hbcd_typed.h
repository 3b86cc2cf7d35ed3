/* hbcd_typed.h: the public contract that depends on the precision, in REAL, TY(type) and FN(function).
 * Included by hbcd.h once for float (_f32) and once for double (_f64); no include guard on purpose.
 * Values of the objective, norms, dot products and step lengths are double in both. */

/* ---- optimization: n, x, f, g and nothing else -------------------------------------------------- */

/* lo <= x <= hi, elementwise, (n) each; infinities allowed; a NULL pointer means no bound on that side. */
typedef struct TY(box) {
    const REAL *lo, *hi;
} TY(box);

typedef struct TY(part) TY(part); /* a matrix of weights with its bias; known inside the core */

/* A block of variables that is optimized at once: one layer with its weights, then its bias.
 * Weights are stored (n_in, n_out), row by row. */
typedef struct TY(block) {
    size_t start, size;  /* slice of theta */
    size_t n_in, n_out;  /* shape of the weights; a layer kind without such a shape has n_out = 1 */
    size_t layer;
    size_t n_parts;      /* matrices of weights of a layer in parts */
    const TY(part) *parts;
} TY(block);

typedef struct TY(objective) {
    size_t n;
    /* f and, unless g is NULL, its gradient g (n) at x (n).  A value-only call leaves g untouched.
     * 0; or > 0, a stop code that ended the evaluation early (f and g are then meaningless); or < 0. */
    int (*eval)(void *self, const REAL *x, double *f, REAL *g);
    void *self;
    /* The normal equations of f = sum_r w_r e_r^2 / 2 at x, always double: f, its gradient jtwr = J'We (n) and
     * jtwj = J'WJ (n, n), all of it, symmetric to the bit; status as eval.  Of another f: a positive semidefinite
     * Gauss-Newton matrix.  NULL where there are none: a loss without such a matrix, a layer without a Jacobian, or no
     * memory set aside for it. */
    int (*normal)(void *self, const REAL *x, double *f, double *jtwr, double *jtwj);
    /* The blocks that the variables are made of, `start` counted from the first variable; none: 0 and NULL. */
    size_t n_blocks;
    const TY(block) *blocks;
    /* The normal equations of one block alone, the others as they are in x (n).  NULL as above. */
    int (*normal_of)(void *self, const REAL *x, size_t block, double *f, double *jtwr, double *jtwj);
    /* Of a last block whose layer is linear, with the inputs Phi (rows, n_in) of that layer and the targets Y: the
     * matrix [Phi 1 Y]'W[Phi 1 Y], n_in + 1 + n_out squared, symmetric, the penalty on the diagonal of Phi'W Phi.
     * NULL where there is no such block. */
    int (*output_gram)(void *self, const REAL *x, double *gram);
    int n_threads; /* that an optimizer may use for matrices of its own; 0: one */
} TY(objective);

typedef struct TY(optimizer) {
    const char *name;
    /* Bytes of state. */
    size_t (*state_size)(const void *options, const hbcd_shape *shape);
    /* Forgets everything; must be called on fresh memory and whenever the objective becomes another one. */
    void (*reset)(const void *options, void *state, size_t n);
    /* Minimizes from x (projected onto the box first) and leaves in x the best point evaluated, or the last
     * iterate if stop->keep_last.  Called again without reset it goes on where it was, with its memory.
     * Returns report->status: a stop code, or < 0.  Whatever the status, x is the best point seen. */
    int (*minimize)(const void *options, void *state, const TY(objective) *objective, const TY(box) *box,
                    REAL *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report);
    const void *options;
    unsigned flags;
} TY(optimizer);

#ifndef HBCD_OPT_FLAGS
#define HBCD_OPT_FLAGS
enum {
    HBCD_OPT_MONOTONE = 1,      /* never returns a point worse than the one passed in, by construction */
    HBCD_OPT_VALUE_ONLY = 2,    /* never asks for a gradient */
    HBCD_OPT_ACROSS_BATCHES = 4, /* its memory stays useful when the batch changes (moments of ADAM) */
    HBCD_OPT_NEEDS_BOX = 8,     /* finite bounds on every variable */
    HBCD_OPT_NORMAL = 16,       /* asks for normal equations: */
    HBCD_OPT_NORMAL_OF = 32,    /* for those of one block at a time */
    HBCD_OPT_OUTPUT = 64,       /* asks for the Gram matrix of the output layer */
    HBCD_OPT_SCHEDULED = 128    /* reads run_iterations of its hbcd_stop; the gain of its run may come at the end, so that
                                 * passes without a better point do not end a phase */
};
#endif

/* The row of a built-in optimizer (enum hbcd_optimizer_kind) with its options (borrowed) filled in;
 * HBCD_ERR_ARGUMENT for an unknown kind or options outside their range. */
int FN(optimizer_make)(int kind, const void *options, TY(optimizer) *optimizer);

/* ---- networks ----------------------------------------------------------------------------------- */

typedef struct TY(activation) {
    const char *name;
    /* a = activation(z), n elements, in place allowed unless HBCD_ACT_KEEP_Z. */
    int (*forward)(void *self, size_t n, const REAL *z, REAL *a);
    /* g *= slope; z may be NULL unless HBCD_ACT_KEEP_Z. */
    int (*backward)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g);
    void *self;
    unsigned flags;
    /* g *= second derivative, from the same; NULL: there is none. */
    int (*curvature)(void *self, size_t n, const REAL *z, const REAL *a, REAL *g);
} TY(activation);

typedef struct TY(loss) {
    const char *name;
    /* On one tile, feature-major: out, target and g are (outputs, ld), of which the first `rows` columns count.
     * Adds sum_r weight_r * loss_r to *f; unless g is NULL sets g to its gradient, 0 in columns rows..ld-1.
     * weight (rows) or NULL for all one. */
    int (*eval)(void *self, size_t rows, size_t ld, size_t outputs, const REAL *out, const REAL *target,
                const REAL *weight, double *f, REAL *g);
    void *self;
    unsigned flags;
    /* Sets root (outputs, ld), 0 in columns rows..ld-1, to column k of a square root of the Gauss-Newton matrix of every
     * row in its outputs: sum_k root_k root_k' = weight_r H_r, positive semidefinite.  A loss that is a sum over the
     * outputs has a diagonal H.  NULL: there is none. */
    void (*hessian_root)(void *self, size_t k, size_t rows, size_t ld, size_t outputs, const REAL *out,
                         const REAL *target, const REAL *weight, REAL *root);
} TY(loss);

#ifndef HBCD_LOSS_FLAGS
#define HBCD_LOSS_FLAGS
enum {
    HBCD_LOSS_LEAST_SQUARES = 1, /* half a sum of squares of out - target: its Gauss-Newton weight is 1 */
    HBCD_LOSS_OF_ROW = 2         /* the mean is over rows; the others are means over rows and outputs alike */
};
#endif

typedef struct TY(sensitivity) {
    const char *name;
    /* One number for a block, from the whole theta, gradient and box (n_params each). */
    int (*measure)(void *self, const TY(block) *block, const REAL *theta, const REAL *gradient,
                   const TY(box) *box, double *value);
    void *self;
} TY(sensitivity);

/* A network, described by hbcd_net_spec and laid out in an arena; read-only afterwards. */
typedef struct TY(net) TY(net);
/* Lays out a network.  With a counting arena *net is NULL afterwards and `used` says how much it takes. */
int FN(net_make)(const hbcd_net_spec *spec, hbcd_arena *arena, TY(net) **net);

/* Rows in tiles: HBCD_TILE rows each, feature-major inside a tile, the last one shorter and padded with zeros
 * to a multiple of HBCD_PAD.  x, y, w: (n_in | n_out | 1) values per row; y and w may be NULL. */
typedef struct TY(data) {
    size_t rows, n_in, n_out; /* rows: those of this rank */
    REAL *x, *y, *w;
    double weight_sum; /* of all rows; their number where w is NULL */
    size_t all;        /* rows of all ranks */
    hbcd_range range;  /* which of them these are; range.ranks NULL: all of them */
    int weighted;      /* rows have weights */
    int dealt;         /* 1: every rank has all rows, and does its share of their lanes */
    const hbcd_tiles *tiles; /* where x, y and w come from, a few tiles at a time; NULL: they are in memory */
    double penalty;    /* penalty * ||W||^2 / 2 is part of the loss on these rows, W: the weights of dense and block-diagonal layers */
    const REAL *center; /* (n_center) = all parameters, kept by the caller: ||W - C||^2 instead, W with the biases; NULL: none */
    size_t n_center;
} TY(data);
/* Copies tables of any stride and precision into tiles, by up to n_threads threads where they are large; one copy, no
 * other memory, the same bits by any number of threads.  range: which of all rows they are, NULL: all; then a table may be
 * without rows, and carving is a collective. */
int FN(data_make)(const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, const hbcd_range *range, int n_threads,
                  hbcd_arena *arena, TY(data) *data);
/* Rows that are read from `tiles`, borrowed; weighted: they have weights, which are read once. */
int FN(data_stream)(size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles, const hbcd_range *range,
                    hbcd_arena *arena, TY(data) *data);

/* Mean loss of the whole network and, unless g is NULL, its gradient: one evaluation, measured and carved from
 * the arena like everything else.  loss = sum_r w_r loss_r / (outputs * sum_r w_r) + penalty ||W||^2 / 2, for squared
 * error loss_r = sum_k (out - y)^2 / 2; with HBCD_LOSS_OF_ROW without `outputs`. */
int FN(net_loss)(const TY(net) *net, const TY(data) *data, const REAL *theta, int n_threads, hbcd_watch *watch,
                 hbcd_arena *arena, double *f, REAL *g);
/* The normal equations of block `block` (-1: of all parameters), n of them, always double: with e = out - y (rows,
 * outputs), J = de / d theta and W = w_r / (outputs * sum_r w_r) it sets f to the loss e'We / 2, jtwr (n) to its
 * gradient J'We and jtwj (n, n) to J'WJ, all of it; for another loss f, its gradient and J'WHJ with H as in TY(loss).
 * The penalty is part of all three.  J is never stored for more than HBCD_PANEL rows of a thread.
 * HBCD_ERR_ARGUMENT also where a layer hook has parameters among them. */
int FN(net_normal)(const TY(net) *net, const TY(data) *data, const REAL *theta, int block, int n_threads,
                   hbcd_watch *watch, hbcd_arena *arena, double *f, double *jtwr, double *jtwj);
/* The rows behind the normal equations of all parameters, kept and without the mean over rows, always double:
 * outputs (n_in + neurons of all layers, rows) are the inputs and then what each layer puts out; targets (2 n_out + 1,
 * rows) the targets, then the diagonal of a root of w_r H_r as in TY(loss), then w_r; jacobian (n_params, n_out, rows)
 * sum_j root_kj d out_j / d theta, which is sqrt(w_r) times the derivative of output k for a sum of squares.
 * HBCD_ERR_ARGUMENT as FN(net_normal). */
int FN(net_linearize)(const TY(net) *net, const TY(data) *data, const REAL *theta, int n_threads, hbcd_watch *watch,
                      hbcd_arena *arena, double *outputs, double *targets, double *jacobian);
/* out: (rows, n_out) through `out`, any stride and precision.  Up to HBCD_FEW_ROWS rows of a network without hooks are
 * computed one by one, with the same bits; then HBCD_STOP_NOT_FINITE says that an argument of an activation was not
 * finite, which it is whenever a weight or an input is not.  The outputs are there all the same. */
int FN(net_predict)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads,
                    hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out);
/* Backward through the network: grad (n_params) = sum_r (d out_r / d theta)' grad_out_r and, unless NULL, grad_x
 * (rows, n_in) = (d out_r / d x_r)' grad_out_r. */
int FN(net_pullback)(const TY(net) *net, const hbcd_table *x, const REAL *theta, const hbcd_table *grad_out,
                     hbcd_arena *arena, const hbcd_table *grad_x, double *grad);
/* The derivatives of the outputs in the inputs, as the network sees these: jacobian (rows, n_out * n_in), those of an output
 * side by side; unless NULL, out (rows, n_out) are the outputs.  A kink has the slope of its left side.  HBCD_ERR_ARGUMENT
 * where shapes differ. */
int FN(net_jacobian)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads, hbcd_watch *watch,
                     hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian);
/* The same in the parameters: jacobian (rows, n_out * n_params). */
int FN(net_jacobian_theta)(const TY(net) *net, const hbcd_table *x, const REAL *theta, int n_threads, hbcd_watch *watch,
                           hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian);
/* The second derivatives of the outputs in the inputs: hessian (rows, n_out * n_in * n_in), symmetric to the bit; where
 * multipliers (rows, n_out) are given hessian (rows, n_in * n_in), their sum over the outputs.  HBCD_ERR_ARGUMENT also
 * where a layer is a hook or an activation has no second derivative. */
int FN(net_hessian)(const TY(net) *net, const hbcd_table *x, const REAL *theta, const hbcd_table *multipliers, int n_threads,
                    hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *hessian);
/* One number per block; values: (n_blocks). */
int FN(net_sensitivities)(const TY(net) *net, const TY(sensitivity) *measure, const REAL *theta,
                          const REAL *gradient, const TY(box) *box, double *values);

/* ---- training ----------------------------------------------------------------------------------- */

typedef struct TY(phase) {
    TY(optimizer) optimizer;
    const hbcd_selector *selector;           /* NULL: all parameters at once */
    const TY(sensitivity) *sensitivity;      /* NULL without a selector */
    size_t batch_rows;        /* 0: all rows */
    double batch_growth;      /* rows of a batch grow by this factor after every epoch */
    size_t inner_iterations;  /* of the optimizer per visit; 0: until its own stopping test */
    size_t visits_per_batch;  /* blocks solved on a batch before the next one */
    size_t epochs;            /* passes over the data; 0: one batch, worked on until it is solved */
    double sensitivity_tol;   /* a batch is solved when no block is more sensitive; so is the phase, on all rows: */
    int full_sensitivity;     /* 1: at the end of each pass over batches the measurement of the loss on all rows brings
                               * its gradient too, and the phase ends (HBCD_STOP_SENSITIVITY) where the sensitivities on
                               * all rows are within sensitivity_tol; 0: only batches of all rows are looked at so */
    TY(box) box;              /* (n_params) */
    hbcd_stop stop;           /* of the phase; watch is taken from the run */
    double max_seconds;       /* of the phase, INFINITY: none */
} TY(phase);

typedef struct TY(plan) TY(plan);
/* All memory of a run: data, batches, caches, optimizer states.  Counts or carves like net_make.
 * `held_out` may be NULL.  Everything pointed to is borrowed until the run is over. */
int FN(plan_make)(const TY(net) *net, const TY(data) *data, const TY(data) *held_out, size_t n_phases,
                  const TY(phase) *phases, int n_threads, hbcd_arena *arena, TY(plan) **plan);
/* Runs the phases one after another from theta (n_params); leaves the best point measured in theta.
 * stop: limits of the whole run.  report->f: its loss (held-out loss decides where rows were held out). */
int FN(plan_train)(TY(plan) *plan, REAL *theta, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report);
