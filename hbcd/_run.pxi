# _run.pxi: networks, data, optimizers and training runs as one call each.

# ---- networks and data -----------------------------------------------------------------------------------------------

cdef class Data:
    """Tables copied into the core's tiles."""

    cdef readonly int dtype
    cdef readonly size_t rows
    cdef Memory memory
    cdef void *c

    def __init__(self, dtype, x, y, weight=None):
        self.dtype = code(dtype)
        cdef Table x_ = Table(x), y_ = Table(y)
        cdef Table w_ = None if weight is None else Table(weight)
        cdef const hbcd_table *w = NULL if weight is None else &w_.c
        cdef hbcd_arena arena = counting()
        cdef Context context = Context()
        context.check(hbcd_data_make(self.dtype, &x_.c, &y_.c, w, &arena, &self.c))
        self.memory = Memory(arena.used)
        cdef int status
        with nogil:
            status = hbcd_data_make(self.dtype, &x_.c, &y_.c, w, &self.memory.arena, &self.c)
        context.check(status)
        self.rows = x_.c.rows


F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
cdef size_t FEW = 200_000  # rows times parameters: some tens of microseconds


cdef class Net:
    """A network laid out by the core for one precision, from layer descriptions.

    layers: for each layer after the input (part, activation, n_out, n_params): part None for a dense layer, else an
    object with forward and backward; activation an object or None for identity.
    """

    cdef readonly int dtype
    cdef hbcd_net_size size
    cdef Memory memory
    cdef Memory spare  # work space of predict_few
    cdef object hooks
    cdef Context context
    cdef void *c
    cdef bint serial

    def __init__(self, dtype, size_t n_in, layers, loss):
        self.dtype = code(dtype)
        self.context = Context()
        self.hooks = []
        cdef Memory specs = Memory(len(layers) * sizeof(hbcd_layer_spec))
        cdef hbcd_layer_spec *layer = <hbcd_layer_spec *>specs.arena.base
        cdef hbcd_net_spec spec
        cdef size_t width = n_in
        for part, activation, n_out, n_params in layers:
            layer.kind = HBCD_DENSE
            layer.n_out = n_out
            if part is not None:
                hook = LayerHook(part, self.context, width, n_out, n_params)
                self.hooks.append(hook)
                self.serial = True
                layer.kind = HBCD_LAYER_HOOK
                layer.n_params = n_params
                layer.layer_hook.forward = layer_forward_hook
                layer.layer_hook.backward = layer_backward_hook
                layer.layer_hook.self = <void *>hook
            self.set_activation(layer, activation, dtype)
            width = n_out
            layer += 1
        spec.n_in, spec.n_layers = n_in, len(layers)
        spec.layers = <hbcd_layer_spec *>specs.arena.base
        spec.loss, spec.isa, spec.serial = LOSSES[loss], ISA, self.serial
        cdef hbcd_arena arena = counting()
        self.context.check(hbcd_net_make(self.dtype, &spec, &arena, &self.c))
        self.memory = Memory(arena.used)
        self.context.check(hbcd_net_make(self.dtype, &spec, &self.memory.arena, &self.c))
        hbcd_net_describe(self.dtype, self.c, &self.size)

    cdef int set_activation(self, hbcd_layer_spec *layer, activation, dtype) except -1:
        cdef CompiledActivationHook pair
        name = "identity" if activation is None else native(activation)
        if name == "compiled":
            pair = CompiledActivationHook(activation, dtype)
            self.hooks.append(pair)
            layer.activation = HBCD_ACTIVATION_HOOK
            layer.activation_hook.forward = compiled_forward
            layer.activation_hook.backward = compiled_backward
            layer.activation_hook.self = <void *>&pair.pair
        elif name is None:
            hook = ActivationHook(activation, self.context)
            self.hooks.append(hook)
            self.serial = True
            layer.activation = HBCD_ACTIVATION_HOOK
            layer.activation_hook.forward = activation_forward_hook
            layer.activation_hook.backward = activation_backward_hook
            layer.activation_hook.self = <void *>hook
        else:
            layer.activation = ACTIVATIONS[name]
            layer.activation_parameter = getattr(activation, "leak", 0.0)
        return 0

    cdef Context own_context(self):
        """Where one call keeps its exception.  A network without Python parts is shared by calls, on several threads."""
        return self.context if self.serial else Context()

    @property
    def n_params(self):
        return self.size.n_params

    @property
    def calls_python(self):
        """Whether some part of it runs under the interpreter lock."""
        return bool(self.serial)

    def blocks(self):
        """(start, stop, n_in, n_out, layer) of every layer that has parameters."""
        cdef size_t start, stop, n_in, n_out, layer, b
        found = []
        for b in range(self.size.n_blocks):
            hbcd_net_block(self.dtype, self.c, b, &start, &stop, &n_in, &n_out, &layer)
            found.append((start, stop, n_in, n_out, layer))
        return found

    def predict_few(self, theta, x):
        """The outputs at a few rows, or None where anything needs a second look: conversion, checks, other threads.

        The same numbers as `predict`; this path exists because a model that is asked for one row at a time spends
        more on the way there than on the arithmetic.
        """
        if type(theta) is not np.ndarray or type(x) is not np.ndarray or self.serial or x.ndim != 2:
            return None
        cdef Table theta_, x_, out_
        cdef Memory work
        cdef hbcd_arena arena
        cdef int status
        try:
            theta_, x_ = Table(theta), Table(x)
        except (TypeError, ValueError):
            return None
        if (theta_.c.dtype != self.dtype or theta_.c.cols != 1 or theta_.c.rows != self.size.n_params
                or theta_.c.row_stride != <ptrdiff_t>theta_.buffer.itemsize or x_.c.cols != self.size.n_in
                or (self.dtype == HBCD_F32 and x_.c.dtype == HBCD_F64)  # may not fit
                or x_.c.rows == 0 or x_.c.rows * self.size.n_params > FEW
                or not hbcd_table_is_sound(&theta_.c) or not hbcd_table_is_sound(&x_.c)):
            return None
        out = np.empty((x_.c.rows, self.size.n_out), F32 if self.dtype == HBCD_F32 else F64)
        out_ = Table(out, True)
        work, self.spare = self.spare, None  # two threads at once: the second makes its own
        if work is None:
            arena = counting()
            rows, x_.c.rows, out_.c.rows = len(x), HBCD_TILE, HBCD_TILE  # a tile's room serves fewer rows
            self.context.check(hbcd_net_predict(self.dtype, self.c, &x_.c, theta_.c.data, 1, NULL, &arena, &out_.c))
            work = Memory(arena.used)
            x_.c.rows, out_.c.rows = rows, rows
        work.arena.used = 0
        status = hbcd_net_predict(self.dtype, self.c, &x_.c, theta_.c.data, 1, NULL, &work.arena, &out_.c)
        self.spare = work
        self.context.check(status)
        return out

    def predict(self, theta, x, out, int n_threads):
        """out (rows, n_out) <- the network at x (rows, n_in)."""
        cdef Table x_ = Table(x), out_ = Table(out, True)
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        cdef hbcd_arena arena = counting()
        cdef int status
        if FORKED:
            n_threads = 1
        self.context.check(hbcd_net_predict(self.dtype, self.c, &x_.c, theta_, n_threads, NULL, &arena, &out_.c))
        cdef Memory work = Memory(arena.used)
        if self.serial:
            self.context.keep = (work, theta, x, out)
        with nogil:
            status = hbcd_net_predict(self.dtype, self.c, &x_.c, theta_, n_threads, NULL, &work.arena, &out_.c)
        self.context.keep = None
        self.context.check(status)

    def loss(self, Data data, theta, gradient, int n_threads):
        """Mean loss at theta; gradient (n_params) is filled unless it is None."""
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        cdef void *g = NULL if gradient is None else pointer(gradient, self.dtype, self.size.n_params, True)
        cdef hbcd_arena arena = counting()
        cdef double f = NAN
        cdef int status
        if FORKED:
            n_threads = 1
        if data.dtype != self.dtype:
            raise ValueError("data: must have the precision of the network")
        self.context.check(hbcd_net_loss(self.dtype, self.c, data.c, theta_, n_threads, NULL, &arena, &f, g))
        cdef Memory work = Memory(arena.used)
        if self.serial:
            self.context.keep = (work, theta, data, gradient)
        with nogil:
            status = hbcd_net_loss(self.dtype, self.c, data.c, theta_, n_threads, NULL, &work.arena, &f, g)
        self.context.keep = None
        self.context.check(status)
        return f

    def normal(self, Data data, theta, int block, int n_threads):
        """(f, J'We, J'WJ) of one block, or with block -1 of all parameters; float64 whatever the precision."""
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        cdef Context context = self.own_context()
        cdef Watch watch = Watch(context, None)
        cdef hbcd_arena arena = counting()
        cdef size_t start = 0, stop = self.size.n_params, n_in, n_out, layer
        cdef double f = NAN
        cdef int status
        if FORKED:
            n_threads = 1
        if data.dtype != self.dtype:
            raise ValueError("data: must have the precision of the network")
        if block < -1 or block >= <long long>self.size.n_blocks:
            raise ValueError(f"block={block}: must be -1 or a block of the network")
        if block >= 0:
            hbcd_net_block(self.dtype, self.c, block, &start, &stop, &n_in, &n_out, &layer)
        context.check(hbcd_net_normal(self.dtype, self.c, data.c, theta_, block, n_threads, NULL, &arena, &f, NULL,
                                      NULL))
        jtwr, jtwj = np.empty(stop - start), np.empty((stop - start, stop - start))
        cdef double *jtwr_ = <double *>pointer(jtwr, HBCD_F64, stop - start, True)
        cdef double *jtwj_ = <double *>pointer(jtwj.reshape(-1), HBCD_F64, (stop - start) * (stop - start), True)
        cdef Memory work = Memory(arena.used)
        with nogil:
            status = hbcd_net_normal(self.dtype, self.c, data.c, theta_, block, n_threads, &watch.c, &work.arena, &f,
                                     jtwr_, jtwj_)
        if watch.interrupted:
            raise KeyboardInterrupt
        context.check(status)
        return f, jtwr, jtwj

    def pullback(self, theta, x, grad_out, grad_x, double[::1] grad not None):
        """Backward through the network: grad (n_params, float64) and, unless None, grad_x (rows, n_in)."""
        cdef Table x_ = Table(x), grad_out_ = Table(grad_out)
        cdef Table grad_x_ = None if grad_x is None else Table(grad_x, True)
        cdef const hbcd_table *below = NULL if grad_x is None else &grad_x_.c
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        if <size_t>grad.shape[0] != self.size.n_params:
            raise ValueError(f"grad: must have {self.size.n_params} values")
        cdef double *grad_ = &grad[0] if grad.shape[0] else NULL
        cdef hbcd_arena arena = counting()
        cdef int status
        self.context.check(hbcd_net_pullback(self.dtype, self.c, &x_.c, theta_, &grad_out_.c, &arena, below, grad_))
        cdef Memory work = Memory(arena.used)
        if self.serial:
            self.context.keep = (work, theta)
        with nogil:
            status = hbcd_net_pullback(self.dtype, self.c, &x_.c, theta_, &grad_out_.c, &work.arena, below, grad_)
        self.context.keep = None
        self.context.check(status)

    def sensitivities(self, measure, theta, gradient, box=None):
        """One number per block."""
        cdef Context context = self.own_context()
        cdef SensitivityHook hook = SensitivityHook(measure, context, self.size.n_params)
        cdef size_t n = self.size.n_params
        cdef void *theta_ = pointer(theta, self.dtype, n)
        cdef void *gradient_ = pointer(gradient, self.dtype, n)
        cdef void *lo = NULL if box is None else pointer(box[0], self.dtype, n)
        cdef void *hi = NULL if box is None else pointer(box[1], self.dtype, n)
        context.keep = (theta, gradient, box)
        values = np.empty(self.size.n_blocks)
        cdef double[::1] values_ = values
        cdef int status = hbcd_net_sensitivities(self.dtype, self.c, &hook.spec, theta_, gradient_, lo, hi,
                                                 &values_[0] if self.size.n_blocks else NULL)
        context.keep = None
        context.check(status)
        return values


