# compiled_parts.pxi: parts that are compiled functions of the user, as scipy.LowLevelCallable.  Their signatures are
# read from the capsule once; then they are called without the interpreter lock, from several threads.

# ---- activations ---------------------------------------------------------------------------------------------------

# int forward(int n, T *z, T *a[, void *])
# int backward(int n, T *z, T *a, T *g[, void *])
ctypedef int (*forward_f64)(int, double *, double *) noexcept nogil
ctypedef int (*forward_f32)(int, float *, float *) noexcept nogil
ctypedef int (*backward_f64)(int, double *, double *, double *) noexcept nogil
ctypedef int (*backward_f32)(int, float *, float *, float *) noexcept nogil
ctypedef int (*forward_f64_data)(int, double *, double *, void *) noexcept nogil
ctypedef int (*forward_f32_data)(int, float *, float *, void *) noexcept nogil
ctypedef int (*backward_f64_data)(int, double *, double *, double *, void *) noexcept nogil
ctypedef int (*backward_f32_data)(int, float *, float *, float *, void *) noexcept nogil

cdef struct compiled_function:
    void *function
    void *user_data
    bint with_data

cdef struct compiled_pair:
    compiled_function forward, backward


cdef str ACTIVATION_FORWARD = "int (int, T *, T *)"
cdef str ACTIVATION_BACKWARD = "int (int, T *, T *, T *)"
cdef str LOSS = "int (int, int, int, int, T *, T *, double *, T *)"


cdef str LAYER_FORWARD = "int (int, int, int, int, T *, T *, T *)"
cdef str LAYER_BACKWARD = "int (int, int, int, int, int, int, T *, T *, T *, T *, T *, T *)"


cdef tuple read_signature(str name, callable, wanted):
    """(dtype, whether it takes user data) of the function inside a LowLevelCallable; T in `wanted` is either real."""
    found = PyCapsule_GetName(tuple.__getitem__(callable, 0)).decode()
    signature = "".join(found.replace("const", "").replace("(*)", "").split())
    for dtype, number in ((np.float64, "double"), (np.float32, "float")):
        for last in ("", ",void*"):
            if signature == "".join(wanted.replace("T", number).split()).replace(")", f"{last})"):
                return dtype, bool(last)
    raise ValueError(f"{name}: signature={found!r}: must be {wanted.replace('T', 'double')!r}, with or without a last "
                     f"'void *', or {wanted.replace('T', 'float')!r}")


cdef int check_pair(forward, str forward_signature, backward, str backward_signature) except -1:
    """ValueError unless both have their signature, in the same precision."""
    dtype = read_signature("forward", forward, forward_signature)[0]
    if read_signature("backward", backward, backward_signature)[0] != dtype:
        raise ValueError("forward, backward: must be of the same precision")
    return 0


def check_compiled_activation(forward, backward):
    """ValueError unless the signatures are those of an activation's forward and backward of one precision."""
    check_pair(forward, ACTIVATION_FORWARD, backward, ACTIVATION_BACKWARD)


cdef compiled_function compiled(str what, callable, wanted, dtype) except *:
    """The function inside a LowLevelCallable whose signature has been checked."""
    cdef compiled_function made
    capsule = tuple.__getitem__(callable, 0)  # LowLevelCallable's [0] only raises
    cdef const char *name = PyCapsule_GetName(capsule)
    found, with_data = read_signature(what, callable, wanted)
    if found != dtype:
        raise ValueError(f"{what}: signature={name.decode()!r}: is for {np.dtype(found)} networks, "
                         f"must be for {np.dtype(dtype)}")
    made.function = PyCapsule_GetPointer(capsule, name)
    made.user_data = PyCapsule_GetContext(capsule)
    made.with_data = with_data
    return made


cdef class CompiledActivationHook:
    cdef object part
    cdef compiled_pair pair

    def __init__(self, part, dtype):
        self.part = part  # keeps the callables alive
        self.pair.forward = compiled("forward", part.forward_function, ACTIVATION_FORWARD, dtype)
        self.pair.backward = compiled("backward", part.backward_function, ACTIVATION_BACKWARD, dtype)


