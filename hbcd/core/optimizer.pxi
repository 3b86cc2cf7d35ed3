# optimizer.pxi: optimizers, built in and written in Python.

LM_DAMPING = {None: HBCD_LM_NIELSEN, "nielsen": HBCD_LM_NIELSEN, "marquardt": HBCD_LM_MARQUARDT,
              "trust_region": HBCD_LM_TRUST_REGION}


cdef union optimizer_options:
    hbcd_adam adam
    hbcd_lbfgs lbfgs
    hbcd_bb bb
    hbcd_icrs icrs
    hbcd_bfgs bfgs
    hbcd_lm lm
    hbcd_exact_output exact_output
    hbcd_optimizer_hook hook


cdef class Optimizer:
    """The options of an optimizer as the core reads them."""

    cdef object part
    cdef Context context
    cdef Optimizer inner  # of an exact output layer, or None
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
        schedule = {"constant": HBCD_ADAM_CONSTANT, "cosine": HBCD_ADAM_COSINE}[part.schedule]
        self.options.adam = hbcd_adam(part.learning_rate, part.beta1, part.beta2, part.epsilon, schedule)

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

    def _bfgs(self, part):
        self.spec.kind = HBCD_BFGS
        scaling = {"first": HBCD_BFGS_FIRST, "al_baali": HBCD_BFGS_AL_BAALI,
                   "oren_luenberger": HBCD_BFGS_OREN_LUENBERGER}[part.scaling]
        self.options.bfgs = hbcd_bfgs(scaling, part.armijo, part.wolfe, part.max_line_search)

    def _lm(self, part):
        self.spec.kind = HBCD_LM
        scope = (HBCD_LM_BLOCKS if part.block_diagonal else HBCD_LM_PROJECTED if part.variable_projection
                 else HBCD_LM_JOINT)
        self.options.lm = hbcd_lm(scope, LM_DAMPING[part.damping], part.mu, part.radius, part.ridge, ISA)

    def _exact_output(self, part):
        self.spec.kind = HBCD_EXACT_OUTPUT
        self.options.exact_output = hbcd_exact_output(part.ridge, ISA, -1, NULL)
        if part.inner is not None:
            self.inner = Optimizer(part.inner, self.context)
            self.options.exact_output.inner = self.inner.spec.kind
            self.options.exact_output.inner_options = self.inner.spec.options


class StopEvaluating(Exception):
    """Raised by an objective when the run is over; an optimizer written in Python lets it pass."""


class StopLimits:
    """The stopping rule handed to an optimizer written in Python; fields as in hbcd.Stop, max_* None: no limit."""

    __slots__ = ("pg_tol", "f_tol", "target", "max_iterations", "max_evaluations", "max_seconds")

    def __init__(self, pg_tol, f_tol, target, max_iterations, max_evaluations):
        self.pg_tol, self.f_tol, self.target = pg_tol, f_tol, target
        self.max_iterations, self.max_evaluations = max_iterations, max_evaluations
        self.max_seconds = None  # the core watches the clock: the objective ends the run


cdef class CoreObjective:
    """An objective of the core as a callable: objective(x) -> (f, gradient), objective.value(x) -> f."""

    cdef const hbcd_objective_any *c
    cdef readonly int status
    cdef object start     # where the optimizer begins (n)
    cdef object gradient  # there, as it was first asked for
    cdef bint elsewhere   # another point was asked for

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
        if not self.elsewhere and memcmp(x_, pointer(self.start, c.dtype, c.n), c.n * self.start.itemsize) != 0:
            self.elsewhere = True
        elif not self.elsewhere and self.gradient is None and gradient is not None:
            self.gradient = gradient.copy()
        return f

    def __call__(self, x):
        dtype = dtype_of(self.dtype())
        gradient = np.empty(self.c.n, dtype)
        f = self.call(np.ascontiguousarray(x, dtype=dtype), gradient)
        return f, gradient

    def value(self, x):
        return self.call(np.ascontiguousarray(x, dtype=dtype_of(self.dtype())), None)


cdef int check_moved(part, CoreObjective objective, x, box, double pg_tol) except -1:
    """Refuses an optimizer that knows a slope, looks nowhere else and stays: it has set a variable, not the array."""
    if objective.elsewhere or objective.gradient is None or not np.array_equal(x, objective.start):
        return 0
    down, up = (-np.inf, np.inf) if box is None else (box[0] - x, box[1] - x)
    slope = np.abs(np.clip(-objective.gradient, down, up)).max()
    if slope > pg_tol:
        raise ValueError(f"{type(part).__name__}.minimize: left x where the gradient is {slope:.3g}: must change x in "
                         "place (x[:] = ..., x -= ...), or return the StopReason for which it stays")
    return 0


cdef object limit_or_none(size_t value):
    return None if value == SIZE_MAX else value


cdef int optimizer_hook(void *self, const hbcd_objective_any *objective, const void *lo, const void *hi, void *x,
                        const hbcd_stop *stop, hbcd_rng *rng, hbcd_report *report) noexcept with gil:
    cdef Optimizer hook = <Optimizer>self
    cdef CoreObjective bound = CoreObjective()
    bound.c = objective
    try:
        limits = StopLimits(stop.pg_tol, stop.f_tol, None if stop.target == -INFINITY else stop.target,
                            limit_or_none(stop.max_iterations), limit_or_none(stop.max_evaluations))
        generator = np.random.default_rng(int(hbcd_rng_u64(rng)))
        point = view(x, objective.n, objective.dtype, hook.context, True)
        box = box_view(lo, hi, objective.n, objective.dtype, hook.context)
        bound.start = point.copy()
        reason = hook.part.minimize(bound, point, box, limits, generator)
        if report.n_iterations == 0:
            report.n_iterations = 1
        if bound.status != 0:
            return bound.status
        if not np.isfinite(point).all():
            point[:] = bound.start  # the best point evaluated is taken, this one if there is none
            return HBCD_STOP_NOT_FINITE
        if reason is None:
            check_moved(hook.part, bound, point, box, stop.pg_tol)
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
