# compiled_layer.pxi: layers that are two compiled functions of the user.

cdef str LAYER_FORWARD = "int (int, int, int, int, T *, T *, T *)"
cdef str LAYER_BACKWARD = "int (int, int, int, int, int, int, T *, T *, T *, T *, T *, T *)"

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
    compiled_answer *answer
    int n_in, n_out


def check_compiled_layer(forward, backward):
    """ValueError unless the signatures are those of a layer's forward and backward of one precision."""
    check_pair(forward, LAYER_FORWARD, backward, LAYER_BACKWARD)


cdef class CompiledLayerHook(CompiledHook):
    cdef compiled_layer layer

    def __init__(self, part, dtype, n_in, n_out, str where=""):
        CompiledHook.__init__(self, part, where)
        self.layer.answer = &self.answer
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
    return failed(layer.answer, status, False)


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
    return failed(layer.answer, status, True)


cdef void *tile_pointer(tile, int dtype, bint writable=False) except? NULL:
    return pointer(tile.reshape(-1), dtype, tile.size, writable)


def compiled_layer_forward_call(part, theta, x, out):
    """A LowLevelCallable pair called from Python on at most a tile of rows: out (rows, n_out) is set."""
    cdef int dtype = code(x.dtype)
    cdef size_t rows = x.shape[0]
    cdef CompiledLayerHook hook = CompiledLayerHook(part, x.dtype, x.shape[1], out.shape[1])
    x_, out_ = np.array(x.T, order="C"), np.zeros(out.shape[::-1], x.dtype)  # feature-major, without padding
    Context([hook]).check(compiled_layer_forward(&hook.layer, dtype, rows, rows, tile_pointer(theta, dtype),
                                                 tile_pointer(x_, dtype), tile_pointer(out_, dtype, True)))
    out[...] = out_.T


def compiled_layer_backward_call(part, theta, x, out, grad_out, grad_x, grad_theta):
    """The same backward: grad_x (rows, n_in) is set, grad_theta (n_params,) is added to."""
    cdef int dtype = code(x.dtype)
    cdef size_t rows = x.shape[0]
    cdef CompiledLayerHook hook = CompiledLayerHook(part, x.dtype, x.shape[1], out.shape[1])
    x_, out_, grad_out_ = (np.array(a.T, x.dtype, order="C") for a in (x, out, grad_out))
    grad_x_, sums = np.zeros(x.shape[::-1], x.dtype), np.zeros(theta.shape, x.dtype)
    Context([hook]).check(compiled_layer_backward(
        &hook.layer, dtype, rows, rows, tile_pointer(theta, dtype), tile_pointer(x_, dtype),
        tile_pointer(out_, dtype), tile_pointer(grad_out_, dtype), tile_pointer(grad_x_, dtype, True),
        tile_pointer(sums, dtype, True)))
    grad_x[...] = grad_x_.T
    grad_theta += sums
