/* net_typed.h: the typed half of net.h. */

typedef struct TY(layer) TY(layer);

/* What kinds of layer differ in.  theta and grad are the layer's own slice. */
typedef struct TY(layer_kind) {
    const char *name;
    int (*forward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, REAL *out);
    /* grad_x (n_in, ld) is set unless NULL; grad is added to unless NULL; scratch: n_params of a hook, (n_in, HBCD_TILE) of
     * parts that share their inputs. */
    int (*backward)(const TY(layer) *layer, size_t rows, size_t ld, const REAL *theta, const REAL *x, const REAL *out,
                    const REAL *grad_out, REAL *grad_x, double *grad, REAL *scratch);
} TY(layer_kind);

/* An activation with what its `self` points to. */
typedef struct TY(own_activation) {
    TY(activation) call;
    double parameter;
    hbcd_activation_hook hook;
} TY(own_activation);

/* A matrix of weights (n_in, n_out) with its bias behind it: outputs out_at .. of the layer from its inputs in_at .. */
struct TY(part) {
    size_t n_in, n_out, in_at, out_at;
    size_t at;           /* where its parameters begin among those of the layer */
    TY(own_activation) activation; /* of a block-diagonal layer */
    size_t run, width;   /* parts from this one on with one built-in activation, and their outputs: one call for all */
};

struct TY(layer) {
    const TY(layer_kind) *kind;
    const TY(kernels) *kernels;
    TY(activation) activation;
    size_t n_in, n_out, n_params;
    size_t start;        /* of its parameters in theta */
    size_t a, z;         /* neurons before it: where its outputs begin in a tile's work space */
    TY(own_activation) own; /* of the layer, unless its parts have theirs */
    hbcd_layer_hook layer_hook;
    size_t n_parts;      /* 1 of a dense layer, 0 of one without weights or of a hook */
    const TY(part) *parts;
    int shared_input;    /* every part reads all inputs */
    size_t n_pieces;     /* smooth pieces: inputs, centers, 1 / widths, (n_pieces) each */
    const size_t *columns;
    const REAL *centers, *steepness;
};

struct TY(net) {
    size_t n_in, n_out, n_layers, n_blocks, n_params;
    size_t width;        /* of the widest layer, input included */
    size_t largest;      /* parameters of the largest block */
    size_t scratch;      /* numbers of scratch that some layer needs on its way back */
    size_t lowest;       /* smooth pieces in front: constants of the rows, and nothing below this layer needs a gradient */
    size_t n_parts, n_pieces; /* of all layers */
    size_t n_hooks;      /* layers and activations from outside */
    size_t neurons;      /* outputs of all layers: rows of `a` in a tile's work space */
    size_t kept;         /* rows of `z`: layers whose activation needs it */
    int serial, threads_sleep;
    TY(layer) *layers;   /* (n_layers) */
    TY(block) *blocks;   /* (n_blocks): layers that have parameters */
    TY(part) *parts;     /* (n_parts) */
    size_t *columns;     /* (n_pieces) */
    REAL *pieces;        /* (2, n_pieces) */
    TY(loss) loss;
    double loss_parameters[HBCD_LOSS_PARAMETERS];
    hbcd_loss_hook loss_hook;
    const TY(kernels) *kernels;
};

/* The row of a layer kind that FN(layer_parameters) knows. */
const TY(layer_kind) *FN(layer_kind_row)(int kind);
/* Fills the loss of a network, built in or hook. */
void FN(net_set_loss)(TY(net) *net, const hbcd_net_spec *spec);
/* Parameters of a layer as a number that no size overflows; < 0: the description contradicts itself. */
double FN(layer_parameters)(const hbcd_layer_spec *spec, size_t n_in);
/* Fills the activation of a layer, built in or hook. */
int FN(layer_set_activation)(TY(layer) *layer, const hbcd_layer_spec *spec);
/* Fills the parts of a dense or block-diagonal layer, and the activation of the latter; `parts` has room for them. */
int FN(layer_set_parts)(TY(layer) *layer, const hbcd_layer_spec *spec, TY(part) *parts);
/* Fills the pieces; columns (n_pieces) and numbers (2, n_pieces) have room for them. */
void FN(layer_set_pieces)(TY(layer) *layer, const hbcd_layer_spec *spec, size_t *columns, REAL *numbers);