# ---- optimizers ------------------------------------------------------------------------------------------------------

cdef union optimizer_options:
    hbcd_adam adam
    hbcd_lbfgs lbfgs
    hbcd_bb bb
    hbcd_icrs icrs
    hbcd_optimizer_hook hook


cdef class Optimizer:
    """The options of an optimizer as the core reads them."""

    cdef object part
    cdef Context context
    cdef optimizer_options options
    cdef hbcd_optimizer_spec spec

    def __init__(self, part, context, row=None):
        self.part, self.context = part, context
        name = native(part) if row is None else row
        if name is None:
            self.options.hook.minimize = optimizer_hook
            self.options.hook.self = <void *>self
            self.spec.kind = HBCD_HOOK
        else:
            getattr(self, "_" + name)(part)
        self.spec.options = &self.options

    def _adam(self, part):
        self.spec.kind = HBCD_ADAM
        self.options.adam = hbcd_adam(part.learning_rate, part.beta1, part.beta2, part.epsilon)

    def _lbfgs(self, part):
        self.spec.kind = HBCD_LBFGS
        self.options.lbfgs = hbcd_lbfgs(part.memory, part.damping, part.armijo, part.wolfe, part.max_line_search)

    def _bb(self, part):
        self.spec.kind = HBCD_BB
        step = {"bb1": HBCD_BB1, "bb2": HBCD_BB2, "abbmin": HBCD_ABBMIN}[part.step]
        self.options.bb = hbcd_bb(step, part.history, part.armijo, part.step_min, part.step_max, part.tau,
                                  part.abb_memory)

    def _icrs(self, part):
        self.spec.kind = HBCD_ICRS
        self.options.icrs = hbcd_icrs(part.k1, part.k2, part.failures_per_parameter,
                                      0 if part.max_failures is None else part.max_failures, part.cumulative,
                                      part.reset_width, part.tolerance, part.floor, limit(part.max_evaluations))


