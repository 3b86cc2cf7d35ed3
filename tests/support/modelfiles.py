"""What tests of the model file store, and what it means to get it back."""

import numpy as np

ARRAYS = {
    "theta": np.array([1.5, -0.0, np.nan, np.inf, 5e-324]),
    "scale": np.array([[1.0, 2.0, 3.0]], dtype=np.float32),
    "empty": np.zeros((0, 3)),
    "number": np.array(0.1),
}
DOCUMENT = {
    "hidden": [10, 10],
    "activation": "tanh",
    "unit": "°C",
    "rate": 0.1,
    "nested": {"a": None},
}


def same(left, right):
    """Equal names in equal order, types, shapes and bits."""
    return list(left) == list(right) and all(
        left[k].dtype == right[k].dtype
        and left[k].shape == right[k].shape
        and left[k].tobytes() == right[k].tobytes()
        for k in left
    )
