/* hbcd_any.h: the typed contract once more with the precision as a number, for bindings.  Arrays are void * to float or
 * double as dtype says; handles (net, data, plan) lie in the caller's arena.  Every function with an arena is called
 * twice: counting, then carving. */
#ifndef HBCD_ANY_H
#define HBCD_ANY_H

#include "hbcd.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hbcd_objective_any {
    int dtype;
    size_t n;
    int (*eval)(void *self, const void *x, double *f, void *g); /* as TY(objective) */
    void *self;
    int (*normal)(void *self, const void *x, double *f, double *jtwr, double *jtwj); /* NULL: none */
} hbcd_objective_any;

/* An optimizer supplied from outside; moves x in place.  The core keeps the best point that it evaluates. */
typedef struct hbcd_optimizer_hook {
    int (*minimize)(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                    const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report);
    void *self;
} hbcd_optimizer_hook;

typedef struct hbcd_sensitivity_hook {
    int (*measure)(void *self, int dtype, size_t n_params, size_t start, size_t stop, const void *theta,
                   const void *gradient, const void *lo, const void *hi, double *value);
    void *self;
    size_t n_params;
} hbcd_sensitivity_hook;

enum { HBCD_HOOK = -1 }; /* kind of a part supplied from outside */

typedef struct hbcd_optimizer_spec {
    int kind;             /* hbcd_optimizer_kind or HBCD_HOOK */
    const void *options;  /* hbcd_adam, hbcd_lbfgs, ... or hbcd_optimizer_hook */
} hbcd_optimizer_spec;

typedef struct hbcd_sensitivity_spec {
    int kind;                        /* hbcd_sensitivity_kind or HBCD_HOOK */
    hbcd_sensitivity_hook hook;
} hbcd_sensitivity_spec;

typedef struct hbcd_phase_spec {
    hbcd_optimizer_spec optimizer;
    const hbcd_selector *selector;   /* NULL: all parameters at once */
    hbcd_sensitivity_spec sensitivity;
    size_t batch_rows, inner_iterations, visits_per_batch, epochs; /* 0 as in TY(phase) */
    double batch_growth, sensitivity_tol, max_seconds;
    int full_sensitivity;
    const void *lo, *hi;             /* (n_params) or NULL */
    hbcd_stop stop;
} hbcd_phase_spec;

typedef struct hbcd_net_size {
    size_t n_in, n_out, n_layers, n_params, n_blocks;
} hbcd_net_size;

/* 1 if every element stands on a multiple of its size. */
int hbcd_table_is_aligned(const hbcd_table *table);
/* 1 if every element is finite; 0 if not, or if an element does not stand on a multiple of its size. */
int hbcd_table_is_sound(const hbcd_table *table);

/* Names of the built-in parts, by kind; NULL behind the last. */
const char *hbcd_activation_name(int kind);
const char *hbcd_loss_name(int kind);
const char *hbcd_sensitivity_name(int kind);
const char *hbcd_selector_name(int kind);

int hbcd_net_make(int dtype, const hbcd_net_spec *spec, hbcd_arena *arena, void **net);
void hbcd_net_describe(int dtype, const void *net, hbcd_net_size *size);
/* Block b: its slice of theta, the shape of its weights, its layer (0 is the first after the input). */
void hbcd_net_block(int dtype, const void *net, size_t b, size_t *start, size_t *stop, size_t *n_in, size_t *n_out,
                    size_t *layer);
int hbcd_data_make(int dtype, const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, const hbcd_range *range,
                   int n_threads, hbcd_arena *arena, void **data);
/* As FN(data_stream). */
int hbcd_data_stream(int dtype, size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles,
                     const hbcd_range *range, hbcd_arena *arena, void **data);