class StopEvaluating(Exception):
    """Raised by an objective when the run is over; an optimizer written in Python lets it pass."""


class StopLimits:
    """The stopping rule handed to an optimizer written in Python; fields as in hbcd.Stop, max_* None: no limit."""

    __slots__ = ("pg_tol", "f_tol", "target", "max_iterations", "max_evaluations", "max_seconds")

    def __init__(self, pg_tol, f_tol, target, max_iterations, max_evaluations):
        self.pg_tol, self.f_tol, self.target = pg_tol, f_tol, target
        self.max_iterations, self.max_evaluations = max_iterations, max_evaluations
        self.max_seconds = None  # the core watches the clock: the objective ends the run


cdef class BoundObjective:
    """An objective of the core as a callable: objective(x) -> (f, gradient), objective.value(x) -> f."""

    cdef const hbcd_objective_any *c
    cdef readonly int status

    cdef int dtype(self) except -1:
        if self.c == NULL:
            raise RuntimeError("objective: is only valid during the call that received it")
        return self.c.dtype

    cdef double call(self, x, gradient) except? -1.7e300:
        if self.status != 0:
            raise StopEvaluating
        cdef double f = NAN
        cdef void *x_ = pointer(x, self.c.dtype, self.c.n)
        cdef void *g = NULL if gradient is None else pointer(gradient, self.c.dtype, self.c.n, True)
        cdef const hbcd_objective_any *c = self.c
        cdef int status
        with nogil:
            status = c.eval(c.self, x_, &f, g)
        if status != 0:
            self.status = status
            raise StopEvaluating
        return f

    def __call__(self, x):
        dtype = dtype_of(self.dtype())
        gradient = np.empty(self.c.n, dtype)
        f = self.call(np.ascontiguousarray(x, dtype=dtype), gradient)
        return f, gradient

    def value(self, x):
        return self.call(np.ascontiguousarray(x, dtype=dtype_of(self.dtype())), None)


