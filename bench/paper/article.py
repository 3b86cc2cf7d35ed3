"""What the article says in numbers, and what it leaves to figures that are not at hand."""

from __future__ import annotations

from typing import Any

TITLE = (
    'B. Dorneanu, V. K. Mappas, H. Arellano-Garcia, "A Novel Approach to Gradient Evaluation and '
    'Efficient Deep Learning: A Hybrid Method", PSE Press 2025 (CC BY-SA 4.0)'
)

#: (data set, what) -> R2, MSE, MAE as published: a number, or the range of its five runs.
PUBLISHED: dict[tuple[str, str], dict[str, Any]] = {
    ("CCPP", "BCD+ICRS"): {"r2_test": "0.931"},
    ("CCPP", "without BCD+ICRS"): {"r2_test": "0.872", "r2_train": "0.876"},
    ("CCPP", "ICRS, five runs"): {
        "r2_test": "0.921 to 0.931",
        "mse_test": "19.79 to 23.27",
        "mae_test": "3.46 to 3.60",
    },
    ("CCPP", "L-BFGS, five runs"): {
        "r2_test": "0.914 to 0.931",
        "mse_test": "20.01 to 25.53",
        "mae_test": "3.44 to 3.80",
    },
    ("CCPP", "L-BFGS, time"): {"seconds": "2100 (35 min)"},
    ("CCPP", "ICRS, time"): {"seconds": "420 (7 min)"},
    ("SIEC", "L-BFGS, time"): {"seconds": "13200 (220 min)"},
    ("SIEC", "BCD-ICRS, time"): {"seconds": "2100 (35 min)"},
}

#: What to say where the text of the article has no number.
SILENT = "in a figure of the article only, or not given"

BCD_ICRS_R2, WITHOUT_R2 = 0.931, 0.872
TARGETS = {"CCPP": 0.931, "SIEC": 0.99}  # of the times: the article's R2, and one for SIEC
FASTER = {"CCPP": 5.0, "SIEC": 6.0}
ICRS_R2, LBFGS_R2 = (0.921, 0.931), (0.914, 0.931)
