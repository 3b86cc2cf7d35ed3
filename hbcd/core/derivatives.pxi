# derivatives.pxi: derivatives of the outputs of a network, in its inputs and in its parameters.

def jacobian(Net net, theta, x, out, jacobian, bint in_theta, int n_threads, x_columns=None):
    """jacobian (rows, n_out * n_in) <- derivatives of the outputs in the inputs, or (rows, n_out * n_params) in theta.

    x is standardized by x_columns = (mean, scale) if given; out (rows, n_out) <- the outputs, unless it is None.
    """
    cdef Table x_ = Table(x, False, x_columns), jacobian_ = Table(jacobian, True)
    cdef Table out_ = None if out is None else Table(out, True)
    cdef const hbcd_table *to = NULL if out is None else &out_.c
    cdef void *theta_ = pointer(theta, net.dtype, net.size.n_params)
    cdef Context context = net.context
    cdef Watch watch = Watch(context, None)
    cdef hbcd_arena arena = counting()
    cdef int status
    if FORKED:
        n_threads = 1
    context.check(hbcd_net_jacobian(net.dtype, net.c, &x_.c, theta_, in_theta, n_threads, NULL, &arena, to,
                                    &jacobian_.c))
    cdef Memory work = Memory(arena.used)
    call = context.begin((work, theta, x, out, jacobian))
    with nogil:
        status = hbcd_net_jacobian(net.dtype, net.c, &x_.c, theta_, in_theta, n_threads, &watch.c, &work.arena, to,
                                   &jacobian_.c)
    context.end(call)
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status, call)


def hessian(Net net, theta, x, multipliers, hessian, int n_threads, x_columns=None):
    """hessian (rows, n_out * n_in * n_in) <- second derivatives of the outputs in the inputs, or with multipliers
    (rows, n_out) their sum (rows, n_in * n_in)."""
    cdef Table x_ = Table(x, False, x_columns), hessian_ = Table(hessian, True)
    cdef Table multipliers_ = None if multipliers is None else Table(multipliers)
    cdef const hbcd_table *factors = NULL if multipliers is None else &multipliers_.c
    cdef void *theta_ = pointer(theta, net.dtype, net.size.n_params)
    cdef Context context = net.context
    cdef Watch watch = Watch(context, None)
    cdef hbcd_arena arena = counting()
    cdef int status
    if FORKED:
        n_threads = 1
    context.check(hbcd_net_hessian(net.dtype, net.c, &x_.c, theta_, factors, n_threads, NULL, &arena, &hessian_.c))
    cdef Memory work = Memory(arena.used)
    call = context.begin((work, theta, x, multipliers, hessian))
    with nogil:
        status = hbcd_net_hessian(net.dtype, net.c, &x_.c, theta_, factors, n_threads, &watch.c, &work.arena,
                                  &hessian_.c)
    context.end(call)
    if watch.interrupted:
        raise KeyboardInterrupt
    context.check(status, call)