cdef object limit_or_none(size_t value):
    return None if value == SIZE_MAX else value


cdef int optimizer_hook(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                        const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report) noexcept with gil:
    cdef Optimizer hook = <Optimizer>self
    cdef BoundObjective bound = BoundObjective()
    bound.c = objective
    try:
        limits = StopLimits(stop.pg_tol, stop.f_tol, None if stop.target == -INFINITY else stop.target,
                            limit_or_none(stop.max_iterations), limit_or_none(stop.max_evaluations))
        generator = np.random.default_rng(int(hbcd_rng_u64(rng)))
        reason = hook.part.minimize(bound, view(x, objective.n, objective.dtype, hook.context, True),
                                    box_view(lo, hi, objective.n, objective.dtype, hook.context), limits, generator)
        if report.n_iterations == 0:
            report.n_iterations = 1
        if bound.status != 0:
            return bound.status
        if reason is None:
            return HBCD_STOP_ITERATIONS
        if not isinstance(reason, (int, np.integer)) or not HBCD_OK < reason <= HBCD_STOP_NOT_FINITE:
            raise ValueError(f"minimize={reason!r}: must return an hbcd.StopReason or None")
        return int(reason)
    except StopEvaluating:
        return bound.status
    except BaseException as error:
        return hook.context.fail(error)
    finally:
        bound.c = NULL