cdef int compiled_forward(void *self, int dtype, size_t n, const void *z, void *a) noexcept nogil:
    cdef compiled_function *call = &(<compiled_pair *>self).forward
    cdef int status
    if dtype == HBCD_F64:
        if call.with_data:
            status = (<forward_f64_data>call.function)(<int>n, <double *>z, <double *>a, call.user_data)
        else:
            status = (<forward_f64>call.function)(<int>n, <double *>z, <double *>a)
    elif call.with_data:
        status = (<forward_f32_data>call.function)(<int>n, <float *>z, <float *>a, call.user_data)
    else:
        status = (<forward_f32>call.function)(<int>n, <float *>z, <float *>a)
    return 0 if status == 0 else HBCD_ERR_HOOK


cdef int compiled_backward(void *self, int dtype, size_t n, const void *z, const void *a, void *g) noexcept nogil:
    cdef compiled_function *call = &(<compiled_pair *>self).backward
    cdef int status
    if dtype == HBCD_F64:
        if call.with_data:
            status = (<backward_f64_data>call.function)(<int>n, <double *>z, <double *>a, <double *>g, call.user_data)
        else:
            status = (<backward_f64>call.function)(<int>n, <double *>z, <double *>a, <double *>g)
    elif call.with_data:
        status = (<backward_f32_data>call.function)(<int>n, <float *>z, <float *>a, <float *>g, call.user_data)
    else:
        status = (<backward_f32>call.function)(<int>n, <float *>z, <float *>a, <float *>g)
    return 0 if status == 0 else HBCD_ERR_HOOK


def compiled_forward_call(part, z, out):
    """A LowLevelCallable pair called from Python: out = activation(z)."""
    cdef CompiledActivationHook hook = CompiledActivationHook(part, z.dtype)
    cdef int dtype = code(z.dtype)
    cdef size_t n = z.size
    Context().check(compiled_forward(&hook.pair, dtype, n, pointer(z.reshape(-1), dtype, n),
                                     pointer(out.reshape(-1), dtype, n, True)))


def compiled_backward_call(part, z, a, grad):
    """A LowLevelCallable pair called from Python: grad *= slope."""
    cdef CompiledActivationHook hook = CompiledActivationHook(part, z.dtype)
    cdef int dtype = code(z.dtype)
    cdef size_t n = z.size
    Context().check(compiled_backward(&hook.pair, dtype, n, pointer(z.reshape(-1), dtype, n),
                                      pointer(a.reshape(-1), dtype, n), pointer(grad.reshape(-1), dtype, n, True)))


# ---- losses --------------------------------------------------------------------------------------------------------

# int loss(int rows, int ld, int outputs, int with_gradient, T *out, T *target, double *value, T *gradient[, void *])
ctypedef int (*loss_f64)(int, int, int, int, double *, double *, double *, double *) noexcept nogil
ctypedef int (*loss_f32)(int, int, int, int, float *, float *, double *, float *) noexcept nogil
ctypedef int (*loss_f64_data)(int, int, int, int, double *, double *, double *, double *, void *) noexcept nogil
ctypedef int (*loss_f32_data)(int, int, int, int, float *, float *, double *, float *, void *) noexcept nogil


def check_compiled_loss(function):
    """ValueError unless the signature is that of a loss."""
    read_signature("function", function, LOSS)


cdef class CompiledLossHook:
    cdef object part
    cdef compiled_function call

    def __init__(self, part, dtype):
        self.part = part  # keeps the callable alive
        self.call = compiled("function", part.function, LOSS, dtype)


cdef int compiled_loss(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out,
                       const void *target, double *value, void *g) noexcept nogil:
    cdef compiled_function *call = <compiled_function *>self
    cdef int r = <int>rows, l = <int>ld, n = <int>outputs, with_gradient = g != NULL, status
    if dtype == HBCD_F64:
        if call.with_data:
            status = (<loss_f64_data>call.function)(r, l, n, with_gradient, <double *>out, <double *>target, value,
                                                    <double *>g, call.user_data)
        else:
            status = (<loss_f64>call.function)(r, l, n, with_gradient, <double *>out, <double *>target, value,
                                               <double *>g)
    elif call.with_data:
        status = (<loss_f32_data>call.function)(r, l, n, with_gradient, <float *>out, <float *>target, value,
                                                <float *>g, call.user_data)
    else:
        status = (<loss_f32>call.function)(r, l, n, with_gradient, <float *>out, <float *>target, value, <float *>g)
    return 0 if status == 0 else HBCD_ERR_HOOK