/* Work space of one thread for one tile. */
typedef struct TY(work) {
    REAL *a, *z;         /* (neurons, HBCD_TILE), (kept, HBCD_TILE) */
    REAL *delta, *below; /* (width, HBCD_TILE) each */
    REAL *scratch;       /* (scratch) */
} TY(work);
void FN(work_make)(const TY(net) *net, hbcd_arena *arena, TY(work) *work);

/* Forward through layers first .. last-1 from the input x of layer `first`; outputs of layer l stand at
 * work->a + layers[l].a * HBCD_TILE with leading dimension ld. */
int FN(tile_forward)(const TY(net) *net, size_t first, size_t last, size_t rows, size_t ld, const REAL *theta,
                     const REAL *x, const TY(work) *work);
/* Backward from work->delta (gradient of the loss in the net's outputs) down to layer `first`; adds to grad
 * (parameters of the layers from `first` up) their gradient, or with only_first that of layer `first` alone; unless it is
 * NULL sets grad_x (n_in of layer `first`, ld). */
int FN(tile_backward)(const TY(net) *net, size_t first, int only_first, size_t rows, size_t ld, const REAL *theta,
                      const REAL *x, const TY(work) *work, double *grad, REAL *grad_x);

/* What `cost` operations count for when a second thread is to repay its waking: 20 to 200 us on a virtual machine, so
 * that 180 us of work may take longer on two threads, and 450 us do not. */
static inline double FN(repays)(const TY(net) *net, double cost) { return net->threads_sleep ? 0.1 * cost : cost; }

/* Tiles of data: where tile t begins in an array of `features` per row, its rows and leading dimension. */
static inline size_t FN(tile_rows)(const TY(data) *data, size_t tile)
{
    size_t left = data->rows - tile * HBCD_TILE;
    return left < HBCD_TILE ? left : HBCD_TILE;
}
static inline size_t FN(padded)(size_t rows) { return hbcd_times(rows / HBCD_PAD + (rows % HBCD_PAD != 0), HBCD_PAD); }
static inline size_t FN(n_tiles)(size_t rows) { return rows / HBCD_TILE + (rows % HBCD_TILE != 0); }

/* Which lanes of data this rank does, and what lies before them. */
static inline hbcd_cut FN(cut_of)(const TY(data) *data)
{
    const size_t tiles = FN(n_tiles)(data->all), lanes = hbcd_n_lanes(tiles);
    const hbcd_ranks *ranks = data->range.ranks;
    if (ranks == NULL) return (hbcd_cut){tiles, lanes, 0, lanes, 0};
    const size_t rank = ranks->rank;
    if (data->dealt)
        return (hbcd_cut){tiles, lanes, rank * lanes / ranks->ranks, (rank + 1) * lanes / ranks->ranks, 0};
    const size_t *first = data->range.first;
    return (hbcd_cut){tiles, lanes, hbcd_lane_of(data->all, first[rank]), hbcd_lane_of(data->all, first[rank + 1]),
                      FN(n_tiles)(first[rank])};
}

/* Tiles of data that are in memory, from tile `first` on. */
typedef struct TY(loaded) {
    const REAL *x, *y, *w; /* w may be NULL */
    size_t first;
} TY(loaded);
/* Loads tiles first .. last - 1 of data that is read piece by piece. */
int FN(data_load)(const TY(data) *data, size_t first, size_t last, TY(loaded) *at);
/* Adds up the lanes of data that this rank does; *at is set to where the tiles stand while `work` is called. */
int FN(data_sum)(const TY(data) *data, hbcd_sums *sums, const hbcd_team *team, double cost, hbcd_sum_work work, void *context,
                 TY(loaded) *at);

/* Room for `rows` rows. */
void FN(data_room)(size_t rows, size_t n_in, size_t n_out, int with_y, int with_w, hbcd_arena *arena, TY(data) *data);
/* `to`, in its room, becomes data of so many rows, with the penalty of `from`. */
void FN(data_resize)(const TY(data) *from, size_t rows, TY(data) *to);
/* The rows `index` of `from`, which is in memory, are copied by a team to the rows of `to` from row `at` on; what lies before
 * them is there already, and with the last of to->rows the sum of weights is known.  0, or what the watch of the team says. */
int FN(data_place)(const TY(data) *from, size_t rows, const uint32_t *index, const hbcd_team *team, size_t at, TY(data) *to);
/* Both: `to` is then these rows. */
int FN(data_gather)(const TY(data) *from, size_t rows, const uint32_t *index, const hbcd_team *team, TY(data) *to);
/* One tile of a table, rows begin .. begin+rows-1, written feature-major and padded. */
void FN(pack_tile)(const hbcd_table *table, size_t begin, size_t rows, size_t ld, REAL *to);

