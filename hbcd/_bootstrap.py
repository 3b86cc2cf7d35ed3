"""Loads the core with an OpenMP runtime that does not spin for long.

GNU's runtime lets a thread that has nothing to do spin for milliseconds before it sleeps.  On a
host that others use too, the spinning threads take each other's processor: beside other work a
training run of the core on two threads took 2.8 s with the runtime's default and 0.4 s with this.
The runtime reads its environment once, when it is loaded, so the variable is set for just that
moment, and only where the user has not decided otherwise.
"""

import os

SPINS = "8000"  # some 100 microseconds: longer than the gap between two evaluations

_decided = any(name in os.environ for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"))
if not _decided:
    os.environ["GOMP_SPINCOUNT"] = SPINS
try:
    from hbcd import _core
finally:
    if not _decided:
        del os.environ["GOMP_SPINCOUNT"]

__all__ = ["_core"]
