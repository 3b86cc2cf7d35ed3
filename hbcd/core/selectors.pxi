# selectors.pxi: what a block selector reads, and selectors built in and written in Python.

cdef object per_block(str name, values, default):
    """One number per block as float64; `default` where None is given."""
    if values is None:
        return default
    made = np.ascontiguousarray(values, dtype=np.float64)
    if made.shape != default.shape:
        raise ValueError(f"{name}: must have n_blocks={default.size} values")
    return made


# The numeric fields of hbcd_block_statistics.
BLOCK_STATISTICS = np.dtype([(name, np.float64) for name in ("gradient", "curvature", "gain", "operations")])


cdef class BlockState:
    """What a block selector knows when it chooses: one number per block, and the visits so far.

    Attributes
    ----------
    n_blocks : int
        Number of blocks.
    sensitivities : ndarray of shape (n_blocks,)
        Sensitivity of every block on the present batch.
    last_visits : ndarray of shape (n_blocks,)
        Step of the last visit plus one; 0 for a block not visited yet.
    gradient_norms : ndarray of shape (n_blocks,)
        ``||g||_2`` of every block, without the variables that a bound holds.
    curvatures : ndarray of shape (n_blocks,)
        L of every block, estimated from its visits: ``max(|2 (f_new - f - g's)| / s's, L / 2)`` for
        a step s; NaN where there was none.
    gains : ndarray of shape (n_blocks,)
        ``(f - f_new) / ||g||^2`` of its visits, averaged with what it was; NaN where there was none.
        ``gains * gradient_norms**2`` is the decrease to expect of the next visit.
    operations : ndarray of shape (n_blocks,)
        Multiply-adds per row of a visit like the last one, with the gradient measured before it.
    tolerance : float
        Blocks at or below it count as converged.
    last : int
        The block visited last, -1 before the first visit.
    repeats : int
        How many times in a row `last` was chosen.
    step : int
        Visits so far in this phase, over all batches.
    rng : numpy.random.Generator
        Seeded from the run.
    """

    cdef readonly size_t n_blocks, repeats, step
    cdef readonly object sensitivities, last_visits, gradient_norms, curvatures, gains, operations
    cdef readonly double tolerance
    cdef readonly int last
    cdef object _rng

    def __init__(self, n_blocks, sensitivities, *, last_visits=None, gradient_norms=None, curvatures=None, gains=None,
                 operations=None, tolerance=0.0, last=-1, repeats=0, step=0, rng=None):
        self.n_blocks, self.tolerance, self.last = n_blocks, tolerance, last
        self.repeats, self.step = repeats, step
        self.sensitivities = np.ascontiguousarray(sensitivities, dtype=np.float64)
        self.last_visits = np.ascontiguousarray(
            np.zeros(n_blocks) if last_visits is None else last_visits, dtype=np.uintp)
        if self.sensitivities.shape != (n_blocks,) or self.last_visits.shape != (n_blocks,):
            raise ValueError(f"sensitivities, last_visits: must have n_blocks={n_blocks} values")
        self.gradient_norms = per_block("gradient_norms", gradient_norms, np.abs(self.sensitivities))
        self.curvatures = per_block("curvatures", curvatures, np.full(n_blocks, np.nan))
        self.gains = per_block("gains", gains, np.full(n_blocks, np.nan))
        self.operations = per_block("operations", operations, np.ones(n_blocks))
        self._rng = rng

    @property
    def rng(self):
        if not isinstance(self._rng, np.random.Generator):
            self._rng = np.random.default_rng(self._rng)
        return self._rng


setattr(BlockState, "__module__", "hbcd")  # its public address, as of every public class


cdef hbcd_selector built_in_selector(str name, max_repeats, hbcd_greedy *greedy) except *:
    """A row of the core's table; the greedy ones read max_repeats (None: no limit) from `greedy`."""
    cdef hbcd_selector made = hbcd_selector_row(SELECTORS[name])[0]
    greedy.max_repeats = limit(max_repeats)
    made.self = greedy
    return made


cdef class SelectorHook:
    cdef object part
    cdef Context context
    cdef hbcd_selector c
    cdef hbcd_greedy greedy

    def __init__(self, part, context):
        self.part, self.context = part, context
        name = native(part)
        if name is None:
            self.c.name = b"hook"
            self.c.next = selector_hook
            self.c.self = <void *>self
        else:
            self.c = built_in_selector(name, getattr(part, "max_repeats", None), &self.greedy)


cdef int selector_hook(void *self, const hbcd_block_state *about, int *block) noexcept with gil:
    cdef SelectorHook hook = <SelectorHook>self
    cdef size_t n = about.n_blocks
    try:
        visits = np.frombuffer(PyMemoryView_FromMemory(<char *>about.last_visit, n * sizeof(size_t), PyBUF_READ),
                               np.uintp)
        statistics = np.frombuffer(
            PyMemoryView_FromMemory(<char *>about.statistics, n * sizeof(hbcd_block_statistics), PyBUF_READ),
            BLOCK_STATISTICS)
        state = BlockState(n, view(about.sensitivity, n, HBCD_F64, hook.context).copy(), last_visits=visits.copy(),
                           gradient_norms=statistics["gradient"].copy(), curvatures=statistics["curvature"].copy(),
                           gains=statistics["gain"].copy(), operations=statistics["operations"].copy(),
                           tolerance=about.tolerance, last=about.last, repeats=about.repeats, step=about.step,
                           rng=int(hbcd_rng_u64(about.rng)))
        chosen = hook.part.next_block(state)
        if isinstance(chosen, bool) or not isinstance(chosen, (int, np.integer)) or not 0 <= chosen < n:
            raise ValueError(f"next_block={chosen!r}: must be a block from 0 to {n - 1}")
        block[0] = int(chosen)
        return 0
    except BaseException as error:
        return hook.context.fail(error)


def select_block(str name, about, max_repeats=None):
    """The block that a built-in selector chooses; a greedy one at most max_repeats times in a row, None: any number."""
    cdef hbcd_block_state c
    cdef hbcd_rng rng
    cdef hbcd_greedy greedy
    cdef hbcd_selector selector = built_in_selector(name, max_repeats, &greedy)
    cdef int block = -1
    cdef const double[::1] sensitivities = np.ascontiguousarray(about.sensitivities, dtype=np.float64)
    cdef const size_t[::1] visits = np.ascontiguousarray(about.last_visits, dtype=np.uintp)
    c.n_blocks = about.n_blocks
    if c.n_blocks == 0 or sensitivities.shape[0] != <Py_ssize_t>c.n_blocks or visits.shape[0] != <Py_ssize_t>c.n_blocks:
        raise ValueError("about: must have at least one block and one sensitivity for each")
    c.sensitivity = &sensitivities[0]
    c.last_visit = &visits[0]
    statistics = np.empty(c.n_blocks, BLOCK_STATISTICS)
    statistics["gradient"], statistics["curvature"] = about.gradient_norms, about.curvatures
    statistics["gain"], statistics["operations"] = about.gains, about.operations
    cdef const double[::1] numbers = statistics.view(np.float64)
    c.statistics = <const hbcd_block_statistics *>&numbers[0]
    c.tolerance, c.last, c.repeats, c.step = about.tolerance, about.last, about.repeats, about.step
    hbcd_rng_seed(&rng, about.rng.integers(2**63), 0)
    c.rng = &rng
    Context().check(selector.next(selector.self, &c, &block))
    return block
