"""A table of numbers that tests of ranks fit."""

import numpy as np
import pandas as pd

__all__ = ["ROWS", "SMALL", "table"]

ROWS = 9000
SMALL = "40K"  # less than a tenth of the table


def table(dtype=np.float32):
    generator = np.random.default_rng(0)
    x = generator.standard_normal((ROWS, 4)).astype(dtype)
    noise = 0.1 * generator.standard_normal(ROWS)
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["power"] = (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + noise).astype(dtype)
    return frame
