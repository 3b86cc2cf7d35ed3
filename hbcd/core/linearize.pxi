# linearize.pxi: a network to first order on every row, and the products that least squares on it needs.

cdef void *matrix(array, size_t rows, size_t columns, bint writable=False) except? NULL:
    """The address of a contiguous (rows, columns) of float64; the caller keeps the array alive."""
    if array.shape != (rows, columns):
        raise ValueError(f"array: has shape {array.shape}, must be {(rows, columns)}")
    return pointer(array.reshape(-1), HBCD_F64, rows * columns, writable)


def take_rows(Data data, index, int n_threads):
    """The rows of an index, copied: a Data of their own, with the same penalty."""
    cdef Data taken = Data.__new__(Data)
    cdef uint32_t[::1] rows
    cdef hbcd_arena arena = counting()
    cdef int status
    if len(index) == 0 or np.min(index) < 0 or np.max(index) >= data.own_rows:
        raise ValueError(f"index: must be some of the {data.own_rows} rows")
    rows = np.ascontiguousarray(index, dtype=np.uint32)
    if FORKED:
        n_threads = 1
    taken.dtype, taken.rows, taken.own_rows = data.dtype, rows.shape[0], rows.shape[0]
    taken.context, taken.center = Context(), data.center
    Context().check(hbcd_data_take(data.dtype, data.c, rows.shape[0], &rows[0], n_threads, &arena, &taken.c))
    taken.memory = Memory(arena.used)
    with nogil:
        status = hbcd_data_take(data.dtype, data.c, rows.shape[0], &rows[0], n_threads, &taken.memory.arena, &taken.c)
    Context().check(status)
    return taken


def linearize(Net net, Data data, theta, int n_threads):
    """(outputs, targets, jacobian) of the contract's net_linearize, in float64 whatever the precision.

    outputs (n_in + outputs of all layers, rows), the inputs first; targets (2 n_out + 1, rows): targets, diagonals of
    a root of the Gauss-Newton weights of the loss, weights; jacobian (n_params, n_out, rows), times that root.
    """
    cdef Context context = net.context
    cdef Watch watch = Watch(context, None)
    cdef void *theta_ = pointer(theta, net.dtype, net.size.n_params)
    cdef hbcd_arena arena = counting()
    cdef int status
    if FORKED:
        n_threads = 1
    if data.dtype != net.dtype:
        raise ValueError("data: must have the precision of the network")
    context.check(hbcd_net_linearize(net.dtype, net.c, data.c, theta_, n_threads, NULL, &arena, NULL, NULL, NULL))
    outputs = np.empty((net.size.n_in + net.neurons, data.own_rows))
    targets = np.empty((2 * net.size.n_out + 1, data.own_rows))
    jacobian = np.empty((net.size.n_params, net.size.n_out, data.own_rows))
    cdef double *targets_ = <double *>pointer(targets.reshape(-1), HBCD_F64, targets.size, True)
    cdef double *outputs_ = <double *>pointer(outputs.reshape(-1), HBCD_F64, outputs.size, True)
    cdef double *jacobian_ = <double *>pointer(jacobian.reshape(-1), HBCD_F64, jacobian.size, True)
    cdef Memory work = Memory(arena.used)
    call = context.begin((work, theta, data))
    with nogil:
        status = hbcd_net_linearize(net.dtype, net.c, data.c, theta_, n_threads, &watch.c, &work.arena, outputs_,
                                    targets_, jacobian_)
    context.end(call)
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status, call)
    return outputs, targets, jacobian


def whiten(a, add, b, int n_threads):
    """b (n, columns) <- L^-1 b in place, with L L' = a + diag(add): whether that is positive definite; else b stays."""
    cdef size_t n = b.shape[0], columns = b.shape[1], positive = 0
    cdef double *a_ = <double *>matrix(a, n, n)
    cdef double *add_ = <double *>pointer(add, HBCD_F64, n)
    cdef double *b_ = <double *>matrix(b, n, columns, True)
    cdef Context context = Context()
    cdef Watch watch = Watch(context, None)
    cdef hbcd_arena arena = counting()
    cdef int status
    if FORKED:
        n_threads = 1
    context.check(hbcd_wide_whiten(ISA, n, a_, add_, columns, b_, n_threads, NULL, &arena, &positive))
    cdef Memory work = Memory(arena.used)
    with nogil:
        status = hbcd_wide_whiten(ISA, n, a_, add_, columns, b_, n_threads, &watch.c, &work.arena, &positive)
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status)
    return positive == n


def row_products(b, v, int n_threads):
    """v b' (q, n) of v (q, columns) and b (n, columns), with the same bits at any number of threads."""
    cdef size_t n = b.shape[0], columns = b.shape[1], q = v.shape[0]
    out = np.empty((q, n))
    cdef double *b_ = <double *>matrix(b, n, columns)
    cdef double *v_ = <double *>matrix(v, q, columns)
    cdef double *out_ = <double *>matrix(out, q, n, True)
    if FORKED:
        n_threads = 1
    with nogil:
        hbcd_wide_products(n, columns, b_, q, v_, n_threads, out_)
    return out


def row_sums(b, c, int n_threads):
    """c b (q, columns) of c (q, n) and b (n, columns), with the same bits at any number of threads."""
    cdef size_t n = b.shape[0], columns = b.shape[1], q = c.shape[0]
    out = np.empty((q, columns))
    cdef double *b_ = <double *>matrix(b, n, columns)
    cdef double *c_ = <double *>matrix(c, q, n)
    cdef double *out_ = <double *>matrix(out, q, columns, True)
    if FORKED:
        n_threads = 1
    with nogil:
        hbcd_wide_sums(n, columns, b_, q, c_, n_threads, out_)
    return out
