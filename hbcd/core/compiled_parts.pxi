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

# The last answer of a part that is not 0.  Threads of one call may fail together: any of their answers will do.
# backward: 1 of `backward`, 2 of `curvature`.
cdef struct compiled_answer:
    int status, backward

cdef struct compiled_pair:
    compiled_function forward, backward, curvature
    compiled_answer *answer


cdef int failed(compiled_answer *answer, int status, int backward) noexcept nogil:
    """What the core is told of a compiled function's answer."""
    if status == 0:
        return 0
    answer.backward = backward
    answer.status = status
    return HBCD_ERR_HOOK


cdef class CompiledHook:
    """A part of compiled functions; `where` says in which layer of a network it is."""

    cdef object part  # keeps the callables alive
    cdef str where
    cdef str taken  # the last text of an error
    cdef compiled_answer answer

    def __init__(self, part, str where):
        self.part, self.where = part, where

    cdef str take_error(self):
        """The error text for the last answer that is not 0, None where there was none; the answer is forgotten."""
        cdef int status = self.answer.status
        self.answer.status = 0
        if status == 0:
            return None
        function = ("function" if hasattr(self.part, "function") else
                    ("forward", "backward", "curvature")[self.answer.backward])
        self.taken = (f"{self.where}{type(self.part).__name__}: {function} returned {status}: a compiled function "
                      "returns 0 unless it fails")
        return self.taken


cdef str ACTIVATION_FORWARD = "int (int, T *, T *)"
cdef str ACTIVATION_BACKWARD = "int (int, T *, T *, T *)"
cdef str LOSS = "int (int, int, int, int, T *, T *, double *, T *)"



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


def check_compiled_activation(forward, backward, curvature=None):
    """ValueError unless the signatures are those of an activation's functions, of one precision."""
    check_pair(forward, ACTIVATION_FORWARD, backward, ACTIVATION_BACKWARD)
    if curvature is None:
        return
    dtype = read_signature("curvature", curvature, ACTIVATION_BACKWARD)[0]
    if read_signature("forward", forward, ACTIVATION_FORWARD)[0] != dtype:
        raise ValueError("forward, curvature: must be of the same precision")


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


cdef class CompiledActivationHook(CompiledHook):
    cdef compiled_pair pair
    cdef bint has_curvature

    def __init__(self, part, dtype, str where=""):
        CompiledHook.__init__(self, part, where)
        self.pair.answer = &self.answer
        self.pair.forward = compiled("forward", part.forward_function, ACTIVATION_FORWARD, dtype)
        self.pair.backward = compiled("backward", part.backward_function, ACTIVATION_BACKWARD, dtype)
        function = getattr(part, "curvature_function", None)  # pickles of builds before 0.1.0 have none
        self.has_curvature = function is not None
        if self.has_curvature:
            self.pair.curvature = compiled("curvature", function, ACTIVATION_BACKWARD, dtype)


cdef int compiled_forward(void *self, int dtype, size_t n, const void *z, void *a) noexcept nogil:
    cdef compiled_pair *pair = <compiled_pair *>self
    cdef compiled_function *call = &pair.forward
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
    return failed(pair.answer, status, 0)


cdef int run_backward(compiled_function *call, int dtype, size_t n, const void *z, const void *a,
                      void *g) noexcept nogil:
    """A function with the signature of `backward`."""
    if dtype == HBCD_F64:
        if call.with_data:
            return (<backward_f64_data>call.function)(<int>n, <double *>z, <double *>a, <double *>g, call.user_data)
        return (<backward_f64>call.function)(<int>n, <double *>z, <double *>a, <double *>g)
    if call.with_data:
        return (<backward_f32_data>call.function)(<int>n, <float *>z, <float *>a, <float *>g, call.user_data)
    return (<backward_f32>call.function)(<int>n, <float *>z, <float *>a, <float *>g)


