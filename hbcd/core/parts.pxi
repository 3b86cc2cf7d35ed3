# parts.pxi: parts written in Python, called back from the core.  Each takes the interpreter lock, hands over views on
# C memory, and turns an exception into a status; the exception itself waits in the Context.

cdef object native(part):
    """The row of a C table that a part stands for.  vars, not getattr: a subclass of the user's that overrides a
    method must not inherit the compiled path."""
    return vars(type(part)).get("_native")


ctypedef const char *(*name_of)(int) noexcept nogil


cdef dict table(name_of name):
    """Name -> kind of a table of the core."""
    cdef int kind = 0
    found = {}
    while name(kind) != NULL:
        found[name(kind).decode()] = kind
        kind += 1
    return found


ACTIVATIONS = table(hbcd_activation_name)
LOSSES = table(hbcd_loss_name)
SENSITIVITIES = table(hbcd_sensitivity_name)
SELECTORS = table(hbcd_selector_name)


cdef int check_in_place(part, str method, result, tuple given) except -1:
    """What a part computes goes into the arrays that it is given: a result of its own would be lost."""
    if result is None or any(result is array for array in given):
        return 0
    raise TypeError(f"{type(part).__name__}.{method}: returned {type(result).__name__}: must write into the "
                    "arrays it is given and return None")


# ---- activations ---------------------------------------------------------------------------------------------------

cdef class ActivationHook:
    cdef object part
    cdef Context context

    def __init__(self, part, context):
        self.part = part
        self.context = context


cdef int activation_forward_hook(void *self, int dtype, size_t n, const void *z, void *a) noexcept with gil:
    cdef ActivationHook hook = <ActivationHook>self
    try:
        to = view(a, n, dtype, hook.context, True)
        check_in_place(hook.part, "forward", hook.part.forward(view(z, n, dtype, hook.context), to), (to,))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


cdef int activation_backward_hook(void *self, int dtype, size_t n, const void *z, const void *a,
                                  void *g) noexcept with gil:
    cdef ActivationHook hook = <ActivationHook>self
    try:
        grad = view(g, n, dtype, hook.context, True)
        result = hook.part.backward(view(z, n, dtype, hook.context), view(a, n, dtype, hook.context), grad)
        check_in_place(hook.part, "backward", result, (grad,))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


cdef int activation_curvature_hook(void *self, int dtype, size_t n, const void *z, const void *a,
                                   void *g) noexcept with gil:
    cdef ActivationHook hook = <ActivationHook>self
    try:
        grad = view(g, n, dtype, hook.context, True)
        result = hook.part.curvature(view(z, n, dtype, hook.context), view(a, n, dtype, hook.context), grad)
        check_in_place(hook.part, "curvature", result, (grad,))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


def activation_forward(str name, double parameter, z, out):
    """out = activation(z) elementwise by compiled code; contiguous arrays of one dtype, `out` may be z."""
    cdef int kind = ACTIVATIONS[name], dtype = code(z.dtype)
    cdef size_t n = z.size
    cdef void *from_ = pointer(z.reshape(-1), dtype, n)
    cdef void *to = pointer(out.reshape(-1), dtype, n, True)
    with nogil:
        hbcd_activation_forward(dtype, ISA, kind, parameter, n, from_, to)


def activation_backward(str name, double parameter, z, a, grad):
    """grad *= slope at z (with a = activation(z)) by compiled code; contiguous arrays of one dtype."""
    cdef int kind = ACTIVATIONS[name], dtype = code(a.dtype)
    cdef size_t n = a.size
    cdef void *z_ = NULL if z is None else pointer(z.reshape(-1), dtype, n)
    cdef void *a_ = pointer(a.reshape(-1), dtype, n)
    cdef void *g_ = pointer(grad.reshape(-1), dtype, n, True)
    with nogil:
        hbcd_activation_backward(dtype, ISA, kind, parameter, n, z_, a_, g_)


