# watch.pxi: what watches a run: Ctrl-C, progress, history, events and callbacks.

cdef struct history:  # what the core's callbacks reach: lines are kept without the interpreter lock
    void *owner
    hbcd_record *lines
    size_t n, room
    unsigned wanted  # bit k: events of kind k are asked for


# The numeric fields of hbcd_record, by the names of the columns they become.
RECORD = np.dtype({
    "names": ["step", "phase", "epoch", "rows", "n_fev", "n_iter", "block", "epoch_end", "status", "loss_before",
              "loss", "validation_loss", "validation_score", "sensitivity", "seconds"],
    "formats": [np.uintp] * 6 + [np.intc] * 3 + [np.float64] * 6,
}, align=True)

HISTORY_TYPES = {name: np.dtype(np.float64 if RECORD[name].kind == "f" else np.int64) for name in RECORD.names}

# The kinds of events of the core, by their numbers.
EVENTS = ("block_begin", "block_end", "sweep_end", "improved")


cdef class Points:
    """The parameters at an event; copied when asked for, out of reach when the call with the event is over."""

    cdef const void *present
    cdef const void *least
    cdef size_t n
    cdef int dtype

    def __reduce__(self):
        return Points, ()

    cdef object copy(self, const void *data):
        if data == NULL:
            raise RuntimeError("event: its parameters can be read only during the call that received it")
        return view(data, self.n, self.dtype, Context()).copy()

    @property
    def theta(self):
        return self.copy(self.present)

    @property
    def best_theta(self):
        return self.copy(self.least)


cdef class Watch:
    """Ctrl-C, progress, history and callbacks of one run."""

    cdef hbcd_watch c
    cdef Context context
    cdef object progress, callback, events, score
    cdef size_t n_params
    cdef int dtype
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

    cdef void listen(self, Net net, events, wanted, score, patience):
        self.n_params, self.dtype = net.size.n_params, net.dtype
        self.events, self.score = events, score
        self.log.wanted = wanted
        if events is not None:
            self.c.event = watch_event
        if score is not None:
            self.c.score = watch_score
        if patience is not None:
            self.c.patience = patience

    def __dealloc__(self):
        free(self.log.lines)

    def history(self):
        """The lines kept, as a dict of columns."""
        if RECORD.itemsize != sizeof(hbcd_record):
            raise SystemError("hbcd_record: layout differs from RECORD")
        lines = np.empty(0, RECORD)
        if self.log.n > 0:
            memory = PyMemoryView_FromMemory(<char *>self.log.lines, self.log.n * sizeof(hbcd_record), PyBUF_READ)
            lines = np.frombuffer(memory, RECORD)
        return {name: lines[name].astype(kind) for name, kind in HISTORY_TYPES.items()}


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


cdef int watch_event(void *self, const hbcd_event *event) noexcept nogil:
    return deliver(self, event) if ((<history *>self).wanted >> event.kind) & 1 else 0


cdef int deliver(void *self, const hbcd_event *event) noexcept with gil:
    cdef Watch watch = <Watch>(<history *>self).owner
    cdef const hbcd_record *line = event.line
    cdef Points points = Points()
    points.present, points.least, points.n, points.dtype = event.theta, event.best_theta, watch.n_params, watch.dtype
    try:
        return watch.events(event.kind, line.phase, line.epoch, line.step, line.block, line.rows, line.loss,
                            line.validation, line.score, event.best, line.n_evaluations, line.n_iterations,
                            line.seconds, line.status, points)
    except KeyboardInterrupt:
        watch.interrupted = True
        return HBCD_STOP_INTERRUPTED
    except BaseException as error:
        return watch.context.fail(error)
    finally:
        points.present = points.least = NULL


cdef int watch_score(void *self, const void *theta, double *score) noexcept with gil:
    cdef Watch watch = <Watch>(<history *>self).owner
    try:
        score[0] = watch.score(view(theta, watch.n_params, watch.dtype, watch.context).copy(), score[0])
        return 0
    except BaseException as error:
        return watch.context.fail(error)


cdef int watch_iteration(void *self, size_t n, const void *x, double f) noexcept with gil:
    cdef Watch watch = <Watch>(<history *>self).owner
    try:
        watch.callback(view(x, n, HBCD_F64, watch.context).copy(), f)
        return 0
    except StopIteration:
        return HBCD_STOP_CALLBACK
    except BaseException as error:
        return watch.context.fail(error)
