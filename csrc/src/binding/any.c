/* any.c: the typed functions behind a run-time precision. */
#include "hbcd_any.h"
#include "optimizers/optimizer.h"
#include "training/plan.h"

#include <math.h>
#include <string.h>

#define HBCD_EACH "binding/any.inl"
#include "hbcd_each_real.h"
#undef HBCD_EACH

/* Calls the function of the precision that dtype names. */
#define EACH(name, ...) (dtype == HBCD_F32 ? hbcd_any_##name##_f32(__VA_ARGS__) : hbcd_any_##name##_f64(__VA_ARGS__))

int hbcd_table_is_aligned(const hbcd_table *table)
{
    const size_t size = table->dtype == HBCD_F64 ? sizeof(double) : sizeof(float);
    return !((uintptr_t)table->data % size || table->row_stride % (ptrdiff_t)size || table->col_stride % (ptrdiff_t)size);
}

int hbcd_table_is_sound(const hbcd_table *table)
{
    const char *row = table->data;
    if (!hbcd_table_is_aligned(table)) return 0;
    double zero = 0; /* x - x is 0 for a finite x, NaN for the others */
    for (size_t r = 0; r < table->rows; r++, row += table->row_stride) {
        const char *at = row;
        for (size_t c = 0; c < table->cols; c++, at += table->col_stride) {
            double x = table->dtype == HBCD_F64 ? *(const double *)(const void *)at : *(const float *)(const void *)at;
            zero += x - x;
        }
    }
    return zero == 0;
}

const char *hbcd_activation_name(int kind)
{
    return kind >= 0 && kind < HBCD_N_ACTIVATIONS ? hbcd_kernels_baseline_f64.activation[kind].name : NULL;
}

const char *hbcd_loss_name(int kind)
{
    return kind >= 0 && kind < HBCD_N_LOSSES ? hbcd_kernels_baseline_f64.loss[kind].name : NULL;
}

const char *hbcd_sensitivity_name(int kind)
{
    const hbcd_sensitivity_f64 *row = hbcd_sensitivity_row_f64(kind);
    return row ? row->name : NULL;
}

const char *hbcd_selector_name(int kind)
{
    const hbcd_selector *row = hbcd_selector_row(kind);
    return row ? row->name : NULL;
}

int hbcd_net_make(int dtype, const hbcd_net_spec *spec, hbcd_arena *arena, void **net)
{
    return EACH(net_make, spec, arena, net);
}

void hbcd_net_describe(int dtype, const void *net, hbcd_net_size *size)
{
    EACH(net_describe, net, size);
}

void hbcd_net_block(int dtype, const void *net, size_t b, size_t *start, size_t *stop, size_t *n_in, size_t *n_out,
                    size_t *layer)
{
    EACH(net_block, net, b, start, stop, n_in, n_out, layer);
}

int hbcd_data_make(int dtype, const hbcd_table *x, const hbcd_table *y, const hbcd_table *w, const hbcd_range *range,
                   int n_threads,
                   hbcd_arena *arena, void **data)
{
    return EACH(data_make, x, y, w, range, n_threads, arena, data);
}

int hbcd_data_stream(int dtype, size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles,
                     const hbcd_range *range, hbcd_arena *arena, void **data)
{
    return EACH(data_stream, rows, n_in, n_out, weighted, tiles, range, arena, data);
}

void hbcd_data_describe(int dtype, const void *data, size_t *rows, size_t *all, double *weight_sum)
{
    EACH(data_describe, data, rows, all, weight_sum);
}

void hbcd_data_arrays(int dtype, const void *data, const void *arrays[3], size_t sizes[3])
{
    EACH(data_arrays, data, arrays, sizes);
}

int hbcd_data_take(int dtype, const void *data, size_t rows, const uint32_t *index, int n_threads, hbcd_arena *arena,
                   void **taken)
{
    return EACH(data_take, data, rows, index, n_threads, arena, taken);
}

void hbcd_data_set_penalty(int dtype, void *data, double penalty)
{
    if (dtype == HBCD_F32) ((hbcd_data_f32 *)data)->penalty = penalty;
    else ((hbcd_data_f64 *)data)->penalty = penalty;
}

void hbcd_data_set_center(int dtype, void *data, const void *center, size_t n)
{
    if (dtype == HBCD_F32) ((hbcd_data_f32 *)data)->center = center, ((hbcd_data_f32 *)data)->n_center = n;
    else ((hbcd_data_f64 *)data)->center = center, ((hbcd_data_f64 *)data)->n_center = n;
}

int hbcd_net_loss(int dtype, const void *net, const void *data, const void *theta, int n_threads, hbcd_watch *watch,
                  hbcd_arena *arena, double *f, void *g)
{
    return dtype == HBCD_F32 ? hbcd_net_loss_f32(net, data, theta, n_threads, watch, arena, f, g)
                             : hbcd_net_loss_f64(net, data, theta, n_threads, watch, arena, f, g);
}