def compiled_loss_call(part, out, target, grad=None):
    """A LowLevelCallable loss called from Python: the value of every row of out (rows, outputs); grad is set."""
    cdef CompiledLossHook hook = CompiledLossHook(part, out.dtype)
    cdef int dtype = code(out.dtype)
    cdef size_t rows = out.shape[0], outputs = out.shape[1]
    tile = np.zeros((3, outputs, rows), out.dtype)  # feature-major, without padding
    tile[0], tile[1] = out.T, target.T
    cdef size_t n = tile[0].size
    values = np.zeros(rows)
    cdef double *value = <double *>pointer(values, HBCD_F64, rows, True)
    cdef void *grad_ = NULL if grad is None else pointer(tile[2].reshape(-1), dtype, n, True)
    Context().check(compiled_loss(&hook.call, dtype, rows, rows, outputs, pointer(tile[0].reshape(-1), dtype, n),
                                  pointer(tile[1].reshape(-1), dtype, n), value, grad_))
    if grad is not None:
        grad[...] = tile[2].T
    return values


# ---- layers --------------------------------------------------------------------------------------------------------

# int forward(int rows, int ld, int n_in, int n_out, T *theta, T *x, T *out[, void *])
# int backward(int rows, int ld, int n_in, int n_out, int with_grad_x, int with_grad_theta, T *theta, T *x, T *out,
#              T *grad_out, T *grad_x, T *grad_theta[, void *])
ctypedef int (*layer_forward_f64)(int, int, int, int, double *, double *, double *) noexcept nogil
ctypedef int (*layer_forward_f32)(int, int, int, int, float *, float *, float *) noexcept nogil
ctypedef int (*layer_forward_f64_data)(int, int, int, int, double *, double *, double *, void *) noexcept nogil
ctypedef int (*layer_forward_f32_data)(int, int, int, int, float *, float *, float *, void *) noexcept nogil
ctypedef int (*layer_backward_f64)(int, int, int, int, int, int, double *, double *, double *, double *, double *,
                                   double *) noexcept nogil
ctypedef int (*layer_backward_f32)(int, int, int, int, int, int, float *, float *, float *, float *, float *,
                                   float *) noexcept nogil
ctypedef int (*layer_backward_f64_data)(int, int, int, int, int, int, double *, double *, double *, double *,
                                        double *, double *, void *) noexcept nogil
ctypedef int (*layer_backward_f32_data)(int, int, int, int, int, int, float *, float *, float *, float *, float *,
                                        float *, void *) noexcept nogil

cdef struct compiled_layer:
    compiled_function forward, backward
    int n_in, n_out


def check_compiled_layer(forward, backward):
    """ValueError unless the signatures are those of a layer's forward and backward of one precision."""
    check_pair(forward, LAYER_FORWARD, backward, LAYER_BACKWARD)


cdef class CompiledLayerHook:
    cdef object part
    cdef compiled_layer layer

    def __init__(self, part, dtype, n_in, n_out):
        self.part = part  # keeps the callables alive
        self.layer.forward = compiled("forward", part.forward_function, LAYER_FORWARD, dtype)
        self.layer.backward = compiled("backward", part.backward_function, LAYER_BACKWARD, dtype)
        self.layer.n_in, self.layer.n_out = n_in, n_out


cdef int compiled_layer_forward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                                void *out) noexcept nogil:
    cdef compiled_layer *layer = <compiled_layer *>self
    cdef void *function = layer.forward.function
    cdef void *data = layer.forward.user_data
    cdef int r = <int>rows, l = <int>ld, n_in = layer.n_in, n_out = layer.n_out, status
    if dtype == HBCD_F64:
        if layer.forward.with_data:
            status = (<layer_forward_f64_data>function)(r, l, n_in, n_out, <double *>theta, <double *>x, <double *>out,
                                                        data)
        else:
            status = (<layer_forward_f64>function)(r, l, n_in, n_out, <double *>theta, <double *>x, <double *>out)
    elif layer.forward.with_data:
        status = (<layer_forward_f32_data>function)(r, l, n_in, n_out, <float *>theta, <float *>x, <float *>out, data)
    else:
        status = (<layer_forward_f32>function)(r, l, n_in, n_out, <float *>theta, <float *>x, <float *>out)
    return 0 if status == 0 else HBCD_ERR_HOOK


