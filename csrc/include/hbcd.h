/* hbcd.h: the public contract of the core, the part that does not depend on the precision.
 *
 * The core allocates nothing, prints nothing, holds no changing global and reads no clock outside
 * stop.c.  Every function that can fail returns a status: 0 fine, > 0 why it stopped, < 0 what failed.
 * Memory is borrowed: a caller measures (an arena without memory counts), then hands over one block.
 * It is the one header to include; hbcd_base.h, hbcd_ranks.h, hbcd_watch.h and hbcd_options.h are parts of it.  The typed part
 * (hbcd_typed.h) is included twice at the end, as hbcd_*_f32 and hbcd_*_f64. */
#ifndef HBCD_H
#define HBCD_H

#include "hbcd_base.h"
#include "hbcd_options.h"
#include "hbcd_ranks.h"
#include "hbcd_watch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- description of a network ------------------------------------------------------------------ */

enum { HBCD_TILE = 256, HBCD_PAD = 16 }; /* rows of a tile; rows are padded to a multiple of HBCD_PAD */
enum { HBCD_FEW_ROWS = 4 };              /* so many are predicted one by one rather than as a padded tile */

/* A table somebody else owns: element (r, c) of type dtype at data + r * row_stride + c * col_stride bytes.
 * Where mean and scale are given, (cols) each and no scale 0, what is read is (element - mean[c]) / scale[c], formed
 * in double: a table is standardized while it is copied, and never held twice.
 * Where index is given, (rows), row r is that of index[r]: rows that are chosen are copied once.  Such a table is only
 * read, by hbcd_data_make. */
typedef struct hbcd_table {
    void *data;
    int dtype;
    size_t rows, cols;
    ptrdiff_t row_stride, col_stride;
    const double *mean, *scale; /* NULL: as they are */
    const uint32_t *index;      /* NULL: all rows in their order */
} hbcd_table;

enum hbcd_activation_kind { HBCD_IDENTITY, HBCD_SIGMOID, HBCD_TANH, HBCD_RELU, HBCD_LEAKY_RELU, HBCD_N_ACTIVATIONS,
                            HBCD_ACTIVATION_HOOK = 100 };
enum hbcd_loss_kind { HBCD_SQUARED_ERROR, HBCD_ABSOLUTE, HBCD_HUBER, HBCD_LOG_COSH, HBCD_QUANTILE, HBCD_POISSON,
                      HBCD_LOGISTIC, HBCD_CROSS_ENTROPY, HBCD_N_LOSSES, HBCD_LOSS_HOOK = 100 };
enum { HBCD_LOSS_PARAMETERS = 2 };       /* of HBCD_ABSOLUTE: width of the rounded tip; of HBCD_HUBER: where it turns
                                            straight; of HBCD_QUANTILE: width of the tip, level */
enum hbcd_sensitivity_kind { HBCD_PROJECTED_GRADIENT, HBCD_GRADIENT_NORM, HBCD_RMS_GRADIENT, HBCD_RELATIVE_GRADIENT,
                             HBCD_SCALING_FACTOR, HBCD_N_SENSITIVITIES };
enum hbcd_layer_kind { HBCD_DENSE, HBCD_BLOCK_DIAGONAL, HBCD_SMOOTH_PIECES, HBCD_LAYER_HOOK = 100 };
enum { HBCD_ACT_KEEP_Z = 1,              /* the activation's slope needs z: z and a are kept apart */
       HBCD_ACT_STRAIGHT = 2 };          /* its second derivative is 0, but perhaps at a kink */

/* Parts supplied from outside, for both precisions: pointers are to float or double as dtype says.
 * Each returns 0 or < 0. */
typedef struct hbcd_activation_hook {
    int (*forward)(void *self, int dtype, size_t n, const void *z, void *a);
    int (*backward)(void *self, int dtype, size_t n, const void *z, const void *a, void *g); /* g *= slope */
    void *self;
    /* g *= second derivative; NULL: there is none. */
    int (*curvature)(void *self, int dtype, size_t n, const void *z, const void *a, void *g);
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

/* A part of a block-diagonal layer: dense, with an activation of its own. */
typedef struct hbcd_part_spec {
    size_t n_in, n_out;
    int activation;
    double activation_parameter;
    hbcd_activation_hook activation_hook;
} hbcd_part_spec;

/* HBCD_BLOCK_DIAGONAL: parts side by side, each with its own range of the inputs (or with all of them) and of the
 * outputs, in order.  Its parameters are those of the parts one after another, each the weights (n_in, n_out) row by row
 * and then the bias.
 * HBCD_SMOOTH_PIECES: no parameters; the outputs are all inputs as they are and then, for every piece j,
 * tanh((x[columns[j]] - centers[j]) / widths[j]).
 * Both without an activation of the whole layer. */
typedef struct hbcd_layer_spec {
    int kind;                  /* hbcd_layer_kind */
    size_t n_out;
    size_t n_params;           /* of a hook; a dense layer has (n_in + 1) * n_out */
    int activation;            /* hbcd_activation_kind, applied to the output of the layer */
    double activation_parameter; /* leak of HBCD_LEAKY_RELU */
    hbcd_activation_hook activation_hook;
    hbcd_layer_hook layer_hook;
    size_t n_parts;            /* of HBCD_BLOCK_DIAGONAL */
    const hbcd_part_spec *parts;
    int shared_input;          /* 1: every part reads all inputs */
    size_t n_pieces;           /* of HBCD_SMOOTH_PIECES, (n_pieces) each, widths > 0: */
    const size_t *columns;
    const double *centers, *widths;
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
