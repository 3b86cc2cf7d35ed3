# run.pxi: minimize and train as one call of the core each.

cdef int fill_stop(hbcd_stop *c, stop) except -1:
    """hbcd.Stop, or anything with its fields, in the core's form."""
    hbcd_stop_default(c)
    c.pg_tol, c.f_tol = stop.pg_tol, -1.0 if stop.f_tol is None else stop.f_tol
    c.target = -INFINITY if stop.target is None else stop.target
    c.max_iterations, c.max_evaluations = limit(stop.max_iterations), limit(stop.max_evaluations)
    return 0


# ---- minimize ------------------------------------------------------------------------------------------------------

cdef class FunctionObjective:
    """A Python function as an objective of the core."""

    cdef object fun, normal
    cdef Context context
    cdef hbcd_objective_any c

    def __init__(self, fun, context, int dtype, size_t n, normal):
        self.fun, self.context, self.normal = fun, context, normal
        self.c.dtype, self.c.n = dtype, n
        self.c.eval = function_eval
        self.c.normal = NULL
        if normal is not None:
            self.c.normal = function_normal
        self.c.self = <void *>self


cdef int function_eval(void *self, const void *x, double *f, void *g) noexcept with gil:
    cdef FunctionObjective function = <FunctionObjective>self
    cdef size_t n = function.c.n
    cdef int dtype = function.c.dtype
    try:
        value, gradient = function.fun(view(x, n, dtype, function.context).copy(), g != NULL)
        f[0] = float(value)
        if g != NULL:
            view(g, n, dtype, function.context, True)[:] = gradient
        return 0
    except StopEvaluating:
        return function.context.fail(StopEvaluating())
    except BaseException as error:
        return function.context.fail(error)


cdef int function_normal(void *self, const void *x, double *f, double *jtwr, double *jtwj) noexcept with gil:
    cdef FunctionObjective function = <FunctionObjective>self
    cdef size_t n = function.c.n
    try:
        value, gradient, matrix = function.normal(view(x, n, function.c.dtype, function.context).copy())
        f[0] = float(value)
        view(jtwr, n, HBCD_F64, function.context, True)[:] = gradient
        view(jtwj, n * n, HBCD_F64, function.context, True).reshape(n, n)[:] = matrix
        return 0
    except BaseException as error:
        return function.context.fail(error)


def minimize(optimizer, fun, x, lo, hi, stop, seed, callback=None, row=None, normal=None):
    """Runs one optimizer on fun(x, with_gradient) -> (f, gradient or None), moving the vector x in place.

    normal: normal(x) -> (f, gradient, Gauss-Newton matrix), for the optimizers that need it.
    row: run this built-in with the options of `optimizer`, even if its class is one of the user's.
    Returns a dict: status, f, f_start, pg, n_iter, n_fev.  An exception of fun or of the callback arrives intact,
    with x at the best point evaluated.
    """
    cdef int dtype = code(x.dtype), status
    cdef size_t n = x.size
    cdef Context context = Context()
    cdef Optimizer part = Optimizer(optimizer, context, row)
    cdef FunctionObjective objective = FunctionObjective(fun, context, dtype, n, normal)
    cdef Watch watch = Watch(context, stop.max_seconds, None, callback)
    cdef hbcd_stop c
    cdef hbcd_rng rng
    cdef hbcd_report report
    cdef void *lo_ = pointer_or_null(lo, dtype, n)
    cdef void *hi_ = pointer_or_null(hi, dtype, n)
    cdef void *x_ = pointer(x, dtype, n, True)
    fill_stop(&c, stop)
    c.watch = &watch.c
    hbcd_rng_seed(&rng, seed, 0)
    cdef hbcd_arena arena = counting()
    context.check(hbcd_minimize(&part.spec, &objective.c, lo_, hi_, x_, &c, &rng, &arena, &report))
    cdef Memory memory = Memory(arena.used)
    call = context.begin((memory, x, lo, hi))
    with nogil:
        status = hbcd_minimize(&part.spec, &objective.c, lo_, hi_, x_, &c, &rng, &memory.arena, &report)
    context.end(call)
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status, call)
    return {"status": status, "f": report.f, "f_start": report.f_start, "pg": report.pg,
            "n_iter": report.n_iterations, "n_fev": report.n_evaluations}