/* Rows of this rank, rows of all, and the sum of their weights. */
void hbcd_data_describe(int dtype, const void *data, size_t *rows, size_t *all, double *weight_sum);
/* The arrays x, y, w of TY(data), and how many numbers each has; NULL and 0 where there is none. */
void hbcd_data_arrays(int dtype, const void *data, const void *arrays[3], size_t sizes[3]);
/* The rows `index` of data, each one of its rows, copied. */
int hbcd_data_take(int dtype, const void *data, size_t rows, const uint32_t *index, int n_threads, hbcd_arena *arena,
                   void **taken);
/* penalty of TY(data) */
void hbcd_data_set_penalty(int dtype, void *data, double penalty);
/* center and n_center of TY(data), in its precision; NULL: 0; the caller keeps it for as long as the data are used */
void hbcd_data_set_center(int dtype, void *data, const void *center, size_t n);
int hbcd_net_loss(int dtype, const void *net, const void *data, const void *theta, int n_threads, hbcd_watch *watch,
                  hbcd_arena *arena, double *f, void *g);
/* f, jtwr (n) and jtwj (n, n) of block `block`, -1 for all parameters; as FN(net_normal). */
int hbcd_net_normal(int dtype, const void *net, const void *data, const void *theta, int block, int n_threads,
                    hbcd_watch *watch, hbcd_arena *arena, double *f, double *jtwr, double *jtwj);
/* As FN(net_linearize). */
int hbcd_net_linearize(int dtype, const void *net, const void *data, const void *theta, int n_threads,
                       hbcd_watch *watch, hbcd_arena *arena, double *outputs, double *targets, double *jacobian);
int hbcd_net_predict(int dtype, const void *net, const hbcd_table *x, const void *theta, int n_threads,
                     hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out);
int hbcd_net_pullback(int dtype, const void *net, const hbcd_table *x, const void *theta, const hbcd_table *grad_out,
                      hbcd_arena *arena, const hbcd_table *grad_x, double *grad);
/* As FN(net_jacobian), in_theta: as FN(net_jacobian_theta). */
int hbcd_net_jacobian(int dtype, const void *net, const hbcd_table *x, const void *theta, int in_theta, int n_threads,
                      hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian);
int hbcd_net_hessian(int dtype, const void *net, const hbcd_table *x, const void *theta, const hbcd_table *multipliers,
                     int n_threads, hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *hessian);
int hbcd_net_sensitivities(int dtype, const void *net, const hbcd_sensitivity_spec *measure, const void *theta,
                           const void *gradient, const void *lo, const void *hi, double *values);
/* A built-in measure of one block of size stop - start, weights (n_in, n_out). */
int hbcd_sensitivity_measure(int dtype, int kind, size_t start, size_t stop, size_t n_in, size_t n_out,
                             const void *theta, const void *gradient, const void *lo, const void *hi, double *value);
/* A built-in activation on n elements: a = activation(z); g *= slope. */
int hbcd_activation_forward(int dtype, int isa, int kind, double parameter, size_t n, const void *z, void *a);
int hbcd_activation_backward(int dtype, int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                             void *g);
/* g *= second derivative. */
int hbcd_activation_curvature(int dtype, int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                              void *g);
/* A built-in loss of each row by itself, values (rows).  out, target and g are (rows, outputs) row by row, g may be
 * NULL; tile (3, outputs, HBCD_PAD) is scratch, aligned to HBCD_ALIGN. */
int hbcd_loss_of_rows(int dtype, int isa, int kind, const double *parameters, size_t rows, size_t outputs,
                      const void *out, const void *target, void *tile, double *values, void *g);
int hbcd_plan_make(int dtype, const void *net, const void *data, const void *held_out, size_t n_phases,
                   const hbcd_phase_spec *phases, int n_threads, hbcd_arena *arena, void **plan);
int hbcd_plan_train(int dtype, void *plan, void *theta, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report);
/* One optimizer on any objective. */
int hbcd_minimize(const hbcd_optimizer_spec *optimizer, const hbcd_objective_any *objective, const void *lo,
                  const void *hi, void *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_arena *arena,
                  hbcd_report *report);

#ifdef __cplusplus
}
#endif
#endif