int hbcd_net_normal(int dtype, const void *net, const void *data, const void *theta, int block, int n_threads,
                    hbcd_watch *watch, hbcd_arena *arena, double *f, double *jtwr, double *jtwj)
{
    return dtype == HBCD_F32
               ? hbcd_net_normal_f32(net, data, theta, block, n_threads, watch, arena, f, jtwr, jtwj)
               : hbcd_net_normal_f64(net, data, theta, block, n_threads, watch, arena, f, jtwr, jtwj);
}

int hbcd_net_linearize(int dtype, const void *net, const void *data, const void *theta, int n_threads,
                       hbcd_watch *watch, hbcd_arena *arena, double *outputs, double *targets, double *jacobian)
{
    return dtype == HBCD_F32
               ? hbcd_net_linearize_f32(net, data, theta, n_threads, watch, arena, outputs, targets, jacobian)
               : hbcd_net_linearize_f64(net, data, theta, n_threads, watch, arena, outputs, targets, jacobian);
}

int hbcd_net_predict(int dtype, const void *net, const hbcd_table *x, const void *theta, int n_threads,
                     hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out)
{
    return dtype == HBCD_F32 ? hbcd_net_predict_f32(net, x, theta, n_threads, watch, arena, out)
                             : hbcd_net_predict_f64(net, x, theta, n_threads, watch, arena, out);
}

int hbcd_net_pullback(int dtype, const void *net, const hbcd_table *x, const void *theta, const hbcd_table *grad_out,
                      hbcd_arena *arena, const hbcd_table *grad_x, double *grad)
{
    return dtype == HBCD_F32 ? hbcd_net_pullback_f32(net, x, theta, grad_out, arena, grad_x, grad)
                             : hbcd_net_pullback_f64(net, x, theta, grad_out, arena, grad_x, grad);
}

int hbcd_net_jacobian(int dtype, const void *net, const hbcd_table *x, const void *theta, int in_theta, int n_threads,
                      hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out, const hbcd_table *jacobian)
{
    if (dtype == HBCD_F32)
        return (in_theta ? hbcd_net_jacobian_theta_f32 : hbcd_net_jacobian_f32)(net, x, theta, n_threads, watch, arena, out,
                                                                                jacobian);
    return (in_theta ? hbcd_net_jacobian_theta_f64 : hbcd_net_jacobian_f64)(net, x, theta, n_threads, watch, arena, out,
                                                                            jacobian);
}

int hbcd_net_hessian(int dtype, const void *net, const hbcd_table *x, const void *theta, const hbcd_table *multipliers,
                     int n_threads, hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *hessian)
{
    return dtype == HBCD_F32 ? hbcd_net_hessian_f32(net, x, theta, multipliers, n_threads, watch, arena, hessian)
                             : hbcd_net_hessian_f64(net, x, theta, multipliers, n_threads, watch, arena, hessian);
}

int hbcd_net_sensitivities(int dtype, const void *net, const hbcd_sensitivity_spec *measure, const void *theta,
                           const void *gradient, const void *lo, const void *hi, double *values)
{
    return EACH(net_sensitivities, net, measure, theta, gradient, lo, hi, values);
}

int hbcd_sensitivity_measure(int dtype, int kind, size_t start, size_t stop, size_t n_in, size_t n_out,
                             const void *theta, const void *gradient, const void *lo, const void *hi, double *value)
{
    return EACH(sensitivity_measure, kind, start, stop, n_in, n_out, theta, gradient, lo, hi, value);
}

int hbcd_activation_forward(int dtype, int isa, int kind, double parameter, size_t n, const void *z, void *a)
{
    return EACH(activation_forward, isa, kind, parameter, n, z, a);
}

int hbcd_activation_backward(int dtype, int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                             void *g)
{
    return EACH(activation_backward, isa, kind, parameter, n, z, a, g);
}

int hbcd_activation_curvature(int dtype, int isa, int kind, double parameter, size_t n, const void *z, const void *a,
                              void *g)
{
    return EACH(activation_curvature, isa, kind, parameter, n, z, a, g);
}

int hbcd_loss_of_rows(int dtype, int isa, int kind, const double *parameters, size_t rows, size_t outputs,
                      const void *out, const void *target, void *tile, double *values, void *g)
{
    return EACH(loss_of_rows, isa, kind, parameters, rows, outputs, out, target, tile, values, g);
}

int hbcd_plan_make(int dtype, const void *net, const void *data, const void *held_out, size_t n_phases,
                   const hbcd_phase_spec *phases, int n_threads, hbcd_arena *arena, void **plan)
{
    return EACH(plan_make, net, data, held_out, n_phases, phases, n_threads, arena, plan);
}

int hbcd_plan_train(int dtype, void *plan, void *theta, const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report)
{
    return EACH(plan_train, plan, theta, stop, rng, report);
}

int hbcd_minimize(const hbcd_optimizer_spec *optimizer, const hbcd_objective_any *objective, const void *lo,
                  const void *hi, void *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_arena *arena, hbcd_report *report)
{
    int dtype = objective->dtype;
    return EACH(minimize, optimizer, objective, lo, hi, x, stop, rng, arena, report);
}