cdef int compiled_layer_backward(void *self, int dtype, size_t rows, size_t ld, const void *theta, const void *x,
                                 const void *out, const void *grad_out, void *grad_x,
                                 void *grad_theta) noexcept nogil:
    cdef compiled_layer *layer = <compiled_layer *>self
    cdef void *function = layer.backward.function
    cdef void *data = layer.backward.user_data
    cdef int r = <int>rows, l = <int>ld, n_in = layer.n_in, n_out = layer.n_out, status
    cdef int with_x = grad_x != NULL, with_theta = grad_theta != NULL
    if dtype == HBCD_F64:
        if layer.backward.with_data:
            status = (<layer_backward_f64_data>function)(
                r, l, n_in, n_out, with_x, with_theta, <double *>theta, <double *>x, <double *>out,
                <double *>grad_out, <double *>grad_x, <double *>grad_theta, data)
        else:
            status = (<layer_backward_f64>function)(
                r, l, n_in, n_out, with_x, with_theta, <double *>theta, <double *>x, <double *>out,
                <double *>grad_out, <double *>grad_x, <double *>grad_theta)
    elif layer.backward.with_data:
        status = (<layer_backward_f32_data>function)(
            r, l, n_in, n_out, with_x, with_theta, <float *>theta, <float *>x, <float *>out,
            <float *>grad_out, <float *>grad_x, <float *>grad_theta, data)
    else:
        status = (<layer_backward_f32>function)(
            r, l, n_in, n_out, with_x, with_theta, <float *>theta, <float *>x, <float *>out,
            <float *>grad_out, <float *>grad_x, <float *>grad_theta)
    return 0 if status == 0 else HBCD_ERR_HOOK


cdef void *tile_pointer(tile, int dtype, bint writable=False) except? NULL:
    return pointer(tile.reshape(-1), dtype, tile.size, writable)


def compiled_layer_forward_call(part, theta, x, out):
    """A LowLevelCallable pair called from Python on at most a tile of rows: out (rows, n_out) is set."""
    cdef int dtype = code(x.dtype)
    cdef size_t rows = x.shape[0]
    cdef CompiledLayerHook hook = CompiledLayerHook(part, x.dtype, x.shape[1], out.shape[1])
    x_, out_ = np.array(x.T, order="C"), np.zeros(out.shape[::-1], x.dtype)  # feature-major, without padding
    Context().check(compiled_layer_forward(&hook.layer, dtype, rows, rows, tile_pointer(theta, dtype),
                                           tile_pointer(x_, dtype), tile_pointer(out_, dtype, True)))
    out[...] = out_.T


def compiled_layer_backward_call(part, theta, x, out, grad_out, grad_x, grad_theta):
    """The same backward: grad_x (rows, n_in) is set, grad_theta (n_params,) is added to."""
    cdef int dtype = code(x.dtype)
    cdef size_t rows = x.shape[0]
    cdef CompiledLayerHook hook = CompiledLayerHook(part, x.dtype, x.shape[1], out.shape[1])
    x_, out_, grad_out_ = (np.array(a.T, x.dtype, order="C") for a in (x, out, grad_out))
    grad_x_, sums = np.zeros(x.shape[::-1], x.dtype), np.zeros(theta.shape, x.dtype)
    Context().check(compiled_layer_backward(
        &hook.layer, dtype, rows, rows, tile_pointer(theta, dtype), tile_pointer(x_, dtype),
        tile_pointer(out_, dtype), tile_pointer(grad_out_, dtype), tile_pointer(grad_x_, dtype, True),
        tile_pointer(sums, dtype, True)))
    grad_x[...] = grad_x_.T
    grad_theta += sums