# ---- train ---------------------------------------------------------------------------------------------------------

def train(Net net, Data data, Data held_out, theta, phases, stop, seed, int n_threads, progress=None, events=None,
          unsigned wanted=0, score=None, patience=None):
    """Runs phases from theta, which ends at the best point measured.

    phases: objects with the fields of hbcd.Phase, defaults resolved (stop a Stop, numbers instead of None where the
    core has no default), plus lo and hi (vectors or None).
    events: called between two calls of an optimizer, for the kinds k with bit k of `wanted`; returns 0 or
    a stop code.  score: score(theta, loss) is what the best point has least of.  patience: passes without a better one.
    Returns (report, history, error): error is the exception of a part written in Python, or None.
    """
    cdef Context context = net.context
    cdef size_t n = net.size.n_params, n_phases = len(phases), k
    cdef Memory specs = Memory(n_phases * sizeof(hbcd_phase_spec))
    cdef hbcd_phase_spec *spec = <hbcd_phase_spec *>specs.arena.base
    cdef Optimizer optimizer
    cdef SelectorHook selector
    cdef SensitivityHook sensitivity
    cdef Watch watch = Watch(context, stop.max_seconds, progress, None, True)
    watch.listen(net, events, wanted, score, patience)
    keep, boxes = [], []
    if data.dtype != net.dtype or (held_out is not None and held_out.dtype != net.dtype):
        raise ValueError("data: must have the precision of the network")
    for k, phase in enumerate(phases):
        optimizer = Optimizer(phase.optimizer, context)
        sensitivity = SensitivityHook(phase.sensitivity, context, n)
        keep += [optimizer, sensitivity]
        boxes += [phase.lo, phase.hi]
        spec[k].optimizer = optimizer.spec
        spec[k].sensitivity = sensitivity.spec
        spec[k].selector = NULL
        if phase.selector is not None:
            selector = SelectorHook(phase.selector, context)
            keep.append(selector)
            spec[k].selector = &selector.c
        spec[k].batch_rows = phase.batch_rows or 0
        spec[k].batch_growth = phase.batch_growth
        spec[k].inner_iterations = phase.inner_iterations or 0
        spec[k].visits_per_batch = phase.visits_per_batch
        spec[k].epochs = phase.epochs or 0
        spec[k].sensitivity_tol = phase.sensitivity_tol
        spec[k].full_sensitivity = phase.full_sensitivity
        spec[k].max_seconds = INFINITY if phase.stop.max_seconds is None else phase.stop.max_seconds
        spec[k].lo = pointer_or_null(phase.lo, net.dtype, n)
        spec[k].hi = pointer_or_null(phase.hi, net.dtype, n)
        fill_stop(&spec[k].stop, phase.stop)
    cdef hbcd_stop c
    cdef hbcd_rng rng
    cdef hbcd_report report
    cdef void *plan = NULL
    cdef void *theta_ = pointer(theta, net.dtype, n, True)
    cdef const void *held = NULL if held_out is None else held_out.c
    cdef hbcd_arena arena = counting()
    cdef int status
    if FORKED:
        n_threads = 1
    fill_stop(&c, stop)
    c.watch = &watch.c
    hbcd_rng_seed(&rng, seed, 0)
    context.check(hbcd_plan_make(net.dtype, net.c, data.c, held, n_phases, spec, n_threads, &arena, &plan))
    cdef Memory memory = Memory(arena.used)
    # Arrays are not traversed by the garbage collector, so what they keep must lead back to no part of the user's.
    context.check(hbcd_plan_make(net.dtype, net.c, data.c, held, n_phases, spec, n_threads, &memory.arena, &plan))
    call = context.begin((memory, data, held_out, theta, boxes))
    with nogil:
        status = hbcd_plan_train(net.dtype, plan, theta_, &c, &rng, &report)
    context.end(call)
    error = None
    if status < 0:
        try:
            data.check(status)
            if held_out is not None:
                held_out.check(status)
            context.check(status, call)
        except KeyboardInterrupt:
            watch.interrupted = True
        except BaseException as raised:
            error = raised
    result = {"status": HBCD_STOP_INTERRUPTED if watch.interrupted else status, "f": report.f,
              "f_start": report.f_start, "n_iter": report.n_iterations, "n_fev": report.n_evaluations}
    return result, watch.history(), error
