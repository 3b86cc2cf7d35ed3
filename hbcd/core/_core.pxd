# _core.pxd: the C contract as Cython sees it.  Together with _core.pyx and the .pxi files that it includes the only
# place in the package that knows hbcd.h.
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint32_t, uint64_t


cdef extern from "hbcd_any.h" nogil:
    enum:
        HBCD_F32, HBCD_F64
        HBCD_ERR_HOOK, HBCD_ERR_ARGUMENT, HBCD_ERR_MEMORY, HBCD_ERR_BOUNDS
        HBCD_OK, HBCD_STOP_ITERATIONS, HBCD_STOP_INTERRUPTED, HBCD_STOP_CALLBACK, HBCD_STOP_NOT_FINITE
        HBCD_ACTIVATION_HOOK, HBCD_LAYER_HOOK, HBCD_LOSS_HOOK, HBCD_LOSS_PARAMETERS, HBCD_HOOK
        HBCD_DENSE, HBCD_BLOCK_DIAGONAL, HBCD_SMOOTH_PIECES
        HBCD_ALIGN, HBCD_TILE, HBCD_PAD, HBCD_FEW_ROWS

    const char *hbcd_status_text(int status)
    int hbcd_isa_detect()
    const char *hbcd_isa_name(int isa)
    int hbcd_openmp()

    ctypedef struct hbcd_arena:
        unsigned char *base
        size_t size, used

    enum:
        HBCD_MOST_LANES
    size_t hbcd_n_lanes(size_t n_tiles)
    size_t hbcd_lane_row(size_t rows, size_t lane)
    ctypedef struct hbcd_node:
        size_t first, lanes
        const double *sums
    int hbcd_add_nodes(size_t n_nodes, const hbcd_node *nodes, size_t n, double *total)
    ctypedef struct hbcd_control:
        uint64_t point
        int status, over
    ctypedef struct hbcd_ranks:
        size_t rank, ranks
        int (*sum)(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root,
                   hbcd_control *control) noexcept nogil
        int (*share)(void *self, const void *own, const size_t *bytes, void *all) noexcept nogil
        void *self
    ctypedef struct hbcd_range:
        const hbcd_ranks *ranks
        const size_t *first
    ctypedef struct hbcd_tiles:
        int (*load)(void *self, size_t first, size_t last, const void **x, const void **y,
                    const void **w) noexcept nogil
        void *self
        size_t most

    ctypedef struct hbcd_rng:
        pass
    void hbcd_rng_seed(hbcd_rng *rng, uint64_t seed, uint64_t stream)
    uint64_t hbcd_rng_u64(hbcd_rng *rng)

    ctypedef struct hbcd_progress:
        size_t phase, epoch, step, n_evaluations, n_iterations
        int block
        double loss, best, seconds

    ctypedef struct hbcd_record:
        size_t step, phase, epoch, rows, n_evaluations, n_iterations
        int block, epoch_end, status
        double loss_before, loss, validation, score, sensitivity, seconds

    enum:
        HBCD_EVENT_BLOCK_BEGIN, HBCD_EVENT_BLOCK_END, HBCD_EVENT_SWEEP_END, HBCD_EVENT_IMPROVED
    ctypedef struct hbcd_event:
        int kind
        const hbcd_record *line
        double best
        const void *theta
        const void *best_theta

    ctypedef struct hbcd_watch:
        int (*poll)(void *self, const hbcd_progress *progress) noexcept nogil
        int (*record)(void *self, const hbcd_record *record) noexcept nogil
        int (*iteration)(void *self, size_t n, const void *x, double f) noexcept nogil
        int (*event)(void *self, const hbcd_event *event) noexcept nogil
        int (*score)(void *self, const void *theta, double *score) noexcept nogil
        void *self
        size_t patience
        double interval, deadline
    void hbcd_watch_start(hbcd_watch *watch, double max_seconds)

    ctypedef struct hbcd_stop:
        double pg_tol, f_tol, target
        size_t max_iterations, max_evaluations
        int keep_last
        hbcd_watch *watch
    void hbcd_stop_default(hbcd_stop *stop)

    ctypedef struct hbcd_report:
        int status
        double f, f_start, pg
        size_t n_iterations, n_evaluations

    enum:
        HBCD_ADAM, HBCD_LBFGS, HBCD_BB, HBCD_ICRS, HBCD_BFGS, HBCD_LM, HBCD_EXACT_OUTPUT
        HBCD_LM_JOINT, HBCD_LM_BLOCKS, HBCD_LM_PROJECTED, HBCD_LM_NIELSEN, HBCD_LM_MARQUARDT, HBCD_LM_TRUST_REGION
        HBCD_ADAM_CONSTANT, HBCD_ADAM_COSINE
        HBCD_BB1, HBCD_BB2, HBCD_ABBMIN
        HBCD_BFGS_FIRST, HBCD_BFGS_AL_BAALI, HBCD_BFGS_OREN_LUENBERGER
    ctypedef struct hbcd_adam:
        double learning_rate, beta1, beta2, epsilon
        int schedule
    ctypedef struct hbcd_lbfgs:
        size_t memory
        int damping
        double armijo, wolfe
        size_t max_line_search
    ctypedef struct hbcd_bb:
        int step
        size_t history
        double armijo, step_min, step_max, tau
        size_t abb_memory
    ctypedef struct hbcd_icrs:
        double k1, k2, failures_per_parameter
        size_t max_failures
        int cumulative, reset_width
        double tolerance, floor
        size_t max_evaluations
    ctypedef struct hbcd_bfgs:
        int scaling
        double armijo, wolfe
        size_t max_line_search
    ctypedef struct hbcd_lm:
        int scope, damping
        double mu, radius, ridge
        int isa
    ctypedef struct hbcd_exact_output:
        double ridge
        int isa, inner
        const void *inner_options

    ctypedef struct hbcd_block_statistics:
        double gradient, curvature, gain, operations

    ctypedef struct hbcd_block_state:
        size_t n_blocks
        const double *sensitivity
        const size_t *last_visit
        const hbcd_block_statistics *statistics
        double tolerance
        int last
        size_t repeats, step
        hbcd_rng *rng
    ctypedef struct hbcd_selector:
        const char *name
        int (*next)(void *self, const hbcd_block_state *about, int *block) noexcept nogil
        void *self
    ctypedef struct hbcd_greedy:
        size_t max_repeats
    const hbcd_selector *hbcd_selector_row(int kind)

    ctypedef struct hbcd_table:
        void *data
        int dtype
        size_t rows, cols
        ptrdiff_t row_stride, col_stride
        const double *mean
        const double *scale
        const uint32_t *index

    ctypedef struct hbcd_activation_hook:
        int (*forward)(void *self, int dtype, size_t n, const void *z, void *a) noexcept nogil
        int (*backward)(void *self, int dtype, size_t n, const void *z, const void *a, void *g) noexcept nogil
        void *self
        int (*curvature)(void *self, int dtype, size_t n, const void *z, const void *a, void *g) noexcept nogil
    ctypedef struct hbcd_layer_hook:
        int (*forward)(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                       void *out) noexcept nogil
        int (*backward)(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                        const void *out, const void *grad_out, void *grad_x, void *grad_theta) noexcept nogil
        void *self
    ctypedef struct hbcd_part_spec:
        size_t n_in, n_out
        int activation
        double activation_parameter
        hbcd_activation_hook activation_hook
    ctypedef struct hbcd_layer_spec:
        int kind
        size_t n_out, n_params
        int activation
        double activation_parameter
        hbcd_activation_hook activation_hook
        hbcd_layer_hook layer_hook
        size_t n_parts
        const hbcd_part_spec *parts
        int shared_input
        size_t n_pieces
        const size_t *columns
        const double *centers
        const double *widths
    ctypedef struct hbcd_loss_hook:
        int (*eval)(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out,
                    const void *target, double *value, void *g) noexcept nogil
        void *self
    ctypedef struct hbcd_net_spec:
        size_t n_in, n_layers
        const hbcd_layer_spec *layers
        int loss
        double loss_parameters[2]
        hbcd_loss_hook loss_hook
        int isa, serial, threads_sleep

    ctypedef struct hbcd_objective_any:
        int dtype
        size_t n
        int (*eval)(void *self, const void *x, double *f, void *g) noexcept nogil
        void *self
        int (*normal)(void *self, const void *x, double *f, double *jtwr, double *jtwj) noexcept nogil
    ctypedef struct hbcd_optimizer_hook:
        int (*minimize)(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                        const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report) noexcept nogil
        void *self
    ctypedef struct hbcd_sensitivity_hook:
        int (*measure)(void *self, int dtype, size_t n_params, size_t start, size_t stop, const void *theta,
                       const void *gradient, const void *lo, const void *hi, double *value) noexcept nogil
        void *self
        size_t n_params
    ctypedef struct hbcd_optimizer_spec:
        int kind
        const void *options
    ctypedef struct hbcd_sensitivity_spec:
        int kind
        hbcd_sensitivity_hook hook
    ctypedef struct hbcd_phase_spec:
        hbcd_optimizer_spec optimizer
        const hbcd_selector *selector
        hbcd_sensitivity_spec sensitivity
        size_t batch_rows, inner_iterations, visits_per_batch, epochs
        double batch_growth, sensitivity_tol, max_seconds
        int full_sensitivity
        const void *lo
        const void *hi
        hbcd_stop stop
    ctypedef struct hbcd_net_size:
        size_t n_in, n_out, n_layers, n_params, n_blocks

    int hbcd_table_is_aligned(const hbcd_table *table)
    int hbcd_table_is_sound(const hbcd_table *table)
    const char *hbcd_activation_name(int kind)
    const char *hbcd_loss_name(int kind)
    const char *hbcd_sensitivity_name(int kind)
    const char *hbcd_selector_name(int kind)
    int hbcd_net_make(int dtype, const hbcd_net_spec *spec, hbcd_arena *arena, void **net)
    void hbcd_net_describe(int dtype, const void *net, hbcd_net_size *size)
    void hbcd_net_block(int dtype, const void *net, size_t b, size_t *start, size_t *stop, size_t *n_in,
                        size_t *n_out, size_t *layer)
    int hbcd_data_make(int dtype, const hbcd_table *x, const hbcd_table *y, const hbcd_table *w,
                       const hbcd_range *range, int n_threads, hbcd_arena *arena, void **data)
    int hbcd_data_stream(int dtype, size_t rows, size_t n_in, size_t n_out, int weighted, const hbcd_tiles *tiles,
                         const hbcd_range *range, hbcd_arena *arena, void **data)
    void hbcd_data_describe(int dtype, const void *data, size_t *rows, size_t *all, double *weight_sum)
    void hbcd_data_arrays(int dtype, const void *data, const void **arrays, size_t *sizes)
    int hbcd_data_take(int dtype, const void *data, size_t rows, const uint32_t *index, int n_threads,
                       hbcd_arena *arena, void **taken)
    void hbcd_data_set_penalty(int dtype, void *data, double penalty)
    void hbcd_data_set_center(int dtype, void *data, const void *center, size_t n)
    int hbcd_net_loss(int dtype, const void *net, const void *data, const void *theta, int n_threads,
                      hbcd_watch *watch, hbcd_arena *arena, double *f, void *g)
    int hbcd_net_normal(int dtype, const void *net, const void *data, const void *theta, int block, int n_threads,
                        hbcd_watch *watch, hbcd_arena *arena, double *f, double *jtwr, double *jtwj)
    int hbcd_net_linearize(int dtype, const void *net, const void *data, const void *theta, int n_threads,
                           hbcd_watch *watch, hbcd_arena *arena, double *outputs, double *targets, double *jacobian)
    int hbcd_net_predict(int dtype, const void *net, const hbcd_table *x, const void *theta, int n_threads,
                         hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out)
    int hbcd_net_pullback(int dtype, const void *net, const hbcd_table *x, const void *theta,
                          const hbcd_table *grad_out, hbcd_arena *arena, const hbcd_table *grad_x, double *grad)
    int hbcd_net_jacobian(int dtype, const void *net, const hbcd_table *x, const void *theta, int in_theta,
                          int n_threads, hbcd_watch *watch, hbcd_arena *arena, const hbcd_table *out,
                          const hbcd_table *jacobian)
    int hbcd_net_hessian(int dtype, const void *net, const hbcd_table *x, const void *theta,
                         const hbcd_table *multipliers, int n_threads, hbcd_watch *watch, hbcd_arena *arena,
                         const hbcd_table *hessian)
    int hbcd_net_sensitivities(int dtype, const void *net, const hbcd_sensitivity_spec *measure, const void *theta,
                               const void *gradient, const void *lo, const void *hi, double *values)
    int hbcd_sensitivity_measure(int dtype, int kind, size_t start, size_t stop, size_t n_in, size_t n_out,
                                 const void *theta, const void *gradient, const void *lo, const void *hi,
                                 double *value)
    int hbcd_activation_forward(int dtype, int isa, int kind, double parameter, size_t n, const void *z, void *a)
    int hbcd_activation_backward(int dtype, int isa, int kind, double parameter, size_t n, const void *z,
                                 const void *a, void *g)
    int hbcd_activation_curvature(int dtype, int isa, int kind, double parameter, size_t n, const void *z,
                                  const void *a, void *g)
    int hbcd_loss_of_rows(int dtype, int isa, int kind, const double *parameters, size_t rows, size_t outputs,
                          const void *out, const void *target, void *tile, double *values, void *g)
    int hbcd_plan_make(int dtype, const void *net, const void *data, const void *held_out, size_t n_phases,
                       const hbcd_phase_spec *phases, int n_threads, hbcd_arena *arena, void **plan)
    int hbcd_plan_train(int dtype, void *plan, void *theta, const hbcd_stop *stop, hbcd_rng *rng,
                        hbcd_report *report)
    int hbcd_minimize(const hbcd_optimizer_spec *optimizer, const hbcd_objective_any *objective, const void *lo,
                      const void *hi, void *x, const hbcd_stop *stop, hbcd_rng *rng, hbcd_arena *arena,
                      hbcd_report *report)


cdef extern from "network/wide.h" nogil:
    int hbcd_wide_whiten(int isa, size_t n, const double *a, const double *add, size_t columns, double *b,
                         int n_threads, hbcd_watch *watch, hbcd_arena *arena, size_t *positive)
    int hbcd_wide_products(size_t n, size_t columns, const double *b, size_t q, const double *v, int n_threads,
                           double *out)
    int hbcd_wide_sums(size_t n, size_t columns, const double *b, size_t q, const double *c, int n_threads,
                       double *out)
