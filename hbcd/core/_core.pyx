# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, embedsignature=True
"""_core: translates descriptions into C structs, calls the core without the interpreter lock, translates results back.

Nothing is decided here, and no module of the package is imported.
"""
import os

import numpy as np

cimport cython
from cpython.buffer cimport (PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release,
                             PyObject_GetBuffer)
from cpython.exc cimport PyErr_CheckSignals
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_GetName, PyCapsule_GetPointer
from libc.math cimport INFINITY, NAN
from libc.stdint cimport SIZE_MAX, uintptr_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX
    int PyBUF_READ
    int PyBUF_WRITE
    unsigned long PyThread_get_thread_ident()

_ISA_NAMES = {hbcd_isa_name(k).decode(): k for k in range(3) if hbcd_isa_name(k) != NULL}


def _pick_isa():
    """The instruction set to run: the best there is, or what HBCD_SIMD asks for, if this processor has it."""
    best = hbcd_isa_detect()
    wanted = os.environ.get("HBCD_SIMD", "")
    if not wanted:
        return best
    if wanted not in _ISA_NAMES:
        raise ImportError(f"HBCD_SIMD={wanted}: must be one of {', '.join(_ISA_NAMES)}")
    if _ISA_NAMES[wanted] > best:
        raise ImportError(f"HBCD_SIMD={wanted}: this processor or build has {hbcd_isa_name(best).decode()} at most")
    return _ISA_NAMES[wanted]


cdef int ISA = _pick_isa()
# OpenMP has no function for this.
cdef bint THREADS_SLEEP = os.environ.get("OMP_WAIT_POLICY", "").strip().lower() == "passive"
cdef bint FORKED = False  # a child process runs on its own thread only: OpenMP runtimes hang after fork


def _after_fork():
    global FORKED
    FORKED = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def config():
    """What this build can do and what runs."""
    return {
        "simd": hbcd_isa_name(ISA).decode(),
        "simd_available": [name for name, k in _ISA_NAMES.items() if k <= hbcd_isa_detect()],
        "openmp": hbcd_openmp() != 0,
    }


def status_text(int status):
    """One line of text for a stop reason or a failure."""
    return hbcd_status_text(status).decode()


cdef int code(dtype) except -1:
    if dtype == np.float64:
        return HBCD_F64
    if dtype == np.float32:
        return HBCD_F32
    raise TypeError(f"dtype={dtype}: must be float32 or float64")


cdef object dtype_of(int dtype):
    return np.float32 if dtype == HBCD_F32 else np.float64


cdef size_t limit(value) except? 0:
    """None: no limit."""
    return SIZE_MAX if value is None else <size_t>value


cdef class Call:
    """A call of the core that is in progress: what its thread keeps for it."""

    cdef unsigned long thread
    cdef object owners  # of the memory that it borrows: views handed to parts keep them alive
    cdef object error  # the first exception of a part written in Python
    cdef Call before  # begun before, by any thread


cdef class Context:
    """The calls in progress on one network, or in one run, by any number of threads.

    A part written in Python is called back by the thread that makes the call, so that it is known whose owners its views
    keep, and whose exception its own is.  It may make calls too: the last one that its thread began is meant.  None of this
    allocates anything once a call has begun, so that an exception is told even where there is no memory.
    """

    cdef Call calls  # the last one begun
    cdef object error  # of what is called back for something that begins no call
    cdef object compiled  # parts of compiled functions, whose answers say which of them failed

    def __init__(self, compiled=()):
        self.compiled = compiled

    cdef Call begin(self, owners):
        cdef Call call = Call()
        call.thread, call.owners = PyThread_get_thread_ident(), owners
        with cython.critical_section(self):
            call.before, self.calls = self.calls, call
        return call

    cdef int end(self, Call call) except -1:
        cdef Call after
        with cython.critical_section(self):
            if self.calls is call:
                self.calls = call.before
            else:
                after = self.calls
                while after.before is not call:
                    after = after.before
                after.before = call.before
        return 0

    cdef Call own_call(self):
        """The call that the present thread is in, None for none."""
        cdef unsigned long thread = PyThread_get_thread_ident()
        cdef Call call
        with cython.critical_section(self):
            call = self.calls
            while call is not None and call.thread != thread:
                call = call.before
        return call

    cdef object held(self):
        cdef Call call = self.own_call()
        return None if call is None else call.owners

    cdef int fail(self, error):
        cdef Call call = self.own_call()
        if call is None:
            with cython.critical_section(self):
                if self.error is None:
                    self.error = error
        elif call.error is None:
            call.error = error
        return HBCD_ERR_HOOK

    cdef int check(self, int status, Call call=None) except -1000:
        """Status < 0 as an exception; the user's own exception arrives intact."""
        if status >= 0:
            return status
        if status == HBCD_ERR_HOOK:
            if call is not None:
                error = call.error
            else:
                with cython.critical_section(self):
                    error, self.error = self.error, None
            if error is not None:
                raise error
            texts = [(<CompiledHook>part).take_error() for part in self.compiled]
            # A call of another thread that failed too may have taken the answer.
            for text in texts + [(<CompiledHook>part).taken for part in self.compiled]:
                if text is not None:
                    raise ValueError(text)
        if status == HBCD_ERR_MEMORY:
            raise MemoryError(status_text(status))
        raise ValueError(status_text(status))


