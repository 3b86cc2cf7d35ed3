"""Fits with limits of time, a model file and predictions, while the wall clock jumps by years."""

import hashlib
import json
import sys
import time
from pathlib import Path

import hbcd
from support.fault_cases import X, Y, regressor
from support.faults import Faults


def about(path):
    model = regressor("auto").set_params(max_time=600.0).fit(X, Y)
    model.save(path)
    again = hbcd.load(path)
    limited = regressor("full_batch").set_params(max_iter=None, max_time=0.3, stop=NEVER).fit(X, Y)
    return {
        "model": hashlib.sha256(again.theta_.tobytes()).hexdigest(),
        "predictions": again.predict(X).tobytes().hex(),
        "stop": model.report_.stop_reason.name,
        "stop at the limit": limited.report_.stop_reason.name,
        "in time": 0.3 <= limited.report_.seconds < 30.0,
    }


NEVER = hbcd.Stop(pg_tol=0.0, f_tol=None)


def main(folder):
    faults = Faults()
    path = Path(folder, "m.hbcd")
    print(json.dumps(about(path)))
    faults.clock("jumps")
    first, second = time.time(), time.time()
    if abs(second - first) < 1e7:
        raise SystemExit("the clock does not jump")
    print(json.dumps(about(path)))


if __name__ == "__main__":
    main(sys.argv[1])