/* The reverse, without the padding. */
void FN(unpack_tile)(const REAL *from, size_t begin, size_t rows, size_t ld, const hbcd_table *table);

/* ---- objective: net + data + block --------------------------------------------------------------------- */

typedef struct TY(normal) TY(normal);

typedef struct TY(bound) {
    const TY(net) *net;
    hbcd_team team;       /* whoever makes the bound objective restores it */
    size_t all;           /* rows there is room for, on all ranks */
    int in_ranges;
    REAL *theta;          /* (n_params): the point, blocks that are not optimized included */
    TY(work) *work;       /* (n_threads) */
    hbcd_sums sums;       /* of an evaluation: gradient and value */
    REAL *cache;          /* inputs of the block's layer, every tile */
    size_t cache_rows;
    REAL *fixed;          /* outputs of the pieces in front, every tile; room for fixed_rows rows */
    size_t fixed_rows;
    /* set by bind */
    const TY(data) *data;
    TY(loaded) at;        /* the rows, while a pass over them goes on */
    const REAL *kept;     /* tiles of the input of layer `begin`; NULL: that is layer 0, its input x */
    size_t start, n, first; /* what is bound: where in theta, how much, the lowest layer */
    size_t own_tiles;     /* before those that this rank does */
    size_t begin;         /* the layer that a pass begins with: below `first` where nothing is kept of the layers between */
    int block;
    TY(block) own;           /* what is bound, where it is one block */
    /* the one known value: set by prime, used by the next evaluation at exactly that point */
    REAL *known_x, *known_g; /* (n_params) each */
    double known_f;
    int known;
    size_t n_known;          /* evaluations answered with it since bind: they cost nothing */
    TY(normal) *normal;      /* room for normal equations; NULL: none */
} TY(bound);

/* Measures or carves for data of up to `all` rows, on all ranks together (in_ranges: there are several); up to cache_rows
 * of them with room for what lies below a block. */
void FN(bound_make)(const TY(net) *net, size_t all, int in_ranges, size_t cache_rows, int n_threads, hbcd_watch *watch,
                    hbcd_arena *arena, TY(bound) *bound);
/* Room for what pieces in front of the network make of up to max_rows rows, after bound_make: it is then computed once for
 * every bind.  None where it would take more than HBCD_MOST_FIXED bytes. */
void FN(bound_keep_fixed)(TY(bound) *bound, size_t max_rows, hbcd_arena *arena);
/* Binds all parameters (block < 0) or one block; what lies below the block is computed once, here. */
int FN(objective_bind)(TY(bound) *bound, const TY(data) *data, int block);
TY(objective) FN(objective_of)(TY(bound) *bound);
/* Room for the normal equations of up to n parameters on up to as many rows as bound_make was told; HBCD_ERR_MEMORY for
 * an n that no memory holds. */
int FN(normal_make)(TY(bound) *bound, size_t n, hbcd_arena *arena);
/* Whether what is bound has normal equations, and then they: `bound` is a TY(bound) *, the rest as in TY(objective).
 * f and jtwr have the bits of an evaluation (before rounding to REAL). */
int FN(has_normal)(const TY(bound) *bound);
int FN(objective_normal)(void *bound, const REAL *x, double *f, double *jtwr, double *jtwj);
/* The rows of those equations, kept, as FN(net_linearize) says; all parameters are bound. */
int FN(objective_linearize)(TY(bound) *bound, const REAL *theta, double *outputs, double *targets, double *jacobian);
/* The same for `normal_of`, which needs room for the largest block and for what lies below one, and `output_gram`,
 * which needs room for n = n_in + 1 + n_out of the last layer. */
int FN(has_normal_of)(const TY(bound) *bound);
int FN(objective_normal_of)(void *bound, const REAL *x, size_t block, double *f, double *jtwr, double *jtwj);
int FN(has_output)(const TY(bound) *bound);
int FN(objective_output_gram)(void *bound, const REAL *x, double *gram);
/* Tells the objective its value and gradient at the present point of bound->theta, from a full evaluation. */
void FN(objective_prime)(TY(bound) *bound, double f, const REAL *g);

/* ---- sensitivity ---------------------------------------------------------------------------------------- */

/* The row of a built-in measure (enum hbcd_sensitivity_kind), NULL for an unknown kind. */
const TY(sensitivity) *FN(sensitivity_row)(int kind);