# ---- watching a run ----------------------------------------------------------------------------------------------------

cdef struct history:  # what the core's callbacks reach: lines are kept without the interpreter lock
    void *owner
    hbcd_record *lines
    size_t n, room


# The numeric fields of hbcd_record, by the names of the columns they become.
RECORD = np.dtype({
    "names": ["step", "phase", "epoch", "rows", "n_fev", "n_iter", "block", "epoch_end", "status", "loss_before",
              "loss", "validation_loss", "sensitivity", "seconds"],
    "formats": [np.uintp] * 6 + [np.intc] * 3 + [np.float64] * 5,
}, align=True)


cdef class Watch:
    """Ctrl-C, progress, history and callbacks of one run."""

    cdef hbcd_watch c
    cdef Context context
    cdef object progress, callback
    cdef history log
    cdef public bint interrupted

    def __init__(self, context, max_seconds, progress=None, callback=None, bint keep_history=False):
        self.context, self.progress, self.callback = context, progress, callback
        hbcd_watch_start(&self.c, INFINITY if max_seconds is None else max_seconds)
        self.log.owner = <void *>self
        self.c.self = <void *>&self.log
        self.c.poll = watch_poll
        if keep_history:
            self.c.record = watch_record
        if callback is not None:
            self.c.iteration = watch_iteration

    def __dealloc__(self):
        free(self.log.lines)

    def history(self):
        """The lines kept, as a dict of columns."""
        if RECORD.itemsize != sizeof(hbcd_record):
            raise SystemError("hbcd_record: layout differs from RECORD")
        if self.log.n == 0:
            return {name: np.empty(0, RECORD[name]) for name in RECORD.names}
        memory = PyMemoryView_FromMemory(<char *>self.log.lines, self.log.n * sizeof(hbcd_record), PyBUF_READ)
        lines = np.frombuffer(memory, RECORD)
        return {name: lines[name].astype(np.float64 if RECORD[name].kind == "f" else np.int64) for name in RECORD.names}


cdef int watch_poll(void *self, const hbcd_progress *p) noexcept with gil:
    cdef Watch watch = <Watch>(<history *>self).owner
    try:
        PyErr_CheckSignals()
        if watch.progress is not None:
            watch.progress(p.phase, p.epoch, p.step, p.block, p.loss, p.best, p.seconds, p.n_evaluations)
        return 0
    except KeyboardInterrupt:
        watch.interrupted = True
        return HBCD_STOP_INTERRUPTED
    except BaseException as error:
        return watch.context.fail(error)


cdef int watch_record(void *self, const hbcd_record *line) noexcept nogil:
    cdef history *log = <history *>self
    cdef size_t room = 2 * log.room + 256
    cdef hbcd_record *grown
    if log.n == log.room:
        grown = <hbcd_record *>realloc(log.lines, room * sizeof(hbcd_record))
        if grown == NULL:
            return HBCD_ERR_MEMORY
        log.lines, log.room = grown, room
    log.lines[log.n] = line[0]
    log.n += 1
    return 0


cdef int watch_iteration(void *self, size_t n, const void *x, double f) noexcept with gil:
    cdef Watch watch = <Watch>(<history *>self).owner
    try:
        watch.callback(view(x, n, HBCD_F64, watch.context).copy(), f)
        return 0
    except StopIteration:
        return HBCD_STOP_CALLBACK
    except BaseException as error:
        return watch.context.fail(error)


