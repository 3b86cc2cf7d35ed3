# data.pxi: rows in the core: copied, read piece by piece, shared with other ranks.

def lane_rows(size_t rows):
    """The rows that lanes of so many rows begin with, and their end: where ranks may begin."""
    cdef size_t lanes = hbcd_n_lanes(rows // HBCD_TILE + (rows % HBCD_TILE != 0)), k
    return np.array([hbcd_lane_row(rows, k) for k in range(lanes + 1)], dtype=np.int64)


def add_nodes(first, lanes, vectors):
    """The sum (n) of vectors (k, n) over subtrees of lanes, in their order, by the one tree."""
    cdef size_t n = vectors.shape[1], count = vectors.shape[0], k
    vectors = np.ascontiguousarray(vectors, np.float64)
    total = np.empty(n)
    cdef size_t[::1] first_ = np.ascontiguousarray(first, np.uintp)
    cdef size_t[::1] lanes_ = np.ascontiguousarray(lanes, np.uintp)
    cdef Memory room = Memory(count * sizeof(hbcd_node))
    cdef hbcd_node *nodes = <hbcd_node *>room.arena.base
    cdef double *sums = <double *>matrix(vectors, count, n)
    cdef double *total_ = <double *>pointer(total, HBCD_F64, n, True)
    if not <size_t>len(first_) == <size_t>len(lanes_) == count:
        raise ValueError("first, lanes, vectors: must have one element for each subtree")
    for k in range(count):
        nodes[k].first, nodes[k].lanes, nodes[k].sums = first_[k], lanes_[k], sums + k * n
    if hbcd_add_nodes(count, nodes, n, total_) < 0:
        raise ValueError("first, lanes: must be subtrees that cover all lanes, in their order")
    return total


def pack_tiles(dtype, x, y, weight=None, x_columns=None, y_columns=None):
    """Rows as the core lays them out in tiles: flat arrays (x, y, w), w None without weights."""
    cdef Data data = Data(dtype, x, y, weight, x_columns, y_columns)
    cdef const void *arrays[3]
    cdef size_t sizes[3]
    hbcd_data_arrays(data.dtype, data.c, arrays, sizes)
    return tuple([view(arrays[k], sizes[k], data.dtype, Context()).copy() if sizes[k] else None for k in range(3)])


cdef class Ranks:
    """The other ranks of a run: an object of Python, as the core calls it.

    It has `rank`, `size`, and two collectives, which every rank calls in the same order:
    ``sum(first, lanes, nodes, point, status, over) -> (root, status, over)`` adds the subtrees of all ranks (`add_nodes`):
    first and lanes (k,) say which lanes a row of nodes (k, n) is the sum of; n = 0: only the other numbers travel.
    point: a hash of the parameters, which must be that of the other ranks; 0: none.  status < 0: this rank has failed, > 0:
    rank 0 asks for a stop; what is returned is the same on all ranks: the first error, else the status and `over` of rank 0.
    ``share(own, sizes) -> bytes`` puts together the bytes of all ranks, sizes[r] those of rank r.
    """

    cdef object part
    cdef object first  # of every rank, kept alive
    cdef Context context
    cdef hbcd_ranks c
    cdef hbcd_range range

    def __init__(self, part, first, Context context):
        self.part, self.context = part, context
        self.first = np.ascontiguousarray(first, np.uintp)
        self.c.rank, self.c.ranks = part.rank, part.size
        if self.first.shape != (part.size + 1,) or not 0 <= part.rank < part.size:
            raise ValueError(f"first: must have {part.size + 1} row numbers, for rank {part.rank} of {part.size}")
        self.c.sum, self.c.share, self.c.self = ranks_sum, ranks_share, <void *>self
        self.range.ranks, self.range.first = &self.c, <const size_t *><uintptr_t>self.first.ctypes.data


cdef int ranks_sum(void *self, size_t n_nodes, const hbcd_node *nodes, size_t n, double *root,
                   hbcd_control *control) noexcept with gil:
    cdef Ranks ranks = <Ranks>self
    cdef size_t k
    cdef double[:, ::1] sums_
    cdef double[::1] root_
    try:
        sums = np.empty((n_nodes, n))
        first, lanes = np.empty(n_nodes, np.int64), np.empty(n_nodes, np.int64)
        for k in range(n_nodes):
            first[k], lanes[k] = nodes[k].first, nodes[k].lanes
            if n > 0:
                sums_ = sums
                memcpy(&sums_[k, 0], nodes[k].sums, n * sizeof(double))
        total, status, over = ranks.part.sum(first, lanes, sums, control.point, control.status, control.over)
        control.status, control.over = status, over
        if status == 0 and n > 0:
            root_ = np.ascontiguousarray(total, np.float64)
            if <size_t>root_.shape[0] != n:
                raise ValueError(f"sum: must return {n} numbers, not {root_.shape[0]}")
            memcpy(root, &root_[0], n * sizeof(double))
        return 0
    except BaseException as error:
        return ranks.context.fail(error)


cdef int ranks_share(void *self, const void *own, const size_t *sizes, void *all) noexcept with gil:
    cdef Ranks ranks = <Ranks>self
    cdef const unsigned char[::1] received
    cdef size_t k
    try:
        counts = [sizes[k] for k in range(ranks.c.ranks)]
        mine = PyMemoryView_FromMemory(<char *>own, sizes[ranks.c.rank], PyBUF_READ) if sizes[ranks.c.rank] else b""
        received = np.frombuffer(ranks.part.share(mine, counts), np.uint8)
        if received.shape[0] != sum(counts):
            raise ValueError(f"share: must return {sum(counts)} bytes, not {received.shape[0]}")
        if received.shape[0] > 0:
            memcpy(all, &received[0], received.shape[0])
        return 0
    except BaseException as error:
        return ranks.context.fail(error)


cdef class Tiles:
    """Tiles from outside of memory, of an object with `most`, the tiles of a call, and ``load(first, last) -> (x, y, w)``.

    Flat arrays as `pack_tiles` makes them, from tile `first` on, w None without weights; those that begin on a multiple of
    64 bytes are used where they are, others are copied.
    """

    cdef object part
    cdef object held  # arrays of the last call
    cdef list copies  # of those that do not stand on a multiple of 64 bytes, in memory that does
    cdef object dtype
    cdef Context context
    cdef hbcd_tiles c

    def __init__(self, part, dtype, Context context):
        self.part, self.dtype, self.context = part, np.dtype(dtype), context
        self.copies = [Memory(0), Memory(0), Memory(0)]
        self.c.load, self.c.self, self.c.most = tiles_load, <void *>self, part.most

    cdef const void *aligned(self, size_t k, array) except NULL:
        cdef uintptr_t address = array.ctypes.data
        cdef Memory copy = self.copies[k]
        cdef size_t size = array.nbytes
        if array.dtype != self.dtype or not array.flags.c_contiguous:
            raise ValueError(f"load: must return contiguous arrays of {self.dtype}")
        if address % HBCD_ALIGN == 0:
            return <void *>address
        if copy.arena.size < size:
            self.copies[k] = copy = Memory(size)
        memcpy(copy.arena.base, <void *>address, size)
        return copy.arena.base


cdef int tiles_load(void *self, size_t first, size_t last, const void **x, const void **y,
                    const void **w) noexcept with gil:
    cdef Tiles tiles = <Tiles>self
    try:
        tiles.held = tiles.part.load(first, last)
        x[0], y[0] = tiles.aligned(0, tiles.held[0]), tiles.aligned(1, tiles.held[1])
        w[0] = NULL
        if tiles.held[2] is not None:
            w[0] = tiles.aligned(2, tiles.held[2])
        return 0
    except BaseException as error:
        return tiles.context.fail(error)


cdef class Data:
    """Tables copied into the core's tiles.

    x_columns, y_columns: (mean, scale) of the columns, float64, where they are to be standardized on the way.
    penalty: penalty * ||W||^2 / 2 is part of the loss on these rows.
    index: numbers of the rows of x and y that are taken, in that order, None: all; weight has one for each of them.
    n_threads: how many may copy a large table; any number gives the same bits.
    ranks, first: these are the rows first[ranks.rank] .. of all ranks (`Ranks`); every rank begins with a lane (`lane_rows`).
    """

    cdef readonly int dtype
    cdef readonly size_t rows  # of all ranks
    cdef readonly size_t own_rows
    cdef Memory memory
    cdef Context context  # of what is called back for rows
    cdef Ranks ranks
    cdef Tiles tiles
    cdef object center  # kept for the core, which points to it
    cdef void *c

    def __init__(self, dtype, x, y, weight=None, x_columns=None, y_columns=None, double penalty=0.0,
                 index=None, int n_threads=1, ranks=None, first=None):
        self.dtype = code(dtype)
        self.context = Context()
        cdef Table x_ = Table(x, False, x_columns), y_ = Table(y, False, y_columns)
        cdef Table w_ = None if weight is None else Table(weight)
        cdef const hbcd_table *w = NULL if weight is None else &w_.c
        cdef const hbcd_range *rows = self.share(ranks, first)
        if index is not None:
            x_.choose(index)
            y_.choose(index)
        cdef hbcd_arena arena = counting()
        if FORKED:
            n_threads = 1
        self.context.check(hbcd_data_make(self.dtype, &x_.c, &y_.c, w, rows, n_threads, &arena, &self.c))
        self.memory = Memory(arena.used)
        cdef int status
        with nogil:
            status = hbcd_data_make(self.dtype, &x_.c, &y_.c, w, rows, n_threads, &self.memory.arena, &self.c)
        self.made(status, penalty)

    @staticmethod
    def streamed(dtype, size_t rows, size_t n_in, size_t n_out, tiles, bint weighted=False, double penalty=0.0,
                 ranks=None, first=None):
        """Rows that are read from `tiles` (`Tiles`) in every pass; of this rank, where there are several."""
        cdef Data data = Data.__new__(Data)
        cdef hbcd_arena arena = counting()
        cdef int status
        data.dtype, data.context = code(dtype), Context()
        data.tiles = Tiles(tiles, dtype, data.context)
        cdef const hbcd_range *range_ = data.share(ranks, first)
        data.context.check(hbcd_data_stream(data.dtype, rows, n_in, n_out, weighted, &data.tiles.c, range_, &arena,
                                            &data.c))
        data.memory = Memory(arena.used)
        with nogil:
            status = hbcd_data_stream(data.dtype, rows, n_in, n_out, weighted, &data.tiles.c, range_,
                                      &data.memory.arena, &data.c)
        data.made(status, penalty)
        return data

    cdef const hbcd_range *share(self, ranks, first) except? NULL:
        if ranks is None:
            return NULL
        self.ranks = Ranks(ranks, first, self.context)
        return &self.ranks.range

    def set_penalty(self, double penalty):
        """From now on penalty * ||W||^2 / 2 is part of the loss on these rows."""
        hbcd_data_set_penalty(self.dtype, self.c, penalty)

    cdef int made(self, int status, double penalty) except -1:
        cdef double weight_sum
        self.context.check(status)
        hbcd_data_set_penalty(self.dtype, self.c, penalty)
        hbcd_data_describe(self.dtype, self.c, &self.own_rows, &self.rows, &weight_sum)
        return 0

    cdef int check(self, int status) except -1:
        """Raises what a call back for rows has raised, if that is why a call of the core failed."""
        if status < 0 and self.context.error is not None:
            self.context.check(HBCD_ERR_HOOK)
        return 0

    def draw_to(self, center):
        """The penalty is of the distance of weights and biases to those of this theta; None: of weights to 0."""
        cdef void *at = NULL
        cdef size_t n = 0
        if center is not None:
            center = np.array(center, F32 if self.dtype == HBCD_F32 else F64)
            n = center.size
            at = pointer(center, self.dtype, n)
        hbcd_data_set_center(self.dtype, self.c, at, n)
        self.center = center

    @property
    def all_here(self):
        """Whether all rows are in memory here, so that several runs may use them at once."""
        return self.ranks is None and self.tiles is None

    @property
    def weight_sum(self):
        """The sum of the weights of all rows."""
        cdef size_t own, rows
        cdef double weight_sum
        hbcd_data_describe(self.dtype, self.c, &own, &rows, &weight_sum)
        return weight_sum