def activation_curvature(str name, double parameter, a, grad):
    """grad *= second derivative, with a = activation(z), by compiled code; contiguous arrays of one dtype."""
    cdef int kind = ACTIVATIONS[name], dtype = code(a.dtype)
    cdef size_t n = a.size
    cdef void *a_ = pointer(a.reshape(-1), dtype, n)
    cdef void *g_ = pointer(grad.reshape(-1), dtype, n, True)
    with nogil:
        hbcd_activation_curvature(dtype, ISA, kind, parameter, n, NULL, a_, g_)


# ---- losses --------------------------------------------------------------------------------------------------------

cdef class LossHook:
    cdef object part
    cdef Context context

    def __init__(self, part, context):
        self.part, self.context = part, context


cdef int loss_hook(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out,
                   const void *target, double *value, void *g) noexcept with gil:
    cdef LossHook hook = <LossHook>self
    cdef double[::1] to
    try:
        gradient = None if g == NULL else tile_view(g, outputs, rows, ld, dtype, hook.context, True)
        found = hook.part.evaluate(tile_view(out, outputs, rows, ld, dtype, hook.context),
                                   tile_view(target, outputs, rows, ld, dtype, hook.context), gradient)
        try:
            values = np.ascontiguousarray(found, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.empty(())
        if values.shape != (rows,):
            what = f"array of shape {np.shape(found)}" if isinstance(found, np.ndarray) else repr(found)
            raise ValueError(f"evaluate={what}: must return one number for each of {rows} rows")
        to = values
        memcpy(value, &to[0], rows * sizeof(double))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


def loss_of_rows(str name, parameters, out, target, grad=None):
    """A built-in loss of every row of out (rows, outputs) by compiled code; grad is set unless it is None."""
    cdef int dtype = code(out.dtype), kind = LOSSES[name]
    cdef size_t rows = out.shape[0], outputs = out.shape[1], n = out.size
    cdef double p[HBCD_LOSS_PARAMETERS]
    cdef double[::1] values_
    cdef int status
    if n == 0:
        return np.zeros(rows)
    tile = np.empty((3, outputs, HBCD_PAD), out.dtype)  # one row, padded
    z, y = np.ascontiguousarray(out), np.ascontiguousarray(target, out.dtype)
    slope = None if grad is None else np.empty(out.shape, out.dtype)
    cdef void *out_ = pointer(z.reshape(-1), dtype, n)
    cdef void *target_ = pointer(y.reshape(-1), dtype, n)
    cdef void *tile_ = pointer(tile.reshape(-1), dtype, tile.size, True)
    cdef void *grad_ = NULL if grad is None else pointer(slope.reshape(-1), dtype, n, True)
    memset(p, 0, sizeof(p))
    for k, number in enumerate(parameters):
        p[k] = number
    values = np.empty(rows)
    values_ = values
    with nogil:
        status = hbcd_loss_of_rows(dtype, ISA, kind, p, rows, outputs, out_, target_, tile_, &values_[0], grad_)
    Context().check(status)
    if grad is not None:
        grad[...] = slope
    return values


# ---- layers --------------------------------------------------------------------------------------------------------

cdef class LayerHook:
    cdef object part
    cdef Context context
    cdef size_t n_in, n_out, n_params

    def __init__(self, part, context, n_in, n_out, n_params):
        self.part, self.context = part, context
        self.n_in, self.n_out, self.n_params = n_in, n_out, n_params


cdef int layer_forward_hook(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                            void *out) noexcept with gil:
    cdef LayerHook hook = <LayerHook>self
    try:
        to = tile_view(out, hook.n_out, rows, ld, dtype, hook.context, True)
        result = hook.part.forward(view(theta, hook.n_params, dtype, hook.context),
                                   tile_view(x, hook.n_in, rows, ld, dtype, hook.context), to)
        check_in_place(hook.part, "forward", result, (to,))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


cdef int layer_backward_hook(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                             const void *out, const void *grad_out, void *grad_x, void *grad_theta) noexcept with gil:
    cdef LayerHook hook = <LayerHook>self
    try:
        grad_in = (np.empty((rows, hook.n_in), dtype_of(dtype)) if grad_x == NULL
                   else tile_view(grad_x, hook.n_in, rows, ld, dtype, hook.context, True))
        grad_params = (np.zeros(hook.n_params, dtype_of(dtype)) if grad_theta == NULL
                    else view(grad_theta, hook.n_params, dtype, hook.context, True))
        result = hook.part.backward(view(theta, hook.n_params, dtype, hook.context),
                                    tile_view(x, hook.n_in, rows, ld, dtype, hook.context),
                                    tile_view(out, hook.n_out, rows, ld, dtype, hook.context),
                                    tile_view(grad_out, hook.n_out, rows, ld, dtype, hook.context),
                                    grad_in, grad_params)
        check_in_place(hook.part, "backward", result, (grad_in, grad_params))
        return 0
    except BaseException as error:
        return hook.context.fail(error)


# ---- sensitivities -------------------------------------------------------------------------------------------------

cdef class SensitivityHook:
    cdef object part
    cdef Context context
    cdef hbcd_sensitivity_spec spec

    def __init__(self, part, context, size_t n_params):
        self.part, self.context = part, context
        name = native(part)
        memset(&self.spec, 0, sizeof(self.spec))
        self.spec.kind = HBCD_HOOK if name is None else SENSITIVITIES[name]
        self.spec.hook.measure = sensitivity_hook
        self.spec.hook.self = <void *>self
        self.spec.hook.n_params = n_params


cdef object box_view(const void *lo, const void *hi, size_t n, int dtype, Context context):
    """(lo, hi) or None; a missing side is infinite."""
    if lo == NULL and hi == NULL:
        return None
    return (np.full(n, -np.inf, dtype_of(dtype)) if lo == NULL else view(lo, n, dtype, context),
            np.full(n, np.inf, dtype_of(dtype)) if hi == NULL else view(hi, n, dtype, context))


cdef int sensitivity_hook(void *self, int dtype, size_t n_params, size_t start, size_t stop, const void *theta,
                          const void *gradient, const void *lo, const void *hi, double *value) noexcept with gil:
    cdef SensitivityHook hook = <SensitivityHook>self
    try:
        measured = hook.part.measure(view(theta, n_params, dtype, hook.context),
                                     view(gradient, n_params, dtype, hook.context), slice(start, stop),
                                     box_view(lo, hi, n_params, dtype, hook.context))
        try:
            value[0] = NAN if isinstance(measured, str) else float(measured)
        except (TypeError, ValueError):
            value[0] = NAN
        if value[0] != value[0]:
            raise ValueError(f"measure={measured!r}: must be one number that is not NaN")
        return 0
    except BaseException as error:
        return hook.context.fail(error)


def measure_sensitivity(str name, theta, gradient, block, box=None, size_t n_outputs=1):
    """A built-in measure of theta[block], from whole vectors; n_outputs: neurons of the layer."""
    cdef int dtype = code(theta.dtype)
    cdef size_t n = theta.size, start, stop
    start, stop, _ = block.indices(n)
    cdef size_t n_in = (stop - start) // n_outputs - 1 if n_outputs > 1 else 0
    cdef double value = NAN
    cdef void *theta_ = pointer(theta, dtype, n)
    cdef void *gradient_ = pointer(gradient, dtype, n)
    cdef void *lo = NULL if box is None else pointer(box[0], dtype, n)
    cdef void *hi = NULL if box is None else pointer(box[1], dtype, n)
    Context().check(hbcd_sensitivity_measure(dtype, SENSITIVITIES[name], start, stop, n_in, n_outputs, theta_,
                                             gradient_, lo, hi, &value))
    return value