cdef int fill_stop(hbcd_stop *c, stop) except -1:
    """hbcd.Stop, or anything with its fields, in the core's form."""
    hbcd_stop_default(c)
    c.pg_tol, c.f_tol = stop.pg_tol, -1.0 if stop.f_tol is None else stop.f_tol
    c.target = -INFINITY if stop.target is None else stop.target
    c.max_iterations, c.max_evaluations = limit(stop.max_iterations), limit(stop.max_evaluations)
    return 0


# ---- minimize ------------------------------------------------------------------------------------------------------------

cdef class Function:
    """A Python function as an objective of the core."""

    cdef object fun
    cdef Context context
    cdef hbcd_objective_any c

    def __init__(self, fun, context, int dtype, size_t n):
        self.fun, self.context = fun, context
        self.c.dtype, self.c.n = dtype, n
        self.c.eval = function_eval
        self.c.self = <void *>self


cdef int function_eval(void *self, const void *x, double *f, void *g) noexcept with gil:
    cdef Function function = <Function>self
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


def minimize(optimizer, fun, x, lo, hi, stop, seed, callback=None, row=None):
    """Runs one optimizer on fun(x, with_gradient) -> (f, gradient or None), moving the vector x in place.

    row: run this built-in with the options of `optimizer`, even if its class is one of the user's.
    Returns a dict: status, f, f_start, pg, n_iter, n_fev.  An exception of fun or of the callback arrives intact,
    with x at the best point evaluated.
    """
    cdef int dtype = code(x.dtype), status
    cdef size_t n = x.size
    cdef Context context = Context()
    cdef Optimizer part = Optimizer(optimizer, context, row)
    cdef Function objective = Function(fun, context, dtype, n)
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
    context.keep = (memory, x, lo, hi)
    with nogil:
        status = hbcd_minimize(&part.spec, &objective.c, lo_, hi_, x_, &c, &rng, &memory.arena, &report)
    context.keep = None
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status)
    return {"status": status, "f": report.f, "f_start": report.f_start, "pg": report.pg,
            "n_iter": report.n_iterations, "n_fev": report.n_evaluations}


# ---- train -----------------------------------------------------------------------------------------------------------------

def train(Net net, Data data, Data held_out, theta, phases, stop, seed, int n_threads, progress=None):
    """Runs phases from theta, which ends at the best point measured.

    phases: objects with the fields of hbcd.Phase, defaults resolved (stop a Stop, numbers instead of None where the
    core has no default), plus lo and hi (vectors or None).
    Returns (report, history, error): error is the exception of a part written in Python, or None.
    """
    cdef Context context = net.own_context()
    cdef size_t n = net.size.n_params, n_phases = len(phases), k
    cdef Memory specs = Memory(n_phases * sizeof(hbcd_phase_spec))
    cdef hbcd_phase_spec *spec = <hbcd_phase_spec *>specs.arena.base
    cdef Optimizer optimizer
    cdef SelectorHook selector
    cdef SensitivityHook sensitivity
    cdef Watch watch = Watch(context, stop.max_seconds, progress, None, True)
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
            spec[k].selector = selector.c
        spec[k].batch_rows = phase.batch_rows or 0
        spec[k].batch_growth = phase.batch_growth
        spec[k].inner_iterations = phase.inner_iterations or 0
        spec[k].visits_per_batch = phase.visits_per_batch
        spec[k].epochs = phase.epochs or 0
        spec[k].sensitivity_tol = phase.sensitivity_tol
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
    context.keep = (memory, data, held_out, theta, boxes)
    context.check(hbcd_plan_make(net.dtype, net.c, data.c, held, n_phases, spec, n_threads, &memory.arena, &plan))
    with nogil:
        status = hbcd_plan_train(net.dtype, plan, theta_, &c, &rng, &report)
    context.keep = None
    error = None
    if status < 0:
        try:
            context.check(status)
        except KeyboardInterrupt:
            watch.interrupted = True
        except BaseException as raised:
            error = raised
    result = {"status": HBCD_STOP_INTERRUPTED if watch.interrupted else status, "f": report.f,
              "f_start": report.f_start, "n_iter": report.n_iterations, "n_fev": report.n_evaluations}
    return result, watch.history(), error
