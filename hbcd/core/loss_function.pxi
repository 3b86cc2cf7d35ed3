# loss_function.pxi: the loss of a network on fixed rows, called many times.

cdef class LossFunction:
    """The mean loss of a network on rows as a function of theta, with its work space measured once.

    A work space is kept for every call that ran at the same time, so that several Python threads may call it.
    """

    cdef Net net
    cdef Data data
    cdef int n_threads
    cdef size_t size
    cdef list unused  # work spaces

    def __init__(self, Net net not None, Data data not None, int n_threads):
        cdef hbcd_arena arena = counting()
        cdef double f = NAN
        if data.dtype != net.dtype:
            raise ValueError("data: must have the precision of the network")
        self.net, self.data, self.n_threads = net, data, n_threads
        Context().check(hbcd_net_loss(net.dtype, net.c, data.c, NULL, n_threads, NULL, &arena, &f, NULL))
        self.size = arena.used
        self.unused = []

    def evaluate(self, theta, gradient):
        """The loss at theta; gradient (n_params) is filled unless it is None."""
        cdef Net net = self.net
        cdef void *theta_ = pointer(theta, net.dtype, net.size.n_params)
        cdef void *g = NULL if gradient is None else pointer(gradient, net.dtype, net.size.n_params, True)
        cdef Memory work = None
        cdef Call call = None
        cdef double f = NAN
        cdef int status, n_threads = 1 if FORKED else self.n_threads
        with cython.critical_section(self):
            if self.unused:
                work = self.unused.pop()
        if work is None:
            work = Memory(self.size)
        work.arena.used = 0
        # A few us may be all that an evaluation takes: nothing is kept that no part could ask for.
        if net.serial:
            call = net.context.begin((work, theta, self.data, gradient))
        with nogil:
            status = hbcd_net_loss(net.dtype, net.c, self.data.c, theta_, n_threads, NULL, &work.arena, &f, g)
        if net.serial:
            net.context.end(call)
        with cython.critical_section(self):
            self.unused.append(work)
        self.data.check(status)
        net.context.check(status, call)
        return f
