# network.pxi: networks, one call of the core each.


def all_finite(array):
    """Whether an aligned array of float32 or float64 with 1 or 2 axes holds finite numbers only; one pass."""
    cdef Table table = Table(array)
    return bool(hbcd_table_is_sound(&table.c))


F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
cdef size_t FEW = 200_000  # rows times parameters: some tens of microseconds


cdef class Net(NetParts):
    """A network laid out by the core for one precision, from layer descriptions.

    layers: for each layer after the input (part, activation, n_out, n_params): part None for a dense layer, else a
    layer of another kind of the core's or an object with forward and backward; activation an object or None for
    identity.
    loss: an object, of a row of the core's table with its `_parameters`, else with evaluate; None for squared error.
    """

    cdef readonly int dtype
    cdef hbcd_net_size size
    cdef size_t neurons  # outputs of all layers
    cdef Memory memory
    cdef Memory spare  # work space of predict_few
    cdef void *c

    def __init__(self, dtype, size_t n_in, layers, loss):
        self.dtype = code(dtype)
        self.hooks, self.compiled = [], []
        self.context = Context(self.compiled)
        cdef Memory specs = Memory(len(layers) * sizeof(hbcd_layer_spec))
        cdef hbcd_layer_spec *layer = <hbcd_layer_spec *>specs.arena.base
        cdef hbcd_net_spec spec
        cdef size_t width = n_in
        lent = []  # what the descriptions point to, until the core has copied it
        for k, (part, activation, n_out, n_params) in enumerate(layers, start=1):
            where = f"layers[{k}]: "
            layer.n_out = n_out
            self.set_layer(layer, part, width, n_params, dtype, lent, where)
            self.set_activation(layer, activation, dtype, where)
            width = n_out
            self.neurons += n_out
            layer += 1
        spec.n_in, spec.n_layers = n_in, len(layers)
        spec.layers = <hbcd_layer_spec *>specs.arena.base
        self.set_loss(&spec, loss, dtype)
        spec.isa, spec.serial = ISA, self.serial
        spec.threads_sleep = THREADS_SLEEP
        cdef hbcd_arena arena = counting()
        self.context.check(hbcd_net_make(self.dtype, &spec, &arena, &self.c))
        self.memory = Memory(arena.used)
        self.context.check(hbcd_net_make(self.dtype, &spec, &self.memory.arena, &self.c))
        hbcd_net_describe(self.dtype, self.c, &self.size)

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
                or not hbcd_table_is_aligned(&theta_.c) or not hbcd_table_is_aligned(&x_.c)):
            return None
        # Fewer rows are looked at on their way through the network: status > 0.
        if ((x_.c.rows > HBCD_FEW_ROWS or self.hooks or self.compiled)
                and not (hbcd_table_is_sound(&theta_.c) and hbcd_table_is_sound(&x_.c))):
            return None
        out = np.empty((x_.c.rows, self.size.n_out), F32 if self.dtype == HBCD_F32 else F64)
        out_ = Table(out, True)
        with cython.critical_section(self):
            work, self.spare = self.spare, None  # a second thread at the same time makes another
        if work is None:
            arena = counting()
            rows, x_.c.rows, out_.c.rows = len(x), HBCD_TILE, HBCD_TILE  # a tile's room serves fewer rows
            self.context.check(hbcd_net_predict(self.dtype, self.c, &x_.c, theta_.c.data, 1, NULL, &arena, &out_.c))
            work = Memory(arena.used)
            x_.c.rows, out_.c.rows = rows, rows
        work.arena.used = 0
        status = hbcd_net_predict(self.dtype, self.c, &x_.c, theta_.c.data, 1, NULL, &work.arena, &out_.c)
        with cython.critical_section(self):
            self.spare = work
        self.context.check(status)
        return out if status == 0 and hbcd_table_is_sound(&out_.c) else None

    def predict(self, theta, x, out, int n_threads, x_columns=None):
        """out (rows, n_out) <- the network at x (rows, n_in), standardized by x_columns = (mean, scale) if given."""
        cdef Table x_ = Table(x, False, x_columns), out_ = Table(out, True)
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        cdef hbcd_arena arena = counting()
        cdef int status
        if FORKED:
            n_threads = 1
        self.context.check(hbcd_net_predict(self.dtype, self.c, &x_.c, theta_, n_threads, NULL, &arena, &out_.c))
        cdef Memory work = Memory(arena.used)
        call = self.context.begin((work, theta, x, out))
        with nogil:
            status = hbcd_net_predict(self.dtype, self.c, &x_.c, theta_, n_threads, NULL, &work.arena, &out_.c)
        self.context.end(call)
        self.context.check(status, call)

    def loss(self, Data data, theta, gradient, int n_threads):
        """Mean loss at theta; gradient (n_params) is filled unless it is None."""
        return LossFunction(self, data, n_threads).evaluate(theta, gradient)

    def normal(self, Data data, theta, int block, int n_threads):
        """(f, J'We, J'WJ) of one block, or with block -1 of all parameters; float64 whatever the precision."""
        cdef void *theta_ = pointer(theta, self.dtype, self.size.n_params)
        cdef Context context = self.context
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
        call = context.begin((work, theta, data))
        with nogil:
            status = hbcd_net_normal(self.dtype, self.c, data.c, theta_, block, n_threads, &watch.c, &work.arena, &f,
                                     jtwr_, jtwj_)
        context.end(call)
        if watch.interrupted:
            raise KeyboardInterrupt
        data.check(status)
        context.check(status, call)
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
        call = self.context.begin((work, theta))
        with nogil:
            status = hbcd_net_pullback(self.dtype, self.c, &x_.c, theta_, &grad_out_.c, &work.arena, below, grad_)
        self.context.end(call)
        self.context.check(status, call)

    def sensitivities(self, measure, theta, gradient, box=None):
        """One number per block."""
        cdef Context context = self.context
        cdef SensitivityHook hook = SensitivityHook(measure, context, self.size.n_params)
        cdef size_t n = self.size.n_params
        cdef void *theta_ = pointer(theta, self.dtype, n)
        cdef void *gradient_ = pointer(gradient, self.dtype, n)
        cdef void *lo = NULL if box is None else pointer(box[0], self.dtype, n)
        cdef void *hi = NULL if box is None else pointer(box[1], self.dtype, n)
        values = np.empty(self.size.n_blocks)
        cdef double[::1] values_ = values
        call = context.begin((theta, gradient, box))
        cdef int status = hbcd_net_sensitivities(self.dtype, self.c, &hook.spec, theta_, gradient_, lo, hi,
                                                 &values_[0] if self.size.n_blocks else NULL)
        context.end(call)
        context.check(status, call)
        return values