cdef int compiled_backward(void *self, int dtype, size_t n, const void *z, const void *a, void *g) noexcept nogil:
    cdef compiled_pair *pair = <compiled_pair *>self
    return failed(pair.answer, run_backward(&pair.backward, dtype, n, z, a, g), 1)


cdef int compiled_curvature(void *self, int dtype, size_t n, const void *z, const void *a, void *g) noexcept nogil:
    cdef compiled_pair *pair = <compiled_pair *>self
    return failed(pair.answer, run_backward(&pair.curvature, dtype, n, z, a, g), 2)


def compiled_forward_call(part, z, out):
    """A LowLevelCallable pair called from Python: out = activation(z)."""
    cdef CompiledActivationHook hook = CompiledActivationHook(part, z.dtype)
    cdef int dtype = code(z.dtype)
    cdef size_t n = z.size
    Context([hook]).check(compiled_forward(&hook.pair, dtype, n, pointer(z.reshape(-1), dtype, n),
                                           pointer(out.reshape(-1), dtype, n, True)))


def compiled_backward_call(part, z, a, grad):
    """A LowLevelCallable pair called from Python: grad *= slope."""
    cdef CompiledActivationHook hook = CompiledActivationHook(part, z.dtype)
    cdef int dtype = code(z.dtype)
    cdef size_t n = z.size
    Context([hook]).check(compiled_backward(
        &hook.pair, dtype, n, pointer(z.reshape(-1), dtype, n), pointer(a.reshape(-1), dtype, n),
        pointer(grad.reshape(-1), dtype, n, True)))


def compiled_curvature_call(part, z, a, grad):
    """A LowLevelCallable called from Python: grad *= second derivative; the part has it."""
    cdef CompiledActivationHook hook = CompiledActivationHook(part, z.dtype)
    cdef int dtype = code(z.dtype)
    cdef size_t n = z.size
    Context([hook]).check(compiled_curvature(
        &hook.pair, dtype, n, pointer(z.reshape(-1), dtype, n), pointer(a.reshape(-1), dtype, n),
        pointer(grad.reshape(-1), dtype, n, True)))


# ---- losses --------------------------------------------------------------------------------------------------------

# int loss(int rows, int ld, int outputs, int with_gradient, T *out, T *target, double *value, T *gradient[, void *])
ctypedef int (*loss_f64)(int, int, int, int, double *, double *, double *, double *) noexcept nogil
ctypedef int (*loss_f32)(int, int, int, int, float *, float *, double *, float *) noexcept nogil
ctypedef int (*loss_f64_data)(int, int, int, int, double *, double *, double *, double *, void *) noexcept nogil
ctypedef int (*loss_f32_data)(int, int, int, int, float *, float *, double *, float *, void *) noexcept nogil


def check_compiled_loss(function):
    """ValueError unless the signature is that of a loss."""
    read_signature("function", function, LOSS)


cdef struct compiled_loss_state:
    compiled_function call
    compiled_answer *answer


cdef class CompiledLossHook(CompiledHook):
    cdef compiled_loss_state loss

    def __init__(self, part, dtype):
        CompiledHook.__init__(self, part, "")
        self.loss.answer = &self.answer
        self.loss.call = compiled("function", part.function, LOSS, dtype)


cdef int compiled_loss(void *self, int dtype, size_t rows, size_t ld, size_t outputs, const void *out,
                       const void *target, double *value, void *g) noexcept nogil:
    cdef compiled_loss_state *loss = <compiled_loss_state *>self
    cdef compiled_function *call = &loss.call
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
    return failed(loss.answer, status, 0)


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
    Context([hook]).check(compiled_loss(&hook.loss, dtype, rows, rows, outputs, pointer(tile[0].reshape(-1), dtype, n),
                                        pointer(tile[1].reshape(-1), dtype, n), value, grad_))
    if grad is not None:
        grad[...] = tile[2].T
    return values