cdef class Memory:
    """Borrowed memory for the core: a zeroed byte array, of which an aligned part is used."""

    cdef object array
    cdef hbcd_arena arena

    def __cinit__(self, size_t size):
        if size > <size_t>PY_SSIZE_T_MAX - HBCD_ALIGN:
            raise MemoryError(f"{size} bytes are needed, more than can be addressed")
        self.array = np.zeros(size + HBCD_ALIGN, dtype=np.uint8)
        cdef unsigned char[::1] view = self.array
        cdef uintptr_t address = <uintptr_t>&view[0]
        cdef size_t shift = (HBCD_ALIGN - address % HBCD_ALIGN) % HBCD_ALIGN
        self.arena.base = <unsigned char *>&view[0] + shift
        self.arena.size = size
        self.arena.used = 0


cdef hbcd_arena counting() noexcept:
    cdef hbcd_arena arena
    arena.base = NULL
    arena.size = arena.used = 0
    return arena


cdef class Table:
    """A 1-d or 2-d array of float32 or float64 as the core reads it, of any stride; 1-d is one column."""

    cdef Py_buffer buffer
    cdef bint held
    cdef hbcd_table c
    cdef object columns  # (mean, scale), kept alive
    cdef object index  # rows that are chosen, kept alive

    def __cinit__(self, array, bint writable=False, columns=None):
        PyObject_GetBuffer(array, &self.buffer, PyBUF_STRIDES | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        cdef bytes kind = self.buffer.format
        if kind not in (b"d", b"f") or self.buffer.ndim not in (1, 2):
            raise TypeError("array: must be float32 or float64 in the machine's byte order, with 1 or 2 axes")
        self.c.data = self.buffer.buf
        self.c.dtype = HBCD_F64 if kind == b"d" else HBCD_F32
        self.c.rows = self.buffer.shape[0]
        self.c.row_stride = self.buffer.strides[0]
        self.c.cols = self.buffer.shape[1] if self.buffer.ndim == 2 else 1
        self.c.col_stride = self.buffer.strides[1] if self.buffer.ndim == 2 else 0
        if columns is not None:
            self.columns = columns
            self.c.mean = <const double *>pointer(columns[0], HBCD_F64, self.c.cols)
            self.c.scale = <const double *>pointer(columns[1], HBCD_F64, self.c.cols)

    cdef int choose(self, index) except -1:
        """Row r becomes that of index[r], an array of row numbers."""
        self.index = np.ascontiguousarray(index, np.uint32)
        if len(self.index) == 0 or index.min() < 0 or index.max() >= self.c.rows:
            raise IndexError("index: must hold numbers of rows that there are")
        self.c.rows = len(self.index)
        self.c.index = <const uint32_t *><uintptr_t>self.index.ctypes.data
        return 0

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.buffer)


cdef void *pointer(array, int dtype, size_t n, bint writable=False) except? NULL:
    """The address of a contiguous vector of n numbers of this dtype; the caller keeps the array alive."""
    cdef Table table = Table(array, writable)
    if table.c.dtype != dtype or table.c.cols != 1 or table.c.rows != n:
        raise ValueError(f"array: must be a vector of {n} {np.dtype(dtype_of(dtype)).name}")
    if n > 1 and table.c.row_stride != <ptrdiff_t>table.buffer.itemsize:
        raise ValueError("array: must be contiguous")
    return table.c.data


cdef void *pointer_or_null(array, int dtype, size_t n) except? NULL:
    return NULL if array is None else pointer(array, dtype, n)


cdef class BufferWithOwner:
    """Memory and the objects that own it, as a buffer: an array on it stays valid as long as it exists."""

    cdef void *data
    cdef size_t bytes
    cdef bint writable
    cdef object owner

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.data, <Py_ssize_t>self.bytes, not self.writable, flags)


cdef object view(const void *data, size_t n, int dtype, Context context, bint writable=False):
    """A vector on C memory, no copy.  Its values may change once the call that received it is over."""
    cdef BufferWithOwner buffer = BufferWithOwner()
    if n == 0:
        return np.empty(0, dtype_of(dtype))
    buffer.data, buffer.bytes = <void *>data, n * (4 if dtype == HBCD_F32 else 8)
    buffer.writable, buffer.owner = writable, context.held()
    return np.frombuffer(buffer, dtype_of(dtype))


cdef object tile_view(const void *data, size_t features, size_t rows, size_t ld, int dtype, Context context,
                      bint writable=False):
    """A tile, feature-major in memory, as (rows, features)."""
    return view(data, features * ld, dtype, context, writable).reshape(features, ld)[:, :rows].T


include "parts.pxi"
include "selectors.pxi"
include "compiled_parts.pxi"
include "compiled_layer.pxi"
include "net_parts.pxi"
include "data.pxi"
include "network.pxi"
include "loss_function.pxi"
include "linearize.pxi"
include "derivatives.pxi"
include "optimizer.pxi"
include "watch.pxi"
include "run.pxi"
